"""A campaign: drafted, published, open, closed, completed once everybody has been told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from services.recruitment.domain.drafting import (
    DecideDbsLevel,
    DescribeOpportunity,
    Draft,
    DraftCampaign,
    NameContact,
    Preparation,
    PublishCampaign,
    decide_dbs_level,
    describe_opportunity,
    publish,
)
from services.recruitment.domain.register import (
    NoteOutcome,
    Opportunity,
    ReceiveApplication,
    Register,
    note_outcome,
    receive,
)
from shared.contracts.recruitment import (
    CampaignCancelled,
    CampaignClosed,
    CampaignCompleted,
    CampaignContactNamed,
    CampaignDrafted,
    CampaignOpened,
    CampaignPromoted,
    CampaignPublished,
    RecruitmentEvent,
)
from shared.kernel.decider import Decider, Placed, Refused
from shared.kernel.moments import LONDON

# Commands, besides those of drafting and of the register


@dataclass(frozen=True, slots=True)
class PromoteCampaign:
    """Record where the campaign was made known."""

    where: str
    on: date


@dataclass(frozen=True, slots=True)
class OpenCampaign:
    """The opening moment has come."""

    now: datetime


@dataclass(frozen=True, slots=True)
class CloseCampaign:
    """The closing moment has come, or a coordinator closes a campaign that rolls."""

    now: datetime
    by: Literal["closing-time", "coordinator"]


@dataclass(frozen=True, slots=True)
class CompleteCampaign:
    """Everything is decided and everybody told."""


@dataclass(frozen=True, slots=True)
class CancelCampaign:
    """Give the campaign up; whoever applied must still be told."""

    reason: str


Conduct: TypeAlias = (
    PromoteCampaign
    | OpenCampaign
    | CloseCampaign
    | CompleteCampaign
    | CancelCampaign
    | ReceiveApplication
    | NoteOutcome
)
Command: TypeAlias = Preparation | Conduct


# State


@dataclass(frozen=True, slots=True)
class NoCampaign:
    """Nothing has been drafted."""


@dataclass(frozen=True, slots=True)
class Advert:
    """What a published campaign is; it no longer changes."""

    campaign: UUID
    lead: str
    role_family: str
    opens_at: datetime
    closes_at: datetime | None
    policy_version: int | None
    opportunities: Mapping[UUID, Opportunity]


@dataclass(frozen=True, slots=True)
class Running:
    """A published campaign that is not over."""

    advert: Advert
    register: Register = field(default_factory=Register)


@dataclass(frozen=True, slots=True)
class Published(Running):
    """Advertised; it opens at its moment."""


@dataclass(frozen=True, slots=True)
class Open(Running):
    """Expressions of interest are welcome."""


@dataclass(frozen=True, slots=True)
class Closed(Running):
    """What is received after `closed_at` is late."""

    closed_at: datetime = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Completed:
    """Everybody has been told."""

    advert: Advert


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Given up; `register` says who must still be told so."""

    advert: Advert
    register: Register


State: TypeAlias = NoCampaign | Draft | Published | Open | Closed | Completed | Cancelled
Answer: TypeAlias = Sequence[RecruitmentEvent | Placed[RecruitmentEvent]]


# Rules


class NoSuchCampaign(Refused):
    """There is no such campaign; draft it first."""


class DraftedDifferently(Refused):
    """This campaign has been drafted in other words; draft another campaign."""


class AlreadyPublished(Refused):
    """What is published is fixed, so that all apply on the same terms; draft another campaign."""


class NotPublished(Refused):
    """The campaign has not been published; publish it first."""


class NotYetTime(Refused):
    """A campaign opens and closes at the moments it was advertised with; wait until then."""


class ApplicationsNotOpen(Refused):
    """Expressions of interest are accepted from the moment the campaign opens; apply again then."""


class CampaignOver(Refused):
    """This campaign is over: tell the person so, and point out the next campaign."""


class CampaignStillOpen(Refused):
    """Close the campaign before you complete it: somebody may still apply."""


class ApplicantsUntold(Refused):
    """A campaign is completed when every applicant has been told the outcome; tell them first."""


class PlacesUnsettled(Refused):
    """Wait with completing until each successful applicant is appointed or has left."""


def decide(state: State, command: Command) -> Answer:
    """What a command does to this campaign."""
    match command:
        case DraftCampaign():
            return _draft(state, command)
        case NameContact():
            return _name_contact(state, command)
        case DescribeOpportunity() | DecideDbsLevel() | PublishCampaign():
            return _prepare(state, command)
        case _:
            return _advertised(state, command)


def _draft(state: State, command: DraftCampaign) -> Answer:
    drafted = CampaignDrafted(
        campaign=command.campaign,
        lead=command.lead,
        title=command.title,
        summary=command.summary,
        what_happens_next=command.what_happens_next,
        role_family=command.role_family,
    )
    match state:
        case NoCampaign():
            return [drafted]
        case Draft() if state.drafted == drafted:
            return []
        case _:
            raise DraftedDifferently


def _name_contact(state: State, command: NameContact) -> Answer:
    match state:
        case Draft():
            campaign = state.drafted.campaign
        case Published() | Open() | Closed():
            campaign = state.advert.campaign
        case NoCampaign():
            raise NoSuchCampaign
        case _:
            raise CampaignOver
    named = CampaignContactNamed(
        campaign=campaign,
        contact=command.contact,
        name=command.name,
        job_title=command.job_title,
        email=command.email,
        phone=command.phone,
        address=command.address,
    )
    return [named]


def _prepare(
    state: State, command: DescribeOpportunity | DecideDbsLevel | PublishCampaign
) -> Answer:
    if isinstance(state, NoCampaign):
        raise NoSuchCampaign
    if not isinstance(state, Draft):
        if isinstance(command, PublishCampaign) and _is_as_published(state, command):
            return []
        raise AlreadyPublished
    match command:
        case DescribeOpportunity():
            return describe_opportunity(state, command)
        case DecideDbsLevel():
            return decide_dbs_level(state, command)
        case PublishCampaign():
            return publish(state, command)
        case _:
            assert_never(command)


def _is_as_published(
    state: Published | Open | Closed | Completed | Cancelled, command: PublishCampaign
) -> bool:
    advert = state.advert
    return (advert.opens_at, advert.closes_at) == (command.opens_at, command.closes_at)


def _advertised(state: State, command: Conduct) -> Answer:
    match state:
        case NoCampaign():
            raise NoSuchCampaign
        case Draft():
            raise NotPublished
        case Completed() | Cancelled():
            return _when_over(state, command)
        case _:
            return _run(state, command)


def _run(  # noqa: PLR0911 - one case a command
    state: Published | Open | Closed, command: Conduct
) -> Answer:
    campaign = state.advert.campaign
    match command:
        case PromoteCampaign():
            return [CampaignPromoted(campaign=campaign, where=command.where, on=command.on)]
        case OpenCampaign():
            return _open(state, command)
        case CloseCampaign():
            return _close(state, command)
        case CompleteCampaign():
            return _complete(state)
        case CancelCampaign():
            return [CampaignCancelled(campaign=campaign, reason=command.reason)]
        case ReceiveApplication():
            return _receive(state, command)
        case NoteOutcome():
            return note_outcome(campaign, state.advert.opportunities, state.register, command)
        case _:
            assert_never(command)


def _when_over(state: Completed | Cancelled, command: object) -> Answer:
    already = {Completed: CompleteCampaign, Cancelled: CancelCampaign}[type(state)]
    if isinstance(command, already | OpenCampaign | CloseCampaign):
        return []
    if (
        isinstance(state, Cancelled)
        and isinstance(command, NoteOutcome)
        and not command.opportunity
    ):
        return note_outcome(state.advert.campaign, {}, state.register, command)
    raise CampaignOver


def _open(state: Published | Open | Closed, command: OpenCampaign) -> Answer:
    if not isinstance(state, Published):
        return []
    if command.now < state.advert.opens_at:
        raise NotYetTime
    return [CampaignOpened(campaign=state.advert.campaign)]


def _close(state: Published | Open | Closed, command: CloseCampaign) -> Answer:
    if isinstance(state, Closed):
        return []
    closes_at = state.advert.closes_at
    if command.now < (closes_at or state.advert.opens_at):
        raise NotYetTime
    campaign, closed_at = state.advert.campaign, closes_at or command.now
    closed = CampaignClosed(campaign=campaign, closed_at=closed_at, by=command.by)
    if isinstance(state, Published):
        return [CampaignOpened(campaign=campaign), closed]
    return [closed]


def _complete(state: Published | Open | Closed) -> Answer:
    if not isinstance(state, Closed):
        raise CampaignStillOpen
    untold = len(state.register.owed)
    if untold:
        raise ApplicantsUntold(f"Still to be told: {untold}.")
    unsettled = sum(not place.filled for place in state.register.places.values())
    if unsettled:
        raise PlacesUnsettled(f"Still to be settled: {unsettled}.")
    entered = state.register.entered
    return [CampaignCompleted(campaign=state.advert.campaign, applications=entered)]


def _receive(state: Published | Open | Closed, command: ReceiveApplication) -> Answer:
    advert = state.advert
    if command.received_at < advert.opens_at:
        opens = advert.opens_at.astimezone(LONDON)
        raise ApplicationsNotOpen(f"It opens on {opens:%-d %B %Y} at {opens:%H:%M}.")
    closes_at = state.closed_at if isinstance(state, Closed) else advert.closes_at
    return receive(
        advert.campaign, advert.lead, advert.opportunities, state.register, command, closes_at
    )


# Evolve


def evolve(state: State, event: RecruitmentEvent) -> State:
    """The campaign after this event."""
    match state:
        case NoCampaign():
            return Draft(event) if isinstance(event, CampaignDrafted) else state
        case Draft():
            if isinstance(event, CampaignPublished):
                return Published(_advert(state, event))
            return state.evolve(event)
        case Published() | Open() | Closed():
            return _evolve_running(state, event)
        case Cancelled():
            return replace(state, register=state.register.evolve(event))
        case Completed():
            return state
        case _:
            assert_never(state)


def _advert(draft: Draft, event: CampaignPublished) -> Advert:
    return Advert(
        campaign=event.campaign,
        lead=event.lead,
        role_family=event.role_family,
        opens_at=event.opens_at,
        closes_at=event.closes_at,
        policy_version=event.policy_version,
        opportunities=draft.opportunities(),
    )


def _evolve_running(state: Published | Open | Closed, event: RecruitmentEvent) -> State:
    match event:
        case CampaignOpened():
            return Open(state.advert, state.register)
        case CampaignClosed():
            return Closed(state.advert, state.register, closed_at=event.closed_at)
        case CampaignCompleted():
            return Completed(state.advert)
        case CampaignCancelled():
            return Cancelled(state.advert, state.register)
        case _:
            register = state.register.evolve(event)
            return state if register is state.register else replace(state, register=register)


CAMPAIGN: Decider[State, Command, RecruitmentEvent] = Decider(NoCampaign(), decide, evolve)
