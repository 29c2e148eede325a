"""Connections for one unit of work after another: one just used well is kept for the next."""

import asyncio
from types import TracebackType
from typing import Final, TypeAlias

import asyncpg

from shared.infra.database import Pool

KEPT_SECONDS: Final = 0.02
"""One that nobody took for so long is given back to the pool, after twice as long at most."""
LEFT_TO_OTHERS: Final = 2
"""So many of the pool's connections are never taken: whoever else needs one does not wait long."""

Taken: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


class Turns:
    """Takes connections from a pool, all but a few at most, and keeps those whose unit ended well.

    To give one back to the pool and take it again costs as much as what most commands do with it
    (decision 8). One whose unit failed, or that is closed, goes back to the pool at once.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._places = asyncio.Semaphore(max(1, pool.get_max_size() - LEFT_TO_OTHERS))
        self._kept: list[Taken] = []
        self._untouched = 0
        """So many of them, the oldest, nobody took since the last look."""
        self._look: asyncio.TimerHandle | None = None
        self._giving_back: set[asyncio.Task[None]] = set()

    def take(self) -> "_Turn":
        """A connection for one unit: `async with turns.take() as connection`."""
        return _Turn(self)

    async def begin(self) -> Taken:
        """A connection for a turn that `end` must follow; waits while all are taken."""
        await self._places.acquire()
        try:
            while self._kept:
                connection = self._kept.pop()
                self._untouched = min(self._untouched, len(self._kept))
                if _is_open(connection):
                    return connection
                await self._pool.release(connection)
            return await self._pool.acquire()
        except BaseException:
            self._places.release()
            raise

    async def end(self, connection: Taken, *, well: bool) -> None:
        """Keep the connection for the next turn, or give it back to the pool."""
        try:
            if not (well and _is_open(connection)):
                await self._pool.release(connection)
                return
            self._kept.append(connection)
            if self._look is None:
                self._look_later()
        finally:
            self._places.release()

    def _look_later(self) -> None:
        self._look = asyncio.get_running_loop().call_later(KEPT_SECONDS, self._give_back)

    def _give_back(self) -> None:
        self._look = None
        idle, self._kept = self._kept[: self._untouched], self._kept[self._untouched :]
        for connection in idle:
            task = asyncio.ensure_future(self._pool.release(connection))
            self._giving_back.add(task)
            task.add_done_callback(self._given_back)
        self._untouched = len(self._kept)
        if self._kept:
            self._look_later()

    def _given_back(self, task: "asyncio.Task[None]") -> None:
        self._giving_back.discard(task)
        if not task.cancelled():
            # one that could not be given back is closed by the pool, which opens another
            task.exception()


class _Turn:
    __slots__ = ("_connection", "_turns")

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    async def __aenter__(self) -> Taken:
        self._connection = await self._turns.begin()
        return self._connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._turns.end(self._connection, well=kind is None)


def _is_open(connection: Taken) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # the server ended it and the pool has taken it back
        return False
