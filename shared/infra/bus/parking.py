"""Events set aside after the last try, and those of the same stream behind them, in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.contracts.log import EventDiscarded
from shared.infra.bus.watermarks import Place
from shared.infra.database import Connection
from shared.infra.sql import load
from shared.infra.transaction import Transaction
from shared.kernel.decider import Refused
from shared.kernel.identifiers import LogName, Position

_SQL: Final = load(__file__)


class NotParked(Refused):
    """This consumer has not parked that event: look at the list of what is parked."""


@dataclass(frozen=True, slots=True)
class Parked:
    """An event a consumer has set aside. `reason` has no personal data; `body` is the event's."""

    consumer: str
    schema: str
    log: LogName
    sequence: int
    stream: str
    type: str
    body: str
    reason: str
    attempts: int
    parked_at: datetime

    @property
    def position(self) -> Position:
        """Where the event stands."""
        return Position(self.log, self.sequence)


@dataclass(frozen=True, slots=True)
class SetAside:
    """What there is to say of an event that is parked."""

    sequence: int
    stream: str
    type: str
    body: str
    reason: str
    attempts: int


async def park(connection: Connection, place: Place, event: SetAside) -> None:
    """Set an event aside, in the transaction that raises the watermark over it."""
    await connection.execute(
        _SQL["park"],
        place.consumer,
        place.schema,
        place.log.service,
        place.log.organisation,
        event.sequence,
        event.stream,
        event.type,
        event.body,
        event.reason,
        event.attempts,
    )


async def lock_stream(connection: Connection, place: Place, stream: str) -> None:
    """Keep others from this stream's parked events until the transaction ends."""
    await connection.execute(
        _SQL["lock_stream"], place.consumer, place.schema, str(place.log), stream
    )


async def first(connection: Connection, place: Place, stream: str) -> Parked | None:
    """The first parked event of a stream."""
    row = await connection.fetchrow(
        _SQL["first"],
        place.consumer,
        place.schema,
        place.log.service,
        place.log.organisation,
        stream,
    )
    return None if row is None else _parked(dict(row))


async def free(connection: Connection, parked: Parked) -> None:
    """It is dealt with: take it from the list."""
    await connection.execute(
        _SQL["free"],
        parked.consumer,
        parked.schema,
        parked.log.service,
        parked.log.organisation,
        parked.sequence,
    )


async def failed_again(connection: Connection, parked: Parked, reason: str) -> None:
    """A retry did not help: say so beside it."""
    await connection.execute(
        _SQL["failed_again"],
        parked.consumer,
        parked.schema,
        parked.log.service,
        parked.log.organisation,
        parked.sequence,
        reason,
    )


async def listed(
    connection: Connection, consumer: str | None = None, organisation: str | None = None
) -> list[Parked]:
    """What is parked, of all or of one consumer or organisation, in the order of the logs."""
    rows = await connection.fetch(_SQL["listed"], consumer, organisation)
    return [_parked(dict(row)) for row in rows]


async def shown(connection: Connection, consumer: str, position: Position) -> list[Parked]:
    """One parked event with its body; one row for each version of a view that parked it."""
    log = position.log
    rows = await connection.fetch(
        _SQL["shown"], consumer, log.service, log.organisation, position.sequence
    )
    return [_parked(dict(row)) for row in rows]


async def discard(transaction: Transaction, consumer: str, position: Position, reason: str) -> None:
    """Never apply a parked event, by an EventDiscarded in this service's own log; rebuilds obey it.

    Events parked behind it stay parked until they are retried. Raises NotParked.
    """
    connection, log = await transaction.begin(), position.log
    found = await shown(connection, consumer, position)
    for parked in found:
        await lock_stream(connection, Place(parked.schema, consumer, log), parked.stream)
    found = await shown(connection, consumer, position)
    if not found:
        raise NotParked
    stream = await connection.fetchval(_SQL["log_stream"], log.organisation)
    await transaction.record(
        log.organisation,
        stream,
        EventDiscarded(consumer=consumer, position=str(position), reason=reason),
    )
    for parked in found:
        await free(connection, parked)


def _parked(row: dict[str, object]) -> Parked:
    log = LogName(str(row.pop("source")), str(row.pop("organisation")))
    return Parked(log=log, **row)  # type: ignore[arg-type]  # the columns are the fields
