"""References of a successful applicant: requested, reminded, received, judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias, assert_never
from uuid import UUID

from services.recruitment.domain.policies import SelectionPolicy
from shared.contracts.personal import Personal
from shared.contracts.recruitment import (
    ApplicationReceived,
    RecruitmentEvent,
    ReferenceJudged,
    ReferenceReceived,
    ReferenceReminded,
    ReferenceRequested,
)
from shared.kernel.decider import Refused

# Commands


@dataclass(frozen=True, slots=True)
class RequestReference:
    """Ask a referee for a reference."""

    reference: UUID
    referee: UUID
    referee_name: Personal
    referee_email: Personal | None
    referee_address: Personal | None
    now: datetime
    policy: SelectionPolicy = field(default_factory=SelectionPolicy)


@dataclass(frozen=True, slots=True)
class RemindReferees:
    """Remind every referee whose reminder is due."""

    now: datetime
    policy: SelectionPolicy


@dataclass(frozen=True, slots=True)
class ReceiveReference:
    """A reference came."""

    reference: UUID
    received_at: datetime
    now: datetime
    content: Personal


@dataclass(frozen=True, slots=True)
class JudgeReference:
    """Say whether a reference is satisfactory."""

    reference: UUID
    satisfactory: bool
    reason: Personal


ReferenceCommand: TypeAlias = RequestReference | RemindReferees | ReceiveReference | JudgeReference
ReferenceEvent: TypeAlias = (
    ReferenceRequested | ReferenceReminded | ReferenceReceived | ReferenceJudged
)


# State


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference; `remind_at` is empty when no reminder is due any more."""

    requested: ReferenceRequested
    remind_at: datetime | None
    reminders: int = 0
    received: bool = False
    satisfactory: bool | None = None


References: TypeAlias = Mapping[UUID, Reference]


# Rules


class RefereeUnreachable(Refused):
    """A referee needs an e-mail address or a postal address to be asked; give one of the two."""


class NoSuchReference(Refused):
    """This reference was not requested; request it first."""


class ReferenceNotReceived(Refused):
    """A reference is judged after it was received; record its receipt first."""


class ReferenceFromTheFuture(Refused):
    """A reference is entered with the moment it was received, which cannot lie ahead; check it."""


def decide_reference(
    received: ApplicationReceived, references: References, command: ReferenceCommand
) -> Sequence[RecruitmentEvent]:
    """What a command does to an applicant's references."""
    match command:
        case RequestReference():
            return _request(received, references, command)
        case RemindReferees():
            return _remind(references, command)
        case ReceiveReference() | JudgeReference():
            return _answer(references, command)
        case _:
            assert_never(command)


def _request(
    received: ApplicationReceived, references: References, command: RequestReference
) -> Sequence[RecruitmentEvent]:
    if command.reference in references:
        return []
    if command.referee_email is None and command.referee_address is None:
        raise RefereeUnreachable
    return [
        ReferenceRequested(
            reference=command.reference,
            application=received.application,
            person=received.person,
            referee=command.referee,
            referee_name=command.referee_name,
            referee_email=command.referee_email,
            referee_address=command.referee_address,
            applicant_name=received.name,
            remind_at=_next_reminder(0, command.now, command.policy),
            still_to_ask=_still_to_ask(references, command.policy),
        )
    ]


def _still_to_ask(references: References, policy: SelectionPolicy) -> int:
    """How many more than those asked for and this one; one judged unsatisfactory does not count."""
    asked = sum(each.satisfactory is not False for each in references.values()) + 1
    return max(0, policy.terms.references - asked)


def _next_reminder(sent: int, now: datetime, policy: SelectionPolicy) -> datetime | None:
    if sent >= policy.terms.reference_reminders:
        return None
    return now + timedelta(days=policy.terms.reference_reminder_days)


def _remind(references: References, command: RemindReferees) -> Sequence[RecruitmentEvent]:
    return [
        ReferenceReminded(
            reference=each.requested.reference,
            application=each.requested.application,
            person=each.requested.person,
            referee=each.requested.referee,
            reminder=each.reminders + 1,
            remind_at=_next_reminder(each.reminders + 1, command.now, command.policy),
        )
        for each in references.values()
        if not each.received and each.remind_at is not None and each.remind_at <= command.now
    ]


def _answer(
    references: References, command: ReceiveReference | JudgeReference
) -> Sequence[RecruitmentEvent]:
    reference = references.get(command.reference)
    if reference is None:
        raise NoSuchReference
    match command:
        case ReceiveReference():
            return _receive(reference, command)
        case JudgeReference():
            return _judge(reference, command)
        case _:
            assert_never(command)


def _receive(reference: Reference, command: ReceiveReference) -> Sequence[RecruitmentEvent]:
    if reference.received:
        return []
    if command.received_at > command.now:
        raise ReferenceFromTheFuture
    return [
        ReferenceReceived(
            reference=command.reference,
            application=reference.requested.application,
            person=reference.requested.person,
            received_at=command.received_at,
            content=command.content,
        )
    ]


def _judge(reference: Reference, command: JudgeReference) -> Sequence[RecruitmentEvent]:
    if not reference.received:
        raise ReferenceNotReceived
    if reference.satisfactory == command.satisfactory:
        return []
    return [
        ReferenceJudged(
            reference=command.reference,
            application=reference.requested.application,
            person=reference.requested.person,
            satisfactory=command.satisfactory,
            reason=command.reason,
        )
    ]


# Evolve


def evolve_references(references: References, event: ReferenceEvent) -> References:
    """The references after this event."""
    if isinstance(event, ReferenceRequested):
        reference = Reference(event, event.remind_at)
    elif event.reference in references:
        reference = _evolve_reference(references[event.reference], event)
    else:
        return references
    return {**references, event.reference: reference}


def _evolve_reference(
    known: Reference, event: ReferenceReminded | ReferenceReceived | ReferenceJudged
) -> Reference:
    match event:
        case ReferenceReminded():
            return replace(known, reminders=event.reminder, remind_at=event.remind_at)
        case ReferenceReceived():
            return replace(known, received=True, remind_at=None)
        case ReferenceJudged():
            return replace(known, satisfactory=event.satisfactory)
        case _:
            assert_never(event)
