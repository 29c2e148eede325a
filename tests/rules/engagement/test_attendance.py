"""A meeting held, attended wholly or in part, and attendance corrected with a reason."""

from dataclasses import replace
from datetime import date, timedelta

from services.engagement.domain.attendance import (
    ATTENDANCE,
    AttendanceWasRecorded,
    CorrectAttendance,
    CorrectionUnexplained,
    HeldOnAnotherDay,
    HoldMeeting,
    MeetingNotHeld,
    MeetingNotStarted,
    NoAttendanceToCorrect,
    RecordAttendance,
    TimesInFuture,
)
from services.engagement.domain.meeting import (
    MeetingUnknown,
    MeetingWasCancelled,
    MeetingWasHeld,
    NotInvited,
)
from services.engagement.domain.session import TimesInWrongOrder, TimesOutsideMeeting
from shared.contracts.engagement import AttendanceCorrected, MeetingAttended
from shared.contracts.personal import Clear
from tests.rules.engagement.people import COMMITTEE, MEETING, OTHER, PARTNER, PERSON, at
from tests.rules.engagement.test_meeting import APOLOGISED, CANCELLED, HELD, INVITED, SCHEDULED
from tests.rules.given import given

HOLD = HoldMeeting(at(9), at(13), now=at(14))
ATTENDED = MeetingAttended(
    meeting=MEETING,
    committee=COMMITTEE,
    partner=PARTNER,
    person=PERSON,
    payer="QH8",
    role_category=4,
    activity_kind="meeting",
    carries_payment=True,
    on=date(2024, 4, 16),
    attended_from=at(9),
    attended_to=at(13),
    minutes=240,
    preparation_minutes=45,
    whole=True,
)
ATTEND = RecordAttendance(PARTNER, preparation_minutes=45)
CORRECT = CorrectAttendance(
    PARTNER, attended=True, attended_to=at(11, 30), reason=Clear("Left early")
)
CORRECTED = AttendanceCorrected(
    meeting=MEETING,
    committee=COMMITTEE,
    partner=PARTNER,
    person=PERSON,
    payer="QH8",
    role_category=4,
    activity_kind="meeting",
    carries_payment=True,
    on=date(2024, 4, 16),
    attended=True,
    attended_from=at(9),
    attended_to=at(11, 30),
    minutes=150,
    preparation_minutes=0,
    previous_minutes=240,
    reason=Clear("Left early"),
)
STRUCK_OUT = CORRECTED.model_copy(update={"attended": False, "attended_to": at(9), "minutes": 0})


def test_a_meeting_is_held_once() -> None:
    given(ATTENDANCE, SCHEDULED).when(HOLD).then(HELD)
    given(ATTENDANCE, SCHEDULED, HELD).when(HOLD).then_nothing()
    given(ATTENDANCE, SCHEDULED, HELD).when(replace(HOLD, ended_at=at(12))).then_refused(
        MeetingWasHeld
    )


def test_a_meeting_is_not_held_before_its_start_nor_in_the_future() -> None:
    scheduled = given(ATTENDANCE, SCHEDULED)
    scheduled.when(replace(HOLD, now=at(8, 59))).then_refused(MeetingNotStarted)
    scheduled.when(replace(HOLD, now=at(12, 59))).then_refused(TimesInFuture)
    scheduled.when(replace(HOLD, now=at(13))).then(HELD)
    scheduled.when(replace(HOLD, ended_at=at(9))).then_refused(TimesInWrongOrder)


def test_a_meeting_is_held_on_its_day_which_decides_what_is_paid() -> None:
    a_day_early = replace(HOLD, started_at=at(9) - timedelta(days=1))
    given(ATTENDANCE, SCHEDULED).when(a_day_early).then_refused(HeldOnAnotherDay, "2024-04-16")
    given(ATTENDANCE, SCHEDULED).when(replace(HOLD, started_at=at(8))).then(
        HELD.model_copy(update={"started_at": at(8)})
    )


def test_who_was_there_all_the_time() -> None:
    given(ATTENDANCE, SCHEDULED, INVITED, HELD).when(ATTEND).then(ATTENDED)
    given(ATTENDANCE, SCHEDULED, INVITED, HELD, ATTENDED).when(ATTEND).then_nothing()


def test_who_sent_apologies_may_come_after_all() -> None:
    given(ATTENDANCE, SCHEDULED, INVITED, APOLOGISED, HELD).when(ATTEND).then(ATTENDED)


def test_part_attendance() -> None:
    part = RecordAttendance(PARTNER, at(9, 30), at(11, 0))
    given(ATTENDANCE, SCHEDULED, INVITED, HELD).when(part).then(
        ATTENDED.model_copy(
            update={
                "attended_from": at(9, 30),
                "attended_to": at(11, 0),
                "minutes": 90,
                "preparation_minutes": 0,
                "whole": False,
            }
        )
    )


def test_times_lie_within_the_meeting() -> None:
    held = given(ATTENDANCE, SCHEDULED, INVITED, HELD)
    held.when(replace(ATTEND, attended_from=at(8, 59))).then_refused(TimesOutsideMeeting)
    held.when(replace(ATTEND, attended_to=at(13, 1))).then_refused(
        TimesOutsideMeeting, "It was held for 240 minutes."
    )
    held.when(replace(ATTEND, attended_from=at(11), attended_to=at(11))).then_refused(
        TimesInWrongOrder
    )


def test_attendance_belongs_to_a_held_meeting_and_the_invited() -> None:
    given(ATTENDANCE, SCHEDULED, INVITED).when(ATTEND).then_refused(MeetingNotHeld)
    given(ATTENDANCE, SCHEDULED, HELD).when(ATTEND).then_refused(NotInvited)
    given(ATTENDANCE, SCHEDULED, INVITED, HELD).when(replace(ATTEND, partner=OTHER)).then_refused(
        NotInvited
    )


def test_other_times_need_a_correction() -> None:
    given(ATTENDANCE, SCHEDULED, INVITED, HELD, ATTENDED).when(
        replace(ATTEND, attended_to=at(12))
    ).then_refused(AttendanceWasRecorded)


def test_a_correction_says_what_holds_and_what_held() -> None:
    attended = given(ATTENDANCE, SCHEDULED, INVITED, HELD, ATTENDED)
    attended.when(CORRECT).then(CORRECTED)
    attended.when(replace(CORRECT, reason=Clear(" "))).then_refused(CorrectionUnexplained)
    given(ATTENDANCE, SCHEDULED, INVITED, HELD, ATTENDED, CORRECTED).when(CORRECT).then_nothing()


def test_a_correction_may_strike_out_and_bring_back() -> None:
    strike_out = CorrectAttendance(PARTNER, attended=False, reason=Clear("Left early"))
    attended = given(ATTENDANCE, SCHEDULED, INVITED, HELD, ATTENDED)
    attended.when(strike_out).then(STRUCK_OUT)
    gone = given(ATTENDANCE, SCHEDULED, INVITED, HELD, ATTENDED, STRUCK_OUT)
    gone.when(strike_out).then_nothing()
    gone.when(CORRECT).then(CORRECTED.model_copy(update={"previous_minutes": 0}))


def test_only_recorded_attendance_is_corrected() -> None:
    given(ATTENDANCE, SCHEDULED, INVITED).when(CORRECT).then_refused(NoAttendanceToCorrect)
    given(ATTENDANCE, SCHEDULED, INVITED, HELD).when(CORRECT).then_refused(NoAttendanceToCorrect)
    given(ATTENDANCE, SCHEDULED, INVITED, HELD, ATTENDED).when(
        replace(CORRECT, attended_to=at(14))
    ).then_refused(TimesOutsideMeeting)


def test_nothing_of_this_at_a_meeting_cancelled_or_never_scheduled() -> None:
    for command in (HOLD, ATTEND, CORRECT):
        given(ATTENDANCE, SCHEDULED, CANCELLED).when(command).then_refused(MeetingWasCancelled)
        given(ATTENDANCE).when(command).then_refused(MeetingUnknown)
