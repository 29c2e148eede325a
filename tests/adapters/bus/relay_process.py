"""A relay as a process of its own, to be killed. Arguments: dsn, organisation, broker, kind."""

import asyncio
import sys

from tests.adapters.bus.writers import relay
from tests.servers import BusServer


async def main(dsn: str, organisation: str, bootstrap_servers: str, kind: str) -> None:
    """Publish until killed."""
    server = BusServer(bootstrap_servers, idempotence=kind == "idempotent")
    await relay(dsn, [organisation], server).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
