"""What may be sent to engagement: one form per command, refused with the field's name otherwise."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.engagement import Code, Item, RoleCategory
from shared.kernel.written import Day, When, said

Line: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)
]
Prose: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)
]
Name: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)
]
Word: TypeAlias = Annotated[
    Code, Field(max_length=60), said("Write a short name in small letters, such as large-print.")
]
ItemName: TypeAlias = Annotated[
    Item,
    Field(max_length=120),
    said("Write an item of the onboarding policy, such as induction or training/patient-safety."),
]
Places: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=1_000)]
SpentMinutes: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=24 * 60)]

ActivityKind: TypeAlias = Literal[
    "document-review",
    "investigation-oversight",
    "project-work",
    "psirf-implementation",
    "policy-consultation",
    "information-resources",
    "training",
    "other",
]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ItemForm(_Form):
    """An onboarding item that was done."""

    item: ItemName
    done_on: Day
    note: Prose | None = None


class WaiverForm(_Form):
    """An item that need not be done: why, and who decided it."""

    item: ItemName
    reason: Prose
    waived_by: Name


class LeadContactForm(_Form):
    """The person a partner turns to."""

    lead_contact: UUID
    name: Name
    email: Name | None = None
    nominated_on: Day


class IncomeAdviceForm(_Form):
    """How and with which statement the partner was advised that payments are income."""

    given_on: Day
    means: Literal["letter", "email", "conversation"]
    statement: Line


class ConfidentialityForm(_Form):
    """The agreement that was signed."""

    signed_on: Day
    document: Line


class AcknowledgementForm(_Form):
    """The day the Nolan principles were acknowledged."""

    acknowledged_on: Day


class InterestsForm(_Form):
    """The partner's entry in the register of interests; without `interests` there are none."""

    declared_on: Day
    interests: Prose | None = None


class AccessNeedsForm(_Form):
    """What the partner needs in order to take part, and how papers should come."""

    recorded_on: Day
    paper_format: Word
    needs: Prose | None = None


class TrainingForm(_Form):
    """A course that was completed."""

    course: Word
    provider: Line
    mode: Literal["e-learning", "virtual", "face-to-face", "blended"]
    completed_on: Day
    expires_on: Day | None = None


class ReasonForm(_Form):
    """Why, when somebody wants to say so."""

    reason: Prose | None = None


class StandingDownForm(_Form):
    """Why a partner leaves the role."""

    cause: Literal["own-wish", "organisation-decided", "other"]
    reason: Prose | None = None


class TermForm(_Form):
    """A term; without `ends_on` as long as the policy says."""

    appointment: UUID
    starts_on: Day
    ends_on: Day | None = None


class ExtensionForm(_Form):
    """A later end of the running term, and why."""

    ends_on: Day
    reason: Prose


class CommitteeTrainingForm(_Form):
    """A course everybody seated must have completed by a day."""

    course: Word
    required_by: Day


class CommitteeForm(_Form):
    """A committee partners sit on; without `minimum_partners` the policy's holds."""

    name: Line
    kind: Literal["board", "committee", "workstream", "project", "oversight-group"]
    safety_related: Annotated[bool, Field(strict=True)]
    reason_for_involvement: Prose
    role_category: RoleCategory
    places: Places
    minimum_partners: Places | None = None
    required_training: Annotated[tuple[CommitteeTrainingForm, ...], Field(max_length=50)] = ()
    lead_contact: UUID | None = None
    constituted_on: Day | None = None


class PartnerForm(_Form):
    """Which partner."""

    partner: UUID


class SeatForm(_Form):
    """Which partner takes the seat, and the interest they declare at seating."""

    partner: UUID
    conflict: Prose | None = None


class VacatedSeatForm(_Form):
    """Which partner leaves the seat, when and why; without a day, today."""

    partner: UUID
    cause: Literal["own-wish", "term-ended", "stood-down", "rotation", "other"]
    vacated_on: Day | None = None
    reason: Prose | None = None


class MeetingForm(_Form):
    """A meeting; without `role_category` its committee's holds."""

    committee: UUID | None = None
    title: Line
    starts_at: When
    ends_at: When
    format: Literal["face-to-face", "remote", "both"]
    venue: Line | None = None
    access_notes: Prose | None = None
    joining: Line | None = None
    role_category: RoleCategory | None = None
    activity_kind: Literal["meeting", "pre-meeting", "workshop", "engagement-event"] = "meeting"
    carries_payment: Annotated[bool, Field(strict=True)]


class ApologiesForm(_Form):
    """Who cannot come, and why if they want to say."""

    partner: UUID
    reason: Prose | None = None


class CancellationForm(_Form):
    """Why the organisation calls the meeting off."""

    reason: Line


class HeldForm(_Form):
    """From when to when the meeting was held."""

    started_at: When
    ended_at: When


class AttendanceForm(_Form):
    """Who was there; without times, from the start of the meeting to its end."""

    partner: UUID
    attended_from: When | None = None
    attended_to: When | None = None
    preparation_minutes: SpentMinutes = 0


class CorrectionForm(_Form):
    """What holds instead of the attendance on record, and what was wrong."""

    partner: UUID
    attended: Annotated[bool, Field(strict=True)]
    attended_from: When | None = None
    attended_to: When | None = None
    preparation_minutes: SpentMinutes = 0
    reason: Prose


class ActivityForm(_Form):
    """Work a partner did outside meetings."""

    partner: UUID
    committee: UUID | None = None
    activity_kind: ActivityKind
    role_category: RoleCategory
    carries_payment: Annotated[bool, Field(strict=True)]
    on: Day
    minutes: SpentMinutes
    evidence: Prose | None = None


class ContributionForm(_Form):
    """What a partner raised."""

    partner: UUID
    committee: UUID | None = None
    meeting: UUID | None = None
    on: Day
    raised: Prose


class AnswerForm(_Form):
    """What was answered or changed because of it."""

    on: Day
    changed: Annotated[bool, Field(strict=True)]
    answer: Prose
