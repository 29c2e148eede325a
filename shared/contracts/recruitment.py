"""Events of recruitment: campaigns, applications, selection, clearance, appointment.

All stand in the log of the organisation that leads the campaign, except `PartnerAppointed`, which
stands in the host's. Free text about a person, and every name and address, is sealed.
"""

from datetime import date
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from shared.contracts.event import Event
from shared.contracts.personal import Personal, held
from shared.kernel.identifiers import Organisation
from shared.kernel.moments import Moment

Channel: TypeAlias = Literal["online", "email", "post"]
"""How an application came."""
ContactChannel: TypeAlias = Literal["email", "post", "sms", "telephone"]
"""How a person wants to be reached."""
CriterionKind: TypeAlias = Literal["skills-and-experience", "values"]
PatientContact: TypeAlias = Literal["none", "as-a-visitor", "in-normal-duties"]
DbsLevel: TypeAlias = Literal["none", "basic", "standard", "enhanced"]
FeeBasis: TypeAlias = Literal["no-check", "paid", "volunteer"]
CheckKind: TypeAlias = Literal["dbs", "identity", "own-staff-conflict", "confidentiality-agreement"]
InterviewFormat: TypeAlias = Literal["face-to-face", "remote", "telephone"]

Whole = Annotated[int, Field(strict=True, ge=0)]
Version = Annotated[int, Field(strict=True, ge=1)]


class RecruitmentEvent(Event, service="recruitment"):
    """What happens between an advert and an appointment."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class TimeCommitment(_Part):
    """How much time the role takes, in the words of the advert."""

    how_many_meetings: str = ""
    how_often: str = ""
    how_long: str = ""
    papers_to_read: str = ""
    other_contribution: str = ""


class AdditionalInformation(_Part):
    """What the organisation promises and asks besides the role itself."""

    expenses: str = ""
    lead_contact: str = ""
    induction: str = ""
    confidentiality_agreement: StrictBool = False
    anything_else: str = ""


class Criterion(_Part):
    """Something applicants are assessed against; `criterion` is its short name."""

    criterion: str
    wording: str
    kind: CriterionKind


class RoleDescription(_Part):
    """The role description template of the guide to patient and public partners, part for part.

    The closing date is the campaign's. A draft may have blank parts; a published one has none.
    """

    group_name: str = ""
    places: Whole = 0
    reason_for_few_places: str = ""
    who_can_apply: str = ""
    remit_and_aims: str = ""
    current_membership: str = ""
    priorities: str = ""
    what_the_role_involves: str = ""
    key_requirements: tuple[str, ...] = ()
    time_commitment: TimeCommitment = TimeCommitment()
    where_meetings_take_place: str = ""
    additional_information: AdditionalInformation = AdditionalInformation()
    questions: tuple[str, ...] = ()
    equal_opportunities_statement: str = ""
    criteria: tuple[Criterion, ...] = ()
    reports_to: str = ""
    responsible_to: str = ""


# Campaign: stream campaign/<uuid>


class CampaignDrafted(RecruitmentEvent):
    """A campaign is being prepared by its lead organisation for one or more hosts."""

    campaign: UUID
    lead: Organisation
    title: str
    summary: str
    what_happens_next: str
    role_family: str


class CampaignContactNamed(RecruitmentEvent):
    """Whom people may ask, and to whom expressions of interest are returned."""

    campaign: UUID
    contact: UUID
    name: Annotated[Personal, held("correspondence", person="contact")]
    job_title: str
    email: Annotated[Personal | None, held("correspondence", person="contact")] = None
    phone: Annotated[Personal | None, held("correspondence", person="contact")] = None
    address: Annotated[Personal | None, held("correspondence", person="contact")] = None


class OpportunityDescribed(RecruitmentEvent):
    """One opportunity, its host and who pays; while drafting a later one replaces it."""

    campaign: UUID
    opportunity: UUID
    host: Organisation
    payer: Organisation
    carries_payment: StrictBool
    description: RoleDescription
    applications_seen_by: tuple[UUID, ...] = ()


class DbsLevelDecided(RecruitmentEvent):
    """Which disclosure check the role needs, or none, and why; and its fee basis."""

    campaign: UUID
    opportunity: UUID
    level: DbsLevel
    patient_contact: PatientContact
    fee_basis: FeeBasis
    reason: str


class CampaignPublished(RecruitmentEvent):
    """The campaign is advertised and fixed. Without `closes_at` it rolls until closed."""

    campaign: UUID
    lead: Organisation
    hosts: tuple[Organisation, ...]
    opportunities: tuple[UUID, ...]
    title: str
    role_family: str
    places: Whole
    opens_at: Moment
    closes_at: Moment | None
    policy_version: Version | None


class CampaignPromoted(RecruitmentEvent):
    """Where the campaign was made known."""

    campaign: UUID
    where: str
    on: date


class CampaignOpened(RecruitmentEvent):
    """Expressions of interest are accepted from now on."""

    campaign: UUID


class CampaignClosed(RecruitmentEvent):
    """What is received from now on is late; `by` says what closed it."""

    campaign: UUID
    closed_at: Moment
    by: Literal["closing-time", "coordinator"]


class CampaignCompleted(RecruitmentEvent):
    """Everybody who applied has been told; nothing more is decided here."""

    campaign: UUID
    applications: Whole


class CampaignCancelled(RecruitmentEvent):
    """The lead organisation gave the campaign up."""

    campaign: UUID
    reason: str


class ApplicationEntered(RecruitmentEvent):
    """An application stands in the campaign's register: its person must be told the outcome."""

    campaign: UUID
    application: UUID
    person: UUID
    late: StrictBool


class ApplicationAnswered(RecruitmentEvent):
    """Nothing is owed to this applicant any more: they were told, or withdrew."""

    campaign: UUID
    application: UUID
    how: Literal["told", "withdrawn"]


class AnswerOwed(RecruitmentEvent):
    """The outcome changed after the applicant was told; they must be told again."""

    campaign: UUID
    application: UUID


class PlaceTaken(RecruitmentEvent):
    """A place of an opportunity is held for this applicant."""

    campaign: UUID
    opportunity: UUID
    application: UUID


class PlaceFilled(RecruitmentEvent):
    """The applicant who held the place has been appointed to it."""

    campaign: UUID
    opportunity: UUID
    application: UUID


class PlaceReleased(RecruitmentEvent):
    """The place is free again: the offer was declined, or the outcome changed."""

    campaign: UUID
    opportunity: UUID
    application: UUID


# Application: stream application/<uuid>


class ApplicationReceived(RecruitmentEvent):
    """An expression of interest came in, in time or late. Equality answers are never part of it.

    `opportunities` stand in the applicant's order of preference; `staff_of` names organisations
    that employ the applicant, `barred_from` the opportunities this excludes; `answers` is a sealed
    list of objects with `question` and `answer`; `account` is who applied online, in our directory.
    """

    application: UUID
    campaign: UUID
    lead: Organisation
    person: UUID
    opportunities: tuple[UUID, ...]
    channel: Channel
    received_at: Moment
    late: StrictBool
    name: Annotated[Personal, held("application")]
    email: Annotated[Personal | None, held("application")] = None
    address: Annotated[Personal | None, held("application")] = None
    phone: Annotated[Personal | None, held("application")] = None
    contact_channel: ContactChannel
    answers: Annotated[Personal, held("application")]
    support_needs: Annotated[Personal | None, held("application")] = None
    heard_through: str | None = None
    confirms_age: StrictBool | None = None
    staff_of: tuple[Organisation, ...] = ()
    barred_from: tuple[UUID, ...] = ()
    account: UUID | None = None


class ApplicationAdmitted(RecruitmentEvent):
    """A late application is considered all the same, for this reason."""

    application: UUID
    campaign: UUID
    person: UUID
    reason: Annotated[Personal, held("application")]


class ApplicationWithdrawn(RecruitmentEvent):
    """The applicant no longer wants to be considered."""

    application: UUID
    campaign: UUID
    person: UUID
    reason: Annotated[Personal | None, held("application")] = None


class ApplicantShortlisted(RecruitmentEvent):
    """The panel recorded whether this applicant is on the shortlist, and why."""

    application: UUID
    campaign: UUID
    person: UUID
    shortlisted: StrictBool
    reasons: Annotated[Personal, held("application")]


class InterviewOffered(RecruitmentEvent):
    """The applicant is invited to an informal interview and asked what would help them."""

    interview: UUID
    application: UUID
    campaign: UUID
    person: UUID


class InterviewArranged(RecruitmentEvent):
    """When and where the interview is, and the support agreed for it; a later one replaces it."""

    interview: UUID
    application: UUID
    campaign: UUID
    person: UUID
    format: InterviewFormat
    starts_at: Moment
    place: str
    support: Annotated[Personal | None, held("application")] = None


class InterviewHeld(RecruitmentEvent):
    """The interview took place, with the interviewers' recommendation and reasons."""

    interview: UUID
    application: UUID
    campaign: UUID
    person: UUID
    recommended: StrictBool
    reasons: Annotated[Personal, held("application")]


class OutcomeDecided(RecruitmentEvent):
    """Successful or not, to be told to the applicant; the successful with next steps.

    `decision` counts the outcomes of this application from 1. `reserve_until` keeps an unsuccessful
    applicant on the reserve list. `opportunity` is the one they are chosen for.
    """

    application: UUID
    campaign: UUID
    person: UUID
    decision: Version
    successful: StrictBool
    opportunity: UUID | None = None
    next_steps: str
    reasons: Annotated[Personal | None, held("application")] = None
    reserve_until: date | None = None


class ApplicantTold(RecruitmentEvent):
    """The applicant has been told the outcome."""

    application: UUID
    campaign: UUID
    person: UUID
    decision: Version
    how: Literal["message", "telephone", "in-person", "letter"]


# Panel: stream panel/<uuid of the campaign>


class PanelConvened(RecruitmentEvent):
    """Who shortlists; members are known by identifiers of the directory."""

    campaign: UUID
    members: tuple[UUID, ...]


class PanelMemberReplaced(RecruitmentEvent):
    """Somebody took another member's place; the scores of the one who left are set aside."""

    campaign: UUID
    left: UUID
    joined: UUID


class InterestDeclared(RecruitmentEvent):
    """A panel member has an interest in an applicant and does not score them."""

    campaign: UUID
    application: UUID
    member: UUID
    interest: Annotated[Personal, held("application", person="member")]


class ApplicantScored(RecruitmentEvent):
    """One member's scores for every criterion, on the content of the form alone."""

    campaign: UUID
    application: UUID
    member: UUID
    scores: dict[str, Whole]


class ScoreSetAside(RecruitmentEvent):
    """A score given before an interest was declared counts no longer."""

    campaign: UUID
    application: UUID
    member: UUID


class ScoringClosed(RecruitmentEvent):
    """Everybody who may score this applicant has: the scores are open to the panel and fixed."""

    campaign: UUID
    application: UUID
    scored_by: tuple[UUID, ...]


# Clearance, what must be done before starting (in the same stream, application/<uuid>)


class ClearanceOpened(RecruitmentEvent):
    """A successful applicant's references and checks begin, as the policy named asks."""

    application: UUID
    campaign: UUID
    opportunity: UUID
    person: UUID
    lead: Organisation
    host: Organisation
    payer: Organisation
    role_family: str
    carries_payment: StrictBool
    references_needed: Whole
    checks_needed: tuple[CheckKind, ...]
    dbs_level: DbsLevel
    acceptance_needed: StrictBool
    policy_version: Version | None


class ReferenceRequested(RecruitmentEvent):
    """A referee was asked for a reference, and will be reminded when it has not come.

    `still_to_ask`: so many more are needed, if those asked for are satisfactory.
    """

    reference: UUID
    application: UUID
    person: UUID
    referee: UUID
    referee_name: Annotated[Personal, held("reference", person="referee")]
    referee_email: Annotated[Personal | None, held("reference", person="referee")] = None
    referee_address: Annotated[Personal | None, held("reference", person="referee")] = None
    applicant_name: Annotated[Personal, held("application", copy=True)]
    remind_at: Moment | None = None
    still_to_ask: Whole | None = None


class ReferenceReminded(RecruitmentEvent):
    """The reference had not come, and the referee was asked again."""

    reference: UUID
    application: UUID
    person: UUID
    referee: UUID
    reminder: Version
    remind_at: Moment | None = None


class ReferenceReceived(RecruitmentEvent):
    """The referee answered."""

    reference: UUID
    application: UUID
    person: UUID
    received_at: Moment
    content: Annotated[Personal, held("reference")]


class ReferenceJudged(RecruitmentEvent):
    """Whether the reference is satisfactory, and why."""

    reference: UUID
    application: UUID
    person: UUID
    satisfactory: StrictBool
    reason: Annotated[Personal, held("reference")]


class CheckDecided(RecruitmentEvent):
    """A check was made, or is not needed, with the reason. The certificate itself is never kept.

    `level`, `fee_basis` and `issued_on` belong to disclosure checks; `seen_by` saw the evidence.
    """

    application: UUID
    person: UUID
    check: CheckKind
    outcome: Literal["clear", "not-clear", "not-needed"]
    reason: Annotated[Personal, held("check")]
    decided_on: date
    level: DbsLevel | None = None
    fee_basis: FeeBasis | None = None
    issued_on: date | None = None
    seen_by: UUID | None = None


class OfferMade(RecruitmentEvent):
    """The role was offered, with its term and lead contact; no contract of employment."""

    application: UUID
    campaign: UUID
    person: UUID
    host: Organisation
    opportunity: UUID
    term_starts_on: date
    term_ends_on: date
    lead_contact: UUID
    next_steps: str


class OfferAccepted(RecruitmentEvent):
    """The applicant takes the role."""

    application: UUID
    campaign: UUID
    person: UUID


class OfferDeclined(RecruitmentEvent):
    """The applicant does not take the role."""

    application: UUID
    campaign: UUID
    person: UUID
    reason: Annotated[Personal | None, held("application")] = None


class ClearanceCompleted(RecruitmentEvent):
    """All required is done and the offer accepted; `appointment` is the stream at the host."""

    application: UUID
    campaign: UUID
    person: UUID
    host: Organisation
    appointment: UUID


class PartnerAppointed(RecruitmentEvent):
    """The host has a partner: stream `appointment/<uuid>` in the host's own log.

    `payer` is who pays, the host or another body on its behalf; it is no contract of employment.
    """

    appointment: UUID
    person: UUID
    campaign: UUID
    application: UUID
    opportunity: UUID
    lead: Organisation
    host: Organisation
    payer: Organisation
    role_family: str
    carries_payment: StrictBool
    term_starts_on: date
    term_ends_on: date
    lead_contact: UUID
    name: Annotated[Personal, held("partnership")]
    email: Annotated[Personal | None, held("partnership")] = None
    address: Annotated[Personal | None, held("partnership")] = None
    phone: Annotated[Personal | None, held("partnership")] = None
    contact_channel: ContactChannel
    support_needs: Annotated[Personal | None, held("partnership")] = None


# Person: stream person/<uuid>


class PersonsLinked(RecruitmentEvent):
    """Two identifiers turned out to be one person; it stands in the streams of both."""

    person: UUID
    other: UUID


class PersonsUnlinked(RecruitmentEvent):
    """The two are different people after all; it stands in the streams of both."""

    person: UUID
    other: UUID


class ErasureRequested(RecruitmentEvent):
    """What may be destroyed of this person's data here shall be, by every service."""

    person: UUID
    linked: tuple[UUID, ...] = ()
    reason: Literal["asked-by-the-person", "retention-ended", "ordered"]
