"""The diary that flags overlaps, work outside meetings, and contributions with their answers."""

from dataclasses import replace
from datetime import date

from services.engagement.domain.activity import (
    ACTIVITY,
    ActivityInFuture,
    NoTimeSpent,
    PartnerTakesNoPart,
    RecordActivity,
)
from services.engagement.domain.contribution import (
    CONTRIBUTION,
    AnswerContribution,
    AnsweredBeforeRaised,
    NothingRaised,
    NothingSaid,
    RaisedInFuture,
    RecordContribution,
)
from services.engagement.domain.diary import (
    DIARY,
    EnterCommittee,
    EnterSession,
    StrikeOutCommittee,
    StrikeOutSession,
)
from shared.contracts.engagement import (
    ActivityRecorded,
    CommitteeEntered,
    CommitteeStruckOut,
    ContributionAnswered,
    ContributionRecorded,
    SessionEntered,
    SessionStruckOut,
)
from shared.contracts.personal import Clear
from tests.rules.engagement.people import (
    COMMITTEE,
    EARLIER,
    MEETING,
    OTHER,
    PARTNER,
    PERSON,
    THIRD,
    TODAY,
    TOMORROW,
    active,
    at,
    inactive,
)
from tests.rules.given import given

ENTER = EnterSession(PARTNER, PERSON, MEETING, at(9), at(13))
ENTERED = SessionEntered(
    partner=PARTNER,
    person=PERSON,
    meeting=MEETING,
    on=date(2024, 4, 16),
    attended_from=at(9),
    attended_to=at(13),
)
RECORD = RecordActivity(
    activity=OTHER,
    partner=active(),
    activity_kind="document-review",
    role_category=3,
    carries_payment=True,
    on=EARLIER,
    minutes=90,
    today=TODAY,
    committee=COMMITTEE,
    evidence=Clear("Comments on the draft plan"),
)
RECORDED = ActivityRecorded(
    activity=OTHER,
    committee=COMMITTEE,
    partner=PARTNER,
    person=PERSON,
    payer="QH8",
    role_category=3,
    activity_kind="document-review",
    carries_payment=True,
    on=EARLIER,
    minutes=90,
    evidence=Clear("Comments on the draft plan"),
)
RAISE = RecordContribution(
    contribution=OTHER,
    partner=PARTNER,
    person=PERSON,
    on=EARLIER,
    today=TODAY,
    raised=Clear("Letters reach people after the appointment"),
    meeting=MEETING,
)
RAISED = ContributionRecorded(
    contribution=OTHER,
    committee=None,
    meeting=MEETING,
    partner=PARTNER,
    person=PERSON,
    on=EARLIER,
    raised=Clear("Letters reach people after the appointment"),
)
ANSWER = AnswerContribution(TODAY, changed=True, answer=Clear("Letters now go out a week earlier"))
ANSWERED = ContributionAnswered(
    contribution=OTHER,
    partner=PARTNER,
    person=PERSON,
    on=TODAY,
    changed=True,
    answer=Clear("Letters now go out a week earlier"),
)


def test_a_session_is_entered_once() -> None:
    given(DIARY).when(ENTER).then(ENTERED)
    given(DIARY, ENTERED).when(ENTER).then_nothing()


def test_overlapping_sessions_are_flagged() -> None:
    overlapping = replace(ENTER, meeting=THIRD, attended_from=at(12, 59), attended_to=at(14))
    flagged = ENTERED.model_copy(
        update={
            "meeting": THIRD,
            "attended_from": at(12, 59),
            "attended_to": at(14),
            "overlaps": (MEETING,),
        }
    )
    given(DIARY, ENTERED).when(overlapping).then(flagged)
    after = replace(overlapping, attended_from=at(13))
    given(DIARY, ENTERED, flagged).when(after).then(
        flagged.model_copy(update={"attended_from": at(13), "overlaps": ()})
    )


def test_a_session_struck_out_overlaps_nothing() -> None:
    strike_out = StrikeOutSession(PARTNER, PERSON, MEETING)
    struck_out = SessionStruckOut(
        partner=PARTNER, person=PERSON, meeting=MEETING, on=date(2024, 4, 16)
    )
    given(DIARY, ENTERED).when(strike_out).then(struck_out)
    given(DIARY, ENTERED, struck_out).when(strike_out).then_nothing()
    given(DIARY, ENTERED, struck_out).when(replace(ENTER, meeting=THIRD)).then(
        ENTERED.model_copy(update={"meeting": THIRD})
    )


def test_committees_are_entered_and_struck_out_once() -> None:
    enter = EnterCommittee(PARTNER, PERSON, COMMITTEE)
    strike_out = StrikeOutCommittee(PARTNER, PERSON, COMMITTEE)
    entered = CommitteeEntered(partner=PARTNER, person=PERSON, committee=COMMITTEE)
    struck_out = CommitteeStruckOut(partner=PARTNER, person=PERSON, committee=COMMITTEE)
    assert given(DIARY, ENTERED).when(enter).then(entered).committees == {COMMITTEE}
    given(DIARY, entered).when(enter).then_nothing()
    assert given(DIARY, entered).when(strike_out).then(struck_out) == DIARY.initial
    given(DIARY, entered, struck_out).when(strike_out).then_nothing()


def test_work_outside_meetings_is_recorded_once() -> None:
    given(ACTIVITY).when(RECORD).then(RECORDED)
    given(ACTIVITY, RECORDED).when(RECORD).then_nothing()
    given(ACTIVITY).when(replace(RECORD, partner=active(paid=False))).then(
        RECORDED.model_copy(update={"carries_payment": False})
    )


def test_work_took_some_time_that_has_passed_by_someone_who_takes_part() -> None:
    nothing_yet = given(ACTIVITY)
    nothing_yet.when(replace(RECORD, on=TOMORROW)).then_refused(ActivityInFuture)
    nothing_yet.when(replace(RECORD, minutes=0)).then_refused(NoTimeSpent)
    nothing_yet.when(replace(RECORD, minutes=1441)).then_refused(NoTimeSpent)
    nothing_yet.when(replace(RECORD, partner=inactive())).then_refused(PartnerTakesNoPart)


def test_a_contribution_is_recorded_once() -> None:
    given(CONTRIBUTION).when(RAISE).then(RAISED)
    given(CONTRIBUTION, RAISED).when(RAISE).then_nothing()
    given(CONTRIBUTION).when(replace(RAISE, on=TOMORROW)).then_refused(RaisedInFuture)
    given(CONTRIBUTION).when(replace(RAISE, raised=Clear(" "))).then_refused(NothingSaid)


def test_a_contribution_is_answered_once() -> None:
    given(CONTRIBUTION, RAISED).when(ANSWER).then(ANSWERED)
    given(CONTRIBUTION, RAISED, ANSWERED).when(ANSWER).then_nothing()
    given(CONTRIBUTION).when(ANSWER).then_refused(NothingRaised)
    given(CONTRIBUTION, RAISED).when(replace(ANSWER, answer=Clear(""))).then_refused(NothingSaid)
    given(CONTRIBUTION, RAISED).when(replace(ANSWER, on=date(2024, 4, 7))).then_refused(
        AnsweredBeforeRaised
    )
