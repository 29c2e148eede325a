"""A meeting that took place: when it was held, who was there, and corrections of that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

from services.engagement.domain.meeting import (
    Held,
    MeetingEvent,
    MeetingWasHeld,
    NotScheduled,
    Scheduled,
    State,
    evolve,
    invitation_of,
    not_cancelled,
)
from services.engagement.domain.session import Attendance, Session, TimesInWrongOrder, within
from services.engagement.domain.wording import is_said
from shared.contracts.engagement import AttendanceCorrected, MeetingAttended, MeetingHeld
from shared.contracts.personal import Clear
from shared.kernel.decider import Decider, Refused
from shared.kernel.moments import london_date

# Commands


@dataclass(frozen=True, slots=True)
class HoldMeeting:
    """The meeting took place, from when to when."""

    started_at: datetime
    ended_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class RecordAttendance:
    """A partner was there; without times, from the meeting's start to its end."""

    partner: UUID
    attended_from: datetime | None = None
    attended_to: datetime | None = None
    preparation_minutes: int = 0


@dataclass(frozen=True, slots=True)
class CorrectAttendance:
    """What was recorded of a partner's attendance was wrong; this holds instead."""

    partner: UUID
    attended: bool
    reason: Clear
    attended_from: datetime | None = None
    attended_to: datetime | None = None
    preparation_minutes: int = 0


Command: TypeAlias = HoldMeeting | RecordAttendance | CorrectAttendance

# Rules


class MeetingNotStarted(Refused):
    """A meeting is recorded as held after its start; wait until it is over, or check its date."""


class TimesInFuture(Refused):
    """A meeting is recorded as held when it is over: wait until then, or check the times."""


class HeldOnAnotherDay(Refused):
    """A meeting is held on the day it was scheduled for; check the times, or cancel it first."""


class MeetingNotHeld(Refused):
    """Attendance belongs to a meeting that was held; record when it started and ended first."""


class AttendanceWasRecorded(Refused):
    """This partner's attendance is recorded with other times; correct it, with the reason."""


class NoAttendanceToCorrect(Refused):
    """Only attendance that was recorded can be corrected; record it first."""


class CorrectionUnexplained(Refused):
    """A correction needs a reason, because money may depend on it; say what was wrong."""


def decide(state: State, command: Command) -> Sequence[MeetingEvent]:
    """What a command does to this meeting and its attendance."""
    meeting = not_cancelled(state)
    match command:
        case HoldMeeting():
            return _hold(meeting, command)
        case RecordAttendance():
            return _attend(meeting, command)
        case CorrectAttendance():
            return _correct(meeting, command)
        case _:
            assert_never(command)


def _hold(state: Scheduled | Held, command: HoldMeeting) -> Sequence[MeetingEvent]:
    session = Session(command.started_at, command.ended_at)
    if isinstance(state, Held):
        if state.session == session:
            return []
        raise MeetingWasHeld
    if command.now < state.announced.starts_at:
        raise MeetingNotStarted
    if session.end <= session.start:
        raise TimesInWrongOrder
    if session.end > command.now:
        raise TimesInFuture
    if london_date(session.start) != state.announced.on:
        raise HeldOnAnotherDay(f"It was scheduled for {state.announced.on}.")
    return [
        MeetingHeld(
            meeting=state.announced.meeting,
            committee=state.announced.committee,
            on=london_date(session.start),
            started_at=session.start,
            ended_at=session.end,
        )
    ]


def _attend(state: Scheduled | Held, command: RecordAttendance) -> Sequence[MeetingEvent]:
    if isinstance(state, Scheduled):
        raise MeetingNotHeld
    invitation = invitation_of(state, command.partner)
    session = within(state.session, command.attended_from, command.attended_to)
    attendance = Attendance(session, command.preparation_minutes)
    known = state.attendances.get(command.partner)
    if known == attendance:
        return []
    if known is not None:
        raise AttendanceWasRecorded
    meeting = state.announced
    return [
        MeetingAttended(
            meeting=meeting.meeting,
            committee=meeting.committee,
            partner=command.partner,
            person=invitation.person,
            payer=invitation.payer,
            role_category=meeting.role_category,
            activity_kind=meeting.activity_kind,
            carries_payment=invitation.carries_payment,
            on=london_date(state.session.start),
            attended_from=session.start,
            attended_to=session.end,
            minutes=session.minutes,
            preparation_minutes=command.preparation_minutes,
            whole=session == state.session,
        )
    ]


def _correct(state: Scheduled | Held, command: CorrectAttendance) -> Sequence[MeetingEvent]:
    known = state.attendances.get(command.partner) if isinstance(state, Held) else None
    if known is None or isinstance(state, Scheduled):
        raise NoAttendanceToCorrect
    attendance = Attendance(None, 0)
    if command.attended:
        session = within(state.session, command.attended_from, command.attended_to)
        attendance = Attendance(session, command.preparation_minutes)
    if known == attendance:
        return []
    if not is_said(command.reason):
        raise CorrectionUnexplained
    invitation, meeting = invitation_of(state, command.partner), state.announced
    times = attendance.session or Session(state.session.start, state.session.start)
    return [
        AttendanceCorrected(
            meeting=meeting.meeting,
            committee=meeting.committee,
            partner=command.partner,
            person=invitation.person,
            payer=invitation.payer,
            role_category=meeting.role_category,
            activity_kind=meeting.activity_kind,
            carries_payment=invitation.carries_payment,
            on=london_date(state.session.start),
            attended=command.attended,
            attended_from=times.start,
            attended_to=times.end,
            minutes=attendance.minutes,
            preparation_minutes=attendance.preparation_minutes,
            previous_minutes=known.minutes,
            reason=command.reason,
        )
    ]


ATTENDANCE: Decider[State, Command, MeetingEvent] = Decider(NotScheduled(), decide, evolve)
