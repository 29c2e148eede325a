"""A source service with topic and log API, and a service that consumes it: for tests of the kit."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.infra import log
from shared.infra.bus.consumers import Consumers
from shared.infra.bus.topics import make_topics
from shared.infra.bus.watermarks import Operations, operations, reached
from shared.infra.database import Connection, Pool, open_pool
from shared.kernel.identifiers import LogName
from tests.adapters.bus.handlers import Consuming
from tests.adapters.bus.log_server import LogServer, serving
from tests.adapters.bus.writers import (
    SERVICE,
    START,
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


@dataclass(kw_only=True)
class World(Consuming):
    """Engagement's logs of some organisations, and payments, which reads them."""

    broker: BusServer
    source: Database
    sink: Database
    writers: Mapping[str, Writer]
    pool: Pool
    api: LogServer
    copies: LogServer

    @property
    def writer(self) -> Writer:
        """The writer of the first organisation."""
        return next(iter(self.writers.values()))

    @property
    def log(self) -> LogName:
        """The log of the first organisation."""
        return self.writer.name

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
        theirs = [json.loads(body) for body in await self.writers[code].bodies()]
        numbers = {event["id"]: int(event["sequence"]) for event in theirs}
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
        await self.move_group_to_the_start()

    async def move_group_to_the_start(self) -> None:
        """What an operator's tool does while nobody of the group runs."""
        place = TopicPartition(str(self.log), 0)
        consumer = AIOKafkaConsumer(
            place.topic,
            bootstrap_servers=self.broker.bootstrap_servers,
            group_id=f"{self.kit.service}@{self.kit.deployment}",
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
        yield World(
            kit=made,
            broker=broker,
            source=source,
            sink=sink,
            writers=writers,
            pool=ours,
            api=api,
            copies=copies,
        )


async def _pool(stack: AsyncExitStack, database: Database) -> Pool:
    pool = await open_pool(database.service, name="test", largest=10)
    stack.push_async_callback(pool.close)
    return pool
