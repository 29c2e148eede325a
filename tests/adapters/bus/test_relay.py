"""The relay on a real broker: what a log holds is on its topic, in order, byte for byte."""

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.contracts.envelope import CONTENT_TYPE
from shared.infra.bus.standing import Standing
from shared.infra.database import Pool, open_pool
from shared.kernel.identifiers import LogName
from tests.adapters.bus.writers import (
    SERVICE,
    TRACE,
    Writer,
    is_published,
    opened,
    producer,
    published,
    relay,
    running,
    topic,
    until,
    values,
)
from tests.adapters.conftest import Database, MakeDatabase
from tests.servers import BusServer

pytestmark = pytest.mark.bus


async def test_a_log_is_published_in_order_byte_for_byte(
    database: Database, pool: Pool, broker: BusServer, organisation: str
) -> None:
    writer = await opened(pool, organisation)
    await writer.write(500)
    async with running(relay(database.service, [organisation], broker).run()):
        await until(lambda: is_published(pool, organisation))
    assert await values(broker, writer.name) == await writer.bodies()


async def test_key_and_headers_repeat_what_routing_needs(
    database: Database, pool: Pool, broker: BusServer, organisation: str
) -> None:
    writer = await opened(pool, organisation)
    await writer.write(1)
    async with running(relay(database.service, [organisation], broker).run()):
        await until(lambda: is_published(pool, organisation))
    record = (await topic(broker, writer.name))[1]
    event = writer.recorded(record.value)
    assert record.key == event.stream.encode()
    assert dict(record.headers) == {
        "content-type": CONTENT_TYPE.encode(),
        "ce_type": b"NumberLost",
        "ce_id": str(event.id).encode(),
        "organisation": organisation.encode(),
        "sequence": b"0000000002",
        "traceparent": TRACE.encode(),
    }


async def test_what_is_appended_later_follows_without_waiting_for_the_poll(
    database: Database, pool: Pool, broker: BusServer, organisation: str
) -> None:
    writer = await opened(pool, organisation)
    part = relay(database.service, [organisation], broker)
    async with running(part.run()):
        await until(lambda: is_published(pool, organisation))
        for _ in range(5):
            await writer.write(1)
            part.wake()
            await until(lambda: is_published(pool, organisation), 0.9)


async def test_of_two_replicas_one_publishes_and_the_other_takes_over(
    database: Database, pool: Pool, broker: BusServer, organisation: str
) -> None:
    writer = await opened(pool, organisation)
    first = relay(database.service, [organisation], broker)
    second = relay(database.service, [organisation], broker)
    async with running(second.run()):
        async with running(first.run()):
            await until(lambda: first.may_write(organisation) and second.may_write(organisation))
            assert [first.active, second.active].count(True) == 1
            standing_by = second if first.active else first
            await writer.write(100)
            # the one that stands by tells the other
            standing_by.wake()
            await until(lambda: is_published(pool, organisation), 0.9)
        await until(lambda: second.active)
        await writer.write(100)
        await until(lambda: is_published(pool, organisation))
        await until(lambda: second.may_write(organisation))
    assert await values(broker, writer.name) == await writer.bodies()


async def test_the_lost_last_record_of_a_quiet_log_is_published_again(
    database: Database, pool: Pool, broker: BusServer, organisation: str
) -> None:
    writer = await opened(pool, organisation)
    await writer.write(20)
    bodies = await writer.bodies()
    async with running(relay(database.service, [organisation], broker).run()):
        await until(lambda: is_published(pool, organisation))
        await replace_topic(broker, writer.name, bodies[:-1])

        async def is_whole() -> bool:
            return await values(broker, writer.name) == bodies

        await until(is_whole)


async def test_a_hole_behind_a_healthy_tail_is_found(
    database: Database, pool: Pool, broker: BusServer, organisation: str
) -> None:
    writer = await opened(pool, organisation)
    await writer.write(20)
    bodies = await writer.bodies()
    async with running(relay(database.service, [organisation], broker).run()):
        await until(lambda: is_published(pool, organisation))
    # a new broker that the dying one's producer still reached
    await replace_topic(broker, writer.name, bodies[15:])
    async with running(relay(database.service, [organisation], broker).run()):

        async def is_whole() -> bool:
            return await values(broker, writer.name) == bodies[15:] + bodies

        await until(is_whole)


async def test_a_topic_made_by_accident_with_four_partitions_is_made_again_with_one(
    database: Database, pool: Pool, broker: BusServer, organisation: str
) -> None:
    writer = await opened(pool, organisation)
    await replace_topic(broker, writer.name, [], partitions=4)
    async with running(relay(database.service, [organisation], broker).run()):
        await until(lambda: is_published(pool, organisation))
    assert await values(broker, writer.name) == await writer.bodies()
    assert await partitions_of(broker, writer.name) == 1


async def test_a_used_topic_with_four_partitions_is_kept_and_written_in_the_first(
    database: Database, pool: Pool, broker: BusServer, organisation: str
) -> None:
    writer = await opened(pool, organisation)
    await writer.write(30)
    await replace_topic(broker, writer.name, [], partitions=4)
    async with producer(broker) as other:
        await other.send_and_wait(str(writer.name), b"not ours", partition=2)
    async with running(relay(database.service, [organisation], broker).run()):
        await until(lambda: is_published(pool, organisation))
    assert await partitions_of(broker, writer.name) == 4
    assert await values(broker, writer.name) == await writer.bodies()
    assert [r.value for r in await topic(broker, writer.name, 2)] == [b"not ours"]


async def test_foreign_records_at_the_end_of_a_topic_stay_and_publishing_goes_on_after_them(
    database: Database, pool: Pool, broker: BusServer, organisation: str
) -> None:
    writer = await opened(pool, organisation)
    await writer.write(5)
    before = await writer.bodies()
    junk = [b"not json", b"{}", "ü".encode() * 100]
    part = relay(database.service, [organisation], broker)
    async with running(part.run()):
        await until(lambda: is_published(pool, organisation))
        async with producer(broker) as other:
            for value in junk:
                await other.send_and_wait(str(writer.name), value, partition=0)
    # started anew it has to find its own last record behind what is foreign
    part = relay(database.service, [organisation], broker)
    async with running(part.run()):
        await until(lambda: part.may_write(organisation))
        await writer.write(5)
        await until(lambda: is_published(pool, organisation))
    assert await values(broker, writer.name) == before + junk + (await writer.bodies())[6:]


async def test_a_database_restored_behind_its_topic_refuses_writes_and_deletes_nothing(
    make_database: MakeDatabase, broker: BusServer, organisation: str
) -> None:
    original, restored = await make_database(), await make_database()
    async with AsyncExitStack() as stack:
        pools = [await _pool(stack, database) for database in (original, restored)]
        writer = await opened(pools[0], organisation)
        await writer.write(50)
        bodies = await writer.bodies()
        async with running(relay(original.service, [organisation], broker).run()):
            await until(lambda: is_published(pools[0], organisation))
        await restore(restored, organisation, bodies[:30])
        part = relay(restored.service, [organisation], broker)
        async with running(part.run()):
            await until(lambda: part.state[organisation] is Standing.BEHIND)
            assert not part.may_write(organisation)
            # an operator brings the missing bodies back
            await restore(restored, organisation, bodies[30:])
            await until(lambda: part.may_write(organisation))
            again = Writer(pools[1], organisation, written=50, salt="again")
            await again.write(5)
            await until(lambda: is_published(pools[1], organisation))
        assert await values(broker, writer.name) == await again.bodies()
        assert (await again.bodies())[:51] == bodies


async def test_two_databases_under_one_code_stop_the_second_and_delete_nothing(
    make_database: MakeDatabase, broker: BusServer, organisation: str
) -> None:
    databases = [await make_database(), await make_database()]
    async with AsyncExitStack() as stack:
        pools = [await _pool(stack, database) for database in databases]
        first = await opened(pools[0], organisation, "first")
        second = await opened(pools[1], organisation, "second")
        await first.write(20)
        # neither a longer nor a shorter log may overwrite the other
        await second.write(30)
        ours = relay(databases[0].service, [organisation], broker)
        theirs = relay(databases[1].service, [organisation], broker)
        async with running(ours.run()):
            await until(lambda: is_published(pools[0], organisation))
            async with running(theirs.run()):
                await until(lambda: theirs.state[organisation] is Standing.TWO_WRITERS)
                await first.write(20)
                await until(lambda: is_published(pools[0], organisation))
                assert ours.may_write(organisation)
                # now the topic is beyond its head too, and still it is two writers
                assert not theirs.may_write(organisation)
        assert await published(pools[1], organisation) == 0
        assert await values(broker, first.name) == await first.bodies()


async def test_a_second_writer_in_a_running_relays_topic_stops_it(
    make_database: MakeDatabase, broker: BusServer, organisation: str
) -> None:
    databases = [await make_database(), await make_database()]
    async with AsyncExitStack() as stack:
        pools = [await _pool(stack, database) for database in databases]
        first = await opened(pools[0], organisation, "first")
        second = await opened(pools[1], organisation, "second")
        await first.write(20)
        await second.write(10)
        part = relay(databases[0].service, [organisation], broker)
        async with running(part.run()):
            await until(lambda: is_published(pools[0], organisation))
            async with producer(broker) as other:
                body = (await second.bodies())[-1]
                await other.send_and_wait(str(first.name), body, partition=0)
            await until(lambda: part.state[organisation] is Standing.TWO_WRITERS)
            assert not part.may_write(organisation)


async def test_nothing_may_be_written_before_the_topic_was_seen(
    database: Database, pool: Pool, organisation: str
) -> None:
    await opened(pool, organisation)
    nowhere = BusServer("127.0.0.1:9", idempotence=False)
    part = relay(database.service, [organisation], nowhere)
    async with running(part.run()):
        await until(lambda: part.active)
        assert part.state[organisation] is Standing.UNCHECKED
        assert not part.may_write(organisation)


async def test_a_relay_killed_in_mid_batch_is_followed_by_one_that_loses_nothing(
    database: Database, pool: Pool, broker: BusServer, organisation: str
) -> None:
    writer = await opened(pool, organisation)
    for _ in range(2):
        before = await published(pool, organisation)
        for _ in range(5):
            await writer.write(1_000)
        async with relay_process(database, organisation, broker) as process:

            async def is_under_way(before: int = before) -> bool:
                return await published(pool, organisation) > before + 1_000

            await until(is_under_way, 60)
            process.kill()
        assert not await is_published(pool, organisation)
    async with running(relay(database.service, [organisation], broker).run()):
        await until(lambda: is_published(pool, organisation))
    found = await values(broker, writer.name)
    assert list(dict.fromkeys(found)) == await writer.bodies()


@asynccontextmanager
async def relay_process(
    database: Database, organisation: str, broker: BusServer
) -> AsyncIterator[Process]:
    """A relay as a process of its own, killed at the end of the block at the latest."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.adapters.bus.relay_process",
        database.service,
        organisation,
        broker.bootstrap_servers,
        "idempotent" if broker.idempotence else "plain",
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def replace_topic(
    broker: BusServer, name: LogName, content: Sequence[bytes], partitions: int = 1
) -> None:
    """Delete the topic if it is there, make it with so many partitions, fill the first."""
    client = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await client.start()
    try:
        await client.delete_topics([str(name)])

        async def is_made() -> bool:
            reply = await client.create_topics([NewTopic(str(name), partitions, 1)])
            return bool(reply.topic_errors[0][1] == 0)

        await until(is_made)
    finally:
        await client.close()
    async with producer(broker) as other:
        for value in content:
            await other.send_and_wait(str(name), value, partition=0)


async def partitions_of(broker: BusServer, name: LogName) -> int:
    """How many partitions a topic has."""
    client = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await client.start()
    try:
        found = await client.describe_topics([str(name)])
        return len(found[0]["partitions"])
    finally:
        await client.close()


async def restore(database: Database, organisation: str, bodies: Sequence[bytes]) -> None:
    """Bring bodies into a log verbatim, as a restored backup or an operator's recovery has them."""
    connection = await asyncpg.connect(database.superuser)
    try:
        async with connection.transaction():
            for body in bodies:
                event = Writer.recorded(body)
                await connection.execute(
                    "INSERT INTO log.heads (organisation, sequence, recorded_at)"
                    " VALUES ($1, $2, $3) ON CONFLICT (organisation)"
                    " DO UPDATE SET sequence = excluded.sequence",
                    organisation,
                    event.sequence,
                    event.recorded_at,
                )
                await connection.execute(
                    "INSERT INTO log.events (organisation, sequence, stream, version, type, body)"
                    " VALUES ($1, $2, $3, $4, $5, $6)",
                    organisation,
                    event.sequence,
                    event.stream,
                    event.version,
                    event.type,
                    event.body,
                )
    finally:
        await connection.close()


async def _pool(stack: AsyncExitStack, database: Database) -> Pool:
    pool = await open_pool(database.service, name=SERVICE)
    stack.push_async_callback(pool.close)
    return pool
