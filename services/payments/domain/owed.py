"""What is known of one payment, and what each event makes of it; the rules are in payment.py."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.payments import (
    PaymentApproved,
    PaymentCorrected,
    PaymentDeclined,
    PaymentDue,
    PaymentNotDue,
    PaymentPutInRun,
    PaymentReduced,
    PaymentReissued,
    PaymentRejected,
    PaymentReturned,
    PaymentSettled,
    PaymentTakenFromRun,
    PaymentUndetermined,
)

Event: TypeAlias = (
    PaymentDue
    | PaymentNotDue
    | PaymentUndetermined
    | PaymentCorrected
    | PaymentDeclined
    | PaymentReduced
    | PaymentApproved
    | PaymentRejected
    | PaymentPutInRun
    | PaymentTakenFromRun
    | PaymentSettled
    | PaymentReturned
    | PaymentReissued
)


@dataclass(frozen=True, slots=True)
class NotReckoned:
    """Nothing is known of the session."""


@dataclass(frozen=True, slots=True)
class Undetermined:
    """The session is known, its worth is not."""


@dataclass(frozen=True, slots=True)
class NotDue:
    """The session carries no payment."""


@dataclass(frozen=True, slots=True)
class Part:
    """What of the payment is in one run."""

    run: UUID
    amount_pence: int
    stage: Literal["in-run", "settled", "returned"]


@dataclass(frozen=True, slots=True)
class Owed:
    """Money is owed, or was.

    `reckoned_pence` is what the date last left for the session, `takes_pence` the most the partner
    will take (None: all of it), `recorded_by` everybody who recorded or corrected the attendance.
    """

    payment: UUID
    person: UUID
    payee: UUID
    on: date
    entitled_pence: int
    reckoned_pence: int
    recorded_by: frozenset[str]
    takes_pence: int | None = None
    declined_pence: int = 0
    approved_pence: int = 0
    parts: tuple[Part, ...] = ()

    @property
    def wanted_pence(self) -> int:
        """What the partner is to have in all."""
        return self.entitled_pence - self.declined_pence

    @property
    def in_runs_pence(self) -> int:
        """What is in runs, or was paid through them."""
        return sum(part.amount_pence for part in self.parts)

    @property
    def waiting_pence(self) -> int:
        """What is in no run; below zero, too much went through one."""
        return self.wanted_pence - self.in_runs_pence

    @property
    def payable_pence(self) -> int:
        """What the next run takes: what is approved of the waiting, or the whole of a reversal."""
        return min(self.wanted_pence, self.approved_pence) - self.in_runs_pence

    def unapproved_pence(self, wanted_pence: int) -> int:
        """What a second person has yet to approve if the partner is to have so much."""
        return max(0, wanted_pence - self.approved_pence)


State: TypeAlias = NotReckoned | Undetermined | NotDue | Owed
NOT_RECKONED: Final = NotReckoned()


def evolve(state: State, event: Event) -> State:
    """The payment after this event."""
    match event:
        case PaymentUndetermined():
            return Undetermined()
        case PaymentNotDue():
            return NotDue()
        case PaymentDue():
            return Owed(
                payment=event.payment,
                person=event.person,
                payee=event.payee,
                on=event.on,
                entitled_pence=event.amount_pence,
                reckoned_pence=event.amount_pence,
                recorded_by=frozenset({event.explanation.recorded_by}),
            )
        case _:
            return _evolve_owed(state, event) if isinstance(state, Owed) else state


_OwedEvent: TypeAlias = (
    PaymentCorrected
    | PaymentDeclined
    | PaymentReduced
    | PaymentApproved
    | PaymentRejected
    | PaymentPutInRun
    | PaymentTakenFromRun
    | PaymentSettled
    | PaymentReturned
    | PaymentReissued
)


def _evolve_owed(state: Owed, event: _OwedEvent) -> Owed:
    match event:
        case PaymentCorrected():
            after = replace(
                state,
                entitled_pence=event.amount_pence,
                reckoned_pence=event.amount_pence,
                declined_pence=state.declined_pence + event.declined_difference_pence,
                recorded_by=state.recorded_by | {event.explanation.recorded_by},
            )
        case PaymentDeclined() | PaymentReduced():
            declined = state.declined_pence + event.declined_pence
            takes = state.entitled_pence - declined
            after = replace(state, declined_pence=declined, takes_pence=takes)
        case PaymentApproved():
            after = replace(state, approved_pence=event.approved_pence)
        case PaymentRejected():
            after = replace(state, entitled_pence=state.entitled_pence - event.amount_pence)
        case PaymentPutInRun():
            part = Part(event.run, event.amount_pence, "in-run")
            after = replace(state, parts=(*state.parts, part))
        case PaymentTakenFromRun() | PaymentReissued():
            after = replace(state, parts=tuple(p for p in state.parts if p.run != event.run))
        case PaymentSettled():
            after = _staged(state, event.run, "settled")
        case PaymentReturned():
            after = _staged(state, event.run, "returned")
        case _:
            assert_never(event)
    # what is added after a reversal is approved anew
    return replace(after, approved_pence=min(after.approved_pence, after.wanted_pence))


def _staged(state: Owed, run: UUID, stage: Literal["settled", "returned"]) -> Owed:
    parts = (replace(part, stage=stage) if part.run == run else part for part in state.parts)
    return replace(state, parts=tuple(parts))
