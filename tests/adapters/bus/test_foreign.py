"""Records that are not the source's own: kept once, told of, never a reason to move or stop."""

import json

import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from shared.infra.bus.topics import make_topics
from tests.adapters.bus.consuming import World
from tests.adapters.bus.test_relay import replace_topic
from tests.adapters.bus.writers import access, producer, relay, running

pytestmark = pytest.mark.bus


async def test_foreign_and_malformed_records_are_kept_once_and_disturb_nothing(one: World) -> None:
    await one.writer.write(9)
    bodies = await one.writer.bodies()
    mine = bodies[5]
    junk: list[bytes | None] = [
        b"not json",
        b"",
        None,
        b"\xff\xfe\x00",
        b'{"a":1,"a":2}',
        mine.replace(b'"0000000006"', b'"0000000999"'),
        mine.replace(b'"reason":"note 4 "', b'"grounds":"forged"'),
        mine.replace(one.log.organisation.encode(), b"OTHER"),
        mine.replace(b":1,", b":1.5,", 1),
    ]
    await one.send(*bodies[:5], *junk, *bodies[5:], *junk)
    await one.send_with_headers(b"odd", [("a", None), ("b", b"\xff"), ("sequence", b"\xfe")])
    consumers = one.consumers(one.fold(), one.reaction())
    async with running(consumers.run()):
        await one.has_seen(range(1, 11))
        await one.has_echoed(range(2, 11))
        await one.counted(foreign=len(junk) + 1)
    kept = {row["value"]: row for row in await one.foreign()}
    assert set(kept) == {*junk, b"odd"}
    # two consumers met each twice, and the odd one once
    assert {row["seen"] for value, row in kept.items() if value != b"odd"} == {4}
    assert json.loads(kept[b"odd"]["headers"]) == [["a", None], ["b", "/w=="], ["sequence", "/g=="]]
    assert all(row["topic"] == str(one.log) and row["reason"] for row in kept.values())
    assert (await one.operations()).parked == 0


async def test_a_record_of_five_megabytes_disturbs_nothing(one: World) -> None:
    await one.writer.write(3)
    bodies = await one.writer.bodies()
    await one.send(*bodies[:2])
    try:
        await one.send(b"x" * 5_000_000)
    except (MessageSizeTooLargeError, KafkaError):
        pytest.skip("This broker takes no record of five megabytes, so none can come.")
    await one.send(*bodies[2:])
    async with running(one.consumers(one.fold()).run()):
        await one.has_seen(range(1, 5))
        await one.counted(foreign=1)
    assert [len(row["value"]) for row in await one.foreign()] == [5_000_000]


async def test_a_forged_event_that_fails_its_schema_gives_way_to_the_sources_own(
    one: World,
) -> None:
    await one.writer.write(9)
    bodies = await one.writer.bodies()
    forged = bodies[5].replace(b'"reason":"note 4 "', b'"grounds":"forged"')
    assert forged != bodies[5]
    # it comes before the true one, at the number awaited
    await one.send(*bodies[:5], forged, *bodies[5:])
    async with running(one.consumers(one.fold(), one.reaction()).run()):
        await one.has_seen(range(1, 11))
        await one.has_echoed(range(2, 11))
        await one.counted(foreign=1)
    assert (await one.operations()).parked == 0


async def test_other_partitions_of_a_topic_are_foreign(one: World) -> None:
    await one.writer.write(9)
    bodies = await one.writer.bodies()
    await replace_topic(one.broker, one.log, bodies[:5], partitions=4)
    async with producer(one.broker) as other:
        for partition, body in enumerate(bodies[5:8], 1):
            await other.send_and_wait(str(one.log), body, partition=partition)
        for body in bodies[5:]:
            await other.send_and_wait(str(one.log), body, partition=0)
    async with running(one.consumers(one.fold()).run()):
        await one.has_seen(range(1, 11))
        await one.counted(foreign=3)
    assert {row["partition"] for row in await one.foreign()} == {1, 2, 3}


async def test_a_record_beyond_a_source_that_is_away_waits(one: World) -> None:
    await one.writer.write(9)
    bodies = await one.writer.bodies()
    forged = bodies[5].replace(b'"0000000006"', b'"0000000099"')
    one.api.away.add(one.log.organisation)
    await one.send(*bodies[:5], forged, *bodies[5:])
    consumers = one.consumers(one.fold())
    async with running(consumers.run()):
        await one.has_seen(range(1, 6))
        await one.is_held(consumers)
        # the copy has no such number, but it may only be late: nobody may call it foreign yet
        assert (await one.operations()).foreign == 0
        one.api.away.clear()
        await one.has_seen(range(1, 11))
        await one.counted(foreign=1)


async def test_a_relay_and_its_consumers_go_on_around_what_is_foreign(one: World) -> None:
    await make_topics(access(one.broker), [str(one.log)])
    part = relay(one.source.service, one.kit.organisations, one.broker)
    async with running(part.run(), one.consumers(one.fold()).run()):
        for _ in range(5):
            await one.writer.write(20)
            part.wake()
            await one.send(b"noise", b"more noise")
        await one.has_seen(range(1, 102))
        await one.counted(foreign=2)
