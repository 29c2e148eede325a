"""Experiments that write: one event per commit, a whole command, a thousand events per call."""

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import count
from typing import Any, Final, cast
from uuid import UUID

from deploy.bench.growth import SIZES, cost, targets
from deploy.bench.measures import Contender, Experiment, Figures, Target
from deploy.bench.mould import fill_logs, unstamped
from deploy.bench.peer import NAME, peer
from deploy.bench.place import Place, shares
from deploy.bench.trust import Contribution, Trust, codes, trust
from deploy.bench.turns import rate_of_tasks, rate_of_threads
from services.engagement.app import SERVICE
from shared.contracts.engagement import ContributionRecorded
from shared.contracts.envelope import replay
from shared.contracts.personal import Sealed
from shared.infra import log, writing
from shared.infra.clock import SystemClock
from shared.infra.database import Connection, Pool
from shared.infra.sql import load

_SQL = load(__file__)
_WRITING = load(writing.__file__)
WRITERS: Final = 16
HANDLERS: Final = 8
PER_CALL: Final = 1_000
CALLERS: Final = 2
_INSERT: Final = "asyncpg INSERT"


@asynccontextmanager
async def _append(place: Place) -> AsyncIterator[Mapping[str, Contender]]:
    seconds, organisations = place.scale.seconds, codes(WRITERS)
    async with (
        trust(place, organisations, WRITERS) as service,
        place.database() as theirs,
        place.database() as plain,
        place.pool(plain.superuser, WRITERS) as connections,
        place.pool(service.database.superuser, WRITERS) as others,
    ):
        works = [partial(_raise, service, code, 1) for code in organisations]
        await rate_of_tasks(works, seconds / 4)
        bodies = await _some_bodies(service)
        inserts = await _inserts(connections, organisations, bodies)
        key = await others.fetchval(_SQL["a_key"])
        unwritten = [unstamped(body) for body in bodies]
        statements = [
            _statement(await others.acquire(), code, key, unwritten) for code in organisations
        ]

        async def append() -> Figures:
            return {"ours": await rate_of_tasks(works, seconds)}

        async def insert() -> Figures:
            return {"floor": await rate_of_tasks(inserts, seconds)}

        async def write() -> Figures:
            return {"statement": await rate_of_tasks(statements, seconds)}

        with peer(place, theirs.name, WRITERS) as application:

            async def save() -> Figures:
                return {"peer": rate_of_threads([application.save_new] * WRITERS, seconds)}

            yield {"ours": append, "peer": save, "floor": insert, "statement": write}


@asynccontextmanager
async def _handle(place: Place) -> AsyncIterator[Mapping[str, Contender]]:
    seconds, organisations = place.scale.seconds, codes(HANDLERS)
    async with (
        trust(place, organisations, HANDLERS) as service,
        place.database() as theirs,
    ):
        # more than a turn can answer: each is answered once
        supply = int(5_000 * seconds)

        async def handle() -> Figures:
            works = []
            for code, share in zip(organisations, shares(supply, HANDLERS), strict=True):
                works.append(partial(_answer, service, iter(await _prepared(service, code, share))))
            return {"ours": await rate_of_tasks(works, seconds)}

        with peer(place, theirs.name, HANDLERS) as application:

            async def load_and_save() -> Figures:
                works = [
                    partial(application.answer, iter(application.prepared(share)))
                    for share in shares(supply // 3, HANDLERS)
                ]
                return {"peer": rate_of_threads(works, seconds)}

            yield {"ours": handle, "peer": load_and_save}


@asynccontextmanager
async def _bulk(place: Place) -> AsyncIterator[Mapping[str, Contender]]:
    seconds, organisations = place.scale.seconds, codes(CALLERS)
    async with (
        trust(place, organisations, CALLERS) as service,
        place.database() as theirs,
    ):
        works = [partial(_raise, service, code, PER_CALL) for code in organisations]

        async def append() -> Figures:
            return {"ours": await rate_of_tasks(works, seconds)}

        ready = await _sealed_value(service)
        bare = [partial(_raise, service, code, PER_CALL, ready) for code in organisations]

        async def append_unsealed() -> Figures:
            return {"unsealed": await rate_of_tasks(bare, seconds)}

        with peer(place, theirs.name, CALLERS) as application:
            size = application.best_batch(seconds / 4)

            async def save() -> Figures:
                saves = [partial(application.save_many, size)] * CALLERS
                return {"peer": rate_of_threads(saves, seconds)}

            yield {"ours": append, "peer": save, "unsealed": append_unsealed}


@asynccontextmanager
async def _growth(place: Place) -> AsyncIterator[Mapping[str, Contender]]:
    organisations = codes(WRITERS)
    async with AsyncExitStack() as stack:
        contenders: dict[str, Contender] = {}
        for size, events in zip(SIZES, place.scale.sizes, strict=True):
            service = await stack.enter_async_context(trust(place, organisations, WRITERS))
            await fill_logs(service, organisations, events)
            works = [partial(_raise, service, code, 1) for code in organisations]

            async def append(
                size: str = size, works: Sequence[partial[Coroutine[Any, Any, int]]] = works
            ) -> Figures:
                return cost(size, await rate_of_tasks(works, place.scale.seconds))

            contenders[size] = append
        yield contenders


async def _raise(
    service: Trust, organisation: str, number: int, ready: Sealed | None = None
) -> int:
    return len(await service.raise_some(organisation, number, ready=ready))


async def _sealed_value(service: Trust) -> Sealed:
    """A value that was sealed before."""
    await service.raise_some(service.organisations[0])
    [body] = (await _some_bodies(service))[:1]
    _, event = replay(body)
    return cast(Sealed, cast(ContributionRecorded, event).raised)


async def _prepared(service: Trust, organisation: str, number: int) -> list[Contribution]:
    """Contributions that wait for an answer."""
    found: list[Contribution] = []
    while len(found) < number:
        found += await service.raise_some(organisation, min(PER_CALL, number - len(found)))
    return found


async def _answer(service: Trust, waiting: Iterator[Contribution]) -> int:
    await service.answer(next(waiting))
    return 1


async def _some_bodies(service: Trust) -> list[str]:
    async with service.pool.acquire() as connection:
        return await log.read(connection, service.organisations[0], 1, PER_CALL)


async def _inserts(
    pool: Pool, organisations: Sequence[str], bodies: Sequence[str]
) -> list[Callable[[], Awaitable[int]]]:
    """A writer for each organisation that inserts bodies as they are, one per commit."""
    async with pool.acquire() as connection:
        await connection.execute(_SQL["make_plain"])
    return [_inserter(await pool.acquire(), code, bodies) for code in organisations]


def _inserter(
    connection: Connection, organisation: str, bodies: Sequence[str]
) -> Callable[[], Awaitable[int]]:
    numbers = count(1)

    async def insert() -> int:
        number = next(numbers)
        await connection.execute(
            _SQL["insert_plain"], organisation, number, bodies[number % len(bodies)]
        )
        return 1

    return insert


def _statement(
    connection: Connection, organisation: str, key: UUID, bodies: Sequence[str]
) -> Callable[[], Awaitable[int]]:
    """What the shell asks the database for, with bodies that are ready: nothing made or sealed."""
    numbers = count(1)
    no_answer = (None, None, None, None)

    async def write() -> int:
        number = next(numbers)
        await connection.fetchval(
            _WRITING["write_one"],
            organisation,
            f"contribution/{number}",
            1,
            "ContributionRecorded",
            bodies[number % len(bodies)],
            SystemClock().now(),
            *no_answer,
            SERVICE.name,
            key,
        )
        return 1

    return write


EXPERIMENTS: Final = (
    Experiment(
        name="append",
        title="Append one event per commit, 16 writers over 16 organisations",
        targets=(
            Target("append", "ours", "events/s", "peer", NAME, at_least=4),
            Target("append-floor", "ours", "events/s", "floor", "asyncpg INSERT", at_least=0.5),
            Target(
                "append-statement", "statement", "events/s", "floor", "asyncpg INSERT", at_least=0.5
            ),
        ),
        prepare=_append,
    ),
    Experiment(
        name="handle",
        title="Handle a command: idempotency, read, decide, append, 8 writers",
        targets=(Target("handle", "ours", "commands/s", "peer", NAME, at_least=3),),
        prepare=_handle,
    ),
    Experiment(
        name="bulk",
        title="Append 1,000 events per call",
        targets=(
            Target("bulk", "ours", "events/s", "peer", NAME, at_least=3),
            Target("bulk-unsealed", "unsealed", "events/s", "peer", NAME),
        ),
        prepare=_bulk,
    ),
    Experiment(
        name="append-growth",
        title="Append one event per commit to logs of different sizes",
        targets=targets("append"),
        prepare=_growth,
        ours=SIZES[-1],
    ),
)
