"""The offer of a role, its acceptance, and the appointment at the host."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias, assert_never
from uuid import UUID

from services.recruitment.domain import clearance
from services.recruitment.domain.clearance import (
    ClearanceNotOpen,
    ClearanceOver,
    Clearing,
    Ended,
    NotChosen,
)
from shared.contracts.personal import Personal
from shared.contracts.recruitment import (
    ApplicationReceived,
    ApplicationWithdrawn,
    ClearanceCompleted,
    OfferAccepted,
    OfferDeclined,
    OfferMade,
    OutcomeDecided,
    PartnerAppointed,
    PlaceFilled,
    PlaceReleased,
    RecruitmentEvent,
)
from shared.kernel.decider import Decider, Placed, Refused

# Commands


@dataclass(frozen=True, slots=True)
class MakeOffer:
    """Offer the role for a term; a changed offer replaces one that is not accepted yet."""

    term_starts_on: date
    term_ends_on: date
    lead_contact: UUID
    next_steps: str


@dataclass(frozen=True, slots=True)
class AcceptOffer:
    """The applicant takes the role."""


@dataclass(frozen=True, slots=True)
class DeclineOffer:
    """The applicant does not take the role."""

    reason: Personal | None = None


@dataclass(frozen=True, slots=True)
class AppointPartner:
    """Appoint at the host, with the details the host will keep under its own keys."""

    appointment: UUID
    name: Personal
    email: Personal | None = None
    address: Personal | None = None
    phone: Personal | None = None
    support_needs: Personal | None = None


Command: TypeAlias = MakeOffer | AcceptOffer | DeclineOffer | AppointPartner


# State


@dataclass(frozen=True, slots=True)
class NotOffered:
    """No offer stands."""

    clearance: clearance.State


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer waits for the applicant's answer."""

    clearance: clearance.State
    offer: OfferMade


@dataclass(frozen=True, slots=True)
class Accepted:
    """The applicant has accepted."""

    clearance: clearance.State
    offer: OfferMade


@dataclass(frozen=True, slots=True)
class Declined:
    """The applicant has declined."""

    clearance: clearance.State


@dataclass(frozen=True, slots=True)
class Appointed:
    """There is a partner at the host."""

    clearance: clearance.State
    appointment: UUID


State: TypeAlias = NotOffered | Offered | Accepted | Declined | Appointed
Answer: TypeAlias = Sequence[RecruitmentEvent | Placed[RecruitmentEvent]]


# Rules


class TermEndsBeforeItStarts(Refused):
    """A term ends after the day it starts; check the two dates."""


class OfferAlreadyAccepted(Refused):
    """The offer has been accepted as it stands; change the term with the host."""


class NoOfferStands(Refused):
    """Make the offer before it is accepted, declined or followed by an appointment."""


class OfferNotAccepted(Refused):
    """A partner is appointed when they have accepted the offer; record their answer first."""


class StepsOutstanding(Refused):
    """A partner is appointed when every reference and check is in order; see to those first."""


class PartnerAlready(Refused):
    """This applicant has been appointed; what follows is for the host to record."""


def decide(state: State, command: Command) -> Answer:
    """What a command does to this applicant's offer and appointment."""
    match command:
        case MakeOffer():
            return _make(state, command)
        case AcceptOffer():
            return _accept(state)
        case DeclineOffer():
            return _decline(state, command)
        case AppointPartner():
            return _appoint(state, command)
        case _:
            assert_never(command)


def _clearing(state: State) -> Clearing:
    if isinstance(state.clearance, Clearing):
        return state.clearance
    raise ClearanceOver if isinstance(state.clearance, Ended) else ClearanceNotOpen


def _make(state: State, command: MakeOffer) -> Answer:
    if isinstance(state, Appointed):
        raise PartnerAlready
    clearing = _clearing(state)
    if command.term_ends_on <= command.term_starts_on:
        raise TermEndsBeforeItStarts
    opened = clearing.opened
    offer = OfferMade(
        application=opened.application,
        campaign=opened.campaign,
        person=opened.person,
        host=opened.host,
        opportunity=opened.opportunity,
        term_starts_on=command.term_starts_on,
        term_ends_on=command.term_ends_on,
        lead_contact=command.lead_contact,
        next_steps=command.next_steps,
    )
    if isinstance(state, Offered | Accepted) and state.offer == offer:
        return []
    if isinstance(state, Accepted):
        raise OfferAlreadyAccepted
    return [offer]


def _accept(state: State) -> Answer:
    match state:
        case Accepted() | Appointed():
            return []
        case Offered(offer=offer):
            return [
                OfferAccepted(
                    application=offer.application, campaign=offer.campaign, person=offer.person
                )
            ]
        case _:
            raise NoOfferStands


def _decline(state: State, command: DeclineOffer) -> Answer:
    match state:
        case Declined():
            return []
        case Appointed():
            raise PartnerAlready
        case NotOffered():
            raise NoOfferStands
        case Offered(offer=offer) | Accepted(offer=offer):
            declined = OfferDeclined(
                application=offer.application,
                campaign=offer.campaign,
                person=offer.person,
                reason=command.reason,
            )
            released = PlaceReleased(
                campaign=offer.campaign,
                opportunity=offer.opportunity,
                application=offer.application,
            )
            lead = _clearing(state).opened.lead
            return [declined, Placed(lead, f"campaign/{offer.campaign}", released)]
        case _:
            assert_never(state)


def _appoint(state: State, command: AppointPartner) -> Answer:
    match state:
        case Appointed():
            return []
        case NotOffered() | Declined():
            raise NoOfferStands
        case Offered() if _clearing(state).opened.acceptance_needed:
            raise OfferNotAccepted
        case Offered() | Accepted():
            return _appointed(_clearing(state), state.offer, command)
        case _:
            assert_never(state)


def is_ready(state: State) -> bool:
    """Whether nothing is outstanding any more and the partner can be appointed."""
    match state:
        case Offered(clearance=Clearing() as clearing):
            return not clearing.opened.acceptance_needed and not clearing.outstanding()
        case Accepted(clearance=Clearing() as clearing):
            return not clearing.outstanding()
        case _:
            return False


def _appointed(clearing: Clearing, offer: OfferMade, command: AppointPartner) -> Answer:
    outstanding = clearing.outstanding()
    if outstanding:
        raise StepsOutstanding(f"Still to come: {', '.join(outstanding)}.")
    opened, received = clearing.opened, clearing.received
    completed = ClearanceCompleted(
        application=opened.application,
        campaign=opened.campaign,
        person=opened.person,
        host=opened.host,
        appointment=command.appointment,
    )
    filled = PlaceFilled(
        campaign=opened.campaign, opportunity=opened.opportunity, application=opened.application
    )
    appointed = PartnerAppointed(
        appointment=command.appointment,
        person=opened.person,
        campaign=opened.campaign,
        application=opened.application,
        opportunity=opened.opportunity,
        lead=opened.lead,
        host=opened.host,
        payer=opened.payer,
        role_family=opened.role_family,
        carries_payment=opened.carries_payment,
        term_starts_on=offer.term_starts_on,
        term_ends_on=offer.term_ends_on,
        lead_contact=offer.lead_contact,
        name=command.name,
        email=command.email,
        address=command.address,
        phone=command.phone,
        contact_channel=received.contact_channel,
        support_needs=command.support_needs,
    )
    return [
        completed,
        Placed(opened.lead, f"campaign/{opened.campaign}", filled),
        Placed(opened.host, f"appointment/{command.appointment}", appointed),
    ]


# Evolve


def evolve(state: State, event: RecruitmentEvent) -> State:
    """Offer and appointment after this event of the application's stream."""
    cleared = clearance.evolve(state.clearance, event)
    match event:
        case OfferMade():
            return Offered(cleared, event)
        case OfferAccepted() if isinstance(state, Offered):
            return Accepted(cleared, state.offer)
        case OfferDeclined():
            return Declined(cleared)
        case ClearanceCompleted():
            return Appointed(cleared, event.appointment)
        case ApplicationReceived() | OutcomeDecided() | ApplicationWithdrawn():
            return NotOffered(cleared)
        case _:
            return replace(state, clearance=cleared)


APPOINTMENT: Decider[State, Command, RecruitmentEvent] = Decider(
    NotOffered(NotChosen()), decide, evolve
)
