"""Makes a deployment's database: three roles with the least each needs, schemas, tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from shared.infra.database import Connection
from shared.infra.migrations import KIT, Migration, Module, migrate
from shared.infra.sql import load

_SQL = load(__file__)
_OLDEST_SERVER: Final = 160_000  # PostgreSQL 16 brought IS JSON OBJECT WITH UNIQUE KEYS (BYTES)
_LONGEST_NAME: Final = 63 - len("_service")  # PostgreSQL cuts longer names


class ServerUnfit(RuntimeError):
    """This PostgreSQL server cannot hold a log."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of one database, named after it: who migrates, who runs, who keeps keys."""

    owner: str
    service: str
    keys: str

    @classmethod
    def of(cls, database: str) -> "Roles":
        """The roles of this database; ValueError when its name leaves no room for theirs."""
        if not 1 <= len(database.encode()) <= _LONGEST_NAME:
            raise ValueError(f"The name of a database has at most {_LONGEST_NAME} octets.")
        return cls(f"{database}_owner", f"{database}_service", f"{database}_keys")


async def prepare_database(
    admin_dsn: str,
    database: str,
    modules: Sequence[Module] = (KIT,),
    passwords: Mapping[str, str] | None = None,
) -> list[Migration]:
    """Make roles and database where they lack, and migrate; answers what was applied.

    `admin_dsn` logs in who may make both; `passwords`, of `owner` and `service`, are for servers
    that ask.
    """
    roles = Roles.of(database)
    connection = await _make(admin_dsn, database, roles, modules, passwords or {})
    try:
        return await migrate(connection, roles.owner, modules)
    finally:
        await connection.close()


async def _make(
    admin_dsn: str,
    database: str,
    roles: Roles,
    modules: Sequence[Module],
    passwords: Mapping[str, str],
) -> Connection:
    """Make what lacks but the tables; answers a connection. One at a time on a server."""
    admin = await asyncpg.connect(admin_dsn)
    try:
        await admin.execute(_SQL["lock"])
        await _make_roles(admin, roles, passwords)
        await _run(admin, "database", database, roles.owner, roles.service)
        connection = await asyncpg.connect(at_database(admin_dsn, database))
        try:
            await _make_schemas(connection, roles, modules)
        except BaseException:
            await connection.close()
            raise
        return connection
    finally:
        await admin.close()


def at_database(dsn: str, database: str, user: str | None = None) -> str:
    """The address of another database on the same server, for another user when one is given."""
    parts = urlsplit(dsn)
    place = parts.netloc if user is None else f"{user}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=place, path=f"/{database}"))


async def _make_roles(admin: Connection, roles: Roles, passwords: Mapping[str, str]) -> None:
    if await admin.fetchval(_SQL["server_version"]) < _OLDEST_SERVER:
        raise ServerUnfit("The log needs PostgreSQL 16 or newer.")
    await _run(admin, "role", roles.owner, "LOGIN", passwords.get("owner"))
    await _run(admin, "role", roles.service, "LOGIN", passwords.get("service"))
    await _run(admin, "role", roles.keys, "NOLOGIN", None)
    await _run(admin, "memberships", roles.owner, roles.keys)


async def _make_schemas(connection: Connection, roles: Roles, modules: Sequence[Module]) -> None:
    await _run(connection, "rights", roles.owner, roles.keys)
    await _run(connection, "schema", "log", roles.owner, roles.service)
    await _run(connection, "schema", "keys", roles.keys, roles.service)
    for name, _ in modules:
        await _run(connection, "schema", name, roles.owner, roles.service)


async def _run(connection: Connection, query: str, *arguments: Any) -> None:
    """Execute the statements this query writes: they take no parameters, but are quoted well."""
    for row in await connection.fetch(_SQL[query], *arguments):
        await connection.execute(row[0])
