"""What the tests of the bus share: logs with events in them, running parts, topics read whole."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from pydantic import SecretStr

from shared.contracts.envelope import Cause, Draft, Recorded, compose, read
from shared.contracts.event import Event
from shared.contracts.log import NumberLost
from shared.infra import log
from shared.infra.bus.access import BusAccess
from shared.infra.bus.relay import Relay
from shared.infra.bus.sources import Sources
from shared.infra.clock import SystemClock
from shared.infra.database import Pool
from shared.infra.identifiers import new_event_id, new_log_id
from shared.infra.metrics import Metrics
from shared.infra.opening import Opener
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Shell
from shared.kernel.identifiers import LogName, derive
from tests.adapters.logs import appended
from tests.servers import BusServer

SERVICE = "engagement"
START = datetime(2024, 3, 5, 9, 0, tzinfo=UTC)
CAUSE = UUID("018e0d6e-0000-7000-8000-000000000001")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
STREAMS = 7


def access(server: BusServer) -> BusAccess:
    """How to reach the tests' shared broker."""
    return BusAccess(
        bootstrap_servers=server.bootstrap_servers,
        idempotence=server.idempotence,
        forgetful=not server.idempotence,
        session_timeout_milliseconds=server.session_timeout_milliseconds,
        heartbeat_interval_milliseconds=server.heartbeat_interval_milliseconds,
        fetch_wait_milliseconds=server.fetch_wait_milliseconds,
    )


@dataclass
class Writer:
    """Appends numbered notes to one log, spread over a few streams."""

    pool: Pool
    organisation: str
    service: str = SERVICE
    written: int = 0
    salt: str = ""

    @property
    def name(self) -> LogName:
        """The log it writes."""
        return LogName(self.service, self.organisation)

    @staticmethod
    def recorded(body: bytes) -> Recorded:
        """A body read back."""
        return read(body)

    async def open(self) -> None:
        """Write LogOpened, event 1."""
        async with self.pool.acquire() as connection:
            await log.open_log(
                connection, self.service, self.organisation, "partners.invalid", START
            )

    async def write(self, count: int, event: Callable[[int], Event] | None = None) -> list[str]:
        """Append this many events in one call; answers their stamped bodies."""
        entries = [self.entry(self.written + n, event) for n in range(count)]
        self.written += count
        async with self.pool.acquire() as connection:
            return await appended(connection, entries, START + timedelta(seconds=self.written))

    def entry(self, number: int, event: Callable[[int], Event] | None = None) -> log.Entry:
        """The entry of the note with this number, from 0."""
        made = event(number) if event else NumberLost(reason=f"note {number} {self.salt}")
        stream = f"note/{derive(CAUSE, str(number % STREAMS))}"
        return entry_of(self.name, stream, number // STREAMS + 1, made, number)

    async def write_altered(self, old: str, new: str) -> str:
        """Append one event whose body has `new` for `old`: what an older or later writer made."""
        entry = self.entry(self.written)
        assert old in entry.body
        self.written += 1
        body = entry.body.replace(old, new)
        altered = entry._replace(body=body, type=json.loads(body)["type"])
        async with self.pool.acquire() as connection:
            (stamped,) = await appended(connection, [altered], START)
        return stamped

    async def bodies(self) -> list[bytes]:
        """The whole log."""
        async with self.pool.acquire() as connection:
            bodies = await log.read(connection, self.organisation, 0, 1_000_000)
        return [body.encode() for body in bodies]


async def opened(pool: Pool, organisation: str, salt: str = "") -> Writer:
    """A writer whose log is open."""
    writer = Writer(pool, organisation, salt=salt)
    await writer.open()
    return writer


def entry_of(name: LogName, stream: str, version: int, event: Event, number: int = 0) -> log.Entry:
    """An entry ready to append."""
    at = START + timedelta(seconds=number)
    draft = Draft(
        log=name,
        stream=stream,
        version=version,
        event=event,
        id=new_event_id(at),
        time=at,
        cause=Cause(CAUSE, CAUSE, f"coordinator/{CAUSE}", TRACE),
    )
    kind = type(event).__name__
    return log.Entry(name.organisation, stream, version, kind, compose(draft))


@contextlib.asynccontextmanager
async def running(*parts: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run these while the block runs; a part that fails ends the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(part) for part in parts]
        yield
        for task in tasks:
            task.cancel()


async def until(
    condition: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = 30
) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer if isinstance(answer, bool) else await answer:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {seconds} seconds: {condition}")
        await asyncio.sleep(0.02)


def relay(dsn: str, organisations: Sequence[str], server: BusServer) -> Relay:
    """A relay of the test service."""
    return Relay(dsn, SERVICE, organisations, access(server), Metrics())


async def topic(server: BusServer, name: LogName, partition: int = 0) -> list[ConsumerRecord]:
    """Every record of a topic's partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=server.bootstrap_servers,
        group_id=None,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    place = TopicPartition(str(name), partition)
    try:
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        records: list[ConsumerRecord] = []
        while not records or records[-1].offset < end - 1:
            batch = await consumer.getmany(place, timeout_ms=500)
            if not batch:
                break
            records += batch[place]
        return records
    finally:
        await consumer.stop()


async def values(server: BusServer, name: LogName) -> list[bytes]:
    """The values of a topic's records."""
    return [record.value for record in await topic(server, name)]


async def is_published(pool: Pool, organisation: str) -> bool:
    """Whether the relay has confirmed everything up to the head."""
    return bool(
        await pool.fetchval(
            "SELECT published.sequence = head.sequence FROM kit.published"
            " JOIN log.heads AS head USING (organisation) WHERE organisation = $1",
            organisation,
        )
    )


@contextlib.asynccontextmanager
async def producer(server: BusServer) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that is nobody's relay."""
    made = AIOKafkaProducer(bootstrap_servers=server.bootstrap_servers, max_request_size=6_000_000)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@dataclass
class Kit:
    """What consumers need of a running service, for a service that opens nothing sealed."""

    service: str
    settings: ServiceSettings
    pool: Pool
    shell: Shell
    sources: Sources
    metrics: Metrics = field(default_factory=Metrics)
    opener: Opener = field(default_factory=lambda: cast(Opener, None))

    @property
    def deployment(self) -> str:
        """As the kit's."""
        return self.settings.deployment

    @property
    def organisations(self) -> tuple[str, ...]:
        """As the kit's."""
        return self.settings.organisations


def settings(
    server: BusServer,
    organisations: Sequence[str],
    urls: dict[str, str],
    deployment: str | None = None,
) -> ServiceSettings:
    """The settings of a test service, in a group of its own."""
    return ServiceSettings(
        deployment=deployment or f"test-{new_log_id().hex[:12]}",
        organisations=tuple(organisations),
        embedded=True,
        database_url=SecretStr("postgresql://nowhere"),
        bootstrap_servers=server.bootstrap_servers,
        broker_idempotence=server.idempotence,
        session_timeout_milliseconds=server.session_timeout_milliseconds,
        heartbeat_interval_milliseconds=server.heartbeat_interval_milliseconds,
        fetch_wait_milliseconds=server.fetch_wait_milliseconds,
        service_urls=urls,
        jwks_file=Path("none.json"),
        idempotency_secret=SecretStr("i" * 32),
        directory_secret=SecretStr("d" * 32),
        key_encryption_keys=SecretStr("{}"),
        register_folder=Path("none"),
    )


def kit(pool: Pool, configured: ServiceSettings, service: str = "payments") -> Kit:
    """A service on this database."""
    shell = Shell(pool, service, SystemClock(), idempotency_secret=b"i" * 32)
    return Kit(service, configured, pool, shell, Sources(configured))


async def published(pool: Pool, organisation: str) -> int:
    """How far the relay has confirmed this log."""
    return int(
        await pool.fetchval(
            "SELECT coalesce(max(sequence), 0) FROM kit.published WHERE organisation = $1",
            organisation,
        )
    )
