"""The signer on a real database and a real broker: it never signs below or beside what is known."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from aiokafka.errors import KafkaError

from deploy.embedded.broker import Broker
from services.audit import copies
from services.audit.signer import Refusal
from shared.contracts.envelope import read
from shared.infra.bus.reading import TopicReader
from shared.infra.bus.topics import make_topics
from shared.infra.database import open_pool
from shared.infra.signing import read_signed_by
from shared.kernel.checkpoint import TOPIC, Checkpoint
from shared.kernel.merkle import leaf_hash, root
from tests.adapters.auditing import AUDIT, KEY, STRANGER, Audited, Writer, access, audited_log
from tests.adapters.bus import producer, until
from tests.adapters.conftest import MakeDatabase
from tests.servers import BusServer

pytestmark = pytest.mark.bus


@pytest.fixture
async def audited(
    make_database: MakeDatabase, broker: BusServer, organisation: str
) -> AsyncIterator[Audited]:
    async with audited_log(await make_database(AUDIT), access(broker), organisation) as audited:
        yield audited


async def published(audited: Audited) -> list[Checkpoint]:
    """The checkpoints of this log that stand on the topic, in order; all of them are good."""
    async with TopicReader(audited.access, [TOPIC]) as reader:
        last = (await reader.last(await reader.ends())).get(TOPIC)
        stop = last.offset + 1 if last else 0
        records = [record async for record in reader.forwards(TOPIC, 0, stop)]
    ours = [r.value.decode() for r in records if r.key == audited.origin.encode()]
    return [read_signed_by(note, [KEY.public])[0] for note in ours]


async def test_a_log_that_has_grown_gets_a_checkpoint_and_only_then(audited: Audited) -> None:
    await audited.write(4)
    signer = audited.signer()
    await signer.work_off()
    await signer.work_off()
    assert await audited.sizes() == [5]
    await audited.write(1)
    await signer.work_off()
    assert await audited.sizes() == [5, 6]
    leaves = [leaf_hash(body) for body in await audited.writer.bodies()]
    assert await published(audited) == [
        Checkpoint(audited.origin, 5, root(leaves[:5])),
        Checkpoint(audited.origin, 6, root(leaves)),
    ]
    assert signer.refusals == {}


async def test_it_works_for_ever_at_an_interval(audited: Audited) -> None:
    await audited.write(2)
    running = asyncio.create_task(audited.signer().run(0.05))

    async def signed() -> bool:
        return 3 in await audited.sizes()

    await until(signed)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_signer_on_an_older_database_refuses_below_the_topic(
    audited: Audited, make_database: MakeDatabase
) -> None:
    await audited.write(9)
    signer = audited.signer()
    await signer.work_off()

    restored = await make_database(AUDIT)
    audited.pool = await open_pool(restored.service, name="restored")
    async with audited.pool.acquire() as connection:
        bodies = (await audited.writer.bodies())[:6]
        await copies.keep(connection, audited.name, [read(body) for body in bodies])
    # also when the database is exchanged under a signer that is running
    signer._pool = audited.pool
    await signer.work_off()
    assert await audited.sizes() == []
    assert signer.refusals == {
        audited.name: Refusal(
            "behind",
            f"The copy of {audited.name} has 6 events, "
            "but a checkpoint of 10 was signed: the copy is behind.",
        )
    }
    started_again = audited.signer()
    await started_again.work_off()
    assert started_again.refusals == signer.refusals
    alarm = audited.metrics.alarms.labels("checkpoint-behind", str(audited.name))
    await signer.work_off()
    assert alarm._value.get() == 2

    await audited.copy()
    await signer.work_off()
    assert signer.refusals == {}
    assert await audited.sizes() == [10]
    await audited.pool.close()


async def test_a_signer_on_another_history_refuses_beside_the_topic(
    audited: Audited, make_database: MakeDatabase
) -> None:
    await audited.write(9)
    await audited.sign()

    other = await make_database(AUDIT)
    forked_service = await make_database()
    connection = await asyncpg.connect(forked_service.service)
    audited.pool = await open_pool(other.service, name="other")
    audited.writer = Writer(connection, audited.writer.organisation, salt="another history")
    await audited.writer.open()
    await audited.write(12)
    signer = audited.signer()
    await signer.work_off()
    assert await audited.sizes() == []
    assert signer.refusals[audited.name].kind == "beside"
    await audited.pool.close()
    await connection.close()


async def test_a_signer_whose_copy_was_changed_refuses_beside_its_own_table(
    audited: Audited,
) -> None:
    await audited.write(4)
    await audited.sign()
    await audited.tamper(
        "audit.copies", "UPDATE audit.copies SET body = replace(body, 'note 1', 'note 9')"
    )
    await audited.write(1)
    signer = audited.signer()
    await signer.work_off()
    assert await audited.sizes() == [5]
    assert signer.refusals[audited.name].kind == "beside"


async def test_two_different_checkpoints_of_one_size_stop_the_signer(
    audited: Audited, broker: BusServer
) -> None:
    await audited.write(4)
    await audited.sign()
    forked = KEY.sign(Checkpoint(audited.origin, 5, bytes(32))).write()
    async with producer(broker) as anybody:
        await anybody.send_and_wait(TOPIC, forked.encode(), partition=0)
    await audited.write(1)
    signer = audited.signer()
    await signer.work_off()
    assert await audited.sizes() == [5]
    assert signer.refusals[audited.name].kind == "fork"


async def test_what_a_stranger_puts_on_the_topic_counts_for_nothing(
    audited: Audited, broker: BusServer
) -> None:
    await make_topics(audited.access, [TOPIC])
    forged = STRANGER.sign(Checkpoint(audited.origin, 1000, bytes(32))).write()
    async with producer(broker) as anybody:
        for value in (forged.encode(), b"", None, b"\xff\xff", b"no note"):
            await anybody.send_and_wait(TOPIC, value, key=b"k", partition=0)
    await audited.write(4)
    signer = audited.signer()
    await signer.work_off()
    assert signer.refusals == {}
    assert await audited.sizes() == [5]


async def test_a_lost_topic_is_filled_again_from_the_table(
    audited: Audited, fresh_broker: Broker
) -> None:
    audited.access = access(BusServer(fresh_broker.bootstrap_servers, idempotence=False))
    signer = audited.signer()
    for _ in range(3):
        await audited.write(2)
        await signer.work_off()
    assert [c.size for c in await published(audited)] == [3, 5, 7]

    fresh_broker.kill()
    fresh_broker.start()
    await audited.write(1)

    async def filled() -> bool:
        try:
            await signer.work_off()
        except (KafkaError, OSError):
            return False
        return [c.size for c in await published(audited)] == [3, 5, 7, 8]

    await until(filled)


async def test_nothing_is_signed_while_the_topic_cannot_be_read(
    audited: Audited, fresh_broker: Broker
) -> None:
    audited.access = access(BusServer(fresh_broker.bootstrap_servers, idempotence=False))
    fresh_broker.kill()
    await audited.write(2)
    with pytest.raises((KafkaError, OSError)):
        await audited.signer().work_off()
    assert await audited.sizes() == []
