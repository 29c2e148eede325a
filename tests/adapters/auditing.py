"""An engagement service's log and its auditor; one database holds both to save time."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncpg

from services.audit import checkpoints, copies
from services.audit.notices import Notices
from services.audit.signer import Signer
from services.audit.verify import LogVerdict, verify_log
from services.audit.witnesses import Witnesses
from shared.contracts.envelope import compose, read
from shared.contracts.log import NumberLost
from shared.infra import log
from shared.infra.bus.access import BusAccess
from shared.infra.database import Connection, Pool, open_pool
from shared.infra.identifiers import new_event_id
from shared.infra.metrics import Metrics
from shared.infra.migrations import Module
from shared.infra.signing import SigningKey
from shared.kernel.checkpoint import origin
from shared.kernel.identifiers import LogName
from tests.adapters.conftest import Database
from tests.adapters.personal import FixedClock, draft
from tests.servers import BusServer

AUDIT: Final[Module] = ("audit", Path(copies.__file__).parent / "migrations")
INSTALLATION: Final = "partners.invalid"
KEY: Final = SigningKey(b"the auditor signs with this key.")
STRANGER: Final = SigningKey(b"somebody else has another key...")
NOW: Final = datetime(2024, 3, 5, 10, 0, tzinfo=UTC)


@dataclass
class Writer:
    """Appends numbered notes to one log of engagement."""

    connection: Connection
    organisation: str
    salt: str = ""
    written: int = 0

    @property
    def name(self) -> LogName:
        """The log it writes."""
        return LogName("engagement", self.organisation)

    async def open(self) -> None:
        """Write LogOpened, event 1."""
        await log.open_log(self.connection, "engagement", self.organisation, INSTALLATION, NOW)

    async def write(self, count: int) -> None:
        """Append this many events in one call."""
        numbers = range(self.written, self.written + count)
        self.written += count
        await log.append(self.connection, [self._entry(number) for number in numbers], NOW)

    async def bodies(self) -> list[bytes]:
        """The whole log."""
        found = await log.read(self.connection, self.organisation, 0, 100_000)
        return [body.encode() for body in found]

    def _entry(self, number: int) -> log.Entry:
        note = NumberLost(reason=f"note {number} {self.salt}")
        stream = f"note/{number}"
        written = draft(note, self.name, stream, new_event_id(NOW))
        return log.Entry(self.organisation, stream, 1, "NumberLost", compose(written))


def access(server: BusServer) -> BusAccess:
    """How to reach a broker of the tests."""
    return BusAccess(
        bootstrap_servers=server.bootstrap_servers,
        idempotence=server.idempotence,
        fetch_wait_milliseconds=server.fetch_wait_milliseconds,
    )


@dataclass
class ServiceSide:
    """The service's own log, as its log API reads it."""

    connection: Connection

    async def size(self, name: LogName) -> int | None:
        head = await log.head(self.connection, name.organisation)
        return head.sequence if head else None

    async def read(self, name: LogName, after: int, limit: int) -> Sequence[str]:
        return await log.read(self.connection, name.organisation, after, limit)


@dataclass
class AuditorSide:
    """The auditor's copy, as its routes read it."""

    pool: Pool

    async def size(self, name: LogName) -> int | None:
        async with self.pool.acquire() as connection:
            tree = await copies.tree_of(connection, name)
        return tree.size if tree else None

    async def read(self, name: LogName, after: int, limit: int) -> Sequence[str]:
        async with self.pool.acquire() as connection:
            return await copies.read(connection, name, after, limit)


@dataclass
class Audited:
    """One log under audit."""

    writer: Writer
    pool: Pool
    database: Database
    access: BusAccess
    key: SigningKey = KEY
    metrics: Metrics = field(default_factory=Metrics)
    witnesses: Witnesses | None = None

    @property
    def name(self) -> LogName:
        return self.writer.name

    @property
    def origin(self) -> str:
        return origin(INSTALLATION, self.name)

    async def write(self, count: int) -> None:
        """Append events and let the auditor copy them."""
        await self.writer.write(count)
        await self.copy()

    async def copy(self) -> None:
        """Let the auditor copy what the log has and it has not, as the fold does."""
        side = AuditorSide(self.pool)
        after = await side.size(self.name) or 0
        bodies = await log.read(self.writer.connection, self.name.organisation, after, 100_000)
        async with self.pool.acquire() as connection, connection.transaction():
            await copies.keep(connection, self.name, [read(body) for body in bodies])

    def signer(self, key: SigningKey | None = None) -> Signer:
        """A signer as a started process has it."""
        key = key or self.key
        notices = Notices(self.access, [key.public])
        return Signer(
            self.pool,
            FixedClock(NOW),
            INSTALLATION,
            [self.name.organisation],
            key,
            notices,
            self.metrics,
            self.witnesses or Witnesses({}, [key.public], ""),
        )

    async def sign(self) -> None:
        """One round of a signer that was started for it."""
        await self.signer().work_off()

    async def sizes(self) -> list[int]:
        """The sizes of the checkpoints kept."""
        async with self.pool.acquire() as connection:
            return [kept.size for kept in await checkpoints.after(connection, self.name, 0, 1000)]

    async def notes(self) -> list[str]:
        """The notes of the checkpoints kept."""
        async with self.pool.acquire() as connection:
            return [kept.note for kept in await checkpoints.after(connection, self.name, 0, 1000)]

    async def verify(self, *, notes: Sequence[str] | None = None) -> LogVerdict:
        """What the comparison says."""
        return await verify_log(
            self.name,
            self.origin,
            ServiceSide(self.writer.connection),
            AuditorSide(self.pool),
            await self.notes() if notes is None else notes,
            [self.key.public],
        )

    async def tamper(self, where: str, statement: str, *arguments: object) -> None:
        """Do what only the administrator of a database can: change what nobody may change."""
        superuser = await asyncpg.connect(self.database.superuser)
        try:
            await superuser.execute(f"ALTER TABLE {where} DISABLE TRIGGER USER")
            await superuser.execute(statement, *arguments)
        finally:
            await superuser.close()


@contextlib.asynccontextmanager
async def audited_log(
    database: Database, access: BusAccess, organisation: str
) -> AsyncIterator[Audited]:
    """An opened log under audit."""
    connection = await asyncpg.connect(database.service)
    pool = await open_pool(database.service, name="audit")
    writer = Writer(connection, organisation)
    await writer.open()
    yield Audited(writer, pool, database, access)
    await pool.close()
    await connection.close()
