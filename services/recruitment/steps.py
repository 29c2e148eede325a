"""What a command needs from several streams at once; the rules themselves are in `domain`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol, TypeAlias, TypeVar
from uuid import UUID

from services.recruitment.domain.application import (
    APPLICATION,
    Appointed,
    Decided,
    DecideOutcome,
    Left,
    NoApplication,
    NoSuchApplication,
    Reached,
)
from services.recruitment.domain.appointment import APPOINTMENT, MakeOffer
from services.recruitment.domain.assessment import Considered, OfferInterview, ShortlistApplicant
from services.recruitment.domain.campaign import (
    CAMPAIGN,
    Advert,
    Cancelled,
    NoCampaign,
    NoSuchCampaign,
    NotPublished,
    Running,
)
from services.recruitment.domain.clearance import CLEARANCE, OpenClearance
from services.recruitment.domain.drafting import Draft, PublishCampaign
from services.recruitment.domain.person import PERSON, RequestErasure
from services.recruitment.domain.policies import SelectionPolicy, SelectionTerms
from services.recruitment.domain.references import RemindReferees, RequestReference
from services.recruitment.domain.register import NoteOutcome, ReceiveApplication
from services.recruitment.domain.selection import (
    PANEL,
    CloseScoring,
    ConvenePanel,
    ScoreApplicant,
)
from shared.contracts.event import Event
from shared.contracts.personal import Personal
from shared.kernel.decider import Decider
from shared.kernel.moments import last_day, london_date
from shared.kernel.policies import PolicyVersion

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E", bound=Event)


class Deciding(Protocol):
    """One transaction: streams to read, deciders to ask; written together or not at all."""

    @property
    def now(self) -> datetime:
        """When this is decided."""
        ...

    async def state(self, decider: Decider[S, C, E], organisation: str, stream: str) -> S:
        """What is known of a stream."""
        ...

    async def decide(
        self, decider: Decider[S, C, E], organisation: str, stream: str, command: C
    ) -> Sequence[Event]:
        """What the decider answers, remembered to be written."""
        ...

    async def policies(self, organisation: str, kind: str) -> Sequence[PolicyVersion]:
        """Every adopted version of a policy, oldest first."""
        ...

    async def policy(self, organisation: str, kind: str, on: date) -> PolicyVersion | None:
        """The version in force on a date."""
        ...


@dataclass(frozen=True, slots=True)
class Journey:
    """An application with the campaign it belongs to and the policy it is decided by."""

    state: Reached | Decided | Left | Appointed
    advert: Advert
    policy: SelectionPolicy
    cancelled: bool

    @property
    def panel(self) -> str:
        """The stream of the panel."""
        return f"panel/{self.advert.campaign}"

    @property
    def criteria(self) -> frozenset[str]:
        """Every criterion of the opportunities applied for."""
        wanted = (self.advert.opportunities[o] for o in self.state.received.opportunities)
        return frozenset(each.criterion for o in wanted for each in o.description.criteria)


Scores: TypeAlias = Mapping[str, int]


# Campaigns


async def publish(
    transaction: Deciding,
    organisation: str,
    campaign: UUID,
    opens_at: datetime,
    closes_at: datetime | None,
) -> None:
    """Publish under the selection policy in force on the day."""
    now = transaction.now
    version = await transaction.policy(organisation, "selection", london_date(now))
    command = PublishCampaign(opens_at, closes_at, now, _policy(version))
    await transaction.decide(CAMPAIGN, organisation, f"campaign/{campaign}", command)


async def receive(
    transaction: Deciding, organisation: str, campaign: UUID, command: ReceiveApplication
) -> UUID:
    """Enter an application; answers the one this person has in the campaign."""
    stream = f"campaign/{campaign}"
    await transaction.decide(CAMPAIGN, organisation, stream, command)
    state = await transaction.state(CAMPAIGN, organisation, stream)
    if not isinstance(state, Running):
        raise TypeError("A campaign that receives applications is running.")
    return state.register.applications[command.person]


async def convene(
    transaction: Deciding, organisation: str, campaign: UUID, members: tuple[UUID, ...]
) -> None:
    """Name the panel of a published campaign."""
    _, policy, _ = await _advert(transaction, organisation, campaign)
    command = ConvenePanel(campaign, members, policy.terms)
    await transaction.decide(PANEL, organisation, f"panel/{campaign}", command)


async def _advert(
    transaction: Deciding, organisation: str, campaign: UUID
) -> tuple[Advert, SelectionPolicy, bool]:
    state = await transaction.state(CAMPAIGN, organisation, f"campaign/{campaign}")
    match state:
        case NoCampaign():
            raise NoSuchCampaign
        case Draft():
            raise NotPublished
        case _:
            versions = await transaction.policies(organisation, "selection")
            wanted = state.advert.policy_version
            found = [version for version in versions if version.version == wanted]
            policy = _policy(found[0] if found else None)
            return state.advert, policy, isinstance(state, Cancelled)


def _policy(version: PolicyVersion | None) -> SelectionPolicy:
    if version is None:
        return SelectionPolicy()
    return SelectionPolicy(SelectionTerms.model_validate(dict(version.terms)), version.version)


# Applications


async def journey(transaction: Deciding, organisation: str, application: UUID) -> Journey:
    """Everything known about an application; refused when there is none."""
    state = await transaction.state(APPLICATION, organisation, f"application/{application}")
    if isinstance(state, NoApplication):
        raise NoSuchApplication
    campaign = state.received.campaign
    return Journey(state, *await _advert(transaction, organisation, campaign))


async def score(
    transaction: Deciding, organisation: str, application: UUID, member: UUID, scores: Scores
) -> None:
    """Put one member's scores on the panel's sheet."""
    known = await journey(transaction, organisation, application)
    command = ScoreApplicant(
        application=application,
        member=member,
        scores=scores,
        criteria=known.criteria,
        considered=isinstance(known.state, Considered),
        terms=known.policy.terms,
    )
    await transaction.decide(PANEL, organisation, known.panel, command)


async def shortlist(
    transaction: Deciding, organisation: str, application: UUID, command: ShortlistApplicant
) -> None:
    """Record the panel's decision; where the policy has a panel, on everybody's scores."""
    known = await journey(transaction, organisation, application)
    stream = f"application/{application}"
    happened = await transaction.decide(APPLICATION, organisation, stream, command)
    if happened and known.policy.terms.panel:
        closing = CloseScoring(application, known.policy.terms)
        await transaction.decide(PANEL, organisation, known.panel, closing)


async def offer_interview(
    transaction: Deciding, organisation: str, application: UUID, interview: UUID
) -> None:
    """Invite a shortlisted applicant."""
    known = await journey(transaction, organisation, application)
    command = OfferInterview(interview, known.policy.terms)
    await transaction.decide(APPLICATION, organisation, f"application/{application}", command)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about an applicant."""

    successful: bool
    opportunity: UUID | None = None
    next_steps: str = ""
    reasons: Personal | None = None
    reserve_until: date | None = None


async def decide_outcome(
    transaction: Deciding, organisation: str, application: UUID, verdict: Verdict
) -> None:
    """Decide the outcome; the campaign holds the place and owes the answer."""
    known = await journey(transaction, organisation, application)
    command = DecideOutcome(
        successful=verdict.successful,
        opportunity=verdict.opportunity,
        next_steps=verdict.next_steps,
        reasons=verdict.reasons,
        reserve_until=verdict.reserve_until,
        now=transaction.now,
        terms=known.policy.terms,
        cancelled=known.cancelled,
    )
    stream = f"application/{application}"
    if await transaction.decide(APPLICATION, organisation, stream, command):
        note = NoteOutcome(application, verdict.opportunity if verdict.successful else None)
        campaign = f"campaign/{known.advert.campaign}"
        await transaction.decide(CAMPAIGN, organisation, campaign, note)


# Before starting


async def open_clearance(transaction: Deciding, organisation: str, application: UUID) -> None:
    """Begin references and checks of a successful applicant who has been told."""
    known = await journey(transaction, organisation, application)
    advert = known.advert
    command = OpenClearance(advert.opportunities, advert.role_family, known.policy)
    await transaction.decide(CLEARANCE, organisation, f"application/{application}", command)


async def request_reference(
    transaction: Deciding, organisation: str, application: UUID, command: RequestReference
) -> None:
    """Ask a referee, to be reminded as the policy says."""
    known = await journey(transaction, organisation, application)
    command = replace(command, policy=known.policy)
    await transaction.decide(CLEARANCE, organisation, f"application/{application}", command)


async def remind_referees(transaction: Deciding, organisation: str, application: UUID) -> None:
    """Remind the referees whose reminder is due."""
    known = await journey(transaction, organisation, application)
    command = RemindReferees(transaction.now, known.policy)
    await transaction.decide(CLEARANCE, organisation, f"application/{application}", command)


@dataclass(frozen=True, slots=True)
class Term:
    """The term offered; without an end as long as the policy says."""

    starts_on: date
    ends_on: date | None
    lead_contact: UUID
    next_steps: str


async def make_offer(
    transaction: Deciding, organisation: str, application: UUID, term: Term
) -> None:
    """Offer the role."""
    known = await journey(transaction, organisation, application)
    command = MakeOffer(
        term_starts_on=term.starts_on,
        term_ends_on=term.ends_on or last_day(term.starts_on, known.policy.terms.term_months),
        lead_contact=term.lead_contact,
        next_steps=term.next_steps,
    )
    await transaction.decide(APPOINTMENT, organisation, f"application/{application}", command)


# Persons


async def linked_with(transaction: Deciding, organisation: str, person: UUID) -> frozenset[UUID]:
    """Every other identifier this person is linked with, directly or through others."""
    found, waiting = {person}, [person]
    while waiting:
        known = await transaction.state(PERSON, organisation, f"person/{waiting.pop()}")
        waiting += known.linked - found
        found |= known.linked
    return frozenset(found - {person})


async def request_erasure(
    transaction: Deciding, organisation: str, command: RequestErasure
) -> None:
    """Ask every service to erase a person under all their identifiers."""
    linked = await linked_with(transaction, organisation, command.person)
    command = replace(command, linked=linked)
    await transaction.decide(PERSON, organisation, f"person/{command.person}", command)
