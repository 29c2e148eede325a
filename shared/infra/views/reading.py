"""Reading a view: its queries on one unchanging state, and the positions that state stands at."""

from dataclasses import dataclass
from enum import Enum

import asyncpg

from shared.infra.database import Connection
from shared.infra.sql import load
from shared.infra.views.view import View
from shared.kernel.identifiers import LogName, Position

_SQL = load(__file__)


class Reached(Enum):
    """Whether a view shows what was written at a position."""

    YES = "reached"
    NOT_YET = "behind"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Reading:
    """A view as its reader has it: the search path points at its tables, which lie in `schema`."""

    view: View
    schema: str
    connection: Connection

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """The rows of one of the view's named queries."""
        return await self.connection.fetch(self.view.queries[query], *values)

    async def positions(self) -> list[Position]:
        """How far each log is folded into what is read."""
        rows = await self.connection.fetch(_SQL["positions"], self.schema, self.view.consumer)
        return [
            Position(LogName(row["source"], row["organisation"]), row["sequence"]) for row in rows
        ]

    async def reached(self, position: Position) -> Reached:
        """Whether this position is folded in, awaited, or parked."""
        log = position.log
        if log.service not in self.view.sources:
            return Reached.YES
        row = await self.connection.fetchrow(
            _SQL["reached"],
            self.schema,
            self.view.consumer,
            log.service,
            log.organisation,
            position.sequence,
        )
        if row is not None and row["parked"]:
            return Reached.PARKED
        return Reached.YES if row is not None and row["folded"] else Reached.NOT_YET
