"""Where the adapter tests find PostgreSQL and a broker: given addresses, containers, or our own."""

import asyncio
import contextlib
import itertools
import os
import socket
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.embedded.broker import Broker
from deploy.embedded.children import wait_until
from deploy.embedded.ports import free_port
from deploy.embedded.postgres import Postgres

POSTGRES_IMAGE: Final = "postgres:18"
KAFKA_IMAGE: Final = "apache/kafka:4.1.0"
BASE36: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class ServerSettings(BaseSettings):
    """What may be said from outside, in variables named PARTNERS_TEST_POSTGRES_URL and so on."""

    model_config = SettingsConfigDict(env_prefix="PARTNERS_TEST_", frozen=True)

    postgres_url: str | None = None
    """A superuser's address, ending in a database: postgresql://postgres@127.0.0.1:5432/postgres"""
    bootstrap_servers: str | None = None
    """A real Apache Kafka; it must allow sessions of two seconds."""
    servers: Literal["auto", "containers", "embedded"] = "auto"
    """`auto` takes containers only when their images are there: no test run downloads them."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A PostgreSQL server the tests may make databases and roles on."""

    url: str

    def dsn(self, database: str, user: str | None = None) -> str:
        """The superuser's address of another database of this server, or another role's."""
        parts = urlsplit(self.url)
        login = f"{user}@" if user else f"{parts.netloc.rpartition('@')[0]}@"
        return f"postgresql://{login}{parts.hostname}:{parts.port or 5432}/{database}"


@dataclass(frozen=True, slots=True)
class BusServer:
    """A broker shared by the tests of a run; they keep apart by organisation codes."""

    bootstrap_servers: str
    idempotence: bool
    """Whether idempotent producing works: on Apache Kafka, not on the embedded broker."""
    session_timeout_milliseconds: int = 2_000
    heartbeat_interval_milliseconds: int = 500
    fetch_wait_milliseconds: int = 50


@contextlib.contextmanager
def postgres() -> Iterator[PostgresServer]:
    """One server for a run of the tests."""
    settings = ServerSettings()
    if settings.postgres_url:
        yield PostgresServer(settings.postgres_url)
    elif _in_containers(settings, POSTGRES_IMAGE):
        with _postgres_container() as url:
            yield PostgresServer(url)
    else:
        with tempfile.TemporaryDirectory(prefix="partners-test-") as folder:
            server = Postgres(
                Path(folder) / "postgres", durable=False, settings={"max_connections": "300"}
            )
            server.start()
            try:
                yield PostgresServer(server.dsn())
            finally:
                server.stop()


@contextlib.contextmanager
def bus() -> Iterator[BusServer]:
    """One broker for a run of the tests."""
    settings = ServerSettings()
    if settings.bootstrap_servers:
        yield BusServer(settings.bootstrap_servers, idempotence=True)
    elif _in_containers(settings, KAFKA_IMAGE):
        with _kafka_container() as bootstrap_servers:
            yield BusServer(bootstrap_servers, idempotence=True)
    else:
        with own_broker() as broker:
            yield BusServer(broker.bootstrap_servers, idempotence=False)


@contextlib.contextmanager
def own_broker() -> Iterator[Broker]:
    """A running embedded broker that may be killed and started again, empty."""
    with tempfile.TemporaryDirectory(prefix="partners-test-") as folder:
        broker = Broker(Path(folder) / "broker.log")
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


def groups_work(bootstrap_servers: str) -> bool:
    """Whether consumer groups can be formed; a new Apache Kafka needs a while more for it."""

    async def ask() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
        await admin.start()
        try:
            await admin.list_consumer_group_offsets("nobody")
        finally:
            await admin.close()

    try:
        asyncio.run(ask())
    except KafkaError:
        return False
    return True


_numbers = itertools.count(1)


def new_organisation() -> str:
    """A code nobody used before, on this run's servers or on shared ones."""
    number, code = (uuid.uuid4().int >> 90) * 4096 + next(_numbers), ""
    while number and len(code) < 8:
        number, digit = divmod(number, 36)
        code = BASE36[digit] + code
    return f"T{code}"


def _in_containers(settings: ServerSettings, image: str) -> bool:
    # the cleaner that testcontainers runs beside ours would be one more image to download
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    if settings.servers != "auto":
        return settings.servers == "containers"
    import docker

    if not _somebody_listens(docker.utils.parse_host(os.environ.get("DOCKER_HOST"))):
        return False
    try:
        with contextlib.closing(docker.from_env(timeout=5)) as engine:
            engine.images.get(image)
    except docker.errors.DockerException:
        return False
    return True


def _somebody_listens(engine: str) -> bool:
    """Asked before the client is made, which leaves a socket open when there is no engine."""
    scheme, _, path = engine.partition("://")
    if scheme != "http+unix":
        return True
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
        return probe.connect_ex(path) == 0


@contextlib.contextmanager
def _postgres_container() -> Iterator[str]:
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(POSTGRES_IMAGE, driver=None, username="postgres")
    command: Sequence[str] = ("-c", "max_connections=300", "-c", "fsync=off")
    with container.with_command(list(command)) as server:
        yield server.get_connection_url()


@contextlib.contextmanager
def _kafka_container() -> Iterator[str]:
    from testcontainers.core.container import DockerContainer

    # Kafka tells its clients where it is, so the port outside has to be known before it starts
    port = free_port()
    address = f"127.0.0.1:{port}"
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    for name, value in {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{address}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
    }.items():
        container.with_env(name, value)
    with container:
        if not wait_until(lambda: groups_work(address), seconds=60, pause=0.2):
            raise RuntimeError("The Kafka container did not answer within a minute.")
        yield address
