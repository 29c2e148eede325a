"""Events that cannot be applied: tried again, parked with those behind them, retried, discarded."""

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from shared.contracts.event import Event
from shared.contracts.log import EventDiscarded
from shared.infra.bus import parking
from shared.infra.bus.parking import NotParked
from shared.infra.shell import LogOnHold, Order, Transaction
from shared.kernel.identifiers import Position
from tests.adapters.bus.consuming import World
from tests.adapters.bus.writers import CAUSE, STREAMS, Writer, running, until

pytestmark = pytest.mark.bus

BAD = 5
"""The number at which handlers fail."""
BEHIND = [BAD + STREAMS * n for n in range(1, 4)]
"""The later numbers of the same stream."""
LAST = 30
OTHERS = [n for n in range(2, LAST + 1) if n != BAD and n not in BEHIND]


async def publish(world: World) -> None:
    """Twenty-nine notes after the opening, on the topic."""
    await world.writer.write(LAST - 1)
    await world.send(*await world.writer.bodies())


async def parked(world: World) -> dict[int, str]:
    """The parked numbers and their reasons."""
    async with world.pool.acquire() as connection:
        return {row.sequence: row.reason for row in await parking.listed(connection)}


async def stream_of(world: World, number: int) -> str:
    """The stream of the event with this number."""
    return Writer.recorded((await world.writer.bodies())[number - 1]).stream


async def test_a_failing_event_is_tried_again_and_a_passing_fault_leaves_no_trace(
    one: World,
) -> None:
    await publish(one)
    one.fail_so_often(BAD, 2)
    async with running(one.consumers(one.fold(), tries=5).run()):
        await one.has_seen(range(1, LAST + 1))
    assert await parked(one) == {}


BUGS = {
    "RuntimeError": RuntimeError("a bug"),
    # asyncpg files a value PostgreSQL cannot take under the name of a lost connection
    "DataError": asyncpg.DataError("an integer of sixty-five bits"),
}


@pytest.mark.parametrize("bug", BUGS)
async def test_after_the_last_try_it_is_parked_with_those_behind_it_and_all_others_flow(
    one: World, bug: str
) -> None:
    await publish(one)
    one.failing.add(BAD)
    one.failure = lambda: BUGS[bug]
    async with running(one.consumers(one.fold(), one.reaction()).run()):
        await one.has_seen([1, *OTHERS])
        await one.has_echoed(OTHERS)
        await one.stands_at(LAST)
    async with one.pool.acquire() as connection:
        rows = await parking.listed(connection, consumer="payments.echo")
    assert [row.sequence for row in rows] == [BAD, *BEHIND]
    assert rows[0].attempts == 3
    assert rows[0].reason.startswith(f"{bug} at adapters/bus/handlers.py:")
    assert {row.reason for row in rows[1:]} == {f"Waits behind {Position(one.log, BAD)}."}
    assert rows[0].body.encode() == (await one.writer.bodies())[BAD - 1]


async def test_a_retry_applies_a_parked_stream_in_order_and_lets_it_flow_again(one: World) -> None:
    await publish(one)
    one.failing.add(BAD)
    consumers = one.consumers(one.fold(), one.reaction())
    stream = await stream_of(one, BAD)
    async with running(consumers.run()):
        await one.stands_at(LAST)
        applied, reason = await consumers.retry("payments.echo", one.log, stream)
        assert applied == 0
        assert reason is not None
        assert (await parked(one)).keys() == {BAD, *BEHIND}
        one.failing.clear()
        assert await consumers.retry("payments.echo", one.log, stream) == (4, None)
        assert await consumers.retry("payments.seen", one.log, stream) == (4, None)
        await one.has_echoed([*OTHERS, BAD, *BEHIND])
        await one.has_seen([1, *OTHERS, BAD, *BEHIND])
        assert await parked(one) == {}
        await one.send(*[body.encode() for body in await one.writer.write(STREAMS)])
        await one.has_echoed([*OTHERS, BAD, *BEHIND, *range(LAST + 1, LAST + STREAMS + 1)])


async def test_two_retries_at_once_apply_each_event_once(one: World) -> None:
    await publish(one)
    one.failing.add(BAD)
    consumers = one.consumers(one.reaction())
    stream = await stream_of(one, BAD)
    async with running(consumers.run()):
        await one.stands_at(LAST)
        one.failing.clear()
        outcomes = await asyncio.gather(
            *(consumers.retry("payments.echo", one.log, stream) for _ in "ab")
        )
        assert sum(applied for applied, _ in outcomes) == 4
    assert await one.echoed() == [*OTHERS, BAD, *BEHIND]


async def test_a_discard_is_an_event_frees_one_event_and_is_obeyed_by_rebuilds(one: World) -> None:
    await publish(one)
    one.failing.add(BAD)
    consumers = one.consumers(one.fold())
    async with running(consumers.run()):
        await one.stands_at(LAST)
        await discard(one, "payments.seen", BAD)
        assert (await parked(one)).keys() == set(BEHIND)
        stream = await stream_of(one, BAD)
        assert await consumers.retry("payments.seen", one.log, stream) == (3, None)
        await one.has_seen([1, *OTHERS, *BEHIND])
    event = await last_of_own_log(one)
    assert event == EventDiscarded(
        consumer="payments.seen", position=str(Position(one.log, BAD)), reason="It was a test."
    )
    # from the start again, with the fault still there
    await one.start_anew()
    async with running(one.consumers(one.fold()).run()):
        await one.has_seen([n for n in range(1, LAST + 1) if n != BAD])
    assert await parked(one) == {}


async def test_only_what_is_parked_can_be_discarded(one: World) -> None:
    await publish(one)
    with pytest.raises(NotParked):
        await discard(one, "payments.seen", BAD)


async def test_an_event_of_the_source_that_fails_its_schema_is_parked_at_once(one: World) -> None:
    await one.writer.write(BAD - 2)
    await one.writer.write_altered('"reason"', '"grounds"')
    await one.writer.write(LAST - BAD)
    await one.send(*await one.writer.bodies())
    async with running(one.consumers(one.fold(), one.reaction()).run()):
        await one.has_seen([1, *OTHERS])
        await one.has_echoed(OTHERS)
    assert (await parked(one))[BAD] == "NumberLost does not fit the schema it names."
    assert (await one.operations()).foreign == 0


async def test_a_body_of_the_source_that_cannot_be_read_is_parked_at_once(one: World) -> None:
    await one.writer.write(BAD - 2)
    await one.writer.write_altered('"specversion":"1.0"', '"specversion":"9.0"')
    await one.writer.write(LAST - BAD)
    await one.send(*await one.writer.bodies())
    async with running(one.consumers(one.fold(), one.reaction()).run()):
        await one.has_seen([1, *OTHERS])
        await one.has_echoed(OTHERS)
    assert (await one.operations()).foreign == 0


async def test_a_consumer_that_parks_nothing_waits_at_the_event(one: World) -> None:
    await publish(one)
    one.failing.add(BAD)
    consumers = one.consumers(one.fold(parks=False))
    async with running(consumers.run()):
        await one.has_seen(range(1, BAD))
        await until(lambda: one.failures > 5)
        assert await parked(one) == {}
        one.failing.clear()
        await one.has_seen(range(1, LAST + 1))


@pytest.mark.parametrize(
    "failure",
    [
        lambda: asyncpg.ConnectionDoesNotExistError("gone"),
        lambda: asyncpg.TooManyConnectionsError("full"),
        lambda: asyncpg.DeadlockDetectedError("deadlock"),
        lambda: ConnectionRefusedError("refused"),
        lambda: TimeoutError("slow"),
        lambda: LogOnHold("RAJ"),
    ],
)
async def test_what_is_only_away_never_parks_anything(
    two: World, failure: Callable[[], Exception]
) -> None:
    held, free = two.writers
    for code, writer in two.writers.items():
        await writer.write(9)
        await two.send(*await writer.bodies(), organisation=code)
    two.failing.add(BAD)
    two.failing_in = held
    two.failure = failure
    consumers = two.consumers(two.fold(), tries=1)
    async with running(consumers.run()):
        await two.has_seen(range(1, 11), free)
        await until(lambda: two.failures >= 4)
        assert max(await two.seen(held), default=0) < BAD
        assert await parked(two) == {}
        two.failing.clear()
        await two.has_seen(range(1, 11), held)
    assert (await two.operations()).duplicates_skipped == 0


async def test_an_event_under_a_newer_schema_waits_and_holds_only_its_log(two: World) -> None:
    held, free = two.writers
    await two.writers[held].write(3)
    await two.writers[held].write_altered("NumberLost:1", "NumberLost:2")
    await two.writers[free].write(9)
    consumers = two.consumers(two.fold(), two.reaction())
    for code, writer in two.writers.items():
        await two.send(*await writer.bodies(), organisation=code)
    async with running(consumers.run()):
        await two.has_seen(range(1, 11), free)
        await until(lambda: len(consumers.held()) == 2)
        assert all(h.reason.startswith("NewerSchema") for h in consumers.held())
        assert await two.seen(held) == [1, 2, 3, 4]
    assert await parked(two) == {}


async def test_types_nobody_knows_are_skipped_and_counted(one: World) -> None:
    await one.writer.write(3)
    await one.writer.write_altered("NumberLost", "SomethingNew")
    await one.writer.write(3)
    await one.send(*await one.writer.bodies())
    async with running(one.consumers(one.reaction()).run()):
        await one.has_echoed([2, 3, 4, 6, 7, 8])
        await one.counted(unknown_skipped=1)
    assert await parked(one) == {}


async def last_of_own_log(world: World) -> Event:
    """The last event our own log has of the organisation."""
    own = Writer(world.pool, world.log.organisation, "payments")
    return Writer.recorded((await own.bodies())[-1]).event()


async def discard(world: World, consumer: str, number: int) -> None:
    """What the operators' route does."""
    order = Order(
        organisation=world.log.organisation,
        actor=f"operator/{CAUSE}",
        route="discard",
        key="k1",
        body=b"{}",
        traceparent="",
    )

    async def work(transaction: Transaction) -> None:
        position = Position(world.log, number)
        await parking.discard(transaction, consumer, position, "It was a test.")

    await world.kit.shell.handle(order, work)
