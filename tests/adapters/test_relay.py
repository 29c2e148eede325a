"""The relay on a real broker: what a log holds is on its topic, in order, byte for byte."""

import pytest

from shared.infra.database import Connection
from tests.adapters.bus import Writer, is_published, relay, running, topic, until
from tests.adapters.conftest import Database
from tests.servers import BusServer

pytestmark = pytest.mark.bus


async def test_a_log_is_published_in_order_byte_for_byte(
    database: Database, connection: Connection, broker: BusServer, organisation: str
) -> None:
    writer = Writer(connection, organisation)
    await writer.open()
    await writer.write(500)
    async with running(relay(database.service, [organisation], broker).run()):
        await until(lambda: is_published(connection, organisation))
    records = await topic(broker, writer.name)
    assert [record.value for record in records] == await writer.bodies()
