"""A prepared database per test, cloned from a template that is migrated once per run."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

import asyncpg
import pytest
import pytest_asyncio

from shared.infra.database import Connection, Pool, open_pool
from shared.infra.migrations import KIT, Module
from shared.infra.provisioning import Roles, at_database, prepare_database
from shared.infra.shell import Shell
from tests.adapters.logs import open_logs
from tests.adapters.shells import shell_on
from tests.servers import PostgresServer

PASSWORDS: Final = {"owner": "test", "service": "test"}
OPENED_AT: Final = datetime(2024, 1, 8, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated database of the test's own; its roles have the name of its template."""

    name: str
    superuser: str
    owner: str
    service: str
    roles: Roles


MakeDatabase: TypeAlias = Callable[..., Awaitable[Database]]
"""`await make_database(("payments", folder))`: the kit's tables and these modules' beside them."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def templates(
    postgres_server: PostgresServer,
) -> AsyncIterator[dict[tuple[Module, ...], str]]:
    """The names of the templates made so far, by their modules; dropped when the run ends."""
    made: dict[tuple[Module, ...], str] = {}
    yield made
    admin = await asyncpg.connect(postgres_server.url)
    for name in made.values():
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await _drop_roles(admin, name)
    await admin.close()


@pytest.fixture
async def make_database(
    postgres_server: PostgresServer, templates: dict[tuple[Module, ...], str]
) -> AsyncIterator[MakeDatabase]:
    """Makes databases with the tables of the kit and of further modules; dropped after the test."""
    admin = await asyncpg.connect(postgres_server.url)
    made: list[str] = []

    async def make(*modules: Module) -> Database:
        wanted = (KIT, *modules)
        if wanted not in templates:
            template = f"template_{uuid.uuid4().hex[:12]}"
            await prepare_database(postgres_server.url, template, wanted, PASSWORDS)
            templates[wanted] = template
        roles, name = Roles.of(templates[wanted]), f"test_{uuid.uuid4().hex[:12]}"
        await admin.execute(
            f"CREATE DATABASE {name} OWNER {roles.owner}"
            f" TEMPLATE {templates[wanted]} STRATEGY file_copy"
        )
        made.append(name)
        return Database(
            name=name,
            superuser=at_database(postgres_server.url, name),
            owner=at_database(postgres_server.url, name, f"{roles.owner}:test"),
            service=at_database(postgres_server.url, name, f"{roles.service}:test"),
            roles=roles,
        )

    yield make
    for name in made:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    """A database with the kit's tables."""
    return await make_database()


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    """Connections to `database` as a running service has them."""
    opened = await open_pool(database.service, name="test", largest=20)
    yield opened
    # not close(), which waits for what a failed test left running
    opened.terminate()


@pytest.fixture
async def shell(pool: Pool) -> Shell:
    """A payments service's shell over the open logs of RAJ and QH8."""
    async with pool.acquire() as connection:
        await open_logs(connection, "RAJ", "QH8")
    return shell_on(pool)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    """One connection to `database` as a running service has it."""
    opened = await asyncpg.connect(database.service)
    yield opened
    await opened.close()


async def _drop_roles(admin: Connection, database: str) -> None:
    for row in await admin.fetch(
        "SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)", f"{database}_"
    ):
        await admin.execute(f"DROP ROLE {row['rolname']}")
