"""The portal's whole view built anew from its logs, beside a plain upsert of the same events."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final

import asyncpg

from deploy.bench.growth import SIZES, cost, targets
from deploy.bench.measures import Contender, Experiment, Figures, Target
from deploy.bench.mould import load as load_log
from deploy.bench.mould import moulds
from deploy.bench.place import Place
from deploy.bench.story import story
from deploy.bench.trust import open_logs
from services.portal import views as portal_views
from services.portal.views import VIEWS
from shared.infra import log as log_store
from shared.infra.database import Pool
from shared.infra.log import Head
from shared.infra.migrations import Module
from shared.infra.sql import load
from shared.infra.views.building import build
from shared.infra.views.filling import BATCH, PAGE
from shared.infra.views.views import Views
from shared.kernel.identifiers import LogName

_SQL = load(__file__)
PORTAL: Final[Module] = ("portal", Path(portal_views.__file__).parents[1] / "migrations")
SOURCES: Final = ("recruitment", "engagement", "payments", "notifications")
_COMPARED: Final = "large"


@dataclass(frozen=True, slots=True)
class _Reader:
    """The logs as their services read them; each seems to end after `ends` events."""

    pools: Mapping[str, Pool]
    ends: Mapping[LogName, int]

    async def head(self, log: LogName) -> Head | None:
        """Where the log stands."""
        async with self.pools[log.service].acquire() as connection:
            return await log_store.head(connection, log.organisation)

    async def read(self, log: LogName, after: int, limit: int) -> list[str]:
        """A page."""
        limit = max(0, min(limit, self.ends[log] - after))
        async with self.pools[log.service].acquire() as connection:
            return await log_store.read(connection, log.organisation, after, limit)

    @property
    def events(self) -> int:
        """How many there are in all."""
        return sum(self.ends.values())


@asynccontextmanager
async def _prepare(place: Place) -> AsyncIterator[Mapping[str, Contender]]:
    largest = place.scale.sizes[-1]
    async with AsyncExitStack() as stack:
        pools: dict[str, Pool] = {}
        for service in SOURCES:
            database = await stack.enter_async_context(place.database())
            pools[service] = await stack.enter_async_context(place.pool(database.service, 2))
        ends = await _fill(place, pools, largest)
        organisations = sorted({log.organisation for log in ends})
        rebuild, readers = {}, {}
        for name, size in zip(SIZES, place.scale.sizes, strict=True):
            cut = {log: max(1, end * size // largest) for log, end in ends.items()}
            readers[name] = _Reader(pools, cut)
            # a portal of its own: no view is replaced by one that is behind it
            database = await stack.enter_async_context(place.database(PORTAL))
            pool = await stack.enter_async_context(place.pool(database.service, 4))
            views = Views(pool, VIEWS, readers[name], organisations)
            await views.prepare()
            rebuild[name] = partial(_rebuild, views, readers[name])
        plain = await asyncpg.connect(database.superuser)
        await plain.execute(_SQL["make_plain"])

        async def ours() -> Figures:
            rate = await rebuild[_COMPARED]()
            return {"ours": rate, **cost(_COMPARED, rate)}

        async def alone(size: str) -> Figures:
            return cost(size, await rebuild[size]())

        async def upsert() -> Figures:
            await plain.execute(_SQL["empty_plain"])
            return {"floor": await _upsert(plain, readers[_COMPARED])}

        yield {
            "ours": ours,
            "floor": upsert,
            **{size: partial(alone, size) for size in SIZES if size != _COMPARED},
        }
        await plain.close()


async def _fill(place: Place, pools: Mapping[str, Pool], largest: int) -> dict[LogName, int]:
    """Tell the story again and again, log by log; answers where each log ends."""
    told = {
        log: moulds(b) for log, b in (await story(place.kept)).items() if log.service in SOURCES
    }
    told = {log: of for log, of in told.items() if of}
    whole = sum(map(len, told.values()))
    ends: dict[LogName, int] = {}
    for log, of in told.items():
        await open_logs(pools[log.service], [log.organisation], log.service)
        count = max(1, largest * len(of) // whole)
        await load_log(pools[log.service], of, count)
        ends[log] = count + 1
    return ends


async def _rebuild(views: Views, reader: _Reader) -> float:
    """Events a second, from the wish to the swap of the last view."""
    for name in views.newest:
        await views.want_rebuild(name)
    begun = perf_counter()
    await build(views, reader)
    seconds = perf_counter() - begun
    if left := [each for each in await views.standing() if each["rebuild_wanted"]]:
        raise RuntimeError(f"A view was not built: {left[0]['view']} {left[0]['trouble']}")
    return reader.events / seconds


async def _upsert(connection: "asyncpg.Connection[asyncpg.Record]", reader: _Reader) -> float:
    """Events a second that are fetched, decoded and upserted with no logic, in the same batches."""
    begun = perf_counter()
    for log, end in reader.ends.items():
        coming = asyncio.create_task(_batch(reader, log, 0))
        at = 0
        while at < end:
            bodies = await coming
            at += len(bodies)
            coming = asyncio.create_task(_batch(reader, log, at))
            events = [json.loads(body) for body in bodies]
            await connection.execute(
                _SQL["upsert"],
                [log.service] * len(events),
                [event["organisation"] for event in events],
                [int(event["sequence"]) for event in events],
                [event["subject"] for event in events],
                [event["type"] for event in events],
                [event["time"] for event in events],
            )
        await coming
    return reader.events / (perf_counter() - begun)


async def _batch(reader: _Reader, log: LogName, after: int) -> list[str]:
    bodies: list[str] = []
    while len(bodies) < BATCH:
        page = await reader.read(log, after + len(bodies), PAGE)
        bodies += page
        if len(page) < PAGE:
            break
    return bodies


EXPERIMENT: Final = Experiment(
    name="rebuild",
    title="Rebuild of the portal's whole view over the story's mix of events",
    targets=(
        Target("rebuild", "ours", "events/s", "floor", "decode and upsert", at_least=0.3),
        *targets("rebuild"),
    ),
    prepare=_prepare,
)
