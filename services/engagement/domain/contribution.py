"""Something a partner raised, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, assert_never
from uuid import UUID

from services.engagement.domain.wording import is_said
from shared.contracts.engagement import ContributionAnswered, ContributionRecorded
from shared.contracts.personal import Clear
from shared.kernel.decider import Decider, Refused

# Commands


@dataclass(frozen=True, slots=True)
class RecordContribution:
    """A partner raised something."""

    contribution: UUID
    partner: UUID
    person: UUID
    on: date
    today: date
    raised: Clear
    meeting: UUID | None = None
    committee: UUID | None = None


@dataclass(frozen=True, slots=True)
class AnswerContribution:
    """What was answered, or `changed`, because of it."""

    on: date
    changed: bool
    answer: Clear


Command: TypeAlias = RecordContribution | AnswerContribution
ContributionEvent: TypeAlias = ContributionRecorded | ContributionAnswered

# State


@dataclass(frozen=True, slots=True)
class NotRaised:
    """Nothing was raised under this identifier."""


@dataclass(frozen=True, slots=True)
class Raised:
    """Waiting for an answer."""

    contribution: UUID
    partner: UUID
    person: UUID
    on: date


@dataclass(frozen=True, slots=True)
class Answered:
    """Heard and responded to."""


State: TypeAlias = NotRaised | Raised | Answered

# Rules


class NothingRaised(Refused):
    """Only a contribution on record can be answered; record what the partner raised first."""


class RaisedInFuture(Refused):
    """Only what has been raised can be recorded; give a day that is not in the future."""


class NothingSaid(Refused):
    """A contribution and its answer are words; write down what was said."""


class AnsweredBeforeRaised(Refused):
    """An answer comes on or after the day the contribution was raised; check the date."""


def decide(state: State, command: Command) -> Sequence[ContributionEvent]:
    """What a command does to this contribution."""
    match command:
        case RecordContribution():
            return _record(state, command)
        case AnswerContribution():
            return _answer(state, command)
        case _:
            assert_never(command)


def _record(state: State, command: RecordContribution) -> Sequence[ContributionEvent]:
    if not isinstance(state, NotRaised):
        return []
    if command.on > command.today:
        raise RaisedInFuture
    if not is_said(command.raised):
        raise NothingSaid
    return [
        ContributionRecorded(
            contribution=command.contribution,
            committee=command.committee,
            meeting=command.meeting,
            partner=command.partner,
            person=command.person,
            on=command.on,
            raised=command.raised,
        )
    ]


def _answer(state: State, command: AnswerContribution) -> Sequence[ContributionEvent]:
    if isinstance(state, Answered):
        return []
    if isinstance(state, NotRaised):
        raise NothingRaised
    if command.on < state.on:
        raise AnsweredBeforeRaised
    if not is_said(command.answer):
        raise NothingSaid
    return [
        ContributionAnswered(
            contribution=state.contribution,
            partner=state.partner,
            person=state.person,
            on=command.on,
            changed=command.changed,
            answer=command.answer,
        )
    ]


def evolve(_: State, event: ContributionEvent) -> State:
    """What an event makes of this contribution."""
    match event:
        case ContributionRecorded():
            return Raised(event.contribution, event.partner, event.person, event.on)
        case ContributionAnswered():
            return Answered()


CONTRIBUTION: Decider[State, Command, ContributionEvent] = Decider(NotRaised(), decide, evolve)
