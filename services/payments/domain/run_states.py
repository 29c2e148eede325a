"""What is known of a payment run, and what each event makes of it; the rules are in run.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, assert_never
from uuid import UUID

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

Event: TypeAlias = (
    PaymentRunFrozen
    | PaymentRunApproved
    | PaymentRunWithdrawn
    | PaymentFileProduced
    | PaymentRunSent
    | RunLineSettled
    | RunLineReturned
    | RunLineReissued
)

LineStage: TypeAlias = Literal["in-flight", "settled", "returned", "reissued"]


@dataclass(frozen=True, slots=True)
class NoRun:
    """Nothing is frozen."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a run pays; fixed when it was frozen."""

    run: UUID
    lines: Mapping[UUID, RunLine]
    pay_on: date
    originator: Originator
    prepared_by: str
    total_pence: int


@dataclass(frozen=True, slots=True)
class Frozen:
    """Waiting for a second person."""

    contents: Contents


@dataclass(frozen=True, slots=True)
class Approved:
    """Approved; its file may be produced."""

    contents: Contents
    approved_by: str


@dataclass(frozen=True, slots=True)
class Produced:
    """Its file exists."""

    contents: Contents
    sha256: str


@dataclass(frozen=True, slots=True)
class Sent:
    """With the bank; each line is in flight until the bank answers."""

    contents: Contents
    sha256: str
    stages: Mapping[UUID, LineStage] = field(default_factory=lambda: MappingProxyType({}))

    def stage(self, payee: UUID) -> LineStage:
        """Where the payee's line is."""
        return self.stages.get(payee, "in-flight")


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Given up."""

    contents: Contents


Live: TypeAlias = Frozen | Approved | Produced | Sent
State: TypeAlias = NoRun | Frozen | Approved | Produced | Sent | Withdrawn
NO_RUN: Final = NoRun()


def evolve(state: State, event: Event) -> State:
    """The run after this event."""
    if isinstance(event, PaymentRunFrozen):
        return Frozen(_contents(event))
    return state if isinstance(state, NoRun | Withdrawn) else _evolve_live(state, event)


_LiveEvent: TypeAlias = (
    PaymentRunApproved
    | PaymentRunWithdrawn
    | PaymentFileProduced
    | PaymentRunSent
    | RunLineSettled
    | RunLineReturned
    | RunLineReissued
)


def _evolve_live(state: Live, event: _LiveEvent) -> State:
    match event:
        case PaymentRunApproved():
            return Approved(state.contents, event.approved_by)
        case PaymentRunWithdrawn():
            return Withdrawn(state.contents)
        case PaymentFileProduced():
            return Produced(state.contents, event.sha256)
        case PaymentRunSent():
            return Sent(state.contents, state.sha256 if isinstance(state, Produced) else "")
        case RunLineSettled() | RunLineReturned() | RunLineReissued():
            return _staged(state, event)
        case _:
            assert_never(event)


def _contents(event: PaymentRunFrozen) -> Contents:
    return Contents(
        run=event.run,
        lines=MappingProxyType({line.payee: line for line in event.lines}),
        pay_on=event.pay_on,
        originator=event.originator,
        prepared_by=event.prepared_by,
        total_pence=event.total_pence,
    )


def _staged(state: Live, event: RunLineSettled | RunLineReturned | RunLineReissued) -> State:
    if not isinstance(state, Sent):
        return state
    match event:
        case RunLineSettled():
            stage: LineStage = "settled"
        case RunLineReturned():
            stage = "returned"
        case RunLineReissued():
            stage = "reissued"
        case _:
            assert_never(event)
    return replace(state, stages=MappingProxyType({**state.stages, event.payee: stage}))
