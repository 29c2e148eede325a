"""What `partners audit verify` does, beside raw reading and as many SHA-256 calls."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Final

import asyncpg

from deploy.bench.growth import SIZES, cost, targets
from deploy.bench.measures import Contender, Experiment, Figures, Target
from deploy.bench.mould import fill_logs
from deploy.bench.place import Place
from deploy.bench.trust import trust
from services.audit import copies
from services.audit.verify import PAGE, Bodies, verify_log
from shared.infra import log as log_store
from shared.infra.database import Pool
from shared.infra.migrations import Module
from shared.infra.signing import SigningKey
from shared.infra.sql import load
from shared.kernel.checkpoint import Checkpoint, origin
from shared.kernel.identifiers import LogName
from shared.kernel.merkle import Frontier, leaf_hash

_SQL = load(__file__)
AUDIT: Final[Module] = ("audit", Path(copies.__file__).parent / "migrations")
_KEY: Final = SigningKey(bytes(32))
_COMPARED: Final = "middle"


@dataclass(frozen=True, slots=True)
class _Service:
    """The log as its service reads it."""

    pool: Pool

    async def size(self, log: LogName) -> int | None:
        """The head."""
        async with self.pool.acquire() as connection:
            head = await log_store.head(connection, log.organisation)
        return head.sequence if head else None

    async def read(self, log: LogName, after: int, limit: int) -> Sequence[str]:
        """A page."""
        async with self.pool.acquire() as connection:
            return await log_store.read(connection, log.organisation, after, limit)


@dataclass(frozen=True, slots=True)
class _Auditor:
    """The copy as the auditor reads it."""

    pool: Pool

    async def size(self, log: LogName) -> int | None:
        """The last number of the copy."""
        async with self.pool.acquire() as connection:
            size: int | None = await connection.fetchval(
                _SQL["size"], log.service, log.organisation
            )
        return size

    async def read(self, log: LogName, after: int, limit: int) -> Sequence[str]:
        """A page."""
        async with self.pool.acquire() as connection:
            return await copies.read(connection, log, after, limit)


@asynccontextmanager
async def _prepare(place: Place) -> AsyncIterator[Mapping[str, Contender]]:
    logs = {size: LogName("engagement", size[0].upper()) for size in SIZES}
    organisations = [log.organisation for log in logs.values()]
    async with trust(place, organisations, 2, AUDIT) as service:
        for log, events in zip(logs.values(), place.scale.sizes, strict=True):
            await fill_logs(service, [log.organisation], events)
        admin = await asyncpg.connect(service.database.superuser)
        await admin.execute(_SQL["copy"], "engagement", organisations)
        await admin.close()
        sides = _Service(service.pool), _Auditor(service.pool)
        verify = {
            size: partial(_verify, log, sides, [await _signed(log, sides[0])])
            for size, log in logs.items()
        }

        async def ours() -> Figures:
            rate = await verify[_COMPARED]()
            return {"ours": rate, **cost(_COMPARED, rate)}

        async def alone(size: str) -> Figures:
            return cost(size, await verify[size]())

        async def raw() -> Figures:
            return {"floor": await _read_and_hash(logs[_COMPARED], sides)}

        yield {
            "ours": ours,
            "floor": raw,
            **{size: partial(alone, size) for size in SIZES if size != _COMPARED},
        }


async def _signed(log: LogName, bodies: Bodies) -> str:
    """A checkpoint over the whole log."""
    tree = Frontier()
    while page := await bodies.read(log, tree.size, PAGE):
        tree = tree.extend(leaf_hash(body.encode()) for body in page)
    checkpoint = Checkpoint(origin("partners.invalid", log), tree.size, tree.root())
    return _KEY.sign(checkpoint).write()


async def _verify(log: LogName, sides: tuple[Bodies, Bodies], notes: Sequence[str]) -> float:
    """Events a second."""
    begun = perf_counter()
    found = await verify_log(log, origin("partners.invalid", log), *sides, notes, [_KEY.public])
    if found.difference or found.signed != found.events:
        raise RuntimeError(f"The bench's own log does not verify: {found}")
    return found.events / (perf_counter() - begun)


async def _read_and_hash(log: LogName, sides: tuple[Bodies, Bodies]) -> float:
    """Events a second when both copies are only read, and 2n - 1 hashes made of what came."""
    begun, at = perf_counter(), 0
    while True:
        page, _ = await asyncio.gather(*(side.read(log, at, PAGE) for side in sides))
        if not page:
            return at / (perf_counter() - begun)
        for body in page:
            octets = body.encode()
            sha256(octets).digest()
            sha256(octets[:65]).digest()
        at += len(page)


EXPERIMENT: Final = Experiment(
    name="verify",
    title="Audit verify: both copies read and hashed, compared with the checkpoint",
    targets=(
        Target("verify", "ours", "events/s", "floor", "read and SHA-256", at_least=0.5),
        *targets("verify"),
    ),
    prepare=_prepare,
)
