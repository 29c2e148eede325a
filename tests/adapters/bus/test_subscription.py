"""A member of a consumer group that stops: the embedded broker must not hear that it leaves."""

import pytest
from aiokafka.errors import KafkaConnectionError

from deploy.embedded.broker import Broker
from shared.infra.bus.subscription import Subscription
from shared.infra.bus.topics import make_topics
from shared.kernel.identifiers import LogName
from tests.adapters.bus.writers import access, until
from tests.servers import BusServer


async def members(broker: BusServer, group: str) -> int:
    """How many members the broker counts in a group."""
    administrator = access(broker).administrator()
    await administrator.start()
    try:
        [reply] = await administrator.describe_consumer_groups([group])
        [found] = reply.groups
        return len(found[5])
    finally:
        await administrator.close()


async def test_who_stops_does_not_say_so_to_a_broker_that_would_wait_for_its_leader_for_ever(
    fresh_broker: Broker, organisation: str
) -> None:
    broker = BusServer(fresh_broker.bootstrap_servers, idempotence=False)
    log, group = LogName("engagement", organisation), f"engagement@{organisation}"
    await make_topics(access(broker), [str(log)])
    for _ in range(2):
        # of the first generation, whose number is 0, aiokafka never says that it leaves
        subscription = Subscription(access(broker), group, [log], lambda _: [])
        await subscription.start()

        async def has_joined(one: Subscription = subscription) -> bool:
            return one.joined

        await until(has_joined)
        await subscription.finish()
    assert await members(broker, group) == 1


async def test_who_found_no_broker_stops_as_well(fresh_broker: Broker, organisation: str) -> None:
    server = BusServer(fresh_broker.bootstrap_servers, idempotence=False)
    log = LogName("engagement", organisation)
    subscription = Subscription(access(server), "engagement@test", [log], lambda _: [])
    fresh_broker.kill()
    with pytest.raises(KafkaConnectionError):
        await subscription.start()
    await subscription.finish()
