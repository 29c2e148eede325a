"""The terms of one partner: stream `terms/<partner>`."""

from datetime import date
from uuid import UUID

from shared.contracts.engagement.words import Code, EngagementEvent, Kept, KeptIfGiven, Version


class TermStarted(EngagementEvent):
    """A term of office, both days included; its length or its reminders follow the policy named."""

    term: UUID
    partner: UUID
    person: UUID
    appointment: UUID
    starts_on: date
    ends_on: date
    policy_version: Version | None = None
    remind_on: tuple[date, ...] = ()


class AppointmentSetAside(EngagementEvent):
    """This appointment started no term, and why; a coordinator has to settle it."""

    partner: UUID
    person: UUID
    appointment: UUID
    rule: Code
    reason: str


class TermExtended(EngagementEvent):
    """The running term ends later than it did."""

    term: UUID
    partner: UUID
    person: UUID
    previous_ends_on: date
    ends_on: date
    reason: Kept
    policy_version: Version
    remind_on: tuple[date, ...] = ()


class TermEnding(EngagementEvent):
    """A reminder: this term is about to end and is neither extended nor followed by another."""

    term: UUID
    partner: UUID
    person: UUID
    ends_on: date


class TermEnded(EngagementEvent):
    """The term is over; `ended_on` was its last day. Cause `completed` when it ran its length."""

    term: UUID
    partner: UUID
    person: UUID
    ended_on: date
    cause: Code
    reason: KeptIfGiven = None
