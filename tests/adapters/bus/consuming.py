"""A source service with topic and log API, and a service that consumes it: for tests of the kit."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.envelope import Recorded
from shared.infra import log
from shared.infra.bus.consumers import Consumers, Fold, Handler, Reaction
from shared.infra.bus.topics import make_topics
from shared.infra.bus.watermarks import Operations, operations, reached
from shared.infra.database import Connection, Pool, open_pool
from shared.infra.transaction import Transaction
from shared.kernel.identifiers import LogName
from tests.adapters.bus.log_server import LogServer, serving
from tests.adapters.bus.writers import (
    SERVICE,
    START,
    Kit,
    Writer,
    access,
    kit,
    opened,
    producer,
    settings,
    until,
)
from tests.adapters.conftest import Database, MakeDatabase
from tests.servers import BusServer

SEEN = """
CREATE SCHEMA seen;
CREATE TABLE seen.events (
    place bigint GENERATED ALWAYS AS IDENTITY,
    consumer text, organisation text, sequence bigint, body text
);
GRANT USAGE ON SCHEMA seen TO PUBLIC;
GRANT SELECT, INSERT ON seen.events TO PUBLIC;
"""


@dataclass
class World:
    """Engagement's logs of some organisations, and payments, which reads them."""

    broker: BusServer
    source: Database
    sink: Database
    writers: Mapping[str, Writer]
    pool: Pool
    api: LogServer
    copies: LogServer
    kit: Kit
    failing: set[int] = field(default_factory=set)
    """Numbers at which the handlers fail."""
    failing_in: str | None = None
    """The organisation in which they fail; all without it."""
    failure: Callable[[], Exception] = lambda: RuntimeError("a bug")
    failures: int = 0
    failures_left: int | None = None

    @property
    def writer(self) -> Writer:
        """The writer of the first organisation."""
        return next(iter(self.writers.values()))

    @property
    def log(self) -> LogName:
        """The log of the first organisation."""
        return self.writer.name

    async def apply(
        self, connection: Connection, name: LogName, events: Sequence[Recorded]
    ) -> None:
        """A fold's handler: one row per event, with no key that would hide a second one."""
        for event in events:
            self.fail_at(event)
            event.event()
        await connection.executemany(
            "INSERT INTO seen.events (consumer, organisation, sequence, body)"
            " VALUES ('fold', $1, $2, $3)",
            [(name.organisation, event.sequence, event.body) for event in events],
        )

    async def react(self, work: Transaction, event: Recorded, _: Mapping[str, object]) -> None:
        """A reaction's handler: an event of our own for each of theirs."""
        self.fail_at(event)
        await work.record(event.log.organisation, f"echo/{work.derive('echo')}", event.event())

    def fail_at(self, event: Recorded) -> None:
        """Fail where the test wants it."""
        here = self.failing_in in (None, event.log.organisation)
        if event.sequence not in self.failing or not here or self.failures == self.failures_left:
            return
        self.failures += 1
        raise self.failure()

    def fail_so_often(self, number: int, times: int) -> None:
        """Fail at this number, but not for ever."""
        self.failing.add(number)
        self.failures_left = times

    def fold(self, **options: object) -> Fold:
        """A fold into seen.events."""
        return Fold("payments.seen", (SERVICE,), "kit", self.apply, **options)  # type: ignore[arg-type]

    def reaction(self, *types: str) -> Reaction:
        """A reaction that echoes events."""
        handlers = {name: Handler(self.react) for name in types or ("NumberLost",)}
        return Reaction("payments.echo", SERVICE, handlers)

    def consumers(self, *consumers: Fold | Reaction, tries: int = 2) -> Consumers:
        """Consumers of one process; more of them share the group."""
        return Consumers(
            self.kit,
            [one for one in consumers if isinstance(one, Reaction)],
            [one for one in consumers if isinstance(one, Fold)],
            retry_seconds=(0.05,) * tries,
        )

    async def seen(self, organisation: str | None = None) -> list[int]:
        """The numbers the fold wrote, in the order it did."""
        rows = await self.pool.fetch(
            "SELECT sequence FROM seen.events WHERE organisation = $1 ORDER BY place",
            organisation or self.log.organisation,
        )
        return [row["sequence"] for row in rows]

    async def echoed(self, organisation: str | None = None) -> list[int]:
        """The numbers of the source that our own log echoes, in the order it does."""
        code = organisation or self.log.organisation
        numbers = {
            str(Writer.recorded(body).id): Writer.recorded(body).sequence
            for body in await self.writers[code].bodies()
        }
        async with self.pool.acquire() as connection:
            bodies = await log.read(connection, code, 1, 100_000)
        events = [Writer.recorded(body.encode()) for body in bodies]
        return [numbers[str(e.causation_id)] for e in events if e.type != "EventDiscarded"]

    async def has_seen(self, numbers: Iterable[int], organisation: str | None = None) -> None:
        """Wait until the fold wrote at least so many; they must be exactly these, in order."""
        wanted = list(numbers)

        async def are_there() -> bool:
            return len(await self.seen(organisation)) >= len(wanted)

        await until(are_there)
        assert await self.seen(organisation) == wanted

    async def has_echoed(self, numbers: Iterable[int], organisation: str | None = None) -> None:
        """The same of the reaction."""
        wanted = list(numbers)

        async def are_there() -> bool:
            return len(await self.echoed(organisation)) >= len(wanted)

        await until(are_there)
        assert await self.echoed(organisation) == wanted

    async def stands_at(self, sequence: int, organisation: str | None = None) -> None:
        """Wait until every consumer's watermark of the log is there."""
        code = organisation or self.log.organisation

        async def is_there() -> bool:
            async with self.pool.acquire() as connection:
                found = [r for r in await reached(connection) if r.log.organisation == code]
            return bool(found) and all(r.sequence == sequence for r in found)

        await until(is_there)

    async def operations(self) -> Operations:
        """The totals."""
        async with self.pool.acquire() as connection:
            return await operations(connection)

    async def counted(self, **totals: int) -> None:
        """Wait until these totals are reached; they must be exactly these."""

        async def are_reached() -> bool:
            found = await self.operations()
            return all(getattr(found, name) >= total for name, total in totals.items())

        await until(are_reached)
        found = await self.operations()
        assert {name: getattr(found, name) for name in totals} == totals

    def alarms(self, kind: str, organisation: str) -> float:
        """How often this alarm was raised for the organisation's log."""
        labels = {"kind": kind, "log": f"{SERVICE}.{organisation}"}
        return self.kit.metrics.registry.get_sample_value("partners_alarms_total", labels) or 0

    async def differing(
        self, connection: Connection, name: LogName, bodies: Mapping[int, bytes]
    ) -> Sequence[int]:
        """The numbers at which the fold has other bytes."""
        rows = await connection.fetch(
            "SELECT sequence, body FROM seen.events"
            " WHERE organisation = $1 AND sequence = ANY ($2::bigint[])",
            name.organisation,
            list(bodies),
        )
        return [row["sequence"] for row in rows if row["body"].encode() != bodies[row["sequence"]]]

    async def send(self, *values: bytes | None, organisation: str | None = None) -> None:
        """Put records on the topic as somebody other than the relay."""
        name = self.writers[organisation].name if organisation else self.log
        await make_topics(access(self.broker), [str(name)])
        async with producer(self.broker) as other:
            for value in values:
                await other.send_and_wait(str(name), value, key=b"k", partition=0)

    async def send_with_headers(
        self, value: bytes, headers: Sequence[tuple[str, bytes | None]]
    ) -> None:
        """Put a record with these headers on the topic."""
        async with producer(self.broker) as other:
            await other.send_and_wait(
                str(self.log), value, key=b"k", partition=0, headers=list(headers)
            )

    async def foreign(self) -> list[asyncpg.Record]:
        """The foreign records kept."""
        return await self.pool.fetch("SELECT * FROM kit.foreign_records ORDER BY found_at")

    async def is_held(self, consumers: Consumers) -> None:
        """Wait until these consumers hold the log."""
        await until(lambda: self.log in {held.log for held in consumers.held()})

    async def start_anew(self) -> None:
        """Forget what the fold did, as a rebuild does: it reads from the start."""
        superuser = await asyncpg.connect(self.sink.superuser)
        await superuser.execute("TRUNCATE seen.events")
        await superuser.execute("UPDATE kit.watermarks SET sequence = 0")
        await superuser.close()
        await self.move_group_to_the_start("payments.seen")

    async def move_group_to_the_start(self, group: str) -> None:
        """What an operator's tool does while nobody of the group runs."""
        place = TopicPartition(str(self.log), 0)
        consumer = AIOKafkaConsumer(
            place.topic,
            bootstrap_servers=self.broker.bootstrap_servers,
            group_id=f"{group}@{self.kit.deployment}",
            session_timeout_ms=self.broker.session_timeout_milliseconds,
            heartbeat_interval_ms=self.broker.heartbeat_interval_milliseconds,
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            await until(lambda: place in consumer.assignment())
            await consumer.commit({place: 0})
        finally:
            await consumer.stop()


@asynccontextmanager
async def world(
    make_database: MakeDatabase, broker: BusServer, organisations: Sequence[str]
) -> AsyncIterator[World]:
    """Everything a test of the kit needs but the relay and the consumers themselves."""
    source, sink = await make_database(), await make_database()
    superuser = await asyncpg.connect(sink.superuser)
    await superuser.execute(SEEN)
    await superuser.close()
    async with AsyncExitStack() as stack:
        theirs, ours = [await _pool(stack, database) for database in (source, sink)]
        api = await stack.enter_async_context(serving(LogServer(theirs)))
        copies = await stack.enter_async_context(serving(LogServer(theirs, copies=True)))
        writers = {code: await opened(theirs, code) for code in organisations}
        async with ours.acquire() as connection:
            for code in organisations:
                await log.open_log(connection, "payments", code, "partners.invalid", START)
        configured = settings(broker, organisations, {SERVICE: api.url, "audit": copies.url})
        made = kit(ours, configured)
        stack.push_async_callback(made.sources.close)
        yield World(broker, source, sink, writers, ours, api, copies, made)


async def _pool(stack: AsyncExitStack, database: Database) -> Pool:
    pool = await open_pool(database.service, name="test", largest=10)
    stack.push_async_callback(pool.close)
    return pool
