"""A campaign's register: who applied, who is still owed an answer, who holds a place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from shared.contracts.personal import Personal
from shared.contracts.recruitment import (
    AnswerOwed,
    ApplicationAnswered,
    ApplicationEntered,
    ApplicationReceived,
    Channel,
    ContactChannel,
    DbsLevel,
    PlaceFilled,
    PlaceReleased,
    PlaceTaken,
    RecruitmentEvent,
    RoleDescription,
)
from shared.kernel.decider import Placed, Refused

# Commands


@dataclass(frozen=True, slots=True)
class ReceiveApplication:
    """Enter an expression of interest that came at `received_at`; `now` is when it is entered."""

    application: UUID
    person: UUID
    opportunities: tuple[UUID, ...]
    channel: Channel
    received_at: datetime
    now: datetime
    name: Personal
    contact_channel: ContactChannel
    answers: Personal
    email: Personal | None = None
    address: Personal | None = None
    phone: Personal | None = None
    support_needs: Personal | None = None
    heard_through: str | None = None
    confirms_age: bool | None = None
    staff_of: tuple[str, ...] = ()
    account: UUID | None = None


@dataclass(frozen=True, slots=True)
class NoteOutcome:
    """An outcome was decided: hold the place of `opportunity`, or none, and owe the answer."""

    application: UUID
    opportunity: UUID | None


# State


@dataclass(frozen=True, slots=True)
class Opportunity:
    """What the register needs to know of one opportunity."""

    opportunity: UUID
    host: str
    payer: str
    carries_payment: bool
    description: RoleDescription
    dbs_level: DbsLevel | None = None
    applications_seen_by: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A place of an opportunity; it is `filled` by an appointment."""

    opportunity: UUID
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Register:
    """`applications` by person, `owed` who must still be told, `places` by application."""

    applications: Mapping[UUID, UUID] = field(default_factory=dict)
    owed: frozenset[UUID] = frozenset()
    places: Mapping[UUID, Place] = field(default_factory=dict)
    entered: int = 0

    def evolve(self, event: RecruitmentEvent) -> "Register":
        """The register after this event."""
        match event:
            case ApplicationEntered():
                return self._entered(event)
            case ApplicationAnswered():
                return self._answered(event)
            case AnswerOwed():
                return replace(self, owed=self.owed | {event.application})
            case PlaceTaken() | PlaceFilled() | PlaceReleased():
                return self._placed(event)
            case _:
                return self

    def _entered(self, event: ApplicationEntered) -> "Register":
        return replace(
            self,
            applications={**self.applications, event.person: event.application},
            owed=self.owed | {event.application},
            entered=self.entered + 1,
        )

    def _answered(self, event: ApplicationAnswered) -> "Register":
        applications = self.applications
        if event.how == "withdrawn":
            applications = {p: a for p, a in applications.items() if a != event.application}
        return replace(self, applications=applications, owed=self.owed - {event.application})

    def _placed(self, event: PlaceTaken | PlaceFilled | PlaceReleased) -> "Register":
        places = {a: place for a, place in self.places.items() if a != event.application}
        if not isinstance(event, PlaceReleased):
            filled = isinstance(event, PlaceFilled)
            places[event.application] = Place(event.opportunity, filled)
        return replace(self, places=places)


# Rules


class ReceivedInTheFuture(Refused):
    """An application is entered with the moment it was received, which has to be past; check it."""


class OpportunityNotOffered(Refused):
    """Choose among the opportunities this campaign offers."""


class ContactDetailsMissing(Refused):
    """Everybody is told the outcome: give the address or number for the channel you chose."""


class OwnStaffNotEligible(Refused):
    """Staff may be partners of another body but not of their own: choose another opportunity."""


class NoPlaceLeft(Refused):
    """Every place of this opportunity is held; choose another one, or the reserve list."""


def receive(
    campaign: UUID,
    lead: str,
    opportunities: Mapping[UUID, Opportunity],
    register: Register,
    command: ReceiveApplication,
    closes_at: datetime | None,
) -> Sequence[RecruitmentEvent | Placed[RecruitmentEvent]]:
    """Enter an application, once a person; at the closing moment is in time, after it is late.

    Who is barred from all they apply for hears it at once online; what came on paper is answered.
    """
    if command.person in register.applications:
        return []
    if command.received_at > command.now:
        raise ReceivedInTheFuture
    if not command.opportunities or any(o not in opportunities for o in command.opportunities):
        raise OpportunityNotOffered
    _check_contact(command)
    late = closes_at is not None and command.received_at > closes_at
    barred = tuple(o for o in command.opportunities if opportunities[o].host in command.staff_of)
    if command.channel == "online" and barred == command.opportunities:
        raise OwnStaffNotEligible
    entered = ApplicationEntered(
        campaign=campaign, application=command.application, person=command.person, late=late
    )
    received = ApplicationReceived(
        application=command.application,
        campaign=campaign,
        lead=lead,
        person=command.person,
        opportunities=command.opportunities,
        channel=command.channel,
        received_at=command.received_at,
        late=late,
        name=command.name,
        email=command.email,
        address=command.address,
        phone=command.phone,
        contact_channel=command.contact_channel,
        answers=command.answers,
        support_needs=command.support_needs,
        heard_through=command.heard_through,
        confirms_age=command.confirms_age,
        staff_of=command.staff_of,
        barred_from=barred,
        account=command.account,
    )
    return [entered, Placed(lead, f"application/{command.application}", received)]


def may_be_seen_by(reader: UUID, applied_for: Iterable[Opportunity]) -> bool:
    """Whether somebody of the engagement team may read what was written for these opportunities.

    Where an opportunity names whom its applications are returned to, nobody else may.
    """
    named = (each.applications_seen_by for each in applied_for)
    return any(not readers or reader in readers for readers in named)


def _check_contact(command: ReceiveApplication) -> None:
    needed = {
        "email": command.email,
        "post": command.address,
        "sms": command.phone,
        "telephone": command.phone,
    }
    if needed[command.contact_channel] is None:
        raise ContactDetailsMissing


def note_outcome(
    campaign: UUID,
    opportunities: Mapping[UUID, Opportunity],
    register: Register,
    command: NoteOutcome,
) -> Sequence[RecruitmentEvent]:
    """Nobody holds two places, no more are held than there are, and a new outcome is to be told."""
    application, wanted = command.application, command.opportunity
    held = register.places.get(application)
    happened: list[RecruitmentEvent] = []
    if held is not None and held.opportunity != wanted:
        happened.append(
            PlaceReleased(campaign=campaign, opportunity=held.opportunity, application=application)
        )
    if wanted is not None and (held is None or held.opportunity != wanted):
        _check_place(opportunities, register, wanted)
        happened.append(PlaceTaken(campaign=campaign, opportunity=wanted, application=application))
    if application not in register.owed:
        happened.append(AnswerOwed(campaign=campaign, application=application))
    return happened


def _check_place(
    opportunities: Mapping[UUID, Opportunity], register: Register, wanted: UUID
) -> None:
    if wanted not in opportunities:
        raise OpportunityNotOffered
    held = sum(place.opportunity == wanted for place in register.places.values())
    if held >= opportunities[wanted].description.places:
        raise NoPlaceLeft
