"""From a command sent to its event visible in a view, beside a commit, a send and a fetch."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from statistics import quantiles
from time import perf_counter
from typing import Any, Final

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.bench.measures import Contender, Experiment, Figures, Target
from deploy.bench.place import Place
from deploy.bench.system import System, running
from deploy.embedded.evaluation import FETCH_WAIT_MILLISECONDS
from deploy.embedded.issuer import EvaluationIssuer
from shared.infra.bus.access import BusAccess
from shared.infra.bus.topics import make_topics
from shared.infra.database import Connection, Pool
from shared.infra.provisioning import at_database
from shared.infra.sql import load
from shared.kernel.identifiers import Position

_SQL = load(__file__)
ORGANISATION: Final = "QH8"
PER_SECOND: Final = 20
TOPIC: Final = "bench.plain"
LOOK_SECONDS: Final = 0.002
PATIENCE_SECONDS: Final = 30.0
_COMMAND: Final = json.dumps(
    {
        "title": "Patient safety partners",
        "summary": "Two partners for the patient safety group.",
        "what_happens_next": "We write to everybody who applies.",
        "role_family": "psp",
        "contact": {
            "name": "Asha Okafor",
            "job_title": "Involvement lead",
            "email": "asha@example.org",
        },
    }
).encode()


class Commanding:
    """Sends commands to the running system and watches the view they become visible in."""

    def __init__(self, client: httpx.AsyncClient, view: Connection) -> None:
        self._client = client
        self._view = view
        self._keys = count(1)
        self._folded = 0
        self._moved = asyncio.Condition()

    async def one(self) -> float:
        """Seconds from sending a command until its event is in the view."""
        begun = perf_counter()
        reply = await self._client.post(
            f"/organisations/{ORGANISATION}/campaigns",
            content=_COMMAND,
            headers={"idempotency-key": f"bench-{next(self._keys)}"},
        )
        reply.raise_for_status()
        position = Position.parse(reply.headers["log-position"].rpartition(",")[2].strip())
        async with self._moved:
            await self._moved.wait_for(lambda: self._folded >= position.sequence)
        return perf_counter() - begun

    async def watch(self) -> None:
        """Look at the view's watermark again and again."""
        while True:
            found = await self._view.fetchval(_SQL["folded"], ORGANISATION) or 0
            if found > self._folded:
                async with self._moved:
                    self._folded = found
                    self._moved.notify_all()
            await asyncio.sleep(LOOK_SECONDS)


class Plain:
    """The same way with nothing on it: a commit, a send, a fetch, with the system's settings."""

    def __init__(self, pool: Pool, producer: AIOKafkaProducer, consumer: AIOKafkaConsumer) -> None:
        self._pool = pool
        self._producer = producer
        self._consumer = consumer
        self._numbers = count(1)
        self._waiting: dict[bytes, asyncio.Future[None]] = {}

    async def one(self) -> float:
        """Seconds from before the commit until the record has come back."""
        begun, number = perf_counter(), next(self._numbers)
        key = str(number).encode()
        come = self._waiting[key] = asyncio.get_running_loop().create_future()
        await self._pool.execute(_SQL["insert"], number, _COMMAND.decode())
        await self._producer.send_and_wait(TOPIC, _COMMAND, key=key, partition=0)
        await come
        return perf_counter() - begun

    async def watch(self) -> None:
        """Take what comes."""
        async for record in self._consumer:
            self._waiting.pop(record.key).set_result(None)


@asynccontextmanager
async def _prepare(place: Place) -> AsyncIterator[Mapping[str, Contender]]:
    commands = max(PER_SECOND, int(PER_SECOND * place.scale.seconds * 3))
    async with (
        running(place.folder / "latency") as system,
        _commanding(system) as commanding,
        _plain(system) as plain,
    ):

        async def ours() -> Figures:
            return _percentiles("ours", await _paced(commanding.one, commands))

        async def raw() -> Figures:
            return _percentiles("raw", await _paced(plain.one, commands))

        # the first ones make connections and plans
        await ours()
        await raw()
        yield {"ours": ours, "raw": raw}


@asynccontextmanager
async def _commanding(system: System) -> AsyncIterator[Commanding]:
    urls = json.loads((system.folder / "services.json").read_text(encoding="utf-8"))["urls"]
    issuer = EvaluationIssuer(system.folder / "identity")
    token = issuer.token("coordinator", {ORGANISATION: ["coordinator"]})
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    view = await asyncpg.connect(at_database(system.state["postgres"], "portal"))
    async with httpx.AsyncClient(
        base_url=urls["recruitment"], headers=headers, timeout=PATIENCE_SECONDS, trust_env=False
    ) as client:
        commanding = Commanding(client, view)
        async with _beside(commanding.watch()):
            yield commanding
    await view.close()


@asynccontextmanager
async def _plain(system: System) -> AsyncIterator[Plain]:
    access = BusAccess(
        bootstrap_servers=system.state["bootstrap_servers"],
        idempotence=False,
        forgetful=True,
        fetch_wait_milliseconds=FETCH_WAIT_MILLISECONDS,
    )
    await make_topics(access, [TOPIC])
    consumer = AIOKafkaConsumer(
        **access.client(),
        auto_offset_reset="earliest",
        fetch_max_wait_ms=access.fetch_wait_milliseconds,
    )
    producer = access.producer()
    await consumer.start()
    await producer.start()
    consumer.assign([TopicPartition(TOPIC, 0)])
    async with asyncpg.create_pool(system.state["postgres"], min_size=1, max_size=4) as pool:
        await pool.execute(_SQL["make_plain"])
        plain = Plain(pool, producer, consumer)
        async with _beside(plain.watch()):
            yield plain
    await producer.stop()
    await consumer.stop()


@asynccontextmanager
async def _beside(work: Any) -> AsyncIterator[None]:
    """Have this run while the block does."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _paced(one: Callable[[], Awaitable[float]], number: int) -> Sequence[float]:
    """So many of them, begun at their pace whether those before are done or not."""
    begun = perf_counter()

    async def at(place: int) -> float:
        await asyncio.sleep(begun + place / PER_SECOND - perf_counter())
        return await one()

    async with asyncio.timeout(PATIENCE_SECONDS + number / PER_SECOND):
        return await asyncio.gather(*map(at, range(number)))


def _percentiles(whose: str, seconds: Sequence[float]) -> Figures:
    """Milliseconds."""
    hundredths = quantiles(seconds, n=100, method="inclusive")
    return {f"{whose} p50": hundredths[49] * 1_000, f"{whose} p99": hundredths[98] * 1_000}


_RAW: Final = "commit, send, fetch"
EXPERIMENT: Final = Experiment(
    name="latency",
    title="From a command sent to its event visible in the view, 20 a second",
    targets=(
        Target("latency-p50-floor", "ours p50", "ms", "raw p50", _RAW, at_most=4),
        Target("latency-p99-floor", "ours p99", "ms", "raw p99", _RAW, at_most=6),
        Target("latency-p50", "ours p50", "ms", at_most=60),
        Target("latency-p99", "ours p99", "ms", at_most=250),
    ),
    prepare=_prepare,
)
