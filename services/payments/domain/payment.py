"""One payment: what one partner is owed for one session, to the penny, until it is paid.

Owed is what the date leaves for the session, less what the partner declines. Approval covers an
amount; what is approved and in no run goes into the next one, where reversals are netted too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, assert_never
from uuid import UUID

from services.payments.domain import people
from services.payments.domain.owed import (
    NOT_RECKONED,
    Event,
    NotDue,
    NotReckoned,
    Owed,
    Part,
    State,
    evolve,
)
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
    SessionReckoned,
)
from shared.kernel.decider import Decider, Refused
from shared.kernel.money import pounds

# --- commands


@dataclass(frozen=True, slots=True)
class Reckon:
    """The date's count says what the session is worth now."""

    reckoned: SessionReckoned
    payee: UUID


@dataclass(frozen=True, slots=True)
class DeclinePayment:
    """The partner does not want what is still open."""

    by: str


@dataclass(frozen=True, slots=True)
class ReducePayment:
    """The partner takes `takes_pence` and no more."""

    by: str
    takes_pence: int


@dataclass(frozen=True, slots=True)
class ApprovePayment:
    """A second person approves; without a `limit_pence` their role may approve nothing."""

    by: str
    limit_pence: int | None
    policy_version: int
    payee_identities: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class RejectPayment:
    """A second person refuses what is waiting, with a reason."""

    by: str
    reason: str
    payee_identities: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class PutInRun:
    """The payment's open amount goes into a run."""

    run: UUID
    amount_pence: int


@dataclass(frozen=True, slots=True)
class TakeFromRun:
    """The run was withdrawn."""

    run: UUID


@dataclass(frozen=True, slots=True)
class SettlePayment:
    """The bank paid the line this payment is in."""

    run: UUID
    settled_on: date


@dataclass(frozen=True, slots=True)
class ReturnPayment:
    """The bank sent the line back."""

    run: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class ReissuePayment:
    """The returned line may be paid again."""

    run: UUID


Command: TypeAlias = (
    Reckon
    | DeclinePayment
    | ReducePayment
    | ApprovePayment
    | RejectPayment
    | PutInRun
    | TakeFromRun
    | SettlePayment
    | ReturnPayment
    | ReissuePayment
)
# --- rules


class NothingIsDue(Refused):
    """No payment is due for this session: correct the attendance if there should be one."""


class AlreadyInRun(Refused):
    """What is in a run is not declined, reduced or rejected; withdraw the run if it is not sent."""


class NotLess(Refused):
    """Name an amount above zero that is less than the payment, or decline the whole of it."""


class PayeeCannotApprove(Refused):
    """Nobody approves or rejects a payment to themselves; ask a colleague."""


class RecorderCannotApprove(Refused):
    """Whoever recorded an attendance does not approve or reject its payment; ask a colleague."""


class RoleCannotApprove(Refused):
    """The payment policy gives your role no amount it may approve; ask somebody with a limit."""


class AboveApprovalLimit(Refused):
    """The payment is more than your role may approve; ask somebody with a higher limit."""


class AmountHasChanged(Refused):
    """What can be paid has changed since the run was put together; put it together again."""


class NotInThatRun(Refused):
    """The payment is not, or no longer, in that run; look at its history for the run it is in."""


class BankHasAnswered(Refused):
    """The bank has answered for this payment, so it stays in its run; correct the attendance."""


class NotReturned(Refused):
    """Only what the bank returned is paid again; record the bank's answer first."""


def decide(state: State, command: Command) -> Sequence[Event]:
    """What happens to the payment."""
    match command:
        case Reckon():
            return _reckon(state, command)
        case DeclinePayment() | ReducePayment():
            return _take_less(_owed(state), command)
        case ApprovePayment() | RejectPayment():
            return _judge(_owed(state), command)
        case PutInRun():
            return _put_in_run(_owed(state), command)
        case TakeFromRun() | SettlePayment() | ReturnPayment() | ReissuePayment():
            return _follow_run(_owed(state), command)
        case _:
            assert_never(command)


def _owed(state: State) -> Owed:
    if not isinstance(state, Owed):
        raise NothingIsDue
    return state


def _reckon(state: State, command: Reckon) -> Sequence[Event]:
    entitled = command.reckoned.entitled_pence
    if isinstance(state, Owed):
        return [] if entitled is None else _correct(state, command.reckoned, entitled)
    if entitled is None:
        return [_undetermined(command.reckoned)] if isinstance(state, NotReckoned) else []
    if entitled == 0:
        return [] if isinstance(state, NotDue) else [_not_due(command.reckoned)]
    return [_due(command, entitled)]


def _correct(state: Owed, reckoned: SessionReckoned, entitled: int) -> Sequence[Event]:
    if entitled == state.reckoned_pence:
        return []
    takes = state.takes_pence
    declined = 0 if takes is None else max(0, entitled - takes)
    difference = entitled - state.entitled_pence
    declined_difference = declined - state.declined_pence
    if difference == 0 and declined_difference == 0:
        return []
    return [
        PaymentCorrected(
            payment=state.payment,
            person=state.person,
            difference_pence=difference,
            declined_difference_pence=declined_difference,
            amount_pence=entitled,
            unapproved_pence=state.unapproved_pence(entitled - declined),
            explanation=reckoned.explanation,
        )
    ]


def _take_less(state: Owed, command: DeclinePayment | ReducePayment) -> Sequence[Event]:
    if isinstance(command, ReducePayment):
        return _reduce(state, command)
    return _decline(state, command)


def _decline(state: Owed, command: DeclinePayment) -> Sequence[Event]:
    if state.waiting_pence == 0 and state.declined_pence > 0:
        return []
    if state.waiting_pence <= 0:
        raise AlreadyInRun
    return [
        PaymentDeclined(
            payment=state.payment,
            person=state.person,
            declined_pence=state.waiting_pence,
            declined_by=command.by,
        )
    ]


def _reduce(state: Owed, command: ReducePayment) -> Sequence[Event]:
    takes = command.takes_pence
    if takes == state.takes_pence:
        return []
    if not 0 < takes < state.wanted_pence:
        raise NotLess(f"This payment is {pounds(state.wanted_pence)}.")
    if takes < state.in_runs_pence:
        raise AlreadyInRun
    return [
        PaymentReduced(
            payment=state.payment,
            person=state.person,
            declined_pence=state.wanted_pence - takes,
            takes_pence=takes,
            unapproved_pence=state.unapproved_pence(takes),
            declined_by=command.by,
        )
    ]


def _judge(state: Owed, command: ApprovePayment | RejectPayment) -> Sequence[Event]:
    _must_be_second_person(state, command)
    if isinstance(command, ApprovePayment):
        return _approve(state, command)
    return _reject(state, command)


def _approve(state: Owed, command: ApprovePayment) -> Sequence[Event]:
    more = state.unapproved_pence(state.wanted_pence)
    if not more:
        return []
    if command.limit_pence is None:
        raise RoleCannotApprove
    if state.wanted_pence > command.limit_pence:
        raise AboveApprovalLimit(f"Your limit is {pounds(command.limit_pence)}.")
    return [
        PaymentApproved(
            payment=state.payment,
            person=state.person,
            amount_pence=more,
            approved_pence=state.wanted_pence,
            approved_by=command.by,
            policy_version=command.policy_version,
        )
    ]


def _reject(state: Owed, command: RejectPayment) -> Sequence[Event]:
    if state.wanted_pence == 0:
        return []
    if state.waiting_pence <= 0:
        raise AlreadyInRun
    return [
        PaymentRejected(
            payment=state.payment,
            person=state.person,
            amount_pence=state.waiting_pence,
            reason=command.reason,
            rejected_by=command.by,
        )
    ]


def _must_be_second_person(state: Owed, command: ApprovePayment | RejectPayment) -> None:
    if people.is_one_of(command.by, command.payee_identities | {state.person}):
        raise PayeeCannotApprove
    if people.same(command.by, *state.recorded_by):
        raise RecorderCannotApprove


def _put_in_run(state: Owed, command: PutInRun) -> Sequence[Event]:
    if any(part.run == command.run for part in state.parts):
        return []
    if command.amount_pence == 0 or command.amount_pence != state.payable_pence:
        raise AmountHasChanged
    return [
        PaymentPutInRun(
            payment=state.payment,
            person=state.person,
            run=command.run,
            amount_pence=command.amount_pence,
        )
    ]


def _follow_run(
    state: Owed, command: TakeFromRun | SettlePayment | ReturnPayment | ReissuePayment
) -> Sequence[Event]:
    part = next((part for part in state.parts if part.run == command.run), None)
    match command:
        case TakeFromRun():
            if part and part.stage != "in-run":
                raise BankHasAnswered
            return [_taken(state, part)] if part else []
        case ReissuePayment():
            if part and part.stage != "returned":
                raise NotReturned
            return [_reissued(state, part)] if part else []
        case SettlePayment():
            if part is None or part.stage == "returned":
                raise NotInThatRun
            return [] if part.stage == "settled" else [_settled(state, part, command.settled_on)]
        case ReturnPayment():
            if part is None:
                raise NotInThatRun
            return [] if part.stage == "returned" else [_returned(state, part, command.reason)]
        case _:
            assert_never(command)


# --- the events in words


def _due(command: Reckon, entitled: int) -> PaymentDue:
    reckoned = command.reckoned
    return PaymentDue(
        payment=reckoned.payment,
        person=reckoned.person,
        partner=reckoned.partner,
        payee=command.payee,
        earned_at=reckoned.earned_at,
        session=reckoned.session,
        meeting=_meeting(reckoned),
        on=reckoned.on,
        amount_pence=entitled,
        explanation=reckoned.explanation,
    )


def _not_due(reckoned: SessionReckoned) -> PaymentNotDue:
    return PaymentNotDue(
        payment=reckoned.payment,
        person=reckoned.person,
        partner=reckoned.partner,
        earned_at=reckoned.earned_at,
        session=reckoned.session,
        meeting=_meeting(reckoned),
        on=reckoned.on,
        explanation=reckoned.explanation,
    )


def _undetermined(reckoned: SessionReckoned) -> PaymentUndetermined:
    return PaymentUndetermined(
        payment=reckoned.payment,
        person=reckoned.person,
        partner=reckoned.partner,
        earned_at=reckoned.earned_at,
        session=reckoned.session,
        meeting=_meeting(reckoned),
        on=reckoned.on,
        reason=reckoned.explanation.rule,
        explanation=reckoned.explanation,
    )


def _meeting(reckoned: SessionReckoned) -> UUID | None:
    kind, _, identifier = reckoned.session.partition("/")
    return UUID(identifier) if kind == "meeting" else None


def _taken(state: Owed, part: Part) -> PaymentTakenFromRun:
    return PaymentTakenFromRun(
        payment=state.payment, person=state.person, run=part.run, amount_pence=part.amount_pence
    )


def _reissued(state: Owed, part: Part) -> PaymentReissued:
    return PaymentReissued(
        payment=state.payment, person=state.person, run=part.run, amount_pence=part.amount_pence
    )


def _settled(state: Owed, part: Part, settled_on: date) -> PaymentSettled:
    return PaymentSettled(
        payment=state.payment,
        person=state.person,
        run=part.run,
        amount_pence=part.amount_pence,
        settled_on=settled_on,
    )


def _returned(state: Owed, part: Part, reason: str) -> PaymentReturned:
    return PaymentReturned(
        payment=state.payment,
        person=state.person,
        run=part.run,
        amount_pence=part.amount_pence,
        reason=reason,
    )


PAYMENT: Decider[State, Command, Event] = Decider(NOT_RECKONED, decide, evolve)
