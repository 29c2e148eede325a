"""How far each consumer has come in each log; raised in the same transaction as the effects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.infra.database import Connection
from shared.infra.sql import load
from shared.kernel.identifiers import LogName

_SQL: Final = load(__file__)


@dataclass(frozen=True, slots=True)
class Place:
    """One consumer's place in one log. `schema` holds the watermarks: `kit`, or a view's own."""

    schema: str
    consumer: str
    log: LogName


@dataclass(frozen=True, slots=True)
class Mark:
    """A locked watermark, the streams parked beside it and the numbers to be discarded."""

    sequence: int
    parked: frozenset[str]
    discarded: frozenset[int]


@dataclass(slots=True)
class Counts:
    """What happened since the watermark was last raised; kept with it."""

    duplicates: int = 0
    repaired: int = 0
    unknown: int = 0
    conflicts: int = 0

    def clear(self) -> None:
        """They are kept: begin again."""
        self.duplicates = self.repaired = self.unknown = self.conflicts = 0

    def __bool__(self) -> bool:
        return bool(self.duplicates or self.repaired or self.unknown or self.conflicts)


@dataclass(frozen=True, slots=True)
class Operations:
    """Totals of one service's consumers, for the status page."""

    duplicates_skipped: int
    gaps_repaired: int
    unknown_skipped: int
    conflicts: int
    parked: int
    foreign: int


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a consumer has come in a log; `parked` of what it passed is set aside."""

    consumer: str
    log: LogName
    sequence: int
    parked: int


async def lock(connection: Connection, place: Place) -> Mark:
    """Lock the watermark until the transaction ends: what a consumer's transaction does first."""
    row = await connection.fetchrow(
        _SQL["lock"], place.schema, place.consumer, place.log.service, place.log.organisation
    )
    if row is None:
        raise RuntimeError("A watermark is made when it is not there.")
    return Mark(row["sequence"], frozenset(row["parked"]), frozenset(row["discarded"]))


async def raise_to(connection: Connection, place: Place, sequence: int, counts: Counts) -> None:
    """Raise the watermark and keep the counts; a sequence of 0 keeps the counts alone."""
    await connection.execute(
        _SQL["raise_to"],
        place.schema,
        place.consumer,
        place.log.service,
        place.log.organisation,
        sequence,
        counts.duplicates,
        counts.repaired,
        counts.unknown,
        counts.conflicts,
    )


async def current(connection: Connection, place: Place) -> Mark:
    """The watermark as it stands."""
    async with connection.transaction():
        return await lock(connection, place)


async def operations(connection: Connection, schemas: Sequence[str] = ()) -> Operations:
    """Totals over all consumers of this database; `schemas` are those of views, beside `kit`."""
    rows = [
        await connection.fetchrow(_SQL["totals"], schema)
        for schema in dict.fromkeys(("kit", *schemas))
    ]
    sums = [sum(row[n] for row in rows if row is not None) for n in range(4)]
    beside = await connection.fetchrow(_SQL["set_aside"])
    parked, foreign = beside if beside is not None else (0, 0)
    duplicates, repaired, unknown, conflicts = sums
    return Operations(duplicates, repaired, unknown, conflicts, parked, foreign)


async def reached(connection: Connection, schema: str = "kit") -> list[Reached]:
    """How far every consumer whose watermarks lie in this schema has come."""
    return [
        Reached(
            row["consumer"],
            LogName(row["source"], row["organisation"]),
            row["sequence"],
            row["parked"],
        )
        for row in await connection.fetch(_SQL["reached"], schema)
    ]
