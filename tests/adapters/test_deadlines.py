"""Deadlines: each once, over restarts and replicas (DESIGN 4)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.contracts.event import Event
from shared.contracts.policies import PolicyAdopted
from shared.infra.clock import SimulatedClock
from shared.infra.database import Pool
from shared.infra.deadlines import Due, Scheduler, Timer, next_due
from shared.infra.shell import Shell, Transaction
from shared.kernel.deadlines import Deadline
from tests.adapters.conftest import Database
from tests.adapters.logs import (
    SERVICE,
    adopting,
    as_superuser,
    everything,
    open_logs,
    order,
    until,
)

OPENS = datetime(2024, 3, 7, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def deadlines_of(organisation: str, stream: str, event: Event, _: datetime) -> Sequence[Deadline]:
    """A fee policy's first version is looked at again as many times as it says, a day apart."""
    match event:
        case PolicyAdopted(kind="fees", terms={"reviews": int(count)}):
            return [
                Deadline(organisation, stream, "review", OPENS + DAY * number)
                for number in range(1, count + 1)
            ]
        case PolicyAdopted(kind="fees", terms={"purposes": int(count)}):
            return [
                Deadline(organisation, stream, f"purpose-{number}", OPENS + DAY)
                for number in range(1, count + 1)
            ]
        case _:
            return []


async def review(transaction: Transaction, due: Due) -> None:
    """Records a review, at the business time it was due."""
    event = PolicyAdopted(
        kind="review", policy_version=1, effective_from=date(2024, 1, 1), terms={}
    )
    await transaction.record(due.organisation, f"policy/{due.purpose}", event, at=due.due_at)


class System:
    """A shell with deadlines, a clock that is moved by hand, and what became of it."""

    def __init__(self, pool: Pool, clock: SimulatedClock) -> None:
        self.pool = pool
        self.clock = clock
        self.writable = {"RAJ", "QH8"}
        self.shell = Shell(
            pool,
            SERVICE,
            clock,
            idempotency_secret=b"secret",
            deadlines_of=deadlines_of,
            may_write=self.writable.__contains__,
        )

    def scheduler(
        self, organisations: Sequence[str] = ("QH8", "RAJ"), **timers: Timer
    ) -> Scheduler:
        named = {name.replace("_", "-"): timer for name, timer in timers.items()}
        return Scheduler(
            self.shell, self.pool, organisations, {"review": review} | named, poll_seconds=0.01
        )

    async def work_off(self, scheduler: Scheduler | None = None) -> int:
        """Everything that is due now; a deadline met again and again would never end."""
        return await asyncio.wait_for((scheduler or self.scheduler()).work_off(), 30)

    async def reviews(self, organisation: str = "RAJ") -> int:
        async with self.pool.acquire() as connection:
            written = await everything(connection, organisation)
        return sum(event.stream == "policy/review" for event in written)

    async def waiting(self) -> int:
        return int(await self.pool.fetchval("SELECT count(*) FROM kit.deadlines"))


@pytest.fixture
async def system(pool: Pool, tmp_path: Path) -> System:
    """RAJ's and QH8's logs are open, and the clock stands at OPENS."""
    async with pool.acquire() as connection:
        await open_logs(connection, "RAJ", "QH8")
    clock = SimulatedClock(tmp_path / "clock")
    clock.set(OPENS)
    return System(pool, clock)


@asynccontextmanager
async def running(scheduler: Scheduler) -> AsyncIterator[None]:
    task = asyncio.create_task(scheduler.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_deadline_is_written_with_its_event_and_met_when_due(system: System) -> None:
    scheduler = system.scheduler()
    await system.shell.handle(order(), adopting(1, reviews=2))
    async with system.pool.acquire() as connection:
        (_, cause) = await everything(connection)
        assert await next_due(connection, ["RAJ"]) == OPENS + DAY
        assert await next_due(connection, ["QH8"]) is None

    assert await system.work_off(scheduler) == 0
    system.clock.set(OPENS + DAY)
    assert await system.work_off(scheduler) == 1
    assert await system.work_off(scheduler) == 0

    async with system.pool.acquire() as connection:
        met = (await everything(connection))[-1]
        assert await next_due(connection, ["RAJ"]) == OPENS + 2 * DAY
    assert (met.type, met.time, met.actor) == ("PolicyAdopted", OPENS + DAY, "system/payments")
    assert met.causation_id == cause.id
    assert (met.correlation_id, met.traceparent) == (cause.correlation_id, cause.traceparent)


async def test_a_command_that_is_refused_sets_no_deadline(system: System) -> None:
    async def work(transaction: Transaction) -> str:
        await adopting(1, reviews=2)(transaction)
        return await adopting(7)(transaction)

    with pytest.raises(Exception, match="one after the other"):
        await system.shell.handle(order(), work)

    assert await system.waiting() == 0


async def test_what_is_late_is_met_in_the_order_it_was_due(system: System) -> None:
    await system.shell.handle(order(), adopting(1, reviews=5))
    system.clock.set(OPENS + 30 * DAY)

    assert await system.work_off() == 5

    async with system.pool.acquire() as connection:
        met = [event for event in await everything(connection) if event.stream == "policy/review"]
    assert [event.time for event in met] == [OPENS + DAY * number for number in range(1, 6)]
    assert {event.recorded_at for event in met} == {OPENS + 30 * DAY}


async def test_two_schedulers_meet_each_deadline_once(system: System) -> None:
    await system.shell.handle(order("k-1"), adopting(1, reviews=40))
    await system.shell.handle(
        order("k-2", organisation="QH8"), adopting(1, organisation="QH8", reviews=40)
    )
    system.clock.set(OPENS + 50 * DAY)

    done = await asyncio.gather(*(system.work_off() for _ in range(4)))

    assert sum(done) == 80
    assert await system.reviews("RAJ") == await system.reviews("QH8") == 40
    assert await system.waiting() == 0


async def test_a_scheduler_killed_in_the_middle_leaves_the_deadline_to_the_next(
    system: System,
) -> None:
    begun = asyncio.Event()

    async def never_ends(transaction: Transaction, due: Due) -> None:
        await review(transaction, due)
        begun.set()
        await asyncio.Event().wait()

    await system.shell.handle(order(), adopting(1, reviews=1))
    system.clock.set(OPENS + DAY)

    async with running(system.scheduler(review=never_ends)):
        await asyncio.wait_for(begun.wait(), 10)
        assert await system.work_off() == 0
    assert await system.reviews() == 0

    assert await system.work_off() == 1
    assert await system.reviews() == 1


async def test_a_timer_that_fails_is_tried_again_later_while_all_others_go_on(
    system: System, database: Database
) -> None:
    tries: Counter[str] = Counter()

    async def fails_at_first(transaction: Transaction, due: Due) -> None:
        tries[due.purpose] += 1
        await review(transaction, due)
        if tries[due.purpose] == 1:
            raise ZeroDivisionError

    await system.shell.handle(order(), adopting(1, purposes=3))
    system.clock.set(OPENS + DAY)
    scheduler = system.scheduler(purpose_1=review, purpose_2=fails_at_first, purpose_3=review)

    with capture_logs() as lines:
        await system.work_off(scheduler)
    (failure,) = [line for line in lines if line["log_level"] == "error"]
    assert (failure["event"], failure["purpose"]) == ("a timer failed", "purpose-2")
    assert await system.waiting() == 1
    assert await system.work_off(scheduler) == 0

    waits = "SELECT extract(epoch FROM next_try_at - now())::integer FROM kit.deadlines"
    assert 0 <= await system.pool.fetchval(waits) <= 1
    await as_superuser(database.superuser, "UPDATE kit.deadlines SET next_try_at = now()")
    assert await system.work_off(scheduler) == 1
    assert tries == {"purpose-2": 2}
    assert await system.waiting() == 0


async def test_a_purpose_nobody_serves_is_a_failure_that_is_said(system: System) -> None:
    await system.shell.handle(order(), adopting(1, purposes=1))
    system.clock.set(OPENS + DAY)

    with capture_logs() as lines:
        await system.work_off()

    assert [line["purpose"] for line in lines if line["log_level"] == "error"] == ["purpose-1"]
    assert await system.waiting() == 1


async def test_a_timer_the_rules_refuse_is_done_and_leaves_nothing(system: System) -> None:
    async def refuse(transaction: Transaction, due: Due) -> None:
        await (await transaction.begin()).execute("DELETE FROM kit.idempotency")
        await adopting(9)(transaction)

    await system.shell.handle(order(), adopting(1, reviews=1))
    system.clock.set(OPENS + DAY)

    with capture_logs() as lines:
        assert await system.work_off(system.scheduler(review=refuse)) == 1

    assert [line["rule"] for line in lines] == ["policy-version-out-of-order"]
    assert await system.waiting() == 0
    assert await system.pool.fetchval("SELECT count(*) FROM kit.idempotency") == 1


async def test_only_organisations_served_and_writable_are_worked_for(system: System) -> None:
    for key, organisation in (("k-1", "RAJ"), ("k-2", "QH8")):
        await system.shell.handle(
            order(key, organisation=organisation),
            adopting(1, organisation=organisation, reviews=1),
        )
    system.clock.set(OPENS + DAY)

    assert await system.work_off(system.scheduler(["RAJ"])) == 1
    system.writable.discard("QH8")
    assert await system.work_off() == 0
    system.writable.add("QH8")
    assert await system.work_off() == 1


async def test_the_same_deadline_of_the_same_cause_is_kept_once(system: System) -> None:
    """Deriving deadlines from the log again, as after a restore, adds only what lacks."""
    await system.shell.handle(order(), adopting(1, reviews=1))

    added = await system.pool.execute(
        "INSERT INTO kit.deadlines SELECT * FROM kit.deadlines ON CONFLICT DO NOTHING"
    )

    assert added == "INSERT 0 0"


async def test_a_running_scheduler_follows_the_clock_and_waits_for_its_database(
    system: System, database: Database
) -> None:
    await system.shell.handle(order(), adopting(1, reviews=2))

    async def met(count: int) -> bool:
        query = "SELECT count(*) FROM log.events WHERE stream = 'policy/review'"
        return bool(await as_superuser(database.superuser, query) == count)

    async def said_that_it_waits() -> bool:
        return any(line["event"] == "deadlines wait for the database" for line in lines)

    with capture_logs() as lines:
        async with running(system.scheduler()):
            system.clock.set(OPENS + DAY)
            await until(lambda: met(1), "the first review is met")
            async with without_connections(database):
                await until(said_that_it_waits, "the scheduler waits")
            system.clock.set(OPENS + 2 * DAY)
            await until(lambda: met(2), "the second review is met")


@asynccontextmanager
async def without_connections(database: Database) -> AsyncIterator[None]:
    """The server cuts the service's connections and gives it no new ones."""
    role = database.roles.service
    await as_superuser(database.superuser, f"ALTER ROLE {role} CONNECTION LIMIT 0")
    try:
        await as_superuser(
            database.superuser,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1",
            role,
        )
        yield
    finally:
        await as_superuser(database.superuser, f"ALTER ROLE {role} CONNECTION LIMIT -1")
