"""Stretches of time: when a meeting was held, and when a partner was there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.kernel.decider import Refused


class TimesInWrongOrder(Refused):
    """A time out comes after the time in; check the two times."""


class TimesOutsideMeeting(Refused):
    """A partner's times lie within the meeting as it was held; check the times in and out."""


@dataclass(frozen=True, slots=True)
class Session:
    """A stretch of time, from in to out."""

    start: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        """Its length in whole minutes."""
        return (self.end - self.start) // timedelta(minutes=1)

    def contains(self, other: "Session") -> bool:
        """Whether the other lies wholly within this one."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "Session") -> bool:
        """Whether the two share any time; ending when the other begins is not sharing."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Attendance:
    """A partner's time at a meeting; `session` None when a correction says they were not there."""

    session: Session | None
    preparation_minutes: int

    @property
    def minutes(self) -> int:
        """Minutes from in to out; none for somebody who was not there."""
        return 0 if self.session is None else self.session.minutes


def within(held: Session, start: datetime | None, end: datetime | None) -> Session:
    """The partner's times, the meeting's own where none are given; refused when impossible."""
    session = Session(start or held.start, end or held.end)
    if session.end <= session.start:
        raise TimesInWrongOrder
    if not held.contains(session):
        raise TimesOutsideMeeting(f"It was held for {held.minutes} minutes.")
    return session
