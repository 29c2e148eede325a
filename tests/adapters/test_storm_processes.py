"""What a storm does to processes: a full disk, crossings between them."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded.postgres import Postgres
from deploy.storm.ground import entries_for
from deploy.storm.processes import full_disk


async def test_postgresql_on_a_full_disk_confirms_nothing_and_works_again(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres")
    server.start()
    try:
        assert server.pid is not None
        connection = await asyncpg.connect(server.dsn())
        await connection.execute("create table kept (number int)")
        full = asyncio.create_task(full_disk(server.pid, 1.0))
        await asyncio.sleep(0)
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await connection.execute("insert into kept values (1)")
        await full
        await connection.close()
        if not server.alive():
            server.start()
        assert await _kept(server) == []
    finally:
        server.stop()


def test_a_crossing_takes_no_port_that_a_service_is_yet_to_listen_on() -> None:
    chosen = range(46_000, 65_536)
    entries = entries_for(map(str, range(20)), chosen)
    taken = {entry.getsockname()[1] for entry in entries.values()}
    for entry in entries.values():
        entry.close()
    assert len(taken) == 20
    assert not taken & set(chosen)


async def _kept(server: Postgres) -> list[int]:
    async with asyncio.timeout(20):
        while True:
            try:
                connection = await asyncpg.connect(server.dsn())
            except (asyncpg.PostgresError, OSError):
                await asyncio.sleep(0.1)
                continue
            found = [row["number"] for row in await connection.fetch("select number from kept")]
            await connection.close()
            return found
