"""The log: numbers, stamps, order, refusals, and who may do what (DESIGN 2, BYTES)."""

import asyncio
import random
from datetime import UTC, datetime, timedelta, timezone

from shared.infra import log
from shared.infra.database import Connection, Pool
from shared.infra.log import (
    Head,
)
from shared.kernel.moments import parse_moment
from tests.adapters.conftest import Database
from tests.adapters.logs import (
    AT,
    SERVICE,
    STAMP,
    appended,
    as_superuser,
    entry,
    everything,
    open_logs,
    until_blocked,
)


async def test_the_first_event_of_a_log_is_that_it_was_opened(connection: Connection) -> None:
    await open_logs(connection, "RAJ", "RAJ")

    (opened,) = await everything(connection)

    assert (opened.type, opened.sequence, opened.version) == ("LogOpened", 1, 1)
    assert opened.stream == f"log/{opened.data['log_id']}"
    assert opened.data["installation"] == "partners.invalid"
    assert opened.recorded_at == AT
    assert await log.head(connection, "RAJ") == Head("RAJ", 1, AT)
    assert await log.head(connection, "RAL") is None


async def test_two_processes_that_open_a_log_at_once_open_one(pool: Pool) -> None:
    async def open_it() -> None:
        async with pool.acquire() as connection:
            await open_logs(connection, "RAJ")

    await asyncio.gather(*(open_it() for _ in range(8)))

    async with pool.acquire() as connection:
        assert len(await everything(connection)) == 1


async def test_append_numbers_and_stamps_by_joining_text(connection: Connection) -> None:
    await open_logs(connection, "RAJ")
    unusual = '{ "b" : 1.0, "a":"\\u00e9 é 漢", "z":{"sequence":1} }'

    stamped = await appended(connection, [entry(body=unusual)], AT)

    assert stamped == [unusual[:-1] + STAMP]
    assert await log.read(connection, "RAJ", 1, 10) == stamped
    assert await log.read_stream(connection, "RAJ", "payment/1") == stamped


async def test_one_call_appends_to_several_logs_and_answers_in_the_order_given(
    connection: Connection,
) -> None:
    await open_logs(connection, "RAJ", "QH8")
    given = [
        entry("RAJ", "a/1", 1),
        entry("QH8", "a/1", 1),
        entry("RAJ", "a/1", 2),
        entry("QH8", "b/1", 1),
        entry("RAJ", "b/1", 1),
    ]

    stamped = await appended(connection, given, AT)

    assert [text[: len(one.body) - 1] for text, one in zip(stamped, given, strict=True)] == [
        one.body[:-1] for one in given
    ]
    assert await log.read(connection, "RAJ", 1, 10) == [stamped[0], stamped[2], stamped[4]]
    assert await log.read(connection, "QH8", 1, 10) == [stamped[1], stamped[3]]
    assert [(head.organisation, head.sequence) for head in await log.heads(connection)] == [
        ("QH8", 3),
        ("RAJ", 4),
    ]


async def test_recordedtime_never_goes_back_in_a_log_and_has_six_digits(
    connection: Connection,
) -> None:
    await open_logs(connection, "RAJ", "QH8")
    bombay = timezone(timedelta(hours=5, minutes=30))
    moments = [
        AT + timedelta(seconds=2),
        AT,
        AT - timedelta(days=400),
        datetime(2024, 3, 6, 14, 42, 50, tzinfo=bombay),
    ]

    bodies = [
        (await appended(connection, [entry(version=number)], at))[0]
        for number, at in enumerate(moments, 1)
    ]
    (elsewhere,) = await appended(connection, [entry("QH8")], AT)

    assert [body[-29:-2] for body in bodies] == [
        "2024-03-06T09:12:46.120331Z",
        "2024-03-06T09:12:46.120331Z",
        "2024-03-06T09:12:46.120331Z",
        "2024-03-06T09:12:50.000000Z",
    ]
    assert elsewhere.endswith('"recordedtime":"2024-03-06T09:12:44.120331Z"}')


async def test_reading_pages_through_a_log(connection: Connection) -> None:
    await open_logs(connection, "RAJ")
    stamped = await appended(connection, [entry(version=n) for n in range(1, 6)], AT)

    assert await log.read(connection, "RAJ", 1, 2) == stamped[:2]
    assert await log.read(connection, "RAJ", 3, 2) == stamped[2:4]
    assert await log.read(connection, "RAJ", 6, 2) == []
    assert await log.append(connection, [], AT) == {}


async def test_sixteen_writers_lose_nothing_and_keep_number_time_and_commit_order(
    pool: Pool,
) -> None:
    """A reader who only ever asks for what is beyond the last number it saw misses nothing."""
    organisations = ["RAJ", "QH8", "R1L"]
    async with pool.acquire() as connection:
        await open_logs(connection, *organisations)
    seen: dict[str, list[str]] = {code: [] for code in organisations}
    finished = asyncio.Event()

    async def write(writer: int) -> None:
        chance = random.Random(writer)
        for number in range(1, 26):
            code = chance.choice(organisations)
            async with pool.acquire() as connection, connection.transaction():
                # a transaction that has written before it appends, and takes its time to commit
                await connection.execute(
                    "INSERT INTO kit.idempotency (causation, digest) VALUES (gen_random_uuid(), '')"
                )
                at = AT + timedelta(microseconds=chance.randrange(5_000_000))
                made = [entry(code, f"payment/{writer}-{number}", n) for n in (1, 2)]
                await log.append(connection, made, at)
                await asyncio.sleep(chance.random() / 200)

    async def follow(code: str) -> None:
        last_look = False
        async with pool.acquire() as connection:
            while True:
                found = await log.read(connection, code, len(seen[code]), 1000)
                seen[code] += found
                if last_look and not found:
                    return
                last_look = finished.is_set()
                await asyncio.sleep(0)

    async with asyncio.timeout(60), asyncio.TaskGroup() as readers:
        for code in organisations:
            readers.create_task(follow(code))
        async with asyncio.TaskGroup() as writers:
            for number in range(16):
                writers.create_task(write(number))
        finished.set()

    assert sum(len(bodies) for bodies in seen.values()) == 16 * 25 * 2 + 3
    for bodies in seen.values():
        numbers = [int(body.rpartition('"sequence":"')[2][:10]) for body in bodies]
        times = [parse_moment(body[-29:-2]) for body in bodies]
        assert numbers == list(range(1, len(bodies) + 1))
        assert times == sorted(times)


async def test_organisations_do_not_wait_for_one_another(pool: Pool) -> None:
    async with pool.acquire() as connection, pool.acquire() as other:
        await open_logs(connection, "RAJ", "QH8")
        async with connection.transaction():
            await log.append(connection, [entry("RAJ")], AT)
            await asyncio.wait_for(log.append(other, [entry("QH8")], AT), timeout=5)


async def test_appends_to_several_logs_in_opposite_orders_never_deadlock(pool: Pool) -> None:
    organisations = ["L-PROVIDE", "QH8", "RAJ"]
    async with pool.acquire() as connection:
        await open_logs(connection, *organisations)

    async def write(writer: int) -> None:
        order = organisations if writer % 2 else organisations[::-1]
        for number in range(20):
            made = [entry(code, f"payment/{writer}-{number}") for code in order]
            async with pool.acquire() as connection:
                await log.append(connection, made, AT)

    await asyncio.wait_for(asyncio.gather(*(write(number) for number in range(8))), timeout=60)

    async with pool.acquire() as connection:
        assert {head.sequence for head in await log.heads(connection)} == {161}


async def test_heads_are_raised_in_byte_order_whatever_the_locale(database: Database) -> None:
    """The order is a column's and an expression's own collation, never the database's."""
    of_columns = await as_superuser(
        database.superuser,
        "SELECT array_agg(collname::text) FROM pg_attribute JOIN pg_collation AS c"
        " ON c.oid = attcollation WHERE attname = 'organisation'"
        " AND attrelid IN ('log.heads'::regclass, 'log.events'::regclass)",
    )
    source = await as_superuser(
        database.superuser, "SELECT prosrc FROM pg_proc WHERE oid = 'log.append'::regproc"
    )

    assert of_columns == ["C", "C"]
    assert 'array_agg(DISTINCT given COLLATE "C" ORDER BY given COLLATE "C")' in source


async def test_hold_keeps_everybody_else_from_appending(pool: Pool) -> None:
    async with pool.acquire() as connection, pool.acquire() as other:
        await open_logs(connection, "RAJ")
        async with connection.transaction():
            await log.hold(connection, ["RAJ"])
            waiting = asyncio.create_task(log.append(other, [entry(stream="b/1")], AT))
            await until_blocked(pool)
            await log.append(connection, [entry(stream="a/1")], AT)
        await waiting

        subjects = [body[:18] for body in await log.read(connection, "RAJ", 1, 10)]
        assert subjects == ['{"subject": "a/1",', '{"subject": "b/1",']


async def test_an_opened_log_says_who_opened_it(connection: Connection) -> None:
    await open_logs(connection, "RAJ")

    (opened,) = await everything(connection)

    assert opened.actor == f"system/{SERVICE}"
    assert opened.causation_id == opened.correlation_id
    assert opened.time == datetime(2024, 3, 6, 9, 12, 44, 120331, tzinfo=UTC)
