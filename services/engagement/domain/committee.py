"""One committee and its seats for partners; a place is never given twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeAlias, assert_never
from uuid import UUID

from services.engagement.domain.policies import CommitteeTerms, InForce
from services.engagement.domain.standing import Standing
from shared.contracts.engagement import (
    CommitteeConstituted,
    RequiredTraining,
    SeatDeclined,
    SeatOffered,
    SeatTaken,
    SeatVacated,
)
from shared.contracts.personal import Clear
from shared.kernel.decider import Decider, Refused

# Commands


@dataclass(frozen=True, slots=True)
class ConstituteCommittee:
    """A committee is set up; without `minimum_partners` the policy's holds."""

    committee: UUID
    name: str
    kind: str
    safety_related: bool
    reason_for_involvement: str
    role_category: int
    places: int
    on: date
    policy: InForce[CommitteeTerms] | None
    minimum_partners: int | None = None
    required_training: tuple[RequiredTraining, ...] = ()
    lead_contact: UUID | None = None


@dataclass(frozen=True, slots=True)
class OfferSeat:
    """A place is offered to a partner, and held for them."""

    seat: UUID
    partner: Standing
    on: date


@dataclass(frozen=True, slots=True)
class TakeSeat:
    """The partner accepts; `conflict` is the interest they declare at seating."""

    partner: Standing
    on: date
    conflict: Clear | None = None


@dataclass(frozen=True, slots=True)
class DeclineSeat:
    """The partner does not want the seat, or the offer is taken back."""

    partner: UUID
    on: date


@dataclass(frozen=True, slots=True)
class VacateSeat:
    """The partner leaves the seat."""

    partner: UUID
    on: date
    cause: str
    reason: Clear | None = None


Command: TypeAlias = ConstituteCommittee | OfferSeat | TakeSeat | DeclineSeat | VacateSeat
CommitteeEvent: TypeAlias = (
    CommitteeConstituted | SeatOffered | SeatDeclined | SeatTaken | SeatVacated
)

# State


@dataclass(frozen=True, slots=True)
class Offered:
    """A place held for a partner."""

    seat: UUID
    person: UUID


@dataclass(frozen=True, slots=True)
class Taken:
    """A partner sits here."""

    seat: UUID
    person: UUID
    since: date


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A seat the partner gave up after sitting on it, or an offer not taken."""

    was_taken: bool


Holding: TypeAlias = Offered | Taken | GivenUp


@dataclass(frozen=True, slots=True)
class NotConstituted:
    """No committee was set up under this identifier."""


@dataclass(frozen=True, slots=True)
class Constituted:
    """A committee: how many partners it has places for, and each partner's last holding."""

    committee: UUID
    name: str
    role_category: int
    places: int
    minimum_partners: int
    holdings: Mapping[UUID, Holding] = field(default_factory=dict)

    def occupied(self) -> int:
        """How many places are taken or held by an offer."""
        return sum(isinstance(held, Offered | Taken) for held in self.holdings.values())

    def seated(self) -> frozenset[UUID]:
        """The partners who sit here."""
        return frozenset(p for p, held in self.holdings.items() if isinstance(held, Taken))


State: TypeAlias = NotConstituted | Constituted

# Rules


class CommitteeUnknown(Refused):
    """A seat belongs to a committee that has been constituted; set the committee up first."""


class NoReasonForInvolvement(Refused):
    """The terms of reference must say why partners are involved; give the reason."""


class TooFewPlaces(Refused):
    """Give a committee a place for at least one partner, and for as many as it must have."""


class CommitteePolicyMissing(Refused):
    """A committee policy must be in force on this day; adopt one, or give the minimum yourself."""


class PartnerCannotBeSeated(Refused):
    """Only an active partner whose term runs can be given a seat; finish onboarding first."""


class NoPlaceFree(Refused):
    """Every place is taken or held by an offer; wait until one is vacated or declined."""


class NoSeatOffered(Refused):
    """Only a seat that was offered to this partner can be taken or declined; offer it first."""


class SeatAlreadyTaken(Refused):
    """A seat that is taken cannot be declined any more; vacate it instead."""


class NotSeated(Refused):
    """Only a partner who sits on this committee can vacate a seat; an offer is declined instead."""


class VacatedBeforeTaken(Refused):
    """A seat is vacated on or after the day it was taken; check the date."""


def decide(state: State, command: Command) -> Sequence[CommitteeEvent]:
    """What a command does to this committee."""
    if isinstance(command, ConstituteCommittee):
        return _constitute(state, command)
    if isinstance(state, NotConstituted):
        raise CommitteeUnknown
    match command:
        case OfferSeat():
            return _offer(state, command)
        case TakeSeat():
            return _take(state, command)
        case DeclineSeat():
            return _decline(state, command)
        case VacateSeat():
            return _vacate(state, command)
        case _:
            assert_never(command)


def _constitute(state: State, command: ConstituteCommittee) -> Sequence[CommitteeEvent]:
    if isinstance(state, Constituted):
        return []
    if not command.reason_for_involvement.strip():
        raise NoReasonForInvolvement
    minimum = command.minimum_partners
    if minimum is None:
        if command.policy is None:
            raise CommitteePolicyMissing
        minimum = command.policy.terms.minimum_partners(safety_related=command.safety_related)
    if command.places < max(1, minimum):
        raise TooFewPlaces(f"It must have {minimum} and has places for {command.places}.")
    return [
        CommitteeConstituted(
            committee=command.committee,
            name=command.name,
            kind=command.kind,
            safety_related=command.safety_related,
            reason_for_involvement=command.reason_for_involvement,
            role_category=command.role_category,
            places=command.places,
            minimum_partners=minimum,
            required_training=command.required_training,
            lead_contact=command.lead_contact,
            constituted_on=command.on,
        )
    ]


def _offer(state: Constituted, command: OfferSeat) -> Sequence[CommitteeEvent]:
    who = command.partner
    if isinstance(state.holdings.get(who.partner), Offered | Taken):
        return []
    if not who.takes_part:
        raise PartnerCannotBeSeated
    if state.occupied() >= state.places:
        raise NoPlaceFree(f"There are {state.places} places.")
    return [
        SeatOffered(
            committee=state.committee,
            committee_name=state.name,
            seat=command.seat,
            partner=who.partner,
            person=who.person,
            offered_on=command.on,
        )
    ]


def _take(state: Constituted, command: TakeSeat) -> Sequence[CommitteeEvent]:
    who, held = command.partner, state.holdings.get(command.partner.partner)
    if isinstance(held, Taken):
        return []
    if not isinstance(held, Offered):
        raise NoSeatOffered
    if not who.takes_part:
        raise PartnerCannotBeSeated
    return [
        SeatTaken(
            committee=state.committee,
            seat=held.seat,
            partner=who.partner,
            person=who.person,
            taken_on=command.on,
            conflict=command.conflict,
        )
    ]


def _decline(state: Constituted, command: DeclineSeat) -> Sequence[CommitteeEvent]:
    match state.holdings.get(command.partner):
        case Offered(seat, person):
            return [
                SeatDeclined(
                    committee=state.committee,
                    seat=seat,
                    partner=command.partner,
                    person=person,
                    declined_on=command.on,
                )
            ]
        case Taken():
            raise SeatAlreadyTaken
        case GivenUp(was_taken=False):
            return []
        case _:
            raise NoSeatOffered


def _vacate(state: Constituted, command: VacateSeat) -> Sequence[CommitteeEvent]:
    match state.holdings.get(command.partner):
        case Taken(seat, person, since):
            if command.on < since:
                raise VacatedBeforeTaken(f"It was taken on {since}.")
            return [
                SeatVacated(
                    committee=state.committee,
                    seat=seat,
                    partner=command.partner,
                    person=person,
                    vacated_on=command.on,
                    cause=command.cause,
                    reason=command.reason,
                )
            ]
        case GivenUp(was_taken=True):
            return []
        case _:
            raise NotSeated


def evolve(state: State, event: CommitteeEvent) -> State:
    """What an event makes of this committee."""
    if isinstance(event, CommitteeConstituted):
        return Constituted(
            committee=event.committee,
            name=event.name,
            role_category=event.role_category,
            places=event.places,
            minimum_partners=event.minimum_partners,
        )
    if isinstance(state, NotConstituted):
        return state
    held: Holding
    match event:
        case SeatOffered():
            held = Offered(event.seat, event.person)
        case SeatTaken():
            held = Taken(event.seat, event.person, event.taken_on)
        case SeatDeclined():
            held = GivenUp(was_taken=False)
        case SeatVacated():
            held = GivenUp(was_taken=True)
    return replace(state, holdings={**state.holdings, event.partner: held})


COMMITTEE: Decider[State, Command, CommitteeEvent] = Decider(NotConstituted(), decide, evolve)
