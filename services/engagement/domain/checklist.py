"""What a partner has done of what must be done before being active."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeAlias

from services.engagement.domain.policies import TRAINING
from shared.contracts.engagement import (
    AccessNeedsRecorded,
    ConfidentialityAgreed,
    EngagementEvent,
    IncomeAdviceGiven,
    InterestsDeclared,
    LeadContactNominated,
    NolanPrinciplesAcknowledged,
    OnboardingItemDone,
    OnboardingItemWaived,
    OnboardingPlanned,
    TrainingCompleted,
    TrainingExpired,
    TrainingExpiring,
)

OnboardingRecord: TypeAlias = (
    OnboardingItemDone
    | LeadContactNominated
    | IncomeAdviceGiven
    | ConfidentialityAgreed
    | NolanPrinciplesAcknowledged
    | InterestsDeclared
    | AccessNeedsRecorded
)
ChecklistEvent: TypeAlias = (
    OnboardingRecord
    | OnboardingPlanned
    | OnboardingItemWaived
    | TrainingCompleted
    | TrainingExpiring
    | TrainingExpired
)

OWN_RECORD: Final[Mapping[str, type[EngagementEvent]]] = {
    "lead-contact": LeadContactNominated,
    "income-advice": IncomeAdviceGiven,
    "confidentiality-agreement": ConfidentialityAgreed,
    "nolan-principles": NolanPrinciplesAcknowledged,
    "interests": InterestsDeclared,
    "access-needs": AccessNeedsRecorded,
}
"""Items that are done by a record of their own; a course is done by completing it."""


@dataclass(frozen=True, slots=True)
class Training:
    """The newest completion of one course, and the last reminder that it expires."""

    course: str
    completed_on: date
    expires_on: date | None
    remind_on: tuple[date, ...]
    reminders: int = 0
    expired: bool = False

    def is_valid(self, on: date) -> bool:
        """Whether it counts on this day; its last good day is included."""
        return self.completed_on <= on and (self.expires_on is None or on <= self.expires_on)


@dataclass(frozen=True, slots=True)
class Checklist:
    """Items planned, done on a day, and waived; and courses completed."""

    plan_version: int | None = None
    required: tuple[str, ...] = ()
    done: frozenset[tuple[str, date]] = frozenset()
    waived: frozenset[str] = frozenset()
    training: tuple[Training, ...] = ()

    def still_open(self, required: tuple[str, ...], on: date) -> tuple[str, ...]:
        """What of `required` is neither done by this day nor waived, in its order."""
        settled = {item for item, day in self.done if day <= on} | self.waived
        settled |= {f"{TRAINING}{t.course}" for t in self.training if t.is_valid(on)}
        return tuple(item for item in required if item not in settled)

    def course(self, course: str) -> Training | None:
        """The newest completion of a course."""
        return next((t for t in self.training if t.course == course), None)

    def after(self, event: ChecklistEvent) -> "Checklist":
        """What an event makes of this checklist."""
        match event:
            case OnboardingPlanned():
                return replace(self, plan_version=event.policy_version, required=event.items)
            case OnboardingItemWaived():
                return replace(self, waived=self.waived | {event.item})
            case TrainingCompleted() | TrainingExpiring() | TrainingExpired():
                return self._after_training(event)
            case _:
                return replace(self, done=self.done | {(item_of(event), day_of(event))})

    def _after_training(
        self, event: TrainingCompleted | TrainingExpiring | TrainingExpired
    ) -> "Checklist":
        known = self.course(event.course)
        if isinstance(event, TrainingCompleted):
            if known is not None and known.completed_on > event.completed_on:
                return self  # an older certificate brought later does not replace a newer one
            known = Training(event.course, event.completed_on, event.expires_on, event.remind_on)
        elif known is None:
            return self
        elif isinstance(event, TrainingExpiring):
            known = replace(known, reminders=known.reminders + 1)
        else:
            known = replace(known, expired=True)
        others = tuple(t for t in self.training if t.course != event.course)
        return replace(self, training=(*others, known))


def item_of(record: OnboardingRecord) -> str:
    """The item that this record does."""
    if isinstance(record, OnboardingItemDone):
        return record.item
    return next(item for item, kind in OWN_RECORD.items() if isinstance(record, kind))


def day_of(record: OnboardingRecord) -> date:  # noqa: PLR0911 - one line per kind of record
    """The day the item was done."""
    match record:
        case OnboardingItemDone():
            return record.done_on
        case LeadContactNominated():
            return record.nominated_on
        case IncomeAdviceGiven():
            return record.given_on
        case ConfidentialityAgreed():
            return record.signed_on
        case NolanPrinciplesAcknowledged():
            return record.acknowledged_on
        case InterestsDeclared():
            return record.declared_on
        case AccessNeedsRecorded():
            return record.recorded_on
