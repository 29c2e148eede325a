"""Consumers as a process of their own, to be killed. Arguments: dsn, settings as JSON."""

import asyncio
import json
import sys

from shared.infra.database import open_pool
from tests.adapters.bus.handlers import Consuming
from tests.adapters.bus.writers import kit, settings
from tests.servers import BusServer


async def main(dsn: str, told: str) -> None:
    """Consume until killed."""
    found = json.loads(told)
    server = BusServer(
        found["bootstrap_servers"],
        idempotence=False,
        session_timeout_milliseconds=found["session_timeout_milliseconds"],
        heartbeat_interval_milliseconds=found["heartbeat_interval_milliseconds"],
        fetch_wait_milliseconds=found["fetch_wait_milliseconds"],
    )
    configured = settings(
        server, found["organisations"], found["service_urls"], found["deployment"]
    )
    pool = await open_pool(dsn, name="test")
    part = Consuming(kit=kit(pool, configured))
    await part.consumers(part.fold(), part.reaction()).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
