"""What finance works through, and the books: tables folded from the payments log."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from itertools import groupby
from typing import Final
from uuid import UUID

from services.payments.domain.books import Books, reconcile
from services.payments.domain.owed import Owed
from services.payments.domain.payment import PAYMENT
from shared.contracts.envelope import Recorded, UnknownType, read
from shared.contracts.event import Event
from shared.infra.bus.handling import Fold
from shared.infra.database import Connection
from shared.infra.sql import load
from shared.kernel.identifiers import LogName

_SQL = load(__file__)


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """A payment with something to approve or to pay."""

    payment: UUID
    payee: UUID
    person: UUID
    worked_on: date
    wanted_pence: int
    unapproved_pence: int
    payable_pence: int


async def _apply(connection: Connection, log: LogName, events: Sequence[Recorded]) -> None:
    touched = {event.stream for event in events if event.stream.startswith("payment/")}
    if touched:
        await _refresh(connection, log.organisation, sorted(touched))
    books = reconcile(_known(events))
    await connection.execute(_SQL["post"], log.organisation, events[-1].sequence, *astuple(books))


WORK_LIST: Final = Fold("payments.work-list", ("payments",), "kit", _apply)


def _known(events: Iterable[Recorded]) -> Iterable[Event]:
    for recorded in events:
        try:
            yield recorded.event()
        except UnknownType:
            continue


async def _refresh(connection: Connection, organisation: str, streams: Sequence[str]) -> None:
    """Make the rows of these payments again from their streams as they are now."""
    payments = await owed(connection, organisation, streams)
    rows = [row for row in map(_row, payments) if row.unapproved_pence or row.payable_pence]
    gone = {UUID(stream.partition("/")[2]) for stream in streams} - {row.payment for row in rows}
    if gone:
        await connection.execute(_SQL["forget"], organisation, list(gone))
    if rows:
        columns = zip(*map(astuple, rows), strict=True)
        await connection.execute(_SQL["keep"], organisation, *map(list, columns))


def _row(payment: Owed) -> OpenPayment:
    return OpenPayment(
        payment=payment.payment,
        payee=payment.payee,
        person=payment.person,
        worked_on=payment.on,
        wanted_pence=payment.wanted_pence,
        unapproved_pence=payment.wanted_pence - payment.approved_pence,
        payable_pence=payment.payable_pence,
    )


async def owed(connection: Connection, organisation: str, streams: Sequence[str]) -> list[Owed]:
    """The payments of these streams on which money is or was owed, as they are now."""
    rows = await connection.fetch(_SQL["bodies"], organisation, list(streams))
    recorded = [read(row["body"]) for row in rows]
    states = (
        PAYMENT.fold(event.event() for event in events)  # type: ignore[misc]  # all of a payment
        for _, events in groupby(recorded, key=lambda event: event.stream)
    )
    return [state for state in states if isinstance(state, Owed)]


async def payable(connection: Connection, organisation: str) -> list[Owed]:
    """The payments with something to pay, or to take back, exactly as of this transaction."""
    rows = await connection.fetch(_SQL["payable"], organisation)
    found = await owed(connection, organisation, sorted(row["stream"] for row in rows))
    return [payment for payment in found if payment.payable_pence]


async def open_payments(
    connection: Connection, organisation: str, after: tuple[date, UUID], limit: int
) -> list[OpenPayment]:
    """A page of the work list, oldest work first."""
    rows = await connection.fetch(_SQL["open_payments"], organisation, *after, limit)
    return [OpenPayment(**dict(row)) for row in rows]


async def books_of(connection: Connection, organisation: str) -> tuple[int, Books]:
    """The organisation's books, and the number of the last event in them."""
    row = await connection.fetchrow(_SQL["books"], organisation)
    if row is None:
        return 0, Books()
    sequence, *amounts = row.values()
    return sequence, Books(*amounts)
