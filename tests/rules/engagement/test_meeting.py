"""Meetings scheduled, invited to, answered and cancelled."""

from dataclasses import replace
from datetime import date

from services.engagement.domain.meeting import (
    MEETING as DECIDER,
)
from services.engagement.domain.meeting import (
    AcceptInvitation,
    CancelMeeting,
    InvitePartner,
    MeetingEvent,
    MeetingHasStarted,
    MeetingUnknown,
    MeetingWasCancelled,
    MeetingWasHeld,
    NotInvited,
    PartnerCannotBeInvited,
    ScheduleMeeting,
    SendApologies,
    VenueMissing,
)
from services.engagement.domain.session import TimesInWrongOrder
from shared.contracts.engagement import (
    ApologiesSent,
    ExpectedPartner,
    InvitationAccepted,
    MeetingCancelled,
    MeetingHeld,
    MeetingScheduled,
    PartnerInvited,
)
from shared.contracts.personal import Clear
from tests.rules.engagement.people import (
    COMMITTEE,
    MEETING,
    OTHER,
    OTHER_PERSON,
    PARTNER,
    PERSON,
    active,
    at,
    inactive,
)
from tests.rules.given import given

SCHEDULE = ScheduleMeeting(
    meeting=MEETING,
    committee=COMMITTEE,
    title="Quality and Safety Committee",
    starts_at=at(9),
    ends_at=at(13),
    format="both",
    role_category=4,
    activity_kind="meeting",
    carries_payment=True,
    venue="Board room, Example House",
    access_notes="Step-free from the car park",
    joining="https://meet.example.org/qsc",
)
SCHEDULED = MeetingScheduled(
    meeting=MEETING,
    committee=COMMITTEE,
    title="Quality and Safety Committee",
    on=date(2024, 4, 16),
    starts_at=at(9),
    ends_at=at(13),
    format="both",
    venue="Board room, Example House",
    access_notes="Step-free from the car park",
    joining="https://meet.example.org/qsc",
    role_category=4,
    activity_kind="meeting",
    carries_payment=True,
)
INVITED = PartnerInvited(
    meeting=MEETING,
    committee=COMMITTEE,
    partner=PARTNER,
    person=PERSON,
    payer="QH8",
    title="Quality and Safety Committee",
    on=date(2024, 4, 16),
    starts_at=at(9),
    ends_at=at(13),
    format="both",
    venue="Board room, Example House",
    access_notes="Step-free from the car park",
    joining="https://meet.example.org/qsc",
    carries_payment=True,
)
OTHER_INVITED = INVITED.model_copy(update={"partner": OTHER, "person": OTHER_PERSON})
ACCEPTED = InvitationAccepted(meeting=MEETING, partner=PARTNER, person=PERSON)
APOLOGISED = ApologiesSent(
    meeting=MEETING, partner=PARTNER, person=PERSON, reason=Clear("A hospital visit")
)
CANCELLED = MeetingCancelled(
    meeting=MEETING,
    committee=COMMITTEE,
    on=date(2024, 4, 16),
    starts_at=at(9),
    minutes=240,
    cancelled_at=at(8),
    reason="No quorum",
    role_category=4,
    activity_kind="meeting",
    carries_payment=True,
)
HELD = MeetingHeld(
    meeting=MEETING,
    committee=COMMITTEE,
    on=date(2024, 4, 16),
    started_at=at(9),
    ended_at=at(13),
)
ACCEPT = AcceptInvitation(PARTNER, at(8))
APOLOGISE = SendApologies(PARTNER, at(8), Clear("A hospital visit"))
CANCEL = CancelMeeting("No quorum", at(8))


def test_a_meeting_is_scheduled_once() -> None:
    given(DECIDER).when(SCHEDULE).then(SCHEDULED)
    given(DECIDER, SCHEDULED).when(SCHEDULE).then_nothing()


def test_its_day_is_the_day_in_london() -> None:
    late = replace(SCHEDULE, starts_at=at(23, 30, day=15), ends_at=at(23, 45, day=15))
    given(DECIDER).when(late).then(
        SCHEDULED.model_copy(
            update={"starts_at": at(23, 30, day=15), "ends_at": at(23, 45, day=15)}
        )
    )


def test_a_meeting_ends_after_it_starts() -> None:
    given(DECIDER).when(replace(SCHEDULE, ends_at=at(9))).then_refused(TimesInWrongOrder)


def test_a_meeting_people_go_to_has_a_venue() -> None:
    for venue in (None, "  "):
        for kind in ("face-to-face", "both"):
            given(DECIDER).when(replace(SCHEDULE, venue=venue, format=kind)).then_refused(
                VenueMissing
            )
    given(DECIDER).when(replace(SCHEDULE, venue=None, format="remote")).then(
        SCHEDULED.model_copy(update={"venue": None, "format": "remote"})
    )


def test_an_active_partner_is_invited_once() -> None:
    given(DECIDER, SCHEDULED).when(InvitePartner(active())).then(INVITED)
    given(DECIDER, SCHEDULED, INVITED).when(InvitePartner(active())).then_nothing()
    given(DECIDER, SCHEDULED, INVITED, APOLOGISED).when(InvitePartner(active())).then_nothing()


def test_a_role_without_payments_is_not_paid_by_any_meeting() -> None:
    given(DECIDER, SCHEDULED).when(InvitePartner(active(paid=False))).then(
        INVITED.model_copy(update={"carries_payment": False})
    )


def test_nobody_else_is_invited() -> None:
    given(DECIDER, SCHEDULED).when(InvitePartner(inactive())).then_refused(PartnerCannotBeInvited)


def test_an_invitation_is_accepted_once() -> None:
    given(DECIDER, SCHEDULED, INVITED).when(ACCEPT).then(ACCEPTED)
    given(DECIDER, SCHEDULED, INVITED, ACCEPTED).when(ACCEPT).then_nothing()


def test_apologies_are_sent_once_and_may_follow_an_acceptance() -> None:
    given(DECIDER, SCHEDULED, INVITED).when(APOLOGISE).then(APOLOGISED)
    given(DECIDER, SCHEDULED, INVITED, ACCEPTED).when(APOLOGISE).then(APOLOGISED)
    given(DECIDER, SCHEDULED, INVITED, APOLOGISED).when(APOLOGISE).then_nothing()
    given(DECIDER, SCHEDULED, INVITED, APOLOGISED).when(ACCEPT).then(ACCEPTED)


def test_only_the_invited_answer_and_before_the_start() -> None:
    for command in (ACCEPT, APOLOGISE):
        given(DECIDER, SCHEDULED).when(command).then_refused(NotInvited)
        given(DECIDER, SCHEDULED, INVITED).when(replace(command, now=at(9))).then_refused(
            MeetingHasStarted
        )
        given(DECIDER, SCHEDULED, INVITED, HELD).when(command).then_refused(MeetingHasStarted)


def test_a_cancellation_names_who_was_expected() -> None:
    expected = ExpectedPartner(
        partner=PARTNER, person=PERSON, payer="QH8", carries_payment=True, accepted=True
    )
    other = expected.model_copy(
        update={"partner": OTHER, "person": OTHER_PERSON, "accepted": False}
    )
    given(DECIDER, SCHEDULED, INVITED, OTHER_INVITED, ACCEPTED).when(CANCEL).then(
        CANCELLED.model_copy(update={"expected": (expected, other)})
    )
    given(DECIDER, SCHEDULED, INVITED, APOLOGISED).when(CANCEL).then(CANCELLED)


def test_a_cancelled_meeting_stays_cancelled() -> None:
    given(DECIDER, SCHEDULED, CANCELLED).when(CANCEL).then_nothing()
    for command in (InvitePartner(active()), ACCEPT, APOLOGISE):
        given(DECIDER, SCHEDULED, INVITED, CANCELLED).when(command).then_refused(
            MeetingWasCancelled
        )


def test_a_meeting_that_was_held_is_not_cancelled() -> None:
    given(DECIDER, SCHEDULED, HELD).when(CANCEL).then_refused(MeetingWasHeld)


def test_nothing_happens_at_a_meeting_nobody_scheduled() -> None:
    for command in (InvitePartner(active()), ACCEPT, APOLOGISE, CANCEL):
        given(DECIDER).when(command).then_refused(MeetingUnknown)


def test_what_is_known_of_a_meeting_survives_events_out_of_place() -> None:
    odd: tuple[MeetingEvent, ...] = (ACCEPTED, APOLOGISED, HELD, CANCELLED, INVITED)
    assert DECIDER.fold(odd) == DECIDER.initial
    assert DECIDER.fold((SCHEDULED, ACCEPTED)) == DECIDER.fold((SCHEDULED,))
