"""One unit of work on one connection: a database transaction from the moment something needs it."""

from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import Self

from shared.infra import log
from shared.infra.database import Connection


class Unit:
    """Until `begin`, each statement is a transaction by itself; after it all of them are one.

    A decision that only reads streams and then writes in one statement needs no more: what it read
    is checked by that statement. `hold` names logs whose heads are taken first of all.
    """

    def __init__(self, connection: Connection, hold: Collection[str] = ()) -> None:
        self.connection = connection
        self.wrote = False
        """Whether something was appended."""
        self._hold = hold
        self._begun = False
        self._closing = AsyncExitStack()

    @classmethod
    def within(cls, connection: Connection) -> Self:
        """A unit on a connection whose transaction somebody else has begun and will end."""
        unit = cls(connection)
        unit._begun = True
        return unit

    async def begin(self) -> Connection:
        """Begin the transaction unless it is begun; answers the connection it is on."""
        if not self._begun:
            self._begun = True
            await self._closing.enter_async_context(
                self.connection.transaction(isolation="read_committed")
            )
            if self._hold:
                await log.hold(self.connection, sorted(self._hold))
        return self.connection

    async def __aenter__(self) -> Self:
        await self._closing.__aenter__()
        if self._hold:
            await self.begin()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._closing.__aexit__(*raised)  # type: ignore[arg-type]
