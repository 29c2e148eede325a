"""Fixtures for every test: one PostgreSQL server and one broker per run, a database per test."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator

import asyncpg
import pytest

from deploy.embedded.broker import Broker
from tests import servers
from tests.servers import BusServer, PostgresServer


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The run's PostgreSQL server, with a superuser."""
    with servers.postgres() as server:
        yield server


@pytest.fixture
async def empty_database(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The superuser's address of a fresh database, dropped after with the roles named after it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres_server.url)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        yield postgres_server.dsn(name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        for role in await connection.fetch(
            "SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)", f"{name}_"
        ):
            await connection.execute(f'DROP ROLE "{role["rolname"]}"')
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def broker() -> Iterator[BusServer]:
    """The run's broker, shared: use organisation codes of your own."""
    with servers.bus() as server:
        yield server


@pytest.fixture
def fresh_broker() -> Iterator[Broker]:
    """An embedded broker of the test's own; after `kill()`, `start()` comes back empty."""
    with servers.own_broker() as own:
        yield own


@pytest.fixture
def organisation() -> str:
    """An organisation code no other test uses."""
    return servers.new_organisation()


@pytest.fixture
def new_organisation() -> Callable[[], str]:
    """Makes organisation codes no other test uses."""
    return servers.new_organisation
