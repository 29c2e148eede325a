"""One piece of work a partner did outside meetings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from uuid import UUID

from services.engagement.domain.standing import Standing
from shared.contracts.engagement import ActivityRecorded
from shared.contracts.personal import Clear
from shared.kernel.decider import Decider, Refused

# Commands


@dataclass(frozen=True, slots=True)
class RecordActivity:
    """A partner reviewed documents, worked on a project or helped otherwise, for some time."""

    activity: UUID
    partner: Standing
    activity_kind: str
    role_category: int
    carries_payment: bool
    on: date
    minutes: int
    today: date
    committee: UUID | None = None
    evidence: Clear | None = None


# State


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Nothing was recorded under this identifier."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The activity is on record."""


State: TypeAlias = Unrecorded | Recorded

# Rules


class ActivityInFuture(Refused):
    """Only work that has been done can be recorded; give a day that is not in the future."""


class NoTimeSpent(Refused):
    """An activity takes at least a minute and at most a day; say how long it took."""


class PartnerTakesNoPart(Refused):
    """Only work of an active partner, on a day of their term, can be recorded; check the day."""


MINUTES_A_DAY = 24 * 60


def decide(state: State, command: RecordActivity) -> Sequence[ActivityRecorded]:
    """Record the activity, once."""
    if isinstance(state, Recorded):
        return []
    if command.on > command.today:
        raise ActivityInFuture
    if not 1 <= command.minutes <= MINUTES_A_DAY:
        raise NoTimeSpent
    who = command.partner
    if not who.takes_part:
        raise PartnerTakesNoPart
    return [
        ActivityRecorded(
            activity=command.activity,
            committee=command.committee,
            partner=who.partner,
            person=who.person,
            payer=who.payer,
            role_category=command.role_category,
            activity_kind=command.activity_kind,
            carries_payment=command.carries_payment and who.carries_payment,
            on=command.on,
            minutes=command.minutes,
            evidence=command.evidence,
        )
    ]


def evolve(_: State, __: ActivityRecorded) -> State:
    """Once recorded, it stays so."""
    return Recorded()


ACTIVITY: Decider[State, RecordActivity, ActivityRecorded] = Decider(Unrecorded(), decide, evolve)
