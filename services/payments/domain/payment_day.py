"""One person's date: what each session on it is worth, with at most one full day in all.

Counting a date in one stream is what makes that limit hold when two sessions arrive at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import TypeAlias, assert_never
from uuid import UUID

from services.payments.domain.policy import (
    Attended,
    InForce,
    explain,
    explain_nothing_known,
    worth,
)
from shared.contracts.payments import Explanation, SessionReckoned
from shared.kernel.decider import Decider
from shared.kernel.identifiers import Position, derive

# --- commands


@dataclass(frozen=True, slots=True)
class CountSession:
    """Count a session as it was attended, or as its attendance was corrected."""

    payment: UUID
    person: UUID
    partner: UUID
    on: date
    attended: Attended
    policy: InForce | None


@dataclass(frozen=True, slots=True)
class CountAgain:
    """Count the date again: another policy may be in force for it now."""

    policy: InForce | None


Command: TypeAlias = CountSession | CountAgain
Event: TypeAlias = SessionReckoned

# --- state


@dataclass(frozen=True, slots=True)
class Counted:
    """A session of the date and what the person is entitled to for it; None: not known yet."""

    payment: UUID
    person: UUID
    partner: UUID
    on: date
    attended: Attended
    entitled_pence: int | None


Day: TypeAlias = tuple[Counted, ...]
"""The sessions of the date, in the order in which they were first counted."""

NO_SESSIONS: Day = ()


def payment_of(session: UUID, partner: UUID) -> UUID:
    """The payment of one partner for one session, however often it is told of."""
    return derive(session, f"payment of {partner}")


def day_of(person: UUID, on: date) -> UUID:
    """The identifier of a person's date."""
    return derive(person, f"payment-day {on.isoformat()}")


# --- rules


def decide(state: Day, command: Command) -> Sequence[Event]:
    """Count, and say for each session whose worth is new or has changed what it is."""
    match command:
        case CountSession():
            return _count(state, command)
        case CountAgain():
            return _reckon(state, state, command.policy, set()) if command.policy else []
        case _:
            assert_never(command)


def _count(state: Day, command: CountSession) -> Sequence[Event]:
    known = {counted.payment: counted for counted in state}.get(command.payment)
    if known and not _is_later(command.attended.cause, known.attended.cause):
        return []
    counted = Counted(
        command.payment, command.person, command.partner, command.on, command.attended, None
    )
    return _reckon(state, _with(state, counted), command.policy, {command.payment})


def _is_later(cause: str, known: str) -> bool:
    """Whether one event stands after another: what was counted is not counted again."""
    return Position.parse(cause) > Position.parse(known)


def _reckon(
    before: Day, sessions: Day, policy: InForce | None, said_anyway: set[UUID]
) -> Sequence[Event]:
    known = {counted.payment: counted.entitled_pence for counted in before}
    return [
        _reckoned(counted, entitled, explanation)
        for counted, entitled, explanation in _shares(sessions, policy)
        if counted.payment in said_anyway or known.get(counted.payment) != entitled
    ]


def _shares(
    sessions: Day, policy: InForce | None
) -> Sequence[tuple[Counted, int | None, Explanation]]:
    """Each session's part of the date: the first counted first, until a full day is reached."""
    if policy is None:
        return [
            (counted, None, explain_nothing_known(counted.attended, counted.on))
            for counted in sessions
        ]
    shares, left = [], policy.terms.full_day_pence
    for counted in sessions:
        found = worth(counted.attended, policy.terms)
        paid = min(found.pence, left)
        left -= paid
        shares.append((counted, paid, explain(counted.attended, counted.on, policy, found, paid)))
    return shares


def _reckoned(counted: Counted, entitled: int | None, explanation: Explanation) -> SessionReckoned:
    return SessionReckoned(
        payment=counted.payment,
        person=counted.person,
        partner=counted.partner,
        earned_at=counted.attended.earned_at,
        session=counted.attended.session,
        on=counted.on,
        attended_minutes=counted.attended.minutes,
        preparation_minutes=counted.attended.preparation_minutes,
        carries_payment=counted.attended.carries_payment,
        entitled_pence=entitled,
        explanation=explanation,
    )


# --- evolve


def evolve(state: Day, event: Event) -> Day:
    """The date after this event."""
    attended = Attended(
        session=event.session,
        earned_at=event.earned_at,
        minutes=event.attended_minutes,
        preparation_minutes=event.preparation_minutes,
        role_category=event.explanation.role_category,
        activity=event.explanation.activity,
        carries_payment=event.carries_payment,
        cause=event.explanation.cause,
        recorded_by=event.explanation.recorded_by,
    )
    return _with(
        state,
        Counted(
            event.payment, event.person, event.partner, event.on, attended, event.entitled_pence
        ),
    )


def _with(state: Day, counted: Counted) -> Day:
    if all(other.payment != counted.payment for other in state):
        return tuple(chain(state, (counted,)))
    return tuple(counted if other.payment == counted.payment else other for other in state)


PAYMENT_DAY: Decider[Day, Command, Event] = Decider(NO_SESSIONS, decide, evolve)
