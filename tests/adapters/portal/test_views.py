"""Views on real PostgreSQL: any merge gives the same rows, filled anew or as of a moment."""

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from services.portal.views import VIEWS
from shared.contracts.envelope import NewerSchema, read
from shared.contracts.event import CATALOGUE, Event, upcaster
from shared.contracts.log import EventDiscarded
from shared.infra import log as log_store
from shared.infra.bus import watermarks
from shared.infra.bus.sources import SourceAway
from shared.infra.bus.watermarks import Counts, Place
from shared.infra.database import Connection, Pool
from shared.infra.log import Entry
from shared.infra.views import Reached, View, ViewAway, Views, ViewUnfillable
from shared.infra.views.building import build
from shared.infra.views.view import newest
from shared.kernel.identifiers import LogName, Position
from tests.adapters.logs import until_blocked
from tests.adapters.portal.logs import SERVICES, START, Logs, fold_live, invented, merged, rows, uid

ORGANISATIONS = ("QH8", "RAJ")
BY_NAME = {view.name: view for view in VIEWS}
ROSTER, PIPELINE = BY_NAME["roster"], BY_NAME["pipeline"]
each_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)


def logs_of(seed: int = 7, rounds: int = 6) -> Logs:
    """Invented logs of the test's own."""
    made = invented(seed, rounds)
    return Logs({log: list(bodies) for log, bodies in made.bodies.items()}, made.now)


async def prepared(pool: Pool, logs: Logs, *views: View) -> Views:
    """Views with their tables made."""
    made = Views(pool, views, logs, ORGANISATIONS)
    await made.prepare()
    return made


async def filled(pool: Pool, logs: Logs, view: View, name: str) -> dict[str, list[str]]:
    """The rows of a view folded from whole logs in tables of its own."""
    other = replace(view, name=name)
    views = await prepared(pool, logs, other)
    await fold_live(pool, views.folds()[0], sorted(logs.bodies.items()))
    return await rows(pool, other.schema)


async def tables(pool: Pool, prefix: str) -> list[str]:
    """The schemas whose names begin so."""
    found = await pool.fetch(
        "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1) ORDER BY 1", prefix
    )
    return [row["nspname"] for row in found]


# What a view is


@each_view
def test_a_view_handles_only_events_of_the_services_it_reads(view: View) -> None:
    assert view.handlers
    assert {CATALOGUE[name].service for name in view.handlers} == set(view.sources)


async def test_the_rules_of_attention_are_for_the_types_it_handles(portal: Pool) -> None:
    view = BY_NAME["attention"]
    await prepared(portal, Logs(), view)

    ruled = {row["type"] for row in await portal.fetch(f"SELECT type FROM {view.schema}.rule")}

    opens = "SELECT kind FROM {0}.rule WHERE kind IS NOT NULL EXCEPT SELECT kind FROM {0}.kind"
    named = "SELECT kind FROM {0}.kind EXCEPT SELECT kind FROM {0}.rule WHERE act = 'opens'"
    assert await portal.fetch(opens.format(view.schema)) == []
    assert await portal.fetch(named.format(view.schema)) == []
    step = next(s for s in view.handlers["CampaignDrafted"])
    assert ruled == {name for name, found in view.handlers.items() if step in found}


# Any merge


@each_view
async def test_any_merge_of_the_logs_gives_the_same_rows(portal: Pool, view: View) -> None:
    logs = logs_of()
    written = {read(body).type for bodies in logs.bodies.values() for body in bodies}
    assert set(view.handlers) <= written
    expected = await filled(portal, logs, view, "in_order")
    assert all(expected.values())

    chance = random.Random(view.name)
    for number in range(3):
        other = replace(view, name=f"merge_{number}")
        views = await prepared(portal, logs, other)
        held_back = chance.choice(
            [log for log in sorted(logs.bodies) if log.service in view.sources]
        )
        await fold_live(portal, views.folds()[0], merged(logs, chance, held_back))
        assert await rows(portal, other.schema) == expected, f"merge {number}, {held_back} last"


@each_view
async def test_a_rebuild_gives_the_rows_the_live_view_has(portal: Pool, view: View) -> None:
    logs = logs_of()
    views = await prepared(portal, logs, view)
    await fold_live(portal, views.folds()[0], merged(logs, random.Random(1)))
    before = await rows(portal, view.schema)
    spoilt = next(table for table, found in before.items() if found and table != "watermarks")
    await portal.execute(f"DELETE FROM {view.schema}.{spoilt}")

    await views.want_rebuild(view.name)
    await build(views, logs)

    assert await rows(portal, view.schema) == before
    assert await tables(portal, view.name) == [view.schema]


# Beside the live one


async def test_a_rebuild_beside_the_live_view_loses_nothing_and_never_goes_back(
    portal: Pool,
) -> None:
    whole, arrived = logs_of(), Logs()
    views = await prepared(portal, arrived, ROSTER)
    fold, seen = views.folds()[0], list[int]()
    done, rebuilt = asyncio.Event(), asyncio.Event()

    async def arrive() -> None:
        for number, (log, bodies) in enumerate(merged(whole, random.Random(5), sizes=(3, 10))):
            known = arrived.bodies.setdefault(log, [])
            known += [body for body in bodies if read(body).sequence > len(known)]
            await fold_live(portal, fold, [(log, bodies)])
            if number % 20 == 19:
                rebuilt.clear()
                await rebuilt.wait()
        done.set()

    async def look() -> None:
        while not done.is_set():
            async with views.reading("roster") as reading:
                seen.append(sum(position.sequence for position in await reading.positions()))

    async def rebuild() -> None:
        while not done.is_set():
            await views.want_rebuild("roster")
            await build(views, arrived)
            rebuilt.set()

    await asyncio.gather(arrive(), look(), rebuild())

    assert seen == sorted(seen)
    assert await rows(portal, ROSTER.schema) == await filled(portal, whole, ROSTER, "in_order")


async def test_a_batch_that_is_being_folded_is_not_lost_by_a_rebuild(portal: Pool) -> None:
    whole, log = logs_of(), LogName("engagement", "RAJ")
    arrived = Logs({name: list(bodies) for name, bodies in whole.bodies.items()})
    arrived.bodies[log], last = arrived.bodies[log][:-40], arrived.bodies[log][-40:]
    views = await prepared(portal, arrived, ROSTER)
    fold = views.folds()[0]
    await fold_live(portal, fold, sorted(arrived.bodies.items()))
    await views.want_rebuild("roster")

    async with portal.acquire() as connection, connection.transaction():
        place = Place(fold.schema, fold.consumer, log)
        await watermarks.lock(connection, place)
        await fold.apply(connection, log, [read(body) for body in last])
        await watermarks.raise_to(connection, place, len(whole.bodies[log]), Counts())
        building = asyncio.create_task(build(views, arrived))
        await until_blocked(portal)
    arrived.bodies[log] += last
    await building

    assert await rows(portal, ROSTER.schema) == await filled(portal, whole, ROSTER, "in_order")


async def test_a_new_version_takes_over_when_it_has_caught_up(portal: Pool) -> None:
    logs = logs_of()
    old = await prepared(portal, logs, ROSTER)
    await fold_live(portal, old.folds()[0], sorted(logs.bodies.items()))
    second = replace(ROSTER, version=2, tables=ROSTER.tables + "CREATE TABLE newer (one integer);")

    both = await prepared(portal, logs, ROSTER, second)
    async with both.reading("roster") as reading:
        assert reading.view.version == 1
    await build(both, logs)
    async with both.reading("roster") as reading:
        assert reading.view.version == 2
        assert await reading.connection.fetch("SELECT * FROM newer") == []
    async with old.reading("roster") as reading:
        assert reading.view.version == 1
    before = await rows(portal, "roster_v1")
    assert await rows(portal, "roster_v2") == before | {"newer": []}

    await prepared(portal, logs, second)
    assert await tables(portal, "roster") == ["roster_v2"]


async def test_a_new_version_does_not_take_over_while_it_is_behind(portal: Pool) -> None:
    logs = logs_of()
    old = await prepared(portal, logs, ROSTER)
    await fold_live(portal, old.folds()[0], sorted(logs.bodies.items()))
    second = replace(ROSTER, version=2)
    both = await prepared(portal, logs, ROSTER, second)
    late = Logs({log: bodies[:10] for log, bodies in logs.bodies.items()})

    with suppress(TimeoutError):
        await asyncio.wait_for(build(both, late), 1.0)

    async with both.reading("roster") as reading:
        assert reading.view.version == 1


async def test_a_view_nobody_has_filled_yet_says_so(portal: Pool) -> None:
    logs = logs_of()
    await prepared(portal, logs, ROSTER)
    views = await prepared(portal, logs, replace(ROSTER, version=2))

    with pytest.raises(ViewAway, match="The view roster is being filled"):
        async with views.reading("roster"):
            pass


async def test_preparing_twice_at_once_makes_the_tables_once(portal: Pool) -> None:
    views = Views(portal, VIEWS, Logs(), ORGANISATIONS)

    await asyncio.gather(*(views.prepare() for _ in range(4)))

    assert [row["view"] for row in await views.standing()] == sorted(BY_NAME)


async def test_filling_goes_on_where_it_stood_when_a_log_was_away(portal: Pool) -> None:
    logs = logs_of()
    await prepared(portal, logs, ROSTER)
    views = await prepared(portal, logs, ROSTER, replace(ROSTER, version=2))

    class Unsteady(Logs):
        asked = 0

        async def read(self, log: LogName, after: int, limit: int) -> list[str]:
            self.asked += 1
            if self.asked == 3:
                raise SourceAway("Nobody answers.")
            return await super().read(log, after, limit)

    unsteady = Unsteady(logs.bodies)
    with pytest.raises(SourceAway):
        await build(views, unsteady)
    part = await rows(portal, "roster_v2")
    await build(views, unsteady)

    assert 0 < len(part["watermarks"]) < 4
    assert await rows(portal, "roster_v2") == await filled(portal, logs, ROSTER, "in_order")


# As of a moment


@each_view
async def test_as_of_a_moment_is_a_rebuild_of_the_logs_cut_there(portal: Pool, view: View) -> None:
    logs = logs_of()
    views = await prepared(portal, logs, view)
    await fold_live(portal, views.folds()[0], sorted(logs.bodies.items()))
    live = await rows(portal, view.schema)
    moment = START + timedelta(minutes=333)
    expected = await filled(portal, logs.cut(moment), view, "cut")
    assert expected != live

    async with views.as_of(view.name, moment, ORGANISATIONS) as reading:
        shown = await _temporary_rows(reading.connection, expected)
        positions = [str(position) for position in await reading.positions()]

    expected.pop("watermarks")
    assert shown == expected
    known = {log: len(bodies) for log, bodies in logs.cut(moment).bodies.items()}
    assert positions == [
        f"{log}/{known[log]}" for log in sorted(known) if log.service in view.sources
    ]
    assert await rows(portal, view.schema) == live
    assert not await portal.fetchval("SELECT count(*) FROM pg_class WHERE relpersistence = 't'")


async def _temporary_rows(
    connection: Connection, like: dict[str, list[str]]
) -> dict[str, list[str]]:
    return {
        table: [
            str(row[0])
            for row in await connection.fetch(
                f"SELECT t::text FROM pg_temp.{table} AS t ORDER BY 1"
            )
        ]
        for table in like
        if table != "watermarks"
    }


async def test_the_moment_itself_is_included(portal: Pool) -> None:
    logs = logs_of()
    views = await prepared(portal, logs, ROSTER)
    last = read(logs.bodies[LogName("engagement", "RAJ")][4])

    async with views.as_of("roster", last.recorded_at, ["RAJ"]) as reading:
        positions = await reading.positions()

    assert last.position in positions


async def test_as_of_folds_the_logs_of_the_organisations_asked_for_and_no_others(
    portal: Pool,
) -> None:
    logs = logs_of()
    views = await prepared(portal, logs, ROSTER)

    async with views.as_of("roster", logs.now, ["RAJ"]) as reading:
        positions = await reading.positions()

    assert {position.log.organisation for position in positions} == {"RAJ"}


# Discarded, parked, unfit


async def park(pool: Pool, views: Views, logs: Logs) -> Position:
    """Make the live roster park an event that does not fit; where it stands."""
    log = LogName("engagement", "RAJ")
    place = next(
        number
        for number, body in enumerate(logs.bodies[log])
        if read(body).type == "TrainingCompleted" and number > 5
    )
    body = logs.bodies[log][place]
    completed_on = str(read(body).data["completed_on"])
    logs.bodies[log][place] = body.replace(completed_on, "2024-99-99")
    await fold_live(pool, views.folds()[0], sorted(logs.bodies.items()))
    return Position(log, place + 1)


async def discard(pool: Pool, consumer: str, position: Position) -> None:
    """Write the operator's decision into the portal's own log."""
    organisation = position.log.organisation
    decided = EventDiscarded(consumer=consumer, position=str(position), reason="It does not fit.")
    own = Logs()
    body = own.put(LogName("portal", organisation), "log/1", decided)
    text = body[: body.index(',"sequence"')] + "}"
    async with pool.acquire() as connection, connection.transaction():
        await log_store.open_log(connection, "portal", organisation, "partners.invalid", START)
        entry = Entry(organisation, f"log/{uid(1)}", 1, "EventDiscarded", text)
        await log_store.append(connection, [entry], START)
        await connection.execute("DELETE FROM kit.parked")


def without(logs: Logs, position: Position) -> Logs:
    """The logs with another event, which no view takes, in this place."""
    bodies = {log: list(found) for log, found in logs.bodies.items()}
    place = position.sequence - 1
    body = bodies[position.log][place]
    bodies[position.log][place] = body.replace("TrainingCompleted", "TrainingExpired")
    return Logs(bodies, logs.now)


async def test_a_discarded_event_is_obeyed_by_a_rebuild_and_as_of(portal: Pool) -> None:
    logs = logs_of()
    views = await prepared(portal, logs, ROSTER)
    position = await park(portal, views, logs)
    await discard(portal, ROSTER.consumer, position)
    expected = await filled(portal, without(logs, position), ROSTER, "without")

    await views.want_rebuild("roster")
    await build(views, logs)

    assert await rows(portal, ROSTER.schema) == expected
    async with views.as_of("roster", logs.now, ORGANISATIONS) as reading:
        shown = await _temporary_rows(reading.connection, expected)
    expected.pop("watermarks")
    assert shown == expected


async def test_what_the_live_view_has_parked_stays_out_of_a_rebuild(portal: Pool) -> None:
    logs = logs_of()
    views = await prepared(portal, logs, ROSTER)
    await park(portal, views, logs)
    before = await rows(portal, ROSTER.schema)
    assert await portal.fetchval("SELECT count(*) FROM kit.parked") > 0

    await views.want_rebuild("roster")
    await build(views, logs)

    assert await rows(portal, ROSTER.schema) == before


async def test_an_event_that_does_not_fit_stops_the_rebuild_of_its_view_only(portal: Pool) -> None:
    logs = logs_of()
    views = await prepared(portal, logs, ROSTER, PIPELINE)
    position = await park(portal, views, logs)
    await portal.execute("DELETE FROM kit.parked")
    before = await rows(portal, ROSTER.schema)
    await portal.execute("UPDATE kit.views SET rebuild_wanted = true")

    with pytest.raises(ViewUnfillable, match=f"The view roster cannot be filled: .* {position} "):
        await build(views, logs)

    assert await rows(portal, ROSTER.schema) == before
    standing = {row["view"]: row for row in await views.standing()}
    assert str(position) in str(standing["roster"]["trouble"])
    assert not standing["roster"]["rebuild_wanted"]
    assert standing["pipeline"]["trouble"] is None
    assert await rows(portal, PIPELINE.schema) == await filled(portal, logs, PIPELINE, "in_order")


# Waiting


async def test_a_reader_waits_for_what_it_wrote(portal: Pool) -> None:
    logs = logs_of()
    views = await prepared(portal, logs, ROSTER)
    log = LogName("engagement", "RAJ")
    bodies = logs.bodies[log]
    fold = views.folds()[0]
    await fold_live(portal, fold, [(log, bodies[:20])])

    async def reached(position: Position) -> Reached:
        async with views.reading("roster") as reading:
            return await reading.reached(position)

    assert await reached(Position(log, 20)) is Reached.YES
    assert await reached(Position(log, 21)) is Reached.NOT_YET
    assert await reached(Position(LogName("payments", "RAJ"), 9)) is Reached.YES
    parked = await park(portal, views, logs)
    assert await reached(parked) is Reached.PARKED
    assert await reached(Position(log, len(bodies))) is Reached.YES


# Older and newer schemas


async def test_handlers_are_given_bodies_under_the_newest_schema(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.contracts.event._UPCASTERS", {})

    class Reworded(Event, service="engagement"):
        pass

    class CourseNamed(Reworded, version=2):
        course: str

    monkeypatch.setitem(CATALOGUE, "CourseNamed", CATALOGUE.pop("CourseNamed"))
    upcaster("CourseNamed", 1)(lambda data: {"course": data["name"]})
    logs = Logs()
    body = logs.put(LogName("engagement", "RAJ"), "x/1", CourseNamed(course="safety"))
    older = body.replace(":CourseNamed:2", ":CourseNamed:1").replace('"course"', '"name"')

    assert newest(body, "CourseNamed", 2) == body
    assert read(newest(older, "CourseNamed", 1)).data == {"course": "safety"}
    with pytest.raises(NewerSchema):
        newest(body, "CourseNamed", 3)
    monkeypatch.undo()
    CATALOGUE.pop("CourseNamed", None)


def test_every_service_that_writes_is_seen_somewhere() -> None:
    assert {source for view in VIEWS for source in view.sources} == set(SERVICES)
