"""What may be sent to recruitment: one form per command, refused with the field's name if not."""

from datetime import datetime, time
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.functional_validators import AfterValidator

from shared.contracts.recruitment import (
    CheckKind,
    ContactChannel,
    CriterionKind,
    DbsLevel,
    FeeBasis,
    InterviewFormat,
    PatientContact,
)
from shared.kernel.identifiers import Organisation
from shared.kernel.moments import london
from shared.kernel.written import AnyDay, between, said


def _distinct(values: tuple[UUID, ...]) -> tuple[UUID, ...]:
    if len(set(values)) != len(values):
        raise ValueError("Name each only once.")
    return values


Day: TypeAlias = Annotated[AnyDay, between(1900)]
Line: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)
]
Prose: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)
]
Part: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8_000)]
"""A part of a draft, which may still be blank."""
Name: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)
]
Email: TypeAlias = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    said("Write an e-mail address, such as name@example.org."),
]
Phone: TypeAlias = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=40, pattern=r"^\+?[0-9 ()-]{5,}$"),
    said("Write a telephone number in digits, such as 01632 960101."),
]
Word: TypeAlias = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60),
    said("Write a short name in small letters, such as patient-safety-partner."),
]
Clock: TypeAlias = Annotated[
    str,
    StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"),
    said("Write the time by the clock, such as 17:00."),
]
Yes: TypeAlias = Annotated[bool, Field(strict=True)]
Places: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=1_000)]
Points: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=100)]
Choices: TypeAlias = Annotated[
    tuple[UUID, ...], Field(min_length=1, max_length=50), AfterValidator(_distinct)
]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LondonTime(_Form):
    """A moment by the clock in London: `{"on": "2024-02-06", "at": "17:00"}`."""

    on: Day
    at: Clock

    def moment(self) -> datetime:
        """The same moment in UTC."""
        return london(self.on, time.fromisoformat(self.at))


# Campaigns


class ContactForm(_Form):
    """Whom people may ask, and to whom expressions of interest are returned."""

    contact: UUID | None = None
    name: Name
    job_title: Line
    email: Email | None = None
    phone: Phone | None = None
    address: Line | None = None


class CampaignForm(_Form):
    """A new campaign and its contact."""

    title: Line
    summary: Prose
    what_happens_next: Prose
    role_family: Word
    contact: ContactForm


class TimeCommitmentForm(_Form):
    """How much time the role takes."""

    how_many_meetings: Part = ""
    how_often: Part = ""
    how_long: Part = ""
    papers_to_read: Part = ""
    other_contribution: Part = ""


class AdditionalInformationForm(_Form):
    """What the organisation promises and asks besides."""

    expenses: Part = ""
    lead_contact: Part = ""
    induction: Part = ""
    confidentiality_agreement: Yes = False
    anything_else: Part = ""


class CriterionForm(_Form):
    """Something applicants are assessed against."""

    criterion: Word
    wording: Line
    kind: CriterionKind


class DescriptionForm(_Form):
    """The role description template; what is still blank may wait until publication."""

    group_name: Part = ""
    places: Places = 0
    reason_for_few_places: Part = ""
    who_can_apply: Part = ""
    remit_and_aims: Part = ""
    current_membership: Part = ""
    priorities: Part = ""
    what_the_role_involves: Part = ""
    key_requirements: Annotated[tuple[Line, ...], Field(max_length=50)] = ()
    time_commitment: TimeCommitmentForm = Field(default_factory=TimeCommitmentForm)
    where_meetings_take_place: Part = ""
    additional_information: AdditionalInformationForm = Field(
        default_factory=AdditionalInformationForm
    )
    questions: Annotated[tuple[Line, ...], Field(max_length=50)] = ()
    equal_opportunities_statement: Part = ""
    criteria: Annotated[tuple[CriterionForm, ...], Field(max_length=50)] = ()
    reports_to: Part = ""
    responsible_to: Part = ""

    @model_validator(mode="after")
    def _criteria_differ(self) -> Self:
        names = [each.criterion for each in self.criteria]
        if len(set(names)) != len(names):
            raise ValueError("Give each criterion a short name of its own.")
        return self


class OpportunityForm(_Form):
    """One opportunity: its host, who pays, and its description; without `payer` the host pays."""

    host: Organisation
    payer: Organisation | None = None
    carries_payment: Yes
    description: DescriptionForm
    applications_seen_by: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()


class DbsLevelForm(_Form):
    """Which disclosure check the role needs, or none, and why."""

    level: DbsLevel
    patient_contact: PatientContact
    fee_basis: FeeBasis
    reason: Prose


class PublicationForm(_Form):
    """From when until when; without `closes` the campaign rolls until it is closed."""

    opens: LondonTime
    closes: LondonTime | None = None


class PromotionForm(_Form):
    """Where the campaign was made known, and when."""

    where: Line
    on: Day


class ReasonForm(_Form):
    """Why."""

    reason: Prose


class OptionalReasonForm(_Form):
    """Why, when somebody wants to say so."""

    reason: Prose | None = None


# Applications


class AnswerForm(_Form):
    """One question of the form and what the applicant wrote."""

    question: Line
    answer: Part


class ApplicationForm(_Form):
    """An expression of interest, with opportunities in order of preference; no equality answers.

    `surname`, `birth_date` and `postcode` only serve to recognise a person and are not kept.
    """

    opportunities: Choices
    name: Name
    email: Email | None = None
    phone: Phone | None = None
    address: Line | None = None
    contact_channel: ContactChannel
    answers: Annotated[tuple[AnswerForm, ...], Field(max_length=50)] = ()
    support_needs: Prose | None = None
    heard_through: Line | None = None
    confirms_age: Yes | None = None
    staff_of: Annotated[tuple[Organisation, ...], Field(max_length=20)] = ()
    surname: Name | None = None
    birth_date: Day | None = None
    postcode: Annotated[str, StringConstraints(max_length=12)] | None = None


class ReceivedApplicationForm(ApplicationForm):
    """An expression of interest that came by e-mail or post and is entered by staff."""

    channel: Literal["email", "post"]
    received: LondonTime


class ToldForm(_Form):
    """How the applicant was told."""

    how: Literal["telephone", "in-person", "letter", "message"]


class OutcomeForm(_Form):
    """The outcome; the successful are chosen for one opportunity and told the next steps."""

    successful: Yes
    opportunity: UUID | None = None
    next_steps: Annotated[str, StringConstraints(strip_whitespace=True, max_length=8_000)] = ""
    reasons: Prose | None = None
    reserve_until: Day | None = None


# Selection


class PanelForm(_Form):
    """The members of the panel, as the directory knows them."""

    members: Choices


class ReplacementForm(_Form):
    """Who leaves the panel and who joins it."""

    left: UUID
    joined: UUID


class InterestForm(_Form):
    """What ties a panel member to an applicant."""

    interest: Prose


class ScoresForm(_Form):
    """Points for each criterion by its short name."""

    scores: Annotated[dict[Word, Points], Field(max_length=200)]


class ShortlistForm(_Form):
    """Whether the applicant is on the shortlist, and why."""

    shortlisted: Yes
    reasons: Prose


class InterviewForm(_Form):
    """When, where and how the interview is, and the support agreed."""

    format: InterviewFormat
    starts: LondonTime
    place: Line
    support: Prose | None = None


class InterviewRecordForm(_Form):
    """What the interviewers recommend, and why."""

    recommended: Yes
    reasons: Prose


# Before starting


class RefereeForm(_Form):
    """Who is asked for a reference."""

    name: Name
    email: Email | None = None
    address: Line | None = None


class ReferenceForm(_Form):
    """A reference that came."""

    received: LondonTime
    content: Prose


class JudgementForm(_Form):
    """Whether a reference is satisfactory, and why."""

    satisfactory: Yes
    reason: Prose


class CheckForm(_Form):
    """How a check ended, or that it is not needed, and why. Never the certificate itself."""

    check: CheckKind
    outcome: Literal["clear", "not-clear", "not-needed"]
    reason: Prose
    decided_on: Day
    level: DbsLevel | None = None
    fee_basis: FeeBasis | None = None
    issued_on: Day | None = None
    seen_by: UUID | None = None


class OfferForm(_Form):
    """The term and the lead contact; without `term_ends_on` as long as the policy says."""

    term_starts_on: Day
    term_ends_on: Day | None = None
    lead_contact: UUID
    next_steps: Prose


# Persons


class LinkForm(_Form):
    """The other identifier."""

    other: UUID


class ErasureForm(_Form):
    """Why a person's data are to be erased."""

    reason: Literal["asked-by-the-person", "retention-ended", "ordered"]
