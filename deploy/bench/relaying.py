"""The relay, from log to confirmed records: beside a raw producer, and over logs of all sizes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from time import perf_counter
from typing import Any, Final

import asyncpg

from deploy.bench.growth import SIZES, cost, targets
from deploy.bench.measures import Contender, Experiment, Figures, Target
from deploy.bench.mould import fill_logs
from deploy.bench.place import Place
from deploy.bench.trust import codes, relay_of, settings, trust
from shared.infra.bus.access import BusAccess
from shared.infra.bus.records import Outgoing, outgoing
from shared.infra.bus.topics import make_topics
from shared.infra.database import Connection
from shared.infra.settings import ServiceSettings
from shared.infra.sql import load
from shared.kernel.identifiers import LogName

_SQL = load(__file__)
LOGS: Final = 16
_LOOK_SECONDS: Final = 0.01
_COMPARED: Final = "middle"
"""The size at which the raw producer stands beside the relay."""


@asynccontextmanager
async def _prepare(place: Place) -> AsyncIterator[Mapping[str, Contender]]:
    # each size has logs of its own: a relay publishes all it is given
    groups = {size: codes(LOGS, letter) for size, letter in zip(SIZES, "SML", strict=True)}
    sizes = dict(zip(SIZES, place.scale.sizes, strict=True))
    every = [code for group in groups.values() for code in group]
    async with trust(place, every, 2) as service:
        for size, organisations in groups.items():
            await fill_logs(service, organisations, sizes[size])
        watcher = await asyncpg.connect(service.database.superuser)
        relays = {
            size: partial(
                _relay, place, watcher, settings(place, service.database, group), sizes[size]
            )
            for size, group in groups.items()
        }
        records = await _records(watcher, groups[_COMPARED])

        async def ours() -> Figures:
            rate = await relays[_COMPARED]()
            return {"ours": rate, **cost(_COMPARED, rate)}

        async def alone(size: str) -> Figures:
            return cost(size, await relays[size]())

        async def produce() -> Figures:
            place.broker.kill()
            place.broker.start()
            return {
                "floor": await _produce(
                    BusAccess.of(settings(place, service.database, groups[_COMPARED])), records
                )
            }

        yield {
            "ours": ours,
            "floor": produce,
            **{size: partial(alone, size) for size in SIZES if size != _COMPARED},
        }
        await watcher.close()


async def _relay(
    place: Place, watcher: Connection, configured: ServiceSettings, events: int
) -> float:
    """Records a second, from a relay's start on an empty broker to the last confirmation."""
    place.broker.kill()
    place.broker.start()
    await watcher.execute(_SQL["forget_published"])
    organisations = list(configured.organisations)
    begun = perf_counter()
    running = asyncio.create_task(relay_of(configured).run())
    try:
        while True:
            if await watcher.fetchval(_SQL["is_published"], organisations):
                return events / (perf_counter() - begun)
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _records(
    connection: Connection, organisations: Sequence[str]
) -> dict[str, list[Outgoing]]:
    """What a producer is given of each log, ready made."""
    found: dict[str, list[Outgoing]] = {code: [] for code in organisations}
    for row in await connection.fetch(_SQL["records"], list(organisations)):
        found[row["organisation"]].append(outgoing(*row))
    return found


async def _produce(access: BusAccess, records: Mapping[str, Sequence[Outgoing]]) -> float:
    """Records a second of a producer with the relay's settings that only sends."""
    topics = {code: str(LogName("engagement", code)) for code in records}
    await make_topics(access, list(topics.values()))
    producer = access.producer()
    await producer.start()
    begun = perf_counter()
    try:
        async with asyncio.TaskGroup() as group:
            for code, of_one in records.items():
                group.create_task(_send(producer, topics[code], of_one))
    finally:
        await producer.stop()
    return sum(map(len, records.values())) / (perf_counter() - begun)


async def _send(producer: Any, topic: str, records: Sequence[Outgoing]) -> None:
    sent = [
        await producer.send(
            topic, record.value, key=record.key, partition=0, headers=record.headers
        )
        for record in records
    ]
    await asyncio.gather(*sent)


EXPERIMENT: Final = Experiment(
    name="relay",
    title="Relay: from the log to confirmed records, 16 logs",
    targets=(
        Target("relay", "ours", "records/s", "floor", "aiokafka producer", at_least=0.5),
        *targets("relay"),
    ),
    prepare=_prepare,
)
