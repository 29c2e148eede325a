"""What the log refuses, whoever asks, and what each role may do (BYTES, DESIGN 2)."""

import asyncpg
import pytest

from shared.infra import log
from shared.infra.database import Connection
from shared.infra.log import (
    BodyRefused,
    Head,
    LogFull,
    LogNotOpen,
    VersionConflict,
)
from tests.adapters.conftest import Database
from tests.adapters.logs import AT, STAMP, appended, as_superuser, entry, open_logs

NO_BODIES = [
    "",
    "{}",
    "[]",
    "null",
    '"{}"',
    '{"a":1}}',
    '{"a":{"b":1}',
    '{"a":1,}',
    '{"a":"}',
    '{"a":"\\}',
    '{"a":1}x',
    '{"a":12',
    '{"a":"b"x',
    '{"a":1} ',
    ' {"a":1}',
    '\ufeff{"a":1}',
    '{"a":\n1}',
    '{"a":\r1}',
    '{"a":NaN}',
    '{"a":1,"a":2}',
    '{"a":{"b":1,"b":2}}',
    '{"a":1,"\\u0061":2}',
    '{"sequence":"0000000009","a":1}',
    '{"a":1,"sequence":null}',
    '{"a":1,"sequ\\u0065nce":1}',
    '{"recordedtime":"2024-03-06T09:12:44.120331Z"}',
    '{"a":"\\u0000"}',
    '{"a":"\x00"}',
    '{"a":"\\ud800"}',
]

BEYOND_THE_SERVICE = [
    "INSERT INTO log.events SELECT organisation, 2, stream, 2, type, body FROM log.events",
    "INSERT INTO log.heads VALUES ('QH8', 1, now())",
    "UPDATE log.heads SET sequence = 7",
    "UPDATE log.events SET body = '{}'",
    "DELETE FROM log.events",
    "DELETE FROM log.heads",
    "TRUNCATE log.events",
    "TRUNCATE log.heads",
    "ALTER TABLE log.events DISABLE TRIGGER ALL",
    "DROP TABLE log.events",
    "CREATE TABLE log.mine ()",
    "SELECT FROM log.heads FOR UPDATE",
    "CREATE TABLE public.mine ()",
]

CHANGES = [
    "UPDATE log.events SET body = body",
    "UPDATE log.events SET body = body WHERE false",
    "DELETE FROM log.events",
    "TRUNCATE log.events",
    "DELETE FROM log.heads",
    "TRUNCATE log.heads",
    "UPDATE log.heads SET sequence = sequence - 1",
    "UPDATE log.heads SET recorded_at = recorded_at - interval '1 microsecond'",
    "UPDATE log.heads SET organisation = 'QH8'",
]


async def append_body(connection: Connection, body: str, version: int) -> str:
    """Append this body to RAJ's log; answers it stamped."""
    (stamped,) = await appended(connection, [entry(version=version, body=body)], AT)
    return stamped


async def is_taken(connection: Connection, body: str) -> bool:
    """Whether the log takes this body together with one that is right."""
    try:
        await log.append(connection, [entry(version=1), entry(version=2, body=body)], AT)
    except BodyRefused:
        return False
    return True


class TestRefusals:
    async def test_a_log_that_is_not_open(self, connection: Connection) -> None:
        await open_logs(connection, "RAJ")

        with pytest.raises(LogNotOpen, match="The log of QH8 is not open here") as refused:
            await log.append(connection, [entry("RAJ"), entry("QH8")], AT)

        assert refused.value.organisation == "QH8"
        assert (await log.heads(connection)) == [Head("RAJ", 1, AT)]

    async def test_a_log_that_was_closed(self, connection: Connection) -> None:
        await open_logs(connection, "RAJ", "QH8")
        await log.append(connection, [entry("RAJ", type="LogClosed"), entry("QH8")], AT)

        with pytest.raises(LogNotOpen):
            await log.append(connection, [entry("RAJ", version=2)], AT)
        await log.append(connection, [entry("QH8", version=2)], AT)

    async def test_a_version_that_is_taken(self, connection: Connection) -> None:
        await open_logs(connection, "RAJ", "QH8")
        await log.append(connection, [entry("RAJ")], AT)

        with pytest.raises(VersionConflict) as refused:
            await log.append(connection, [entry("QH8"), entry("RAJ")], AT)

        assert refused.value.organisations == {"QH8", "RAJ"}
        assert (await log.head(connection, "QH8")) == Head("QH8", 1, AT)

    async def test_a_body_larger_than_256_kib_with_its_stamp(self, connection: Connection) -> None:
        await open_logs(connection, "RAJ")
        room = 262_144 - len('{"a":""') - len(STAMP)
        for version, letter in enumerate("aé漢", 1):
            most = letter * (room // len(letter.encode()))
            most += " " * (room - len(most.encode()))

            with pytest.raises(BodyRefused, match="larger than 256 KiB"):
                await append_body(connection, f'{{"a":"{most} "}}', version)

            largest = await append_body(connection, f'{{"a":"{most}"}}', version)
            assert len(largest.encode()) == 262_144

    async def test_what_is_no_object_on_one_line_with_unique_names_and_no_stamp(
        self, connection: Connection
    ) -> None:
        await open_logs(connection, "RAJ")
        taken = [body for body in NO_BODIES if await is_taken(connection, body)]

        assert taken == []
        assert await log.head(connection, "RAJ") == Head("RAJ", 1, AT)

    async def test_a_second_log_opened(self, connection: Connection) -> None:
        await open_logs(connection, "RAJ")

        with pytest.raises(BodyRefused, match="LogOpened is the first event of a log"):
            await log.append(connection, [entry(type="LogOpened")], AT)

    async def test_a_version_below_one(self, connection: Connection) -> None:
        await open_logs(connection, "RAJ")

        with pytest.raises(BodyRefused, match="versions count from 1"):
            await log.append(connection, [entry(version=0)], AT)

    async def test_a_number_beyond_ten_digits(
        self, connection: Connection, database: Database
    ) -> None:
        await open_logs(connection, "RAJ")
        await as_superuser(database.superuser, "UPDATE log.heads SET sequence = 9999999998")

        with pytest.raises(LogFull):
            await log.append(connection, [entry(version=1), entry(version=2)], AT)

        (last,) = await appended(connection, [entry()], AT)
        assert '"sequence":"9999999999"' in last

    @pytest.mark.parametrize("number", [0, 10_000_000_000])
    async def test_a_log_that_begins_outside_its_numbers(
        self, database: Database, number: int
    ) -> None:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="INSERT on log"):
            await as_superuser(
                database.superuser,
                "INSERT INTO log.heads (organisation, sequence, recorded_at)"
                " VALUES ('RAJ', $1, now())",
                number,
            )


class TestRights:
    async def test_the_service_may_only_append_and_read(self, connection: Connection) -> None:
        await open_logs(connection, "RAJ")

        for statement in BEYOND_THE_SERVICE:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
                pytest.fail(f"The service may {statement}")

    async def test_nobody_changes_what_is_written(
        self, connection: Connection, database: Database
    ) -> None:
        """Not the owner, not a superuser, not one who makes triggers sleep as replication does."""
        await open_logs(connection, "RAJ")
        before = await log.read(connection, "RAJ", 0, 10)
        owner = await asyncpg.connect(database.owner)
        superuser = await asyncpg.connect(database.superuser)
        replica = await asyncpg.connect(
            database.superuser, server_settings={"session_replication_role": "replica"}
        )

        for statement in CHANGES:
            for other in (owner, superuser, replica):
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="is never changed"):
                    await other.execute(statement)
                    pytest.fail(f"Somebody may {statement}")

        assert await log.read(connection, "RAJ", 0, 10) == before
        for other in (owner, superuser, replica):
            await other.close()

    async def test_append_obeys_no_search_path_but_its_own(self, connection: Connection) -> None:
        """A function with its owner's rights must not find a caller's objects first."""
        await open_logs(connection, "RAJ")
        settings = await connection.fetch(
            "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'log'::regnamespace"
            " AND prosecdef"
        )

        assert {row["proname"] for row in settings} == {"append", "append_one", "open", "hold"}
        assert all("search_path=pg_catalog, pg_temp" in row["proconfig"] for row in settings)

    async def test_nobody_else_may_run_the_functions(self, connection: Connection) -> None:
        open_to_all = await connection.fetch(
            "SELECT proname FROM pg_proc JOIN pg_namespace AS n ON n.oid = pronamespace"
            " WHERE nspname IN ('log', 'kit', 'keys')"
            " AND has_function_privilege('public', pg_proc.oid, 'execute')"
        )

        assert open_to_all == []
