"""The fixtures the adapter tests stand on."""

from collections.abc import Callable

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.embedded.broker import Broker, cluster_id
from shared.kernel.identifiers import is_organisation
from tests.servers import BusServer, PostgresServer


async def test_a_test_gets_an_empty_database(empty_database: str) -> None:
    connection = await asyncpg.connect(empty_database)
    tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert tables == 0


async def test_another_database_of_the_server_can_be_addressed(
    postgres_server: PostgresServer,
) -> None:
    connection = await asyncpg.connect(postgres_server.dsn("template1"))
    assert await connection.fetchval("SELECT current_database()") == "template1"
    await connection.close()


@pytest.mark.bus
async def test_the_broker_keeps_a_record(broker: BusServer, organisation: str) -> None:
    topic = f"engagement.{organisation}"
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap_servers, enable_idempotence=broker.idempotence
    ) as producer:
        await producer.send_and_wait(topic, b"kept", partition=0)
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest"
    ) as consumer:
        record = await consumer.getone()
    assert record.value == b"kept"


def test_a_fresh_broker_can_be_killed_and_comes_back_at_the_same_address(
    fresh_broker: Broker,
) -> None:
    address, first = fresh_broker.bootstrap_servers, cluster_id("127.0.0.1", fresh_broker.port)
    fresh_broker.kill()
    assert cluster_id("127.0.0.1", fresh_broker.port) is None
    fresh_broker.start()
    assert fresh_broker.bootstrap_servers == address
    assert cluster_id("127.0.0.1", fresh_broker.port) not in (None, first)


def test_organisation_codes_are_lawful_and_differ(new_organisation: Callable[[], str]) -> None:
    codes = {new_organisation() for _ in range(2000)}
    assert len(codes) == 2000
    assert all(is_organisation(code) and len(code) <= 9 for code in codes)
