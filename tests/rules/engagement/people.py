"""Invented partners, policies and days that engagement's rule tests share."""

from datetime import UTC, date, datetime
from uuid import UUID

from services.engagement.domain.partner import PartnerEvent
from services.engagement.domain.policies import (
    CommitteeTerms,
    Course,
    InForce,
    OnboardingTerms,
    TermTerms,
)
from services.engagement.domain.standing import Standing
from shared.contracts.engagement import (
    AccessNeedsRecorded,
    ConfidentialityAgreed,
    IncomeAdviceGiven,
    InterestsDeclared,
    LeadContactNominated,
    NolanPrinciplesAcknowledged,
    OnboardingPlanned,
    PartnerActivated,
    PartnerWelcomed,
    TrainingCompleted,
)
from shared.contracts.personal import Clear

PARTNER, PERSON, APPOINTMENT = (UUID(int=number) for number in (101, 102, 103))
LEAD_CONTACT, TERM, COMMITTEE, SEAT, MEETING = (UUID(int=number) for number in range(104, 109))
OTHER, OTHER_PERSON, THIRD, THIRD_PERSON = (UUID(int=number) for number in range(201, 205))

TODAY = date(2024, 4, 15)
EARLIER = date(2024, 4, 8)
TOMORROW = date(2024, 4, 16)

COURSES = (
    "information-governance",
    "equality-and-diversity",
    "safeguarding-level-1",
    "confidentiality",
    "conflicts-of-interest",
    "patient-safety",
)
ITEMS = ("lead-contact", "income-advice", "nolan-principles")
REQUIRED = (*ITEMS, *(f"training/{course}" for course in COURSES))

ONBOARDING_POLICY = InForce(
    3,
    OnboardingTerms(
        items=ITEMS,
        training=tuple(
            Course(course=course, title=course.replace("-", " "), validity_months=12)
            for course in COURSES
        ),
        remind_days_before=(60, 30, 7),
    ),
)
TERM_POLICY = InForce(2, TermTerms(months=18, remind_days_before=(90, 30)))
COMMITTEE_POLICY = InForce(1, CommitteeTerms())

WELCOMED = PartnerWelcomed(
    partner=PARTNER,
    person=PERSON,
    appointment=APPOINTMENT,
    payer="QH8",
    role_family="Patient Safety Partner",
    carries_payment=True,
    contact_channel="email",
    lead_contact=LEAD_CONTACT,
    name=Clear("Ada Penhallow"),
    email=Clear("ada@example.org"),
    phone=Clear("01632 960101"),
)
PLANNED = OnboardingPlanned(partner=PARTNER, person=PERSON, policy_version=3, items=REQUIRED)
NOMINATED = LeadContactNominated(
    partner=PARTNER,
    person=PERSON,
    lead_contact=LEAD_CONTACT,
    name=Clear("Bea Calder"),
    nominated_on=EARLIER,
)
ADVISED = IncomeAdviceGiven(
    partner=PARTNER, person=PERSON, given_on=EARLIER, means="letter", statement="income-notice-1"
)
ACKNOWLEDGED = NolanPrinciplesAcknowledged(partner=PARTNER, person=PERSON, acknowledged_on=EARLIER)
AGREED = ConfidentialityAgreed(
    partner=PARTNER, person=PERSON, signed_on=EARLIER, document="agreement-2"
)
DECLARED = InterestsDeclared(
    partner=PARTNER,
    person=PERSON,
    declared_on=EARLIER,
    any_interest=True,
    interests=Clear("Governor of a school"),
)
NEEDS = AccessNeedsRecorded(
    partner=PARTNER,
    person=PERSON,
    recorded_on=EARLIER,
    paper_format="large-print",
    needs=Clear("A hearing loop"),
)


def trained(course: str, completed_on: date = EARLIER) -> TrainingCompleted:
    """A course completed under the policy above, valid for a year."""
    expires_on = ONBOARDING_POLICY.terms.expiry(course, completed_on)
    return TrainingCompleted(
        partner=PARTNER,
        person=PERSON,
        course=course,
        provider="Learning Hub",
        mode="e-learning",
        completed_on=completed_on,
        expires_on=expires_on,
        remind_on=(),
        policy_version=3,
    )


TRAINED: tuple[TrainingCompleted, ...] = tuple(trained(course) for course in COURSES)
ONBOARDED: tuple[PartnerEvent, ...] = (
    WELCOMED,
    PLANNED,
    NOMINATED,
    ADVISED,
    ACKNOWLEDGED,
    *TRAINED,
)
ACTIVATED = PartnerActivated(partner=PARTNER, person=PERSON, active_on=TODAY, policy_version=3)


def active(partner: UUID = PARTNER, person: UUID = PERSON, *, paid: bool = True) -> Standing:
    """A partner who can take part."""
    return Standing(partner, person, "QH8", carries_payment=paid, takes_part=True)


def inactive(partner: UUID = PARTNER, person: UUID = PERSON) -> Standing:
    """A partner who cannot take part: still onboarding, paused, or out of term."""
    return Standing(partner, person, "QH8", carries_payment=True, takes_part=False)


def at(hour: int, minute: int = 0, *, day: int = 16) -> datetime:
    """A moment of April 2024."""
    return datetime(2024, 4, day, hour, minute, tzinfo=UTC)
