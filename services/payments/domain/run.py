"""A payment run: a frozen selection, approved by a second person, one file, one answer per line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias, assert_never
from uuid import UUID

from services.payments.domain import people
from services.payments.domain.run_states import (
    NO_RUN,
    Event,
    Frozen,
    Live,
    NoRun,
    Produced,
    Sent,
    State,
    Withdrawn,
    evolve,
)
from services.payments.domain.selection import Selection
from shared.contracts.payments import (
    Originator,
    PaymentFileProduced,
    PaymentRunApproved,
    PaymentRunFrozen,
    PaymentRunSent,
    PaymentRunWithdrawn,
    RunLine,
    RunLineReissued,
    RunLineReturned,
    RunLineSettled,
)
from shared.kernel.decider import Decider, Refused
from shared.kernel.money import pounds

# --- commands


@dataclass(frozen=True, slots=True)
class FreezeRun:
    """Fix what is paid, to whom, from which account; `payee_identities` are everybody's in it."""

    run: UUID
    selection: Selection
    pay_on: date
    today: date
    originator: Originator
    policy_version: int
    by: str
    payee_identities: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class ApproveRun:
    """A second person has looked at the total; `payee_identities` are everybody's in the run."""

    total_pence: int
    by: str
    payee_identities: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class WithdrawRun:
    """Give the run up before it is sent."""

    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class ProduceFile:
    """Write the file for the bank; these are its control totals."""

    format: str
    file_name: str
    line_count: int
    total_pence: int
    octets: int
    sha256: str
    by: str


@dataclass(frozen=True, slots=True)
class SendRun:
    """The file was handed to the bank."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SettleLines:
    """The bank paid these payees' lines; without payees, every line still in flight."""

    settled_on: date
    payees: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """The bank sent a line back."""

    payee: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class ReissueLine:
    """What was returned is to be paid again, by the next run."""

    payee: UUID
    by: str


Command: TypeAlias = (
    FreezeRun
    | ApproveRun
    | WithdrawRun
    | ProduceFile
    | SendRun
    | SettleLines
    | ReturnLine
    | ReissueLine
)
# --- rules


class NothingToPay(Refused):
    """A run needs an approved payment to a payee with verified bank details; see to those first."""


class PayDateIsPast(Refused):
    """A run is paid today or later; choose another date."""


class NoSuchRun(Refused):
    """There is no such payment run; look for it in the list of runs."""


class RunWithdrawn(Refused):
    """The run was withdrawn; freeze a new one."""


class RunAlreadySent(Refused):
    """The bank has this run, so it is not withdrawn; record what the bank answers for each line."""


class PayeeCannotPrepareRun(Refused):
    """Nobody prepares a run that pays themselves; ask a colleague."""


class PreparerCannotApproveRun(Refused):
    """Whoever prepared a run does not approve it; ask a colleague."""


class PayeeCannotApproveRun(Refused):
    """Nobody approves a run that pays themselves; ask a colleague."""


class TotalDiffers(Refused):
    """The total you approve is not the run's; look at the run again and approve what it says."""


class RunNotApproved(Refused):
    """The file is produced only after a second person has approved the run; ask for that first."""


class FileDiffers(Refused):
    """This run's file was made before with other contents; use that one: nothing is paid twice."""


class FileDoesNotBalance(Refused):
    """The file is not what the run says: do not send it, and tell whoever runs this system."""


class FileNotProduced(Refused):
    """Produce the run's file first; then it can be sent."""


class RunNotSent(Refused):
    """The bank answers only to a run that was sent; record that it was sent first."""


class NoSuchLine(Refused):
    """That payee has no line in this run; look at the run for those who have."""


class LineReturned(Refused):
    """The bank returned that line, so it cannot be settled; reissue it into another run."""


class LineNotReturned(Refused):
    """Only a line that the bank returned is reissued; record the return first."""


def decide(state: State, command: Command) -> Sequence[Event]:
    """What happens to the run."""
    if isinstance(command, FreezeRun):
        return _freeze(state, command)
    if isinstance(state, NoRun):
        raise NoSuchRun
    if isinstance(command, WithdrawRun):
        return _withdraw(state, command)
    if isinstance(state, Withdrawn):
        raise RunWithdrawn
    match command:
        case ApproveRun():
            return _approve(state, command)
        case ProduceFile():
            return _produce(state, command)
        case SendRun():
            return _send(state, command)
        case SettleLines() | ReturnLine() | ReissueLine():
            return _follow_bank(state, command)
        case _:
            assert_never(command)


def _freeze(state: State, command: FreezeRun) -> Sequence[Event]:
    if not isinstance(state, NoRun):
        return []
    lines = command.selection.lines
    if not lines:
        raise NothingToPay
    if command.pay_on < command.today:
        raise PayDateIsPast
    if people.is_one_of(command.by, command.payee_identities | {line.person for line in lines}):
        raise PayeeCannotPrepareRun
    return [
        PaymentRunFrozen(
            run=command.run,
            pay_on=command.pay_on,
            originator=command.originator,
            policy_version=command.policy_version,
            lines=lines,
            left_out=command.selection.left_out,
            line_count=len(lines),
            total_pence=sum(line.amount_pence for line in lines),
            prepared_by=command.by,
        )
    ]


def _withdraw(state: Live | Withdrawn, command: WithdrawRun) -> Sequence[Event]:
    if isinstance(state, Withdrawn):
        return []
    if isinstance(state, Sent):
        raise RunAlreadySent
    contents = state.contents
    return [
        PaymentRunWithdrawn(
            run=contents.run,
            total_pence=contents.total_pence,
            reason=command.reason,
            withdrawn_by=command.by,
        )
    ]


def _approve(state: Live, command: ApproveRun) -> Sequence[Event]:
    contents = state.contents
    if people.same(command.by, contents.prepared_by):
        raise PreparerCannotApproveRun
    persons = {line.person for line in contents.lines.values()}
    if people.is_one_of(command.by, command.payee_identities | persons):
        raise PayeeCannotApproveRun
    if command.total_pence != contents.total_pence:
        raise TotalDiffers(f"The run's total is {pounds(contents.total_pence)}.")
    if not isinstance(state, Frozen):
        return []
    return [
        PaymentRunApproved(
            run=contents.run,
            line_count=len(contents.lines),
            total_pence=contents.total_pence,
            approved_by=command.by,
        )
    ]


def _produce(state: Live, command: ProduceFile) -> Sequence[Event]:
    contents = state.contents
    if isinstance(state, Frozen):
        raise RunNotApproved
    if isinstance(state, Produced | Sent):
        if state.sha256 != command.sha256:
            raise FileDiffers
        return []
    if (command.line_count, command.total_pence) != (len(contents.lines), contents.total_pence):
        raise FileDoesNotBalance
    return [
        PaymentFileProduced(
            run=contents.run,
            format=command.format,
            file_name=command.file_name,
            line_count=command.line_count,
            total_pence=command.total_pence,
            octets=command.octets,
            sha256=command.sha256,
            produced_by=command.by,
        )
    ]


def _send(state: Live, command: SendRun) -> Sequence[Event]:
    if isinstance(state, Sent):
        return []
    if not isinstance(state, Produced):
        raise FileNotProduced
    return [PaymentRunSent(run=state.contents.run, sent_by=command.by, sent_at=command.at)]


def _follow_bank(state: Live, command: SettleLines | ReturnLine | ReissueLine) -> Sequence[Event]:
    if not isinstance(state, Sent):
        raise RunNotSent
    match command:
        case SettleLines():
            return _settle(state, command)
        case ReturnLine():
            return _return(state, command)
        case ReissueLine():
            return _reissue(state, command)
        case _:
            assert_never(command)


def _line(state: Sent, payee: UUID) -> RunLine:
    if payee not in state.contents.lines:
        raise NoSuchLine
    return state.contents.lines[payee]


def _settle(state: Sent, command: SettleLines) -> Sequence[Event]:
    named = [_line(state, payee) for payee in dict.fromkeys(command.payees)]
    if any(state.stage(line.payee) in ("returned", "reissued") for line in named):
        raise LineReturned
    return [
        RunLineSettled(
            run=state.contents.run,
            payee=line.payee,
            person=line.person,
            amount_pence=line.amount_pence,
            settled_on=command.settled_on,
        )
        for line in named or state.contents.lines.values()
        if state.stage(line.payee) == "in-flight"
    ]


def _return(state: Sent, command: ReturnLine) -> Sequence[Event]:
    line = _line(state, command.payee)
    stage = state.stage(line.payee)
    if stage in ("returned", "reissued"):
        return []
    return [
        RunLineReturned(
            run=state.contents.run,
            payee=line.payee,
            person=line.person,
            amount_pence=line.amount_pence,
            was_settled=stage == "settled",
            reason=command.reason,
        )
    ]


def _reissue(state: Sent, command: ReissueLine) -> Sequence[Event]:
    line = _line(state, command.payee)
    stage = state.stage(line.payee)
    if stage == "reissued":
        return []
    if stage != "returned":
        raise LineNotReturned
    return [
        RunLineReissued(
            run=state.contents.run,
            payee=line.payee,
            person=line.person,
            amount_pence=line.amount_pence,
            reissued_by=command.by,
        )
    ]


RUN: Decider[State, Command, Event] = Decider(NO_RUN, decide, evolve)
