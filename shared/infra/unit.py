"""One unit of work on one connection: a database transaction from the moment something needs it."""

from collections.abc import Collection
from typing import Self

from asyncpg.transaction import Transaction

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
        self._transaction: Transaction | None = None

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
            transaction = self.connection.transaction(isolation="read_committed")
            await transaction.start()
            self._transaction = transaction
            if self._hold:
                await log.hold(self.connection, sorted(self._hold))
        return self.connection

    async def __aenter__(self) -> Self:
        if self._hold:
            await self.begin()
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        if self._transaction is not None:
            await self._transaction.__aexit__(kind, error, trace)
