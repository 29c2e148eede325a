"""One message to one person: planned once, each attempt recorded before it is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, assert_never
from uuid import UUID

from services.notifications.domain.contact import Contact
from services.notifications.domain.policy import MessagesTerms
from shared.contracts.notifications import (
    MessageAttempted,
    MessageAttemptFailed,
    MessageFailed,
    MessagePlanned,
    MessageSent,
)
from shared.contracts.personal import Clear, Personal
from shared.kernel.decider import Decider, Refused

# --- commands


@dataclass(frozen=True, slots=True)
class PlanMessage:
    """Somebody is to be told something; `facts` are the words that go into the text."""

    message: UUID
    message_id: str
    kind: str
    person: UUID
    about: str
    template: str
    case: str
    facts: Clear
    send_after: datetime


@dataclass(frozen=True, slots=True)
class AttemptMessage:
    """It is time to send; `contact` is None where nobody knows how to reach the person.

    `forgotten`: the person asked to be erased after this was planned.
    """

    contact: Contact | None
    now: datetime
    terms: MessagesTerms
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class RetryMessage:
    """Somebody has put right what was wrong; try a message again that was given up.

    `forgotten`: the person asked to be erased after this was planned.
    """

    contact: Contact | None
    now: datetime
    terms: MessagesTerms
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class RecordSent:
    """This attempt succeeded."""

    attempt: int


@dataclass(frozen=True, slots=True)
class RecordFailure:
    """This attempt failed; `final` when trying again is of no use."""

    attempt: int
    reason: str
    code: int | None
    final: bool
    now: datetime
    terms: MessagesTerms


Command: TypeAlias = PlanMessage | AttemptMessage | RetryMessage | RecordSent | RecordFailure
Event: TypeAlias = (
    MessagePlanned | MessageAttempted | MessageAttemptFailed | MessageSent | MessageFailed
)

# --- state


@dataclass(frozen=True, slots=True)
class NotPlanned:
    """Nobody is to be told."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be told to whom."""

    message: UUID
    message_id: str
    kind: str
    person: UUID
    about: str
    template: str
    case: str
    facts: Personal | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """To be sent; `attempts` were made before."""

    plan: Plan
    attempts: int
    not_before: datetime


@dataclass(frozen=True, slots=True)
class UnderWay:
    """This attempt is being made."""

    plan: Plan
    attempt: int
    channel: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Every attempt failed."""

    plan: Plan
    attempts: int


@dataclass(frozen=True, slots=True)
class Sent:
    """It went out."""


State: TypeAlias = NotPlanned | Waiting | UnderWay | GivenUp | Sent
NOT_PLANNED: Final = NotPlanned()

# --- rules


class NotGivenUp(Refused):
    """Only a message that was given up is tried again by hand; this one is sent or under way."""


class PersonForgotten(Refused):
    """This person asked to be erased: nothing more is sent to them, and you need do nothing."""


def decide(state: State, command: Command) -> Sequence[Event]:
    """What happens to the message."""
    match command:
        case PlanMessage():
            return [_planned(command)] if isinstance(state, NotPlanned) else []
        case AttemptMessage() | RetryMessage():
            return _try(state, command)
        case RecordSent():
            return _sent(state, command)
        case RecordFailure():
            return _failed(state, command)
        case _:
            assert_never(command)


def _planned(command: PlanMessage) -> MessagePlanned:
    return MessagePlanned(
        message=command.message,
        message_id=command.message_id,
        kind=command.kind,
        person=command.person,
        about=command.about,
        template=command.template,
        case=command.case,
        facts=command.facts,
        send_after=command.send_after,
    )


def _try(state: State, command: AttemptMessage | RetryMessage) -> Sequence[Event]:
    match state, command:
        case Waiting(), AttemptMessage():
            late_enough = command.now >= state.not_before
            return _attempt(state, command) if late_enough else []
        case GivenUp(), RetryMessage():
            if command.forgotten:
                raise PersonForgotten
            return _attempt(state, command)
        case _, RetryMessage():
            raise NotGivenUp
        case _:
            return []


def _attempt(state: Waiting | GivenUp, command: AttemptMessage | RetryMessage) -> Sequence[Event]:
    attempt, plan, contact = state.attempts + 1, state.plan, command.contact
    if command.forgotten:
        return [_never(plan, attempt, "forgotten", None)]
    if contact is None or contact.route is None:
        return [_again_or_never(plan, attempt, "no-contact", None, command)]
    return [
        MessageAttempted(
            message=plan.message,
            kind=plan.kind,
            person=plan.person,
            about=plan.about,
            template=plan.template,
            case=plan.case,
            attempt=attempt,
            channel=contact.route,
            message_id=plan.message_id,
            facts=plan.facts,
            name=contact.name,
            email=contact.email if contact.route == "email" else None,
            address=contact.address if contact.route == "post" else None,
        )
    ]


def _sent(state: State, command: RecordSent) -> Sequence[Event]:
    if not isinstance(state, UnderWay) or state.attempt != command.attempt:
        return []
    return [
        MessageSent(
            message=state.plan.message,
            kind=state.plan.kind,
            person=state.plan.person,
            about=state.plan.about,
            channel=state.channel,
            attempt=state.attempt,
            message_id=state.plan.message_id,
        )
    ]


def _failed(state: State, command: RecordFailure) -> Sequence[Event]:
    if not isinstance(state, UnderWay) or state.attempt != command.attempt:
        return []
    if command.final:
        return [_never(state.plan, state.attempt, command.reason, command.code)]
    return [_again_or_never(state.plan, state.attempt, command.reason, command.code, command)]


def _again_or_never(
    plan: Plan,
    attempt: int,
    reason: str,
    code: int | None,
    command: AttemptMessage | RetryMessage | RecordFailure,
) -> Event:
    retry_at = command.terms.retry_at(attempt, command.now)
    if retry_at is None:
        return _never(plan, attempt, reason, code)
    return MessageAttemptFailed(
        message=plan.message, attempt=attempt, reason=reason, code=code, retry_at=retry_at
    )


def _never(plan: Plan, attempt: int, reason: str, code: int | None) -> MessageFailed:
    return MessageFailed(
        message=plan.message,
        kind=plan.kind,
        person=plan.person,
        about=plan.about,
        attempt=attempt,
        reason=reason,
        code=code,
    )


# --- evolve


def evolve(state: State, event: Event) -> State:
    """The message after this event."""
    match event:
        case MessagePlanned():
            after: State = Waiting(_plan(event), 0, event.send_after)
        case MessageAttempted():
            after = UnderWay(_plan(event), event.attempt, event.channel)
        case MessageAttemptFailed() | MessageFailed():
            after = _after_failure(state, event)
        case MessageSent():
            after = Sent()
        case _:
            assert_never(event)
    return after


def _plan(event: MessagePlanned | MessageAttempted) -> Plan:
    return Plan(
        message=event.message,
        message_id=event.message_id,
        kind=event.kind,
        person=event.person,
        about=event.about,
        template=event.template,
        case=event.case,
        facts=event.facts,
    )


def _after_failure(state: State, event: MessageAttemptFailed | MessageFailed) -> State:
    if isinstance(state, NotPlanned | Sent):
        return state
    if isinstance(event, MessageFailed):
        return GivenUp(state.plan, event.attempt)
    return Waiting(state.plan, event.attempt, event.retry_at)


MESSAGE: Decider[State, Command, Event] = Decider(NOT_PLANNED, decide, evolve)
