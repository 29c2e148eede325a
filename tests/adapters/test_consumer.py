"""The consumer kit on a real broker and PostgreSQL: effects exactly once, no loss unseen."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import asyncpg
import pytest

from shared.contracts.envelope import Recorded
from shared.infra.bus.consumers import Consumers, Fold, Handler, Reaction
from shared.infra.database import Connection, Pool, open_pool
from shared.kernel.identifiers import LogName
from tests.adapters.bus import SERVICE, Kit, Writer, kit, relay, running, settings, until
from tests.adapters.conftest import Database, MakeDatabase
from tests.adapters.log_server import LogServer, serving
from tests.servers import BusServer

pytestmark = pytest.mark.bus


async def test_a_fold_applies_every_event_once_in_order(
    make_database: MakeDatabase, broker: BusServer, organisation: str
) -> None:
    source, sink = await make_database(), await make_database()
    connection = await asyncpg.connect(source.service)
    writer = Writer(connection, organisation)
    await writer.open()
    seen: list[int] = []

    async def apply(_: Connection, log: LogName, events: list[Recorded]) -> None:
        seen.extend(event.sequence for event in events)

    async with AsyncExitStack() as stack:
        pool = await open_pool(sink.service, name="test")
        stack.push_async_callback(pool.close)
        reading = await open_pool(source.service, name="test")
        stack.push_async_callback(reading.close)
        server = await stack.enter_async_context(serving(LogServer(reading)))
        k = kit(pool, settings(broker, [organisation], {SERVICE: server.url}))
        consumers = Consumers(k, [], [Fold("payments.test", (SERVICE,), "kit", apply)])
        async with running(relay(source.service, [organisation], broker).run(), consumers.run()):
            await writer.write(300)
            await until(lambda: len(seen) >= 301)
        assert seen == list(range(1, 302))
    await connection.close()
