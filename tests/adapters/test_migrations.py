"""Roles, databases and migrations: least privilege, forward only, old and new databases alike."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from shared.infra.migrations import KIT, DatabaseNewer, MigrationChanged, find
from shared.infra.provisioning import Roles, at_database, prepare_database
from tests.adapters.conftest import PASSWORDS
from tests.adapters.logs import as_superuser, open_logs
from tests.servers import PostgresServer

SHAPE = """
    WITH schema AS (SELECT * FROM pg_namespace WHERE nspname IN ('log', 'kit', 'keys')),
    relation AS (SELECT pg_class.* FROM pg_class JOIN schema ON schema.oid = relnamespace)
    SELECT concat_ws(' ', 'schema', nspname, nspowner::regrole, nspacl) FROM schema
    UNION ALL SELECT concat_ws(
        ' ', 'relation', oid::regclass, relkind, relowner::regrole, relacl, reloptions
    ) FROM relation
    UNION ALL SELECT concat_ws(
        ' ', 'column', attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod),
        attnotnull, attcollation::regcollation, pg_get_expr(adbin, adrelid), attacl
    )
    FROM relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL SELECT concat_ws(
        ' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(c.oid)
    ) FROM pg_constraint AS c JOIN schema ON schema.oid = connamespace
    UNION ALL SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid))
    FROM pg_index JOIN relation ON relation.oid = indexrelid
    UNION ALL SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), tgenabled)
    FROM pg_trigger AS t JOIN relation ON relation.oid = tgrelid AND NOT tgisinternal
    UNION ALL SELECT concat_ws(
        ' ', 'function', pg_get_functiondef(p.oid), proacl, proowner::regrole
    ) FROM pg_proc AS p JOIN schema ON schema.oid = pronamespace
    ORDER BY 1
"""


@pytest.fixture
async def name(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The name of a database that is not there yet; it and its roles are dropped after."""
    name = f"fresh_{uuid.uuid4().hex[:12]}"
    yield name
    await drop(postgres_server.url, name)


async def drop(admin_dsn: str, name: str) -> None:
    """Drop a database and its roles."""
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    roles = Roles.of(name)
    for role in (roles.owner, roles.service, roles.keys):
        await admin.execute(f"DROP ROLE IF EXISTS {role}")
    await admin.close()


async def shape(dsn: str, name: str) -> list[str]:
    """Everything a database has, in words, its own name left out."""
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(SHAPE)
    await connection.close()
    return [row[0].replace(name, "DATABASE") for row in rows]


def some(folder: Path, count: int) -> tuple[str, Path]:
    """The kit as it was when it had this many migrations."""
    folder.mkdir(exist_ok=True)
    for path in sorted(KIT[1].glob("*.sql"))[:count]:
        shutil.copy(path, folder)
    return ("kit", folder)


async def test_preparing_again_changes_nothing(postgres_server: PostgresServer, name: str) -> None:
    first = await prepare_database(postgres_server.url, name, passwords=PASSWORDS)
    dsn = at_database(postgres_server.url, name)
    made = await shape(dsn, name)

    again = await prepare_database(postgres_server.url, name, passwords=PASSWORDS)

    assert [str(migration) for migration in first] == [str(m) for m in find(KIT)]
    assert again == []
    assert await shape(dsn, name) == made


async def test_a_database_migrated_from_any_age_equals_a_new_one(
    postgres_server: PostgresServer, name: str, tmp_path: Path
) -> None:
    await prepare_database(postgres_server.url, name)
    new = await shape(at_database(postgres_server.url, name), name)

    for age in range(1, len(find(KIT))):
        old = f"{name}_{age}"
        try:
            await prepare_database(postgres_server.url, old, [some(tmp_path / str(age), age)])
            dsn = at_database(postgres_server.url, old)
            connection = await asyncpg.connect(dsn)
            await open_logs(connection, "RAJ")
            before = await connection.fetch("SELECT * FROM log.events")

            await prepare_database(postgres_server.url, old)

            assert await shape(dsn, old) == new
            assert await connection.fetch("SELECT * FROM log.events") == before
            await connection.close()
        finally:
            await drop(postgres_server.url, old)


async def test_several_processes_may_prepare_one_database_at_once(
    postgres_server: PostgresServer, name: str
) -> None:
    applied = await asyncio.gather(*(prepare_database(postgres_server.url, name) for _ in range(3)))

    assert sorted(len(migrations) for migrations in applied) == [0, 0, len(find(KIT))]


async def test_a_migration_changed_after_it_was_applied_is_refused(
    postgres_server: PostgresServer, name: str, tmp_path: Path
) -> None:
    kit = some(tmp_path, 1)
    await prepare_database(postgres_server.url, name, [kit])
    with (tmp_path / "0001_log.sql").open("a") as file:
        file.write("-- an afterthought\n")
    (tmp_path / "0002_more.sql").write_text("CREATE TABLE kit.more ();")

    with pytest.raises(MigrationChanged, match="kit 0001_log was changed after"):
        await prepare_database(postgres_server.url, name, [kit])

    dsn = at_database(postgres_server.url, name)
    assert await as_superuser(dsn, "SELECT to_regclass('kit.more')") is None


async def test_migrations_go_forward_only(
    postgres_server: PostgresServer, name: str, tmp_path: Path
) -> None:
    older, kit = some(tmp_path / "older", 1), some(tmp_path / "kit", 1)
    (kit[1] / "0003_more.sql").write_text("CREATE TABLE kit.more ();")
    await prepare_database(postgres_server.url, name, [kit])

    with pytest.raises(DatabaseNewer, match="kit 0003_more, which this program does not know"):
        await prepare_database(postgres_server.url, name, [older])

    (kit[1] / "0002_late.sql").write_text("CREATE TABLE kit.late ();")
    with pytest.raises(MigrationChanged, match="kit 0002_late was added below the last one"):
        await prepare_database(postgres_server.url, name, [kit])


async def test_a_migration_that_fails_leaves_nothing_and_can_be_mended(
    postgres_server: PostgresServer, name: str, tmp_path: Path
) -> None:
    kit = some(tmp_path, 1)
    broken = tmp_path / "0002_more.sql"
    broken.write_text("CREATE TABLE kit.more (); SELECT 1 / 0;")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await prepare_database(postgres_server.url, name, [kit])
    broken.write_text("CREATE TABLE kit.more ();")

    assert [m.name for m in await prepare_database(postgres_server.url, name, [kit])] == ["more"]


def test_migrations_are_named_and_numbered_once(tmp_path: Path) -> None:
    (tmp_path / "0001_log.sql").touch()
    (tmp_path / "0001_more.sql").touch()
    with pytest.raises(ValueError, match="Two migrations of kit have the same number"):
        find(("kit", tmp_path))

    (tmp_path / "0001_more.sql").rename(tmp_path / "1-more.sql")
    with pytest.raises(ValueError, match="1-more\\.sql is not the name of a migration"):
        find(("kit", tmp_path))


def test_a_database_name_leaves_room_for_its_roles() -> None:
    with pytest.raises(ValueError, match="at most 55 octets"):
        Roles.of("x" * 56)


async def test_each_role_has_the_least_it_needs(
    postgres_server: PostgresServer, name: str, tmp_path: Path
) -> None:
    (tmp_path / "0001_own.sql").write_text("CREATE TABLE payments.own (id integer);")
    modules = (KIT, ("payments", tmp_path))
    passwords = {"owner": 'it\'s \\ "o"', "service": 'it\'s \\ "s"'}
    await prepare_database(postgres_server.url, name, modules, passwords)
    roles, dsn = Roles.of(name), at_database(postgres_server.url, name)

    rows = await rows_of(
        dsn,
        "SELECT rolname, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolpassword IS NOT NULL"
        " FROM pg_authid WHERE rolname = ANY ($1) ORDER BY rolname",
        [roles.owner, roles.service, roles.keys],
    )
    assert rows == [
        (roles.keys, False, False, False, False, False),
        (roles.owner, True, False, False, False, True),
        (roles.service, True, False, False, False, True),
    ]
    assert await rows_of(
        dsn,
        "SELECT has_database_privilege('public', $1, 'connect'), "
        "has_database_privilege($2, $1, 'connect'), has_database_privilege($2, $1, 'create'), "
        "has_schema_privilege('public', 'public', 'usage'), "
        "has_schema_privilege($2, 'payments', 'usage'), "
        "has_schema_privilege($2, 'payments', 'create'), "
        "has_table_privilege($2, 'payments.own', 'select'), "
        "pg_has_role($3, $4, 'usage'), pg_has_role($3, $4, 'set'), pg_has_role($2, $4, 'member')",
        name,
        roles.service,
        roles.owner,
        roles.keys,
    ) == [(False, True, False, False, True, False, False, False, True, False)]
    assert await rows_of(
        dsn,
        "SELECT DISTINCT nspname, relowner::regrole::text, nspowner::regrole::text FROM pg_class"
        " JOIN pg_namespace AS n ON n.oid = relnamespace"
        " WHERE nspname IN ('log', 'kit', 'keys', 'payments') ORDER BY nspname",
    ) == [
        ("keys", roles.keys, roles.keys),
        ("kit", roles.owner, roles.owner),
        ("log", roles.owner, roles.owner),
        ("payments", roles.owner, roles.owner),
    ]
    service = await asyncpg.connect(at_database(dsn, name, f"{roles.service}:x"), password="x")
    assert await service.fetchval("SHOW idle_in_transaction_session_timeout") == "1min"
    await service.close()


async def test_one_services_role_may_not_enter_anothers_database(
    postgres_server: PostgresServer, name: str
) -> None:
    other = f"{name}_b"
    await prepare_database(postgres_server.url, name, passwords=PASSWORDS)
    await prepare_database(postgres_server.url, other, passwords=PASSWORDS)
    try:
        user = f"{Roles.of(name).service}:test"
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await asyncpg.connect(at_database(postgres_server.url, other, user))
    finally:
        await drop(postgres_server.url, other)


async def test_who_prepares_need_be_no_superuser(
    postgres_server: PostgresServer, name: str
) -> None:
    """As on managed servers, where nobody is."""
    admin = f"{name}_admin"
    await as_superuser(
        postgres_server.url, f"CREATE ROLE {admin} LOGIN CREATEDB CREATEROLE PASSWORD 'test'"
    )
    try:
        dsn = at_database(postgres_server.url, "postgres", f"{admin}:test")
        await prepare_database(dsn, name, passwords=PASSWORDS)
        assert await prepare_database(dsn, name, passwords=PASSWORDS) == []
    finally:
        await drop(postgres_server.url, name)
        await as_superuser(postgres_server.url, f"DROP ROLE {admin}")


async def rows_of(dsn: str, query: str, *arguments: object) -> list[tuple[object, ...]]:
    """The rows of one query as tuples."""
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()
