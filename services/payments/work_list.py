"""What finance works through, and the books: tables folded from the payments log."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from itertools import groupby
from typing import Final, TypeVar, cast
from uuid import UUID

from services.payments.domain.books import Books, reconcile
from services.payments.domain.owed import Owed
from services.payments.domain.payee import PAYEE, Payee
from services.payments.domain.payment import PAYMENT
from shared.contracts.envelope import Recorded, UnknownType, read
from shared.contracts.event import Event
from shared.infra.bus.handling import Fold
from shared.infra.database import Connection
from shared.infra.sql import load
from shared.kernel.decider import Decider
from shared.kernel.identifiers import LogName

_SQL = load(__file__)

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")


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


@dataclass(frozen=True, slots=True)
class ListedPayee:
    """A payee, the number of their last bank details, and how these stand."""

    payee: UUID
    person: UUID
    number: int
    details: str


async def _apply(connection: Connection, log: LogName, events: Sequence[Recorded]) -> None:
    touched = sorted({event.stream for event in events})
    payments = [stream for stream in touched if stream.startswith("payment/")]
    if payments:
        await _refresh(connection, log.organisation, payments)
    payees = [stream for stream in touched if stream.startswith("payee/")]
    if payees:
        await _refresh_payees(connection, log.organisation, payees)
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


async def _refresh_payees(
    connection: Connection, organisation: str, streams: Sequence[str]
) -> None:
    states = await _states(connection, organisation, streams, PAYEE)
    rows = [
        ListedPayee(state.payee, state.person, state.number, state.details)
        for state in states
        if isinstance(state, Payee)
    ]
    if rows:
        columns = zip(*map(astuple, rows), strict=True)
        await connection.execute(_SQL["keep_payees"], organisation, *map(list, columns))


def _row(payment: Owed) -> OpenPayment:
    return OpenPayment(
        payment=payment.payment,
        payee=payment.payee,
        person=payment.person,
        worked_on=payment.on,
        wanted_pence=payment.wanted_pence,
        unapproved_pence=payment.unapproved_pence(payment.wanted_pence),
        payable_pence=payment.payable_pence,
    )


async def owed(connection: Connection, organisation: str, streams: Sequence[str]) -> list[Owed]:
    """The payments of these streams on which money is or was owed, as they are now."""
    states = await _states(connection, organisation, streams, PAYMENT)
    return [state for state in states if isinstance(state, Owed)]


async def _states(
    connection: Connection, organisation: str, streams: Sequence[str], decider: Decider[S, C, E]
) -> list[S]:
    """The states of these streams, which hold this decider's events, as they are now."""
    rows = await connection.fetch(_SQL["bodies"], organisation, list(streams))
    recorded = [read(row["body"]) for row in rows]
    return [
        decider.fold(cast(E, event.event()) for event in events)
        for _, events in groupby(recorded, key=lambda event: event.stream)
    ]


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


async def payees(
    connection: Connection, organisation: str, after: UUID, limit: int
) -> list[ListedPayee]:
    """A page of the payees."""
    rows = await connection.fetch(_SQL["payees"], organisation, after, limit)
    return [ListedPayee(**dict(row)) for row in rows]


async def books_of(connection: Connection, organisation: str) -> tuple[int, Books]:
    """The organisation's books, and the number of the last event in them."""
    row = await connection.fetchrow(_SQL["books"], organisation)
    if row is None:
        return 0, Books()
    sequence, *amounts = row.values()
    return sequence, Books(*amounts)
