"""One partner from welcome to standing down: stream `partner/<partner>`."""

from datetime import date
from uuid import UUID

from pydantic import StrictBool

from shared.contracts.engagement.words import (
    Code,
    EngagementEvent,
    Item,
    Kept,
    KeptIfGiven,
    Version,
)
from shared.kernel.identifiers import Organisation


class PartnerWelcomed(EngagementEvent):
    """Someone appointed to this organisation is now its partner and starts onboarding."""

    partner: UUID
    person: UUID
    appointment: UUID
    payer: Organisation
    role_family: str
    carries_payment: StrictBool
    contact_channel: Code
    lead_contact: UUID | None = None
    name: KeptIfGiven = None
    email: KeptIfGiven = None
    address: KeptIfGiven = None
    phone: KeptIfGiven = None
    support_needs: KeptIfGiven = None


class PartnerReappointed(EngagementEvent):
    """A partner known here was appointed again; the newest details and payer hold from now on."""

    partner: UUID
    person: UUID
    appointment: UUID
    payer: Organisation
    role_family: str
    carries_payment: StrictBool
    contact_channel: Code
    lead_contact: UUID | None = None
    name: KeptIfGiven = None
    email: KeptIfGiven = None
    address: KeptIfGiven = None
    phone: KeptIfGiven = None
    support_needs: KeptIfGiven = None


class OnboardingPlanned(EngagementEvent):
    """What this partner must have done before being active, by the policy version named."""

    partner: UUID
    person: UUID
    policy_version: Version
    items: tuple[Item, ...]


class OnboardingItemDone(EngagementEvent):
    """An item with no event of its own was done: an induction, a remote meeting overview."""

    partner: UUID
    person: UUID
    item: Item
    done_on: date
    note: KeptIfGiven = None


class OnboardingItemWaived(EngagementEvent):
    """A named person decided, with a reason, that this partner need not do this item."""

    partner: UUID
    person: UUID
    item: Item
    reason: Kept
    waived_by: Kept


class LeadContactNominated(EngagementEvent):
    """Who the partner turns to before, during and after meetings."""

    partner: UUID
    person: UUID
    lead_contact: UUID
    name: Kept
    email: KeptIfGiven = None
    nominated_on: date


class IncomeAdviceGiven(EngagementEvent):
    """The partner was told to declare payments to HMRC, the job centre and insurers."""

    partner: UUID
    person: UUID
    given_on: date
    means: Code
    statement: str


class ConfidentialityAgreed(EngagementEvent):
    """The partner signed the confidentiality agreement."""

    partner: UUID
    person: UUID
    signed_on: date
    document: str


class NolanPrinciplesAcknowledged(EngagementEvent):
    """The partner acknowledged the seven principles of public life."""

    partner: UUID
    person: UUID
    acknowledged_on: date


class InterestsDeclared(EngagementEvent):
    """The partner's entry in the register of interests; it replaces the earlier one."""

    partner: UUID
    person: UUID
    declared_on: date
    any_interest: StrictBool
    interests: KeptIfGiven = None


class AccessNeedsRecorded(EngagementEvent):
    """Access and communication needs and the paper format wanted; replaces the earlier one."""

    partner: UUID
    person: UUID
    recorded_on: date
    paper_format: Code
    needs: KeptIfGiven = None


class TrainingCompleted(EngagementEvent):
    """A course was completed. Without `expires_on`, its last good day, it does not expire."""

    partner: UUID
    person: UUID
    course: Code
    provider: str
    mode: Code
    completed_on: date
    expires_on: date | None = None
    remind_on: tuple[date, ...] = ()
    policy_version: Version


class TrainingExpiring(EngagementEvent):
    """A reminder: this course is about to expire and has not been renewed."""

    partner: UUID
    person: UUID
    course: Code
    expires_on: date


class TrainingExpired(EngagementEvent):
    """This course is no longer valid; `expires_on` was its last good day."""

    partner: UUID
    person: UUID
    course: Code
    expires_on: date


class PartnerActivated(EngagementEvent):
    """Everything required is done or waived: the partner can be seated, invited and paid."""

    partner: UUID
    person: UUID
    active_on: date
    policy_version: Version
    waived: tuple[Item, ...] = ()


class PartnerPaused(EngagementEvent):
    """The partner takes part in nothing for the time being."""

    partner: UUID
    person: UUID
    paused_on: date
    reason: KeptIfGiven = None


class PartnerResumed(EngagementEvent):
    """A paused partner takes part again."""

    partner: UUID
    person: UUID
    resumed_on: date


class PartnerStoodDown(EngagementEvent):
    """The partner has left the role; only a new appointment brings them back."""

    partner: UUID
    person: UUID
    stood_down_on: date
    cause: Code
    reason: KeptIfGiven = None
