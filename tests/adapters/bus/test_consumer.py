"""The consumer kit on a real broker and PostgreSQL: effects exactly once, no loss unseen."""

import asyncio

import asyncpg
import pytest

from shared.infra.bus.topics import make_topics
from tests.adapters.bus.consuming import World
from tests.adapters.bus.writers import access, relay, running, until

pytestmark = pytest.mark.bus


async def test_every_event_has_its_effects_once_and_in_order(one: World) -> None:
    part = relay(one.source.service, one.kit.organisations, one.broker)
    consumers = one.consumers(one.fold(), one.reaction())
    await one.writer.write(300)
    async with running(part.run(), consumers.run()):
        await one.has_seen(range(1, 302))
        await one.has_echoed(range(2, 302))
        await one.writer.write(10)
        part.wake()
        await one.has_seen(range(1, 312))
        await one.stands_at(311)
    assert (await one.operations()).gaps_repaired == 0
    assert (await one.operations()).foreign == 0


async def test_two_replicas_share_the_work_and_one_carries_on_alone(two: World) -> None:
    first, second = (two.consumers(two.fold(), two.reaction()) for _ in range(2))
    part = relay(two.source.service, two.kit.organisations, two.broker)
    async with running(part.run(), second.run()):
        async with running(first.run()):
            for writer in two.writers.values():
                await writer.write(200)
            await until(lambda: first.assigned and second.assigned)
            for writer in two.writers.values():
                await writer.write(200)
            part.wake()
            for code in two.writers:
                await two.has_seen(range(1, 402), code)
        for writer in two.writers.values():
            await writer.write(50)
        for code in two.writers:
            await two.has_seen(range(1, 452), code)
            await two.has_echoed(range(2, 452), code)


async def test_a_group_moved_back_to_the_start_repeats_no_effect(one: World) -> None:
    part = relay(one.source.service, one.kit.organisations, one.broker)
    await one.writer.write(100)
    async with running(part.run()):
        async with running(one.consumers(one.fold(), one.reaction()).run()):
            await one.has_seen(range(1, 102))
            await one.has_echoed(range(2, 102))
        before = await one.operations()
        await one.move_group_to_the_start()
        await one.writer.write(1)
        async with running(one.consumers(one.fold(), one.reaction()).run()):
            await one.has_seen(range(1, 103))
            await one.has_echoed(range(2, 103))
    after = await one.operations()
    assert after.duplicates_skipped - before.duplicates_skipped == 2 * 101
    assert after.conflicts == 0


async def test_a_record_delivered_twice_has_its_effects_once(one: World) -> None:
    await one.writer.write(4)
    bodies = await one.writer.bodies()
    await one.send(*bodies[:3], bodies[1], bodies[2], *bodies[3:], bodies[0])
    async with running(one.consumers(one.fold(), one.reaction()).run()):
        await one.has_seen(range(1, 6))
        await one.has_echoed(range(2, 6))
        await one.counted(duplicates_skipped=6)


async def test_a_gap_is_mended_from_the_source(one: World) -> None:
    await one.writer.write(29)
    bodies = await one.writer.bodies()
    await one.send(*bodies[:10], *bodies[14:])
    async with running(one.consumers(one.fold(), one.reaction()).run()):
        await one.has_seen(range(1, 31))
        await one.has_echoed(range(2, 31))
        await one.counted(gaps_repaired=2)
    assert (await one.operations()).foreign == 0


async def test_a_gap_is_mended_from_the_audit_copy_when_the_source_is_away(one: World) -> None:
    await one.writer.write(29)
    bodies = await one.writer.bodies()
    one.api.away.add(one.log.organisation)
    await one.send(*bodies[:10], *bodies[14:])
    async with running(one.consumers(one.fold()).run()):
        await one.has_seen(range(1, 31))


async def test_a_silent_tail_is_fetched_from_the_source(one: World) -> None:
    await one.writer.write(29)
    bodies = await one.writer.bodies()
    await one.send(*bodies[:20])
    async with running(one.consumers(one.fold(), one.reaction()).run()):
        await one.has_seen(range(1, 31))
        await one.has_echoed(range(2, 31))
        await one.counted(gaps_repaired=2)


async def test_a_log_of_which_the_bus_brings_nothing_is_fetched_from_the_source(
    one: World,
) -> None:
    await one.writer.write(1_500)
    await make_topics(access(one.broker), [str(one.log)])
    async with running(one.consumers(one.fold()).run()):
        await one.has_seen(range(1, 1_502))


@pytest.mark.parametrize("trouble", ["away", "hanging"])
async def test_one_organisations_outage_holds_its_own_log_only(two: World, trouble: str) -> None:
    held, free = two.writers
    for writer in two.writers.values():
        await writer.write(29)
    getattr(two.api, trouble).add(held)
    getattr(two.copies, trouble).add(held)
    bodies = await two.writers[held].bodies()
    await two.send(*bodies[:10], *bodies[14:], organisation=held)
    consumers = two.consumers(two.fold(), two.reaction())
    async with running(consumers.run()):
        await two.send(*await two.writers[free].bodies(), organisation=free)
        await two.has_seen(range(1, 31), free)
        await two.has_echoed(range(2, 31), free)
        assert await two.seen(held) == list(range(1, 11))
        await until(lambda: {h.log.organisation for h in consumers.held()} == {held})
        getattr(two.api, trouble).clear()
        await two.has_seen(range(1, 31), held)
        await two.has_echoed(range(2, 31), held)
    assert (await two.operations()).parked == 0


async def test_a_watermark_beyond_its_sources_head_stops_that_log(two: World) -> None:
    stopped, free = two.writers
    for code, writer in two.writers.items():
        await writer.write(9)
        await two.send(*await writer.bodies(), organisation=code)
    consumers = two.consumers(two.fold())
    async with running(consumers.run()):
        await two.stands_at(10, stopped)
        two.api.heads[stopped] = 7
        await until(lambda: {h.log.organisation for h in consumers.held()} == {stopped})
        for code, writer in two.writers.items():
            await two.send(*[body.encode() for body in await writer.write(3)], organisation=code)
        await two.has_seen(range(1, 14), free)
        assert await two.seen(stopped) == list(range(1, 11))
        assert two.alarms("beyond-head", stopped) == 1
        two.api.heads.clear()
        await two.has_seen(range(1, 14), stopped)


async def test_other_bytes_under_a_number_that_was_applied_raise_an_alarm(one: World) -> None:
    await one.writer.write(4)
    bodies = await one.writer.bodies()
    forged = bodies[2].replace(b"note 1", b"note X")
    await one.send(*bodies, bodies[1], forged)
    async with running(one.consumers(one.fold()).run()):
        await one.has_seen(range(1, 6))
        await one.counted(conflicts=1, duplicates_skipped=2, foreign=1)
    assert one.alarms("other-bytes", one.log.organisation) == 1


async def test_a_consumer_that_keeps_bodies_compares_every_duplicate_with_them(
    one: World,
) -> None:
    await one.writer.write(4)
    bodies = await one.writer.bodies()
    await one.send(*bodies)
    fold = one.fold(compare=one.differing)
    async with running(one.consumers(fold).run()):
        await one.has_seen(range(1, 6))
    # a process that never saw the first ones still knows
    await one.send(bodies[2].replace(b"note 1", b"note X"), bodies[1])
    async with running(one.consumers(fold).run()):
        await one.counted(conflicts=1, foreign=1)


async def test_a_watermark_set_back_is_followed_from_there(one: World) -> None:
    await one.writer.write(9)
    await one.send(*await one.writer.bodies())
    async with running(one.consumers(one.fold()).run()):
        await one.has_seen(range(1, 11))
        await one.pool.execute("UPDATE kit.watermarks SET sequence = 4")
        await one.send(*[body.encode() for body in await one.writer.write(1)])
        await one.has_seen([*range(1, 11), *range(5, 12)])


async def test_a_database_put_back_under_a_running_consumer_is_noticed(one: World) -> None:
    """Nothing new comes that would show it."""
    part = relay(one.source.service, one.kit.organisations, one.broker)
    await one.writer.write(100)
    async with running(part.run(), one.consumers(one.fold()).run()):
        await one.has_seen(range(1, 102))
        superuser = await asyncpg.connect(one.sink.superuser)
        await superuser.execute("DELETE FROM seen.events WHERE sequence > 40")
        await superuser.execute("UPDATE kit.watermarks SET sequence = 40")
        await superuser.close()
        await one.has_seen(range(1, 102))


async def test_a_cancellation_nobody_asked_for_does_not_silence_a_log(one: World) -> None:
    """As a client of the database hands on when its server dies."""
    part = relay(one.source.service, one.kit.organisations, one.broker)
    one.fail_so_often(5, 1)
    one.failure = asyncio.CancelledError
    await one.writer.write(10)
    async with running(part.run(), one.consumers(one.fold()).run()):
        await one.has_seen(range(1, 12))
