"""Where the bench runs: servers of its own, durable as in `make up`, and a database at a time."""

import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Final

import asyncpg

from deploy.embedded.broker import Broker
from deploy.embedded.postgres import Postgres
from shared.infra.database import Pool, open_pool
from shared.infra.migrations import KIT, Module
from shared.infra.provisioning import Roles, at_database, prepare_database
from shared.infra.sql import load

_SQL = load(__file__)
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is done: what the targets are about, or a little to see that all works."""

    rounds: int
    seconds: float
    """How long a contender of one event per commit works in each round."""
    events: int
    """How many events a contender works through in bulk."""
    sizes: tuple[int, ...]
    """How large logs grow, the smallest first."""


FULL: Final = Scale(rounds=5, seconds=3.0, events=50_000, sizes=(10_000, 100_000, 1_000_000))
QUICK: Final = Scale(rounds=1, seconds=0.3, events=2_000, sizes=(500, 1_000, 2_000))


@dataclass(frozen=True, slots=True)
class Database:
    """A fresh database with the tables of the kit: its name and its addresses."""

    name: str
    superuser: str
    service: str


class Place:
    """The servers, started when first asked for, and the scale of one run."""

    def __init__(self, folder: Path, scale: Scale, closing: ExitStack) -> None:
        self.folder = folder
        self.kept = folder.parent
        self.scale = scale
        self._closing = closing

    @cached_property
    def postgres(self) -> Postgres:
        """A server as `make up` has it, durable."""
        server = Postgres(self.folder / "postgres", settings={"max_connections": "200"})
        self._closing.callback(server.stop)
        server.start()
        return server

    @cached_property
    def broker(self) -> Broker:
        """An embedded broker."""
        broker = Broker(self.folder / "broker.log")
        self._closing.callback(broker.stop)
        broker.start()
        return broker

    @asynccontextmanager
    async def database(self, *modules: Module) -> AsyncIterator[Database]:
        """A migrated database, dropped after."""
        name = f"bench_{next(_numbers)}"
        await prepare_database(self.postgres.dsn(), name, (KIT, *modules))
        yield Database(
            name,
            at_database(self.postgres.dsn(), name),
            at_database(self.postgres.dsn(), name, Roles.of(name).service),
        )
        await self._drop(name)

    @asynccontextmanager
    async def pool(self, dsn: str, size: int) -> AsyncIterator[Pool]:
        """Connections as a service has them, all open from the start."""
        pool = await open_pool(dsn, name="bench", smallest=size, largest=size)
        try:
            yield pool
        finally:
            pool.terminate()

    async def _drop(self, name: str) -> None:
        connection = await asyncpg.connect(self.postgres.dsn())
        try:
            await connection.execute(await connection.fetchval(_SQL["drop"], name))
        finally:
            await connection.close()


@contextmanager
def place(parent: Path, scale: Scale) -> Iterator[Place]:
    """A place in a folder below `parent` that goes when all is done."""
    parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="run-", dir=parent) as folder,
        ExitStack() as closing,
    ):
        yield Place(Path(folder).absolute(), scale, closing)


def shares(total: int, parts: int) -> Sequence[int]:
    """`total` in `parts` shares that differ by one at most."""
    return [total // parts + (number < total % parts) for number in range(parts)]
