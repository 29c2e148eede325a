"""The campaign the rule tests tell about: invented people, fixed identifiers and times."""

from datetime import UTC, date, datetime, time
from uuid import UUID

from services.recruitment.domain.policies import SelectionPolicy, SelectionTerms
from shared.contracts.personal import Clear
from shared.contracts.recruitment import (
    AdditionalInformation,
    ApplicationEntered,
    ApplicationReceived,
    CampaignClosed,
    CampaignContactNamed,
    CampaignDrafted,
    CampaignOpened,
    CampaignPublished,
    Criterion,
    OpportunityDescribed,
    RecruitmentEvent,
    RoleDescription,
    TimeCommitment,
)
from shared.kernel.moments import london


def identifier(number: int) -> UUID:
    """A fixed identifier, readable in a failure."""
    return UUID(int=number)


CAMPAIGN_ID, CONTACT = identifier(0xCA), identifier(0xC0)
BOARD_ROLE, TRUST_ROLE = identifier(0xB1), identifier(0xB2)
ANN, BOB = identifier(0xA1), identifier(0xA2)
ANNS, BOBS = identifier(0xAA1), identifier(0xAA2)
MEMBERS = (identifier(0x51), identifier(0x52), identifier(0x53))
LEAD, TRUST = "QH8", "RAJ"
OPENS_AT = datetime(2024, 1, 8, 9, tzinfo=UTC)
CLOSES_AT = london(date(2024, 2, 6), time(17))
NOW = datetime(2024, 1, 20, 12, tzinfo=UTC)
LATER = datetime(2024, 2, 20, 12, tzinfo=UTC)
TERMS = SelectionTerms()
POLICY = SelectionPolicy(TERMS, 1)
LIGHT = SelectionTerms(panel=False, interview=False, references=0, checks=(), acceptance=False)

DESCRIPTION = RoleDescription(
    group_name="Quality and Safety Committee",
    places=2,
    who_can_apply="Patients, carers and members of the public.",
    remit_and_aims="Oversees the safety of care.",
    current_membership="Directors and clinical leads.",
    priorities="Learning from incidents.",
    what_the_role_involves="Bringing the patient's view to every item.",
    key_requirements=("Respects confidentiality.",),
    time_commitment=TimeCommitment(
        how_many_meetings="Ten a year",
        how_often="Monthly",
        how_long="Three hours",
        papers_to_read="Yes, a week before",
        other_contribution="None",
    ),
    where_meetings_take_place="Online, and twice a year face to face",
    additional_information=AdditionalInformation(
        expenses="Out-of-pocket expenses are paid.",
        lead_contact="You have a lead contact.",
        induction="You have an induction.",
    ),
    questions=("What interests you about this role?",),
    equal_opportunities_statement="Everybody is treated fairly.",
    criteria=(
        Criterion(
            criterion="safety",
            wording="An interest in patient safety",
            kind="skills-and-experience",
        ),
        Criterion(criterion="openness", wording="Openness", kind="values"),
    ),
    reports_to="Patient Safety Specialist",
    responsible_to="Director of Nursing",
)
BLANK = DESCRIPTION.model_copy(update={"group_name": "Projects", "priorities": " ", "places": 1})

DRAFTED = CampaignDrafted(
    campaign=CAMPAIGN_ID,
    lead=LEAD,
    title="Patient Safety Partners",
    summary="Two partners for two bodies.",
    what_happens_next="We write to everybody.",
    role_family="patient-safety-partner",
)
CONTACT_NAMED = CampaignContactNamed(
    campaign=CAMPAIGN_ID,
    contact=CONTACT,
    name=Clear("Sam Example"),
    job_title="Engagement officer",
    email=Clear("sam@example.org"),
)


def described(
    opportunity: UUID = TRUST_ROLE,
    host: str = TRUST,
    description: RoleDescription = DESCRIPTION,
    carries_payment: bool = True,
) -> OpportunityDescribed:
    """An opportunity at a host that pays for itself."""
    return OpportunityDescribed(
        campaign=CAMPAIGN_ID,
        opportunity=opportunity,
        host=host,
        payer=host,
        carries_payment=carries_payment,
        description=description,
    )


DRAFT: tuple[RecruitmentEvent, ...] = (
    DRAFTED,
    CONTACT_NAMED,
    described(BOARD_ROLE, LEAD),
    described(),
)
PUBLISHED = CampaignPublished(
    campaign=CAMPAIGN_ID,
    lead=LEAD,
    hosts=(LEAD, TRUST),
    opportunities=(BOARD_ROLE, TRUST_ROLE),
    title="Patient Safety Partners",
    role_family="patient-safety-partner",
    places=4,
    opens_at=OPENS_AT,
    closes_at=CLOSES_AT,
    policy_version=1,
)
OPENED = CampaignOpened(campaign=CAMPAIGN_ID)
OPEN: tuple[RecruitmentEvent, ...] = (*DRAFT, PUBLISHED, OPENED)
ROLLING: tuple[RecruitmentEvent, ...] = (
    *DRAFT,
    PUBLISHED.model_copy(update={"closes_at": None}),
    OPENED,
)
CLOSED_EVENT = CampaignClosed(campaign=CAMPAIGN_ID, closed_at=CLOSES_AT, by="closing-time")


def entered(application: UUID = ANNS, person: UUID = ANN, late: bool = False) -> ApplicationEntered:
    """An entry in the campaign's register."""
    return ApplicationEntered(
        campaign=CAMPAIGN_ID, application=application, person=person, late=late
    )


RECEIVED = ApplicationReceived(
    application=ANNS,
    campaign=CAMPAIGN_ID,
    lead=LEAD,
    person=ANN,
    opportunities=(TRUST_ROLE, BOARD_ROLE),
    channel="online",
    received_at=NOW,
    late=False,
    name=Clear("Ann Example"),
    email=Clear("ann@example.org"),
    contact_channel="email",
    answers=Clear([{"question": "What interests you about this role?", "answer": "Safety."}]),
    confirms_age=True,
)
LATE = RECEIVED.model_copy(update={"late": True})
