"""Committees and their seats: stream `committee/<committee>`."""

from datetime import date
from uuid import UUID

from pydantic import StrictBool

from shared.contracts.engagement.words import (
    Code,
    Count,
    EngagementEvent,
    EngagementValue,
    KeptIfGiven,
    RoleCategory,
)


class RequiredTraining(EngagementValue):
    """A course everybody seated must have completed, at the latest on `required_by`."""

    course: Code
    required_by: date


class CommitteeConstituted(EngagementEvent):
    """A board, committee, workstream, project or oversight group that partners sit on.

    `places` is how many partners can sit, `minimum_partners` how many must.
    """

    committee: UUID
    name: str
    kind: Code
    safety_related: StrictBool
    reason_for_involvement: str
    role_category: RoleCategory
    places: Count
    minimum_partners: Count
    required_training: tuple[RequiredTraining, ...] = ()
    lead_contact: UUID | None = None
    constituted_on: date


class SeatOffered(EngagementEvent):
    """A place is held for this partner until they take or decline it."""

    committee: UUID
    committee_name: str | None = None
    seat: UUID
    partner: UUID
    person: UUID
    offered_on: date


class SeatDeclined(EngagementEvent):
    """The partner did not want the seat, or the offer was taken back; the place is free again."""

    committee: UUID
    seat: UUID
    partner: UUID
    person: UUID
    declined_on: date


class SeatTaken(EngagementEvent):
    """The partner sits on the committee, with the interest that was declared at seating, if any."""

    committee: UUID
    seat: UUID
    partner: UUID
    person: UUID
    taken_on: date
    conflict: KeptIfGiven = None


class SeatVacated(EngagementEvent):
    """The partner no longer sits on the committee; the place is free again."""

    committee: UUID
    seat: UUID
    partner: UUID
    person: UUID
    vacated_on: date
    cause: Code
    reason: KeptIfGiven = None
