"""Applying the register: a topic of one partition for every log, made once."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy.apply import apply_topics
from shared.infra.settings import BrokerSettings
from shared.kernel.identifiers import SERVICES
from tests.servers import BusServer

pytestmark = pytest.mark.bus


async def test_every_log_of_an_organisation_has_its_topic_and_applying_again_changes_nothing(
    broker: BusServer, organisation: str
) -> None:
    settings = BrokerSettings(bootstrap_servers=broker.bootstrap_servers)
    names = await apply_topics([organisation], settings)
    assert names == [f"{service}.{organisation}" for service in SERVICES]
    assert await apply_topics([organisation], settings) == names
    client = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await client.start()
    try:
        found = {
            topic["topic"]: topic["partitions"] for topic in await client.describe_topics(names)
        }
    finally:
        await client.close()
    assert {name: len(partitions) for name, partitions in found.items()} == dict.fromkeys(names, 1)
