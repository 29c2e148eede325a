"""One partner: welcomed, onboarding, active, paused, stood down."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias, assert_never
from uuid import UUID

from services.engagement.domain.checklist import Checklist, OnboardingRecord
from services.engagement.domain.policies import InForce, OnboardingTerms
from shared.contracts.engagement import (
    OnboardingItemWaived,
    OnboardingPlanned,
    PartnerActivated,
    PartnerPaused,
    PartnerReappointed,
    PartnerResumed,
    PartnerStoodDown,
    PartnerWelcomed,
    TrainingCompleted,
    TrainingExpired,
    TrainingExpiring,
)
from shared.contracts.personal import Clear
from shared.kernel.decider import Decider, Refused

# Commands


@dataclass(frozen=True, slots=True)
class WelcomePartner:
    """Someone was appointed here; appointed again, their newest details hold."""

    partner: UUID
    person: UUID
    appointment: UUID
    payer: str
    role_family: str
    carries_payment: bool
    contact_channel: str
    lead_contact: UUID | None = None
    name: Clear | None = None
    email: Clear | None = None
    address: Clear | None = None
    phone: Clear | None = None
    support_needs: Clear | None = None


@dataclass(frozen=True, slots=True)
class ActivatePartner:
    """Onboarding is done. `in_term`: a term of the partner runs on this day."""

    on: date
    policy: InForce[OnboardingTerms] | None
    in_term: bool


@dataclass(frozen=True, slots=True)
class PausePartner:
    """The partner takes a break."""

    on: date
    reason: Clear | None = None


@dataclass(frozen=True, slots=True)
class ResumePartner:
    """The break is over. `in_term`: a term of the partner runs on this day."""

    on: date
    in_term: bool


@dataclass(frozen=True, slots=True)
class StandDownPartner:
    """The partner leaves the role, because the term is over or for another cause."""

    on: date
    cause: str
    reason: Clear | None = None


Command: TypeAlias = (
    WelcomePartner | ActivatePartner | PausePartner | ResumePartner | StandDownPartner
)
PartnerEvent: TypeAlias = (
    PartnerWelcomed
    | PartnerReappointed
    | OnboardingPlanned
    | OnboardingRecord
    | OnboardingItemWaived
    | TrainingCompleted
    | TrainingExpiring
    | TrainingExpired
    | PartnerActivated
    | PartnerPaused
    | PartnerResumed
    | PartnerStoodDown
)

# State


@dataclass(frozen=True, slots=True)
class Profile:
    """Who the partner is and under what appointments."""

    partner: UUID
    person: UUID
    payer: str
    carries_payment: bool
    appointments: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class NotWelcomed:
    """Nobody was appointed under this identifier."""


@dataclass(frozen=True, slots=True)
class Welcomed:
    """What holds of a partner at every stage."""

    profile: Profile
    checklist: Checklist


@dataclass(frozen=True, slots=True)
class Onboarding(Welcomed):
    """Not yet active: something may still be open."""


@dataclass(frozen=True, slots=True)
class Active(Welcomed):
    """Can be seated, invited and paid."""


@dataclass(frozen=True, slots=True)
class Paused(Welcomed):
    """Was active and will be again."""


@dataclass(frozen=True, slots=True)
class StoodDown(Welcomed):
    """Has left; a new appointment starts onboarding again."""


State: TypeAlias = NotWelcomed | Onboarding | Active | Paused | StoodDown

# Rules


class PartnerNotWelcomed(Refused):
    """Nobody is a partner here before an appointment to this organisation; appoint them first."""


class PartnerHasLeft(Refused):
    """Nothing changes for a partner who has stood down; a new appointment brings them back."""


class OnboardingPolicyMissing(Refused):
    """An onboarding policy must be in force on this day; adopt one first."""


class OnboardingIncomplete(Refused):
    """A partner is active only when every required item is done, or waived with a reason."""


class NoTermRuns(Refused):
    """A partner can be active only during a term; start or extend the term first."""


class NotActive(Refused):
    """Only an active partner can be paused; activate a new partner first."""


class NotPaused(Refused):
    """Only a paused partner can resume; a new partner becomes active when onboarding is done."""


def decide(state: State, command: Command) -> Sequence[PartnerEvent]:
    """What a command does to this partner."""
    match command:
        case WelcomePartner():
            return _welcome(state, command)
        case ActivatePartner():
            return _activate(known(state), command)
        case PausePartner():
            return _pause(known(state), command)
        case ResumePartner():
            return _resume(known(state), command)
        case StandDownPartner():
            return _stand_down(known(state), command)
        case _:
            assert_never(command)


def known(state: State) -> Onboarding | Active | Paused | StoodDown:
    """The partner; refused when nobody was welcomed under this identifier."""
    if isinstance(state, NotWelcomed):
        raise PartnerNotWelcomed
    return state


def _welcome(state: State, command: WelcomePartner) -> Sequence[PartnerEvent]:
    kind: type[PartnerWelcomed] | type[PartnerReappointed] = PartnerWelcomed
    if not isinstance(state, NotWelcomed):
        if command.appointment in state.profile.appointments:
            return []
        kind = PartnerReappointed
    return [
        kind(
            partner=command.partner,
            person=command.person,
            appointment=command.appointment,
            payer=command.payer,
            role_family=command.role_family,
            carries_payment=command.carries_payment,
            contact_channel=command.contact_channel,
            lead_contact=command.lead_contact,
            name=command.name,
            email=command.email,
            address=command.address,
            phone=command.phone,
            support_needs=command.support_needs,
        )
    ]


def _activate(
    state: Onboarding | Active | Paused | StoodDown, command: ActivatePartner
) -> Sequence[PartnerEvent]:
    if isinstance(state, Active):
        return []
    if isinstance(state, StoodDown):
        raise PartnerHasLeft
    if isinstance(state, Paused):
        raise OnboardingIncomplete("This partner is paused: resume instead.")
    if command.policy is None:
        raise OnboardingPolicyMissing
    if not command.in_term:
        raise NoTermRuns
    required = command.policy.terms.required()
    still_open = state.checklist.still_open(required, command.on)
    if still_open:
        raise OnboardingIncomplete(f"Still to do: {', '.join(still_open)}.")
    who, version = state.profile, command.policy.version
    activated = PartnerActivated(
        partner=who.partner,
        person=who.person,
        active_on=command.on,
        policy_version=version,
        waived=tuple(item for item in required if item in state.checklist.waived),
    )
    if state.checklist.plan_version == version:
        return [activated]
    return [plan(who, command.policy), activated]


def plan(who: Profile, policy: InForce[OnboardingTerms]) -> OnboardingPlanned:
    """What this version of the policy asks of a partner."""
    return OnboardingPlanned(
        partner=who.partner,
        person=who.person,
        policy_version=policy.version,
        items=policy.terms.required(),
    )


def _pause(state: Welcomed, command: PausePartner) -> Sequence[PartnerEvent]:
    if isinstance(state, Paused):
        return []
    if not isinstance(state, Active):
        raise NotActive
    who = state.profile
    return [
        PartnerPaused(
            partner=who.partner, person=who.person, paused_on=command.on, reason=command.reason
        )
    ]


def _resume(state: Welcomed, command: ResumePartner) -> Sequence[PartnerEvent]:
    if isinstance(state, Active):
        return []
    if not isinstance(state, Paused):
        raise NotPaused
    if not command.in_term:
        raise NoTermRuns
    who = state.profile
    return [PartnerResumed(partner=who.partner, person=who.person, resumed_on=command.on)]


def _stand_down(state: Welcomed, command: StandDownPartner) -> Sequence[PartnerEvent]:
    if isinstance(state, StoodDown):
        return []
    return [
        PartnerStoodDown(
            partner=state.profile.partner,
            person=state.profile.person,
            stood_down_on=command.on,
            cause=command.cause,
            reason=command.reason,
        )
    ]


def evolve(state: State, event: PartnerEvent) -> State:  # noqa: PLR0911 - one line per stage
    """What an event makes of this partner."""
    if isinstance(event, PartnerWelcomed):
        return Onboarding(_profile(event, frozenset()), Checklist())
    if isinstance(state, NotWelcomed):
        return state
    profile, checklist = state.profile, state.checklist
    match event:
        case PartnerReappointed():
            profile = _profile(event, profile.appointments)
            if isinstance(state, StoodDown):
                return Onboarding(profile, checklist)
            return replace(state, profile=profile)
        case PartnerActivated() | PartnerResumed():
            return Active(profile, checklist)
        case PartnerPaused():
            return Paused(profile, checklist)
        case PartnerStoodDown():
            return StoodDown(profile, checklist)
        case _:
            return replace(state, checklist=checklist.after(event))


def _profile(event: PartnerWelcomed | PartnerReappointed, earlier: frozenset[UUID]) -> Profile:
    return Profile(
        partner=event.partner,
        person=event.person,
        payer=event.payer,
        carries_payment=event.carries_payment,
        appointments=earlier | {event.appointment},
    )


PARTNER: Decider[State, Command, PartnerEvent] = Decider(NotWelcomed(), decide, evolve)
