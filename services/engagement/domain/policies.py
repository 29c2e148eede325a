"""What each organisation settles for itself: the terms of engagement's policies, as adopted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.engagement import Code, Item
from shared.kernel.moments import last_day

TRAINING = "training/"
"""Begins the item of a course that must be completed: `training/patient-safety`."""

Months = Annotated[int, Field(strict=True, ge=1, le=600)]
Days = Annotated[int, Field(strict=True, ge=0, le=3660)]


class _Terms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Course(_Terms):
    """A mandatory course. Without `validity_months` it is completed once for ever."""

    course: Code
    title: str
    validity_months: Months | None = None


class OnboardingTerms(_Terms):
    """Policy `onboarding`: what is done before a partner is active, and when courses expire."""

    items: tuple[Item, ...]
    training: tuple[Course, ...]
    remind_days_before: tuple[Days, ...] = (60, 30, 7)

    def required(self) -> tuple[Item, ...]:
        """Every item, the courses after the others."""
        return self.items + tuple(f"{TRAINING}{course.course}" for course in self.training)

    def expiry(self, course: str, completed_on: date) -> date | None:
        """The last day a course completed on this day is valid; None: it does not expire."""
        months = next((c.validity_months for c in self.training if c.course == course), None)
        return None if months is None else last_day(completed_on, months)


class TermTerms(_Terms):
    """Policy `term`: how long a term is, and how long before its end people are reminded."""

    months: Months = 18
    remind_days_before: tuple[Days, ...] = (90, 30)


class CommitteeTerms(_Terms):
    """Policy `committee`: how many partners must sit where a committee does not say otherwise."""

    minimum_partners_if_safety_related: Annotated[int, Field(strict=True, ge=0)] = 2
    minimum_partners_otherwise: Annotated[int, Field(strict=True, ge=0)] = 1

    def minimum_partners(self, *, safety_related: bool) -> int:
        """The minimum of a committee that names none itself."""
        if safety_related:
            return self.minimum_partners_if_safety_related
        return self.minimum_partners_otherwise


TermsT = TypeVar("TermsT")


@dataclass(frozen=True, slots=True)
class InForce(Generic[TermsT]):
    """The version of a policy that holds on the day something is decided about."""

    version: int
    terms: TermsT


def days_before(day: date, counts: Iterable[int], *, after: date) -> tuple[date, ...]:
    """The reminder days before `day` that are still to come `after` another day, earliest first."""
    return tuple(sorted({d for d in (day - timedelta(days=n) for n in counts) if d > after}))
