"""The terms one partner serves, one at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias, assert_never
from uuid import UUID

from services.engagement.domain.policies import InForce, TermTerms, days_before
from services.engagement.domain.wording import is_said
from shared.contracts.engagement import (
    AppointmentSetAside,
    TermEnded,
    TermEnding,
    TermExtended,
    TermStarted,
)
from shared.contracts.personal import Clear
from shared.kernel.decider import Decider, Refused
from shared.kernel.moments import last_day

COMPLETED = "completed"
"""The cause of a term's end when it ran its length."""

# Commands


@dataclass(frozen=True, slots=True)
class StartTerm:
    """A term begins; without `ends_on` it is as long as the policy says."""

    term: UUID
    partner: UUID
    person: UUID
    appointment: UUID
    starts_on: date
    today: date
    policy: InForce[TermTerms] | None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class TakeUpAppointment:
    """An appointment arrived: its term starts, or is set aside with the reason, never lost."""

    start: StartTerm


@dataclass(frozen=True, slots=True)
class ExtendTerm:
    """The running term goes on to a later day."""

    ends_on: date
    reason: Clear
    today: date
    policy: InForce[TermTerms] | None


@dataclass(frozen=True, slots=True)
class EndTerms:
    """What runs or is to come ends early; `on` is the last day served."""

    on: date
    cause: str
    reason: Clear | None = None


@dataclass(frozen=True, slots=True)
class ReviewTerm:
    """A day has come on which a term may be about to end or be over."""

    on: date


Command: TypeAlias = StartTerm | TakeUpAppointment | ExtendTerm | EndTerms | ReviewTerm
TermEvent: TypeAlias = TermStarted | TermExtended | TermEnding | TermEnded | AppointmentSetAside

# State


@dataclass(frozen=True, slots=True)
class Term:
    """One term, both days included, and how many reminders of its end were given."""

    term: UUID
    partner: UUID
    person: UUID
    appointment: UUID
    starts_on: date
    ends_on: date
    remind_on: tuple[date, ...]
    reminders: int = 0
    ended: bool = False

    def covers(self, on: date) -> bool:
        """Whether the term runs on this day."""
        return self.starts_on <= on <= self.ends_on

    def meets(self, first: date, last: date) -> bool:
        """Whether the term shares a day with this stretch."""
        return max(self.starts_on, first) <= min(self.ends_on, last)


@dataclass(frozen=True, slots=True)
class Terms:
    """Every term of the partner that has or will have a day, in the order they were begun."""

    terms: tuple[Term, ...] = ()
    set_aside: frozenset[UUID] = frozenset()

    def in_term(self, on: date) -> bool:
        """Whether a term runs on this day."""
        return any(term.covers(on) for term in self.terms)

    def open_terms(self) -> Sequence[Term]:
        """The terms that run or are to come."""
        return [term for term in self.terms if not term.ended]


# Rules


class TermAlreadyRuns(Refused):
    """A partner serves one term at a time; end the other term first or begin after it."""


class TermHasNoDay(Refused):
    """A term ends on or after the day it starts; check the two dates."""


class TermPolicyMissing(Refused):
    """A term policy must be in force on this day; adopt one first, or give the last day."""


class NoTermToChange(Refused):
    """Only a term that has not ended can be extended or ended."""


class ExtensionNotLater(Refused):
    """An extension ends later than the term did; give a later day, or end the term instead."""


class ExtensionUnexplained(Refused):
    """An extension needs a reason; say why the term goes on."""


class EndAfterLastDay(Refused):
    """A term ends by itself on its last day; give a day up to it, or extend the term."""


def decide(state: Terms, command: Command) -> Sequence[TermEvent]:
    """What a command does to this partner's terms."""
    match command:
        case StartTerm():
            return _start(state, command)
        case TakeUpAppointment():
            return _take_up(state, command.start)
        case ExtendTerm():
            return _extend(state, command)
        case EndTerms():
            return _end(state, command)
        case ReviewTerm():
            return _review(state, command.on)
        case _:
            assert_never(command)


def _start(state: Terms, command: StartTerm) -> Sequence[TermEvent]:
    if any(term.appointment == command.appointment for term in state.terms):
        return []
    ends_on = command.ends_on
    if ends_on is None:
        if command.policy is None:
            raise TermPolicyMissing
        ends_on = last_day(command.starts_on, command.policy.terms.months)
    if ends_on < command.starts_on:
        raise TermHasNoDay
    _refuse_two_terms(state.terms, command.starts_on, ends_on)
    return [
        TermStarted(
            term=command.term,
            partner=command.partner,
            person=command.person,
            appointment=command.appointment,
            starts_on=command.starts_on,
            ends_on=ends_on,
            policy_version=command.policy.version if command.policy else None,
            remind_on=_reminders(ends_on, command.policy, command.today),
        )
    ]


def _refuse_two_terms(others: Sequence[Term], starts_on: date, ends_on: date) -> None:
    for term in others:
        if term.meets(starts_on, ends_on):
            raise TermAlreadyRuns(f"The other term is {term.starts_on} to {term.ends_on}.")


def _reminders(ends_on: date, policy: InForce[TermTerms] | None, today: date) -> tuple[date, ...]:
    if policy is None:
        return ()
    return days_before(ends_on, policy.terms.remind_days_before, after=today)


def _take_up(state: Terms, command: StartTerm) -> Sequence[TermEvent]:
    if command.appointment in state.set_aside:
        return []
    try:
        return _start(state, command)
    except Refused as refused:
        return [
            AppointmentSetAside(
                partner=command.partner,
                person=command.person,
                appointment=command.appointment,
                rule=refused.rule(),
                reason=str(refused),
            )
        ]


def _extend(state: Terms, command: ExtendTerm) -> Sequence[TermEvent]:
    term = min(state.open_terms(), key=lambda term: term.starts_on, default=None)
    if term is None:
        raise NoTermToChange
    if command.ends_on == term.ends_on:
        return []
    if command.ends_on < term.ends_on:
        raise ExtensionNotLater
    if not is_said(command.reason):
        raise ExtensionUnexplained
    if command.policy is None:
        raise TermPolicyMissing
    others = [other for other in state.terms if other.term != term.term]
    _refuse_two_terms(others, term.starts_on, command.ends_on)
    return [
        TermExtended(
            term=term.term,
            partner=term.partner,
            person=term.person,
            previous_ends_on=term.ends_on,
            ends_on=command.ends_on,
            reason=command.reason,
            policy_version=command.policy.version,
            remind_on=_reminders(command.ends_on, command.policy, command.today),
        )
    ]


def _end(state: Terms, command: EndTerms) -> Sequence[TermEvent]:
    if not state.terms:
        raise NoTermToChange
    for term in state.open_terms():
        if command.on > term.ends_on:
            raise EndAfterLastDay(f"The term is {term.starts_on} to {term.ends_on}.")
    return [_ended(term, command.on, command.cause, command.reason) for term in state.open_terms()]


def _ended(term: Term, on: date, cause: str, reason: Clear | None = None) -> TermEnded:
    return TermEnded(
        term=term.term,
        partner=term.partner,
        person=term.person,
        ended_on=on,
        cause=cause,
        reason=reason,
    )


def _review(state: Terms, on: date) -> Sequence[TermEvent]:
    events: list[TermEvent] = []
    for term in state.open_terms():
        if term.ends_on < on:
            events.append(_ended(term, term.ends_on, COMPLETED))
        elif _reminder_due(state, term, on):
            events.append(
                TermEnding(
                    term=term.term,
                    partner=term.partner,
                    person=term.person,
                    ends_on=term.ends_on,
                )
            )
    return events


def _reminder_due(state: Terms, term: Term, on: date) -> bool:
    followed = any(other.starts_on > term.ends_on for other in state.terms)
    return not followed and sum(day <= on for day in term.remind_on) > term.reminders


def evolve(state: Terms, event: TermEvent) -> Terms:
    """What an event makes of this partner's terms."""
    match event:
        case TermStarted():
            return replace(state, terms=(*state.terms, _started(event)))
        case AppointmentSetAside():
            return replace(state, set_aside=state.set_aside | {event.appointment})
        case TermExtended() | TermEnding() | TermEnded():
            terms = tuple(
                _after(term, event) if term.term == event.term else term for term in state.terms
            )
            return replace(state, terms=terms)
        case _:
            assert_never(event)


def _started(event: TermStarted) -> Term:
    return Term(
        term=event.term,
        partner=event.partner,
        person=event.person,
        appointment=event.appointment,
        starts_on=event.starts_on,
        ends_on=event.ends_on,
        remind_on=event.remind_on,
    )


def _after(term: Term, event: TermExtended | TermEnding | TermEnded) -> Term:
    match event:
        case TermExtended():
            return replace(term, ends_on=event.ends_on, remind_on=event.remind_on, reminders=0)
        case TermEnding():
            return replace(term, reminders=term.reminders + 1)
        case TermEnded():
            return replace(term, ends_on=event.ended_on, ended=True)


TERMS: Decider[Terms, Command, TermEvent] = Decider(Terms(), decide, evolve)
