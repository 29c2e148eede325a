"""Meetings, and what partners did and brought about.

Streams `meeting/<meeting>`, `diary/<partner>`, `activity/<activity>` and
`contribution/<contribution>`.
"""

from datetime import date
from uuid import UUID

from pydantic import StrictBool

from shared.contracts.engagement.words import (
    Code,
    EngagementEvent,
    EngagementValue,
    Kept,
    KeptIfGiven,
    Minutes,
    RoleCategory,
)
from shared.kernel.identifiers import Organisation
from shared.kernel.moments import Moment


class MeetingScheduled(EngagementEvent):
    """A meeting partners are wanted at. `on` is its day, and its clock is read, in `time_zone`."""

    meeting: UUID
    committee: UUID | None
    title: str
    on: date
    starts_at: Moment
    ends_at: Moment
    time_zone: str = "Europe/London"
    format: Code
    venue: str | None = None
    access_notes: str | None = None
    joining: str | None = None
    role_category: RoleCategory
    activity_kind: Code
    carries_payment: StrictBool


class PartnerInvited(EngagementEvent):
    """A partner is asked to a meeting; repeats what an invitation must say."""

    meeting: UUID
    committee: UUID | None
    partner: UUID
    person: UUID
    payer: Organisation
    title: str
    on: date
    starts_at: Moment
    ends_at: Moment
    time_zone: str = "Europe/London"
    format: Code
    venue: str | None = None
    access_notes: str | None = None
    joining: str | None = None
    carries_payment: StrictBool


class InvitationAccepted(EngagementEvent):
    """The partner means to come."""

    meeting: UUID
    partner: UUID
    person: UUID


class ApologiesSent(EngagementEvent):
    """The partner cannot come, and perhaps says why."""

    meeting: UUID
    partner: UUID
    person: UUID
    reason: KeptIfGiven = None


class ExpectedPartner(EngagementValue):
    """Someone who was invited and had not sent apologies when a meeting was cancelled."""

    partner: UUID
    person: UUID
    payer: Organisation
    carries_payment: StrictBool
    accepted: StrictBool


class MeetingCancelled(EngagementEvent):
    """The organisation called the meeting off; names who was expected: a policy may pay them."""

    meeting: UUID
    committee: UUID | None
    on: date
    starts_at: Moment
    minutes: Minutes
    cancelled_at: Moment
    reason: str
    role_category: RoleCategory
    activity_kind: Code
    carries_payment: StrictBool
    expected: tuple[ExpectedPartner, ...] = ()


class MeetingHeld(EngagementEvent):
    """The meeting took place, from when to when."""

    meeting: UUID
    committee: UUID | None
    on: date
    started_at: Moment
    ended_at: Moment


class MeetingAttended(EngagementEvent):
    """One partner was there: everything a payment is decided from; `minutes` from in to out."""

    meeting: UUID
    committee: UUID | None
    partner: UUID
    person: UUID
    payer: Organisation
    role_category: RoleCategory
    activity_kind: Code
    carries_payment: StrictBool
    on: date
    attended_from: Moment
    attended_to: Moment
    minutes: Minutes
    preparation_minutes: Minutes = 0
    whole: StrictBool


class AttendanceCorrected(EngagementEvent):
    """What holds instead of an earlier MeetingAttended; not `attended`: the partner was not there.

    The times of somebody who was not there are the meeting's start, and no minutes.
    """

    meeting: UUID
    committee: UUID | None
    partner: UUID
    person: UUID
    payer: Organisation
    role_category: RoleCategory
    activity_kind: Code
    carries_payment: StrictBool
    on: date
    attended: StrictBool
    attended_from: Moment
    attended_to: Moment
    minutes: Minutes
    preparation_minutes: Minutes = 0
    previous_minutes: Minutes
    reason: Kept


# What one partner did, session by session: stream diary/<partner>


class SessionEntered(EngagementEvent):
    """When this partner was where, replacing what was entered for the same meeting before.

    `overlaps` names the meetings this one cannot be true beside: somebody has to look at them.
    """

    partner: UUID
    person: UUID
    meeting: UUID
    on: date
    attended_from: Moment
    attended_to: Moment
    overlaps: tuple[UUID, ...] = ()


class SessionStruckOut(EngagementEvent):
    """The partner was not at this meeting after all."""

    partner: UUID
    person: UUID
    meeting: UUID
    on: date


# Work outside meetings and what partners brought about


class CommitteeEntered(EngagementEvent):
    """This partner is offered a seat at a committee or sits there."""

    partner: UUID
    person: UUID
    committee: UUID


class CommitteeStruckOut(EngagementEvent):
    """This partner no longer sits there nor is offered a seat."""

    partner: UUID
    person: UUID
    committee: UUID


class ActivityRecorded(EngagementEvent):
    """Work outside a meeting, stream activity/<activity>: what a payment is decided from."""

    activity: UUID
    committee: UUID | None
    partner: UUID
    person: UUID
    payer: Organisation
    role_category: RoleCategory
    activity_kind: Code
    carries_payment: StrictBool
    on: date
    minutes: Minutes
    evidence: KeptIfGiven = None


class ContributionRecorded(EngagementEvent):
    """What a partner raised, stream contribution/<contribution>."""

    contribution: UUID
    committee: UUID | None
    meeting: UUID | None
    partner: UUID
    person: UUID
    on: date
    raised: Kept


class ContributionAnswered(EngagementEvent):
    """What was answered or changed because of a contribution."""

    contribution: UUID
    partner: UUID
    person: UUID
    on: date
    changed: StrictBool
    answer: Kept
