"""One application: received, perhaps late, shortlisted, interviewed, decided, told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from services.recruitment.domain.assessment import (
    Assessed,
    Assessment,
    Considered,
    Interviewed,
    NotShortlisted,
    Sifted,
    assess,
    evolve_assessment,
    is_shortlisted,
)
from services.recruitment.domain.policies import SelectionTerms
from services.recruitment.domain.register import OwnStaffNotEligible
from shared.contracts.personal import Personal
from shared.contracts.recruitment import (
    ApplicantTold,
    ApplicationAdmitted,
    ApplicationAnswered,
    ApplicationReceived,
    ApplicationWithdrawn,
    ClearanceCompleted,
    OfferDeclined,
    OutcomeDecided,
    PlaceReleased,
    RecruitmentEvent,
)
from shared.kernel.decider import Decider, Placed, Refused
from shared.kernel.moments import london_date

# Commands


@dataclass(frozen=True, slots=True)
class AdmitApplication:
    """Consider a late application all the same."""

    reason: Personal


@dataclass(frozen=True, slots=True)
class WithdrawApplication:
    """The applicant no longer wants to be considered."""

    reason: Personal | None = None


@dataclass(frozen=True, slots=True)
class DecideOutcome:
    """Decide, or change, the outcome; the successful are chosen for one opportunity.

    When the campaign was `cancelled`, nobody needs to have been shortlisted to be told so.
    """

    successful: bool
    opportunity: UUID | None
    next_steps: str
    reasons: Personal | None
    reserve_until: date | None
    now: datetime
    terms: SelectionTerms
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class RecordTold:
    """The applicant has been told; without `decision` it was the latest outcome."""

    how: Literal["message", "telephone", "in-person", "letter"]
    decision: int | None = None


Command: TypeAlias = (
    AdmitApplication | WithdrawApplication | Assessment | DecideOutcome | RecordTold
)


# State


@dataclass(frozen=True, slots=True)
class NoApplication:
    """Nothing has been received."""


@dataclass(frozen=True, slots=True)
class Late:
    """Received after the closing moment and not admitted."""

    received: ApplicationReceived


Reached: TypeAlias = Late | Assessed


@dataclass(frozen=True, slots=True)
class Decided:
    """The outcome is decided; `reached` is how far selection had come."""

    received: ApplicationReceived
    reached: Reached
    outcome: OutcomeDecided
    told: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """The applicant withdrew, or declined the offer."""

    received: ApplicationReceived


@dataclass(frozen=True, slots=True)
class Appointed:
    """The applicant is a partner."""

    received: ApplicationReceived


State: TypeAlias = NoApplication | Late | Assessed | Decided | Left | Appointed
Answer: TypeAlias = Sequence[RecruitmentEvent | Placed[RecruitmentEvent]]


# Rules


class NoSuchApplication(Refused):
    """There is no such application; look for it among the campaign's applications."""


class LateNotAdmitted(Refused):
    """A late application is considered only when a coordinator has admitted it; admit it first."""


class NoLongerConsidered(Refused):
    """This person withdrew or declined; they may apply again while the campaign is open."""


class AlreadyAppointed(Refused):
    """This person has been appointed; what ends an appointment is for the host to record."""


class OutcomeStands(Refused):
    """The outcome is decided; change the outcome instead of the steps that led to it."""


class ShortlistNotRecorded(Refused):
    """Record the panel's shortlist decision, with its reasons, before an outcome is decided."""


class NotRecommended(Refused):
    """A successful outcome follows an interview that ended in a recommendation; record it first."""


class NextStepsMissing(Refused):
    """A successful applicant is told what happens next: write the next steps."""


class NotAppliedFor(Refused):
    """Choose a successful applicant for one of the opportunities they applied for."""


class AgeNotReached(Refused):
    """The applicant says they are not as old as the policy asks; ask them, or decide otherwise."""


class ReserveDoesNotFit(Refused):
    """Only the unsuccessful are kept in reserve, as long as policy allows; give an earlier day."""


class NothingToTell(Refused):
    """There is no outcome yet; decide it before you tell the applicant."""


def decide(state: State, command: Command) -> Answer:
    """What a command does to this application."""
    match state:
        case NoApplication():
            raise NoSuchApplication
        case Left():
            if isinstance(command, WithdrawApplication | RecordTold):
                return []
            raise NoLongerConsidered
        case Appointed():
            if isinstance(command, RecordTold):
                return []
            raise AlreadyAppointed
        case _:
            return _decide_running(state, command)


def _decide_running(state: Reached | Decided, command: Command) -> Answer:
    match command:
        case WithdrawApplication():
            return _withdraw(state, command)
        case DecideOutcome():
            return _decide_outcome(state, command)
        case RecordTold():
            return _record_told(state, command)
        case AdmitApplication():
            return _admit(state, command)
        case _:
            if isinstance(state, Decided):
                raise OutcomeStands
            if isinstance(state, Late):
                raise LateNotAdmitted
            return assess(state, command)


def _admit(state: Reached | Decided, command: AdmitApplication) -> Answer:
    if isinstance(state, Decided):
        raise OutcomeStands
    if not isinstance(state, Late):
        return []
    received = state.received
    return [
        ApplicationAdmitted(
            application=received.application,
            campaign=received.campaign,
            person=received.person,
            reason=command.reason,
        )
    ]


def _withdraw(state: Reached | Decided, command: WithdrawApplication) -> Answer:
    received = state.received
    withdrawn = ApplicationWithdrawn(
        application=received.application,
        campaign=received.campaign,
        person=received.person,
        reason=command.reason,
    )
    answered = ApplicationAnswered(
        campaign=received.campaign, application=received.application, how="withdrawn"
    )
    return [withdrawn, *release_place(state), _in_campaign(received, answered)]


def release_place(state: State) -> Answer:
    """Give back the place a successful applicant holds, in the campaign's stream."""
    if not isinstance(state, Decided) or state.outcome.opportunity is None:
        return []
    released = PlaceReleased(
        campaign=state.received.campaign,
        opportunity=state.outcome.opportunity,
        application=state.received.application,
    )
    return [_in_campaign(state.received, released)]


def _in_campaign(
    received: ApplicationReceived, event: RecruitmentEvent
) -> Placed[RecruitmentEvent]:
    return Placed(received.lead, f"campaign/{received.campaign}", event)


def _decide_outcome(state: Reached | Decided, command: DecideOutcome) -> Answer:
    reached = state.reached if isinstance(state, Decided) else state
    received = state.received
    if command.successful:
        _check_successful(reached, command)
    elif command.terms.panel and isinstance(reached, Considered) and not command.cancelled:
        raise ShortlistNotRecorded
    _check_reserve(command)
    decision = state.outcome.decision + 1 if isinstance(state, Decided) else 1
    opportunity = command.opportunity if command.successful else None
    if isinstance(state, Decided) and _is_same(state.outcome, command):
        return []
    return [
        OutcomeDecided(
            application=received.application,
            campaign=received.campaign,
            person=received.person,
            decision=decision,
            successful=command.successful,
            opportunity=opportunity,
            next_steps=command.next_steps,
            reasons=command.reasons,
            reserve_until=command.reserve_until,
        )
    ]


def _is_same(outcome: OutcomeDecided, command: DecideOutcome) -> bool:
    return (outcome.successful, outcome.opportunity, outcome.reserve_until) == (
        command.successful,
        command.opportunity if command.successful else None,
        command.reserve_until,
    )


def _check_successful(reached: Reached, command: DecideOutcome) -> None:
    received, terms = reached.received, command.terms
    if isinstance(reached, Late):
        raise LateNotAdmitted
    if isinstance(reached, Considered | Sifted) and not is_shortlisted(reached, terms):
        raise NotShortlisted
    if terms.interview and not (isinstance(reached, Interviewed) and reached.held.recommended):
        raise NotRecommended
    if not command.next_steps.strip():
        raise NextStepsMissing
    if command.opportunity not in received.opportunities:
        raise NotAppliedFor
    if command.opportunity in received.barred_from:
        raise OwnStaffNotEligible
    if terms.minimum_age and received.confirms_age is False:
        raise AgeNotReached


def _check_reserve(command: DecideOutcome) -> None:
    if command.reserve_until is None:
        return
    longest = london_date(command.now) + timedelta(days=command.terms.reserve_list_days)
    if command.successful or not london_date(command.now) < command.reserve_until <= longest:
        raise ReserveDoesNotFit


def _record_told(state: Reached | Decided, command: RecordTold) -> Answer:
    if not isinstance(state, Decided):
        raise NothingToTell
    outcome, received = state.outcome, state.received
    if state.told or command.decision not in (None, outcome.decision):
        return []
    told = ApplicantTold(
        application=received.application,
        campaign=received.campaign,
        person=received.person,
        decision=outcome.decision,
        how=command.how,
    )
    answered = ApplicationAnswered(
        campaign=received.campaign, application=received.application, how="told"
    )
    return [told, _in_campaign(received, answered)]


# Evolve


def evolve(state: State, event: RecruitmentEvent) -> State:
    """The application after this event; what belongs to clearance changes nothing here."""
    if isinstance(state, NoApplication):
        return _received(event)
    if isinstance(state, Left | Appointed):
        return state
    match event:
        case ApplicationWithdrawn() | OfferDeclined():
            return Left(state.received)
        case ClearanceCompleted():
            return Appointed(state.received)
        case OutcomeDecided():
            reached = state.reached if isinstance(state, Decided) else state
            return Decided(state.received, reached, event)
        case _:
            return _evolve_running(state, event)


def _received(event: RecruitmentEvent) -> State:
    if not isinstance(event, ApplicationReceived):
        return NoApplication()
    return Late(event) if event.late else Considered(event)


def _evolve_running(state: Reached | Decided, event: RecruitmentEvent) -> State:
    match state:
        case Late():
            return Considered(state.received) if isinstance(event, ApplicationAdmitted) else state
        case Decided():
            told = state.told or isinstance(event, ApplicantTold)
            return Decided(state.received, state.reached, state.outcome, told)
        case _:
            return evolve_assessment(state, event)


APPLICATION: Decider[State, Command, RecruitmentEvent] = Decider(NoApplication(), decide, evolve)
