"""Consumers that die, and a broker that dies under them: effects once, nothing lost."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from deploy.embedded.broker import Broker
from shared.infra.database import Pool
from tests.adapters.bus.consuming import World, world
from tests.adapters.bus.writers import is_published, relay, running, until
from tests.adapters.conftest import MakeDatabase
from tests.servers import BusServer

DEATHS = 2


@pytest.mark.bus
async def test_a_consumer_killed_in_mid_batch_is_followed_by_one_that_repeats_nothing(
    one: World,
) -> None:
    await one.writer.write(1_200)
    async with running(relay(one.source.service, one.kit.organisations, one.broker).run()):
        await until(lambda: is_published(one.writer.pool, one.log.organisation))
    for death in range(1, DEATHS + 1):
        async with consumer_process(one) as process:

            async def is_under_way(goal: int = 200 * death) -> bool:
                return await echoes(one.pool, one.log.organisation) > goal

            await until(is_under_way, 60)
            process.kill()
            await process.wait()
    assert await echoes(one.pool, one.log.organisation) < 1_200
    async with running(one.consumers(one.fold(), one.reaction()).run()):
        await until(lambda: all_echoed(one, 1_200), 60)
        await one.has_seen(range(1, 1_202))
    assert await one.echoed() == list(range(2, 1_202))


async def test_consumers_go_on_after_a_broker_that_forgot_everything(
    make_database: MakeDatabase, fresh_broker: Broker
) -> None:
    server = BusServer(fresh_broker.bootstrap_servers, idempotence=False)
    async with world(make_database, server, ["X0", "X1"]) as two:
        part = relay(two.source.service, two.kit.organisations, server)
        consumers = two.consumers(two.fold(), two.reaction())
        async with running(part.run(), consumers.run()):
            for _ in range(DEATHS + 1):
                for writer in two.writers.values():
                    await writer.write(60)
                part.wake()
                for code, writer in two.writers.items():
                    await two.has_seen(range(1, writer.written + 2), code)
                    await two.has_echoed(range(2, writer.written + 2), code)
                fresh_broker.kill()
                fresh_broker.start()
        found = await two.operations()
        assert (found.parked, found.foreign, found.conflicts) == (0, 0, 0)


async def all_echoed(one: World, count: int) -> bool:
    """Whether our own log has an echo of so many."""
    return await echoes(one.pool, one.log.organisation) >= count


async def echoes(pool: Pool, organisation: str) -> int:
    """How many events our own log has beside its opening."""
    head = await pool.fetchval(
        "SELECT sequence FROM log.heads WHERE organisation = $1", organisation
    )
    return int(head) - 1


@asynccontextmanager
async def consumer_process(one: World) -> AsyncIterator[asyncio.subprocess.Process]:
    """The same consumers as a process of their own, in the same group."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.adapters.bus.consumer_process",
        one.sink.service,
        one.kit.settings.model_dump_json(
            include={
                "deployment",
                "organisations",
                "bootstrap_servers",
                "session_timeout_milliseconds",
                "heartbeat_interval_milliseconds",
                "fetch_wait_milliseconds",
                "service_urls",
            }
        ),
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
