"""Onboarding one partner: the plan, the items done or waived, and training kept in date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, assert_never

from services.engagement.domain.checklist import (
    OWN_RECORD,
    OnboardingRecord,
    Training,
    day_of,
    item_of,
)
from services.engagement.domain.partner import (
    NotWelcomed,
    OnboardingPolicyMissing,
    PartnerEvent,
    PartnerHasLeft,
    Profile,
    State,
    StoodDown,
    Welcomed,
    evolve,
    known,
    plan,
)
from services.engagement.domain.policies import TRAINING, InForce, OnboardingTerms, days_before
from shared.contracts.engagement import (
    AccessNeedsRecorded,
    InterestsDeclared,
    LeadContactNominated,
    OnboardingItemDone,
    OnboardingItemWaived,
    TrainingCompleted,
    TrainingExpired,
    TrainingExpiring,
)
from shared.contracts.personal import Clear
from shared.kernel.decider import Decider, Refused

# Commands


@dataclass(frozen=True, slots=True)
class PlanOnboarding:
    """Set down what the policy asks of this partner before being active."""

    policy: InForce[OnboardingTerms] | None


@dataclass(frozen=True, slots=True)
class RecordOnboarding:
    """An item was done: the record to keep of it."""

    record: OnboardingRecord
    today: date


@dataclass(frozen=True, slots=True)
class WaiveItem:
    """This partner need not do an item; `waived_by` is the name of who decided it."""

    item: str
    reason: Clear
    waived_by: Clear


@dataclass(frozen=True, slots=True)
class CompleteTraining:
    """A course was completed; `expires_on` where the certificate itself says so."""

    course: str
    provider: str
    mode: str
    completed_on: date
    today: date
    policy: InForce[OnboardingTerms] | None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class ReviewTraining:
    """A day has come on which a course may be about to expire or be over."""

    on: date


Command: TypeAlias = (
    PlanOnboarding | RecordOnboarding | WaiveItem | CompleteTraining | ReviewTraining
)

# Rules


class NotYetHappened(Refused):
    """Only what has already happened can be recorded; give a day that is not in the future."""


class ItemHasOwnRecord(Refused):
    """This item is not ticked off: make the record that belongs to it, and it is done."""


class ItemNotRequired(Refused):
    """Only an item that this partner's onboarding requires can be waived; choose one of those."""


class WaiverUnexplained(Refused):
    """A waiver needs a reason and the name of the person who decided it; give both."""


class ExpiryBeforeCompletion(Refused):
    """A course cannot expire before the day it was completed; check the two dates."""


def decide(state: State, command: Command) -> Sequence[PartnerEvent]:
    """What a command does to this partner's onboarding."""
    partner = known(state)
    if isinstance(command, ReviewTraining):
        return [] if isinstance(partner, StoodDown) else _review_training(partner, command)
    if isinstance(partner, StoodDown):
        raise PartnerHasLeft
    match command:
        case PlanOnboarding():
            return _plan(partner, command)
        case RecordOnboarding():
            return _record(partner, command)
        case WaiveItem():
            return _waive(partner, command)
        case CompleteTraining():
            return _complete_training(partner, command)
        case _:
            assert_never(command)


def _plan(state: Welcomed, command: PlanOnboarding) -> Sequence[PartnerEvent]:
    if command.policy is None:
        raise OnboardingPolicyMissing
    if state.checklist.plan_version == command.policy.version:
        return []
    return [plan(state.profile, command.policy)]


def _record(state: Welcomed, command: RecordOnboarding) -> Sequence[PartnerEvent]:
    record = command.record
    item, day = item_of(record), day_of(record)
    if isinstance(record, OnboardingItemDone) and (item in OWN_RECORD or item.startswith(TRAINING)):
        raise ItemHasOwnRecord
    if day > command.today:
        raise NotYetHappened
    if (item, day) in state.checklist.done and not _says_more(record):
        return []
    return [record]


def _says_more(record: OnboardingRecord) -> bool:
    """Whether it says something sealed, which cannot be compared: then another one is news."""
    return isinstance(record, InterestsDeclared | AccessNeedsRecorded | LeadContactNominated)


def _waive(state: Welcomed, command: WaiveItem) -> Sequence[PartnerEvent]:
    if command.item in state.checklist.waived:
        return []
    if command.item not in state.checklist.required:
        required = ", ".join(state.checklist.required) or "nothing, until it is planned"
        raise ItemNotRequired(f"Required: {required}.")
    if not all(
        isinstance(c.value, str) and c.value.strip() for c in (command.reason, command.waived_by)
    ):
        raise WaiverUnexplained
    return [
        OnboardingItemWaived(
            partner=state.profile.partner,
            person=state.profile.person,
            item=command.item,
            reason=command.reason,
            waived_by=command.waived_by,
        )
    ]


def _complete_training(state: Welcomed, command: CompleteTraining) -> Sequence[PartnerEvent]:
    if command.completed_on > command.today:
        raise NotYetHappened
    if command.policy is None:
        raise OnboardingPolicyMissing
    terms = command.policy.terms
    expires_on = command.expires_on or terms.expiry(command.course, command.completed_on)
    if expires_on is not None and expires_on < command.completed_on:
        raise ExpiryBeforeCompletion
    newest = state.checklist.course(command.course)
    if newest is not None and newest.completed_on == command.completed_on:
        return []
    return [
        TrainingCompleted(
            partner=state.profile.partner,
            person=state.profile.person,
            course=command.course,
            provider=command.provider,
            mode=command.mode,
            completed_on=command.completed_on,
            expires_on=expires_on,
            remind_on=()
            if expires_on is None
            else days_before(expires_on, terms.remind_days_before, after=command.today),
            policy_version=command.policy.version,
        )
    ]


def _review_training(state: Welcomed, command: ReviewTraining) -> Sequence[PartnerEvent]:
    events = (_review(state.profile, training, command.on) for training in state.checklist.training)
    return [event for event in events if event is not None]


def _review(who: Profile, training: Training, on: date) -> PartnerEvent | None:
    """A reminder is late at most by the next one; what has expired is not reminded of."""
    if training.expires_on is None or training.expired:
        return None
    kind: type[TrainingExpiring] | type[TrainingExpired]
    if on > training.expires_on:
        kind = TrainingExpired
    elif sum(day <= on for day in training.remind_on) > training.reminders:
        kind = TrainingExpiring
    else:
        return None
    return kind(
        partner=who.partner,
        person=who.person,
        course=training.course,
        expires_on=training.expires_on,
    )


ONBOARDING: Decider[State, Command, PartnerEvent] = Decider(NotWelcomed(), decide, evolve)
