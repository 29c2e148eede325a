"""The relay across the death of a broker that forgets everything: nothing is lost, byte for byte.

Only the embedded broker can be killed here and comes back empty.
"""

import asyncio

from deploy.embedded.broker import Broker
from shared.infra.bus.relay import Relay
from shared.infra.database import Pool
from tests.adapters.bus.writers import (
    Writer,
    is_published,
    opened,
    published,
    relay,
    running,
    until,
    values,
)
from tests.adapters.conftest import Database
from tests.servers import BusServer

CODES = ["X0", "X1", "X2", "X3"]
DEATHS = 3


async def test_a_broker_killed_and_started_empty_three_times_under_load_loses_nothing(
    database: Database, pool: Pool, fresh_broker: Broker
) -> None:
    server = BusServer(fresh_broker.bootstrap_servers, idempotence=False)
    writers = [await opened(pool, code) for code in CODES]
    part = relay(database.service, CODES, server)
    async with running(part.run()):
        async with running(*(_load(writer, part) for writer in writers)):
            for _ in range(DEATHS):
                await _publishes(writers[0])
                fresh_broker.kill()
                fresh_broker.start()
            await _publishes(writers[0])
        for code in CODES:
            await until(lambda code=code: is_published(pool, code))
        assert all(part.may_write(code) for code in CODES)
    for writer in writers:
        bodies = await writer.bodies()
        found = await values(server, writer.name)
        # what was confirmed before the last death may be there twice; nothing is missing or else
        assert set(found) == set(bodies)
        assert found[-len(bodies) :] == bodies


async def test_a_quiet_log_is_published_again_when_the_broker_forgot_it(
    database: Database, pool: Pool, fresh_broker: Broker
) -> None:
    server = BusServer(fresh_broker.bootstrap_servers, idempotence=False)
    writer = await opened(pool, "X0")
    await writer.write(30)
    async with running(relay(database.service, ["X0"], server).run()):
        await until(lambda: is_published(pool, "X0"))
        fresh_broker.kill()
        fresh_broker.start()

        async def is_there_again() -> bool:
            return await values(server, writer.name) == await writer.bodies()

        await until(is_there_again)


async def _load(writer: Writer, part: Relay) -> None:
    while True:
        await writer.write(20)
        part.wake()
        await asyncio.sleep(0.005)


async def _publishes(writer: Writer) -> None:
    """Wait until what is written from now on is confirmed: the next death is in mid-batch."""
    now = writer.written

    async def is_beyond() -> bool:
        return await published(writer.pool, writer.organisation) > now + 200

    await until(is_beyond)
