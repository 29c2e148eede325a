"""Who applied, who is owed an answer, who holds a place."""

from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest

from services.recruitment.domain.campaign import (
    CAMPAIGN,
    ApplicationsNotOpen,
    CampaignOver,
    NoSuchCampaign,
    NotPublished,
)
from services.recruitment.domain.register import (
    ContactDetailsMissing,
    NoPlaceLeft,
    NoteOutcome,
    Opportunity,
    OpportunityNotOffered,
    OwnStaffNotEligible,
    ReceiveApplication,
    ReceivedInTheFuture,
    may_be_seen_by,
)
from shared.contracts.personal import Clear
from shared.contracts.recruitment import (
    AnswerOwed,
    ApplicationAnswered,
    CampaignCompleted,
    PlaceReleased,
    PlaceTaken,
)
from shared.kernel.decider import Placed
from tests.rules.given import given
from tests.rules.recruitment.examples import (
    ANN,
    ANNS,
    BOARD_ROLE,
    BOB,
    BOBS,
    CAMPAIGN_ID,
    CLOSED_EVENT,
    CLOSES_AT,
    CONTACT,
    DESCRIPTION,
    DRAFT,
    DRAFTED,
    LATE,
    LATER,
    LEAD,
    NOW,
    OPEN,
    OPENS_AT,
    PUBLISHED,
    RECEIVED,
    ROLLING,
    TRUST,
    TRUST_ROLE,
    entered,
    identifier,
)

RECEIVING = ReceiveApplication(
    application=ANNS,
    person=ANN,
    opportunities=(TRUST_ROLE, BOARD_ROLE),
    channel="online",
    received_at=NOW,
    now=NOW,
    name=Clear("Ann Example"),
    email=Clear("ann@example.org"),
    contact_channel="email",
    answers=RECEIVED.answers,
    confirms_age=True,
)
STREAM = f"application/{ANNS}"


class TestReceiving:
    @pytest.mark.parametrize("channel", ["online", "email", "post"])
    def test_by_each_channel(self, channel: Literal["online", "email", "post"]) -> None:
        received = RECEIVED.model_copy(update={"channel": channel})
        given(CAMPAIGN, *OPEN).when(replace(RECEIVING, channel=channel)).then(
            entered(), Placed(LEAD, STREAM, received)
        )

    def test_the_same_person_again_makes_no_second_application(self) -> None:
        again = replace(RECEIVING, application=identifier(7), received_at=LATER, now=LATER)
        given(CAMPAIGN, *OPEN, entered()).when(again).then_nothing()

    def test_who_withdrew_may_apply_again(self) -> None:
        withdrawn = ApplicationAnswered(campaign=CAMPAIGN_ID, application=BOBS, how="withdrawn")
        state = given(CAMPAIGN, *OPEN, entered(BOBS), withdrawn)
        state.when(RECEIVING).then(entered(), Placed(LEAD, STREAM, RECEIVED))

    def test_at_the_closing_moment_is_in_time(self) -> None:
        command = replace(RECEIVING, received_at=CLOSES_AT, now=LATER)
        received = RECEIVED.model_copy(update={"received_at": CLOSES_AT})
        for state in (given(CAMPAIGN, *OPEN), given(CAMPAIGN, *OPEN, CLOSED_EVENT)):
            state.when(command).then(entered(), Placed(LEAD, STREAM, received))

    def test_a_minute_later_is_late_and_still_owed_an_answer(self) -> None:
        at = CLOSES_AT + timedelta(minutes=1)
        command = replace(RECEIVING, received_at=at, now=at)
        received = LATE.model_copy(update={"received_at": at})
        for state in (given(CAMPAIGN, *OPEN), given(CAMPAIGN, *OPEN, CLOSED_EVENT)):
            state.when(command).then(entered(late=True), Placed(LEAD, STREAM, received))

    def test_after_a_rolling_campaign_was_closed_is_late(self) -> None:
        closed = CLOSED_EVENT.model_copy(update={"closed_at": NOW, "by": "coordinator"})
        at = NOW + timedelta(seconds=1)
        received = LATE.model_copy(update={"received_at": at})
        state = given(CAMPAIGN, *ROLLING, closed)
        state.when(replace(RECEIVING, received_at=at, now=at)).then(
            entered(late=True), Placed(LEAD, STREAM, received)
        )

    def test_a_hosts_own_staff_is_received_and_barred_from_that_host(self) -> None:
        received = RECEIVED.model_copy(update={"staff_of": (TRUST,), "barred_from": (TRUST_ROLE,)})
        state = given(CAMPAIGN, *OPEN)
        state.when(replace(RECEIVING, staff_of=(TRUST,))).then(
            entered(), Placed(LEAD, STREAM, received)
        )

    def test_who_is_barred_from_everything_hears_it_online_and_is_answered_on_paper(self) -> None:
        command = replace(RECEIVING, opportunities=(TRUST_ROLE,), staff_of=(TRUST,))
        given(CAMPAIGN, *OPEN).when(command).then_refused(OwnStaffNotEligible)
        received = RECEIVED.model_copy(
            update={
                "opportunities": (TRUST_ROLE,),
                "staff_of": (TRUST,),
                "barred_from": (TRUST_ROLE,),
                "channel": "post",
            }
        )
        given(CAMPAIGN, *OPEN).when(replace(command, channel="post")).then(
            entered(), Placed(LEAD, STREAM, received)
        )

    def test_not_before_the_campaign_opens(self) -> None:
        early = replace(RECEIVING, received_at=OPENS_AT - timedelta(seconds=1))
        state = given(CAMPAIGN, *DRAFT, PUBLISHED)
        state.when(early).then_refused(ApplicationsNotOpen, "8 January 2024 at 09:00")

    def test_from_the_opening_moment_however_late_the_timer_is(self) -> None:
        state = given(CAMPAIGN, *DRAFT, PUBLISHED)
        state.when(RECEIVING).then(entered(), Placed(LEAD, STREAM, RECEIVED))

    def test_not_from_the_future(self) -> None:
        command = replace(RECEIVING, received_at=NOW + timedelta(seconds=1))
        given(CAMPAIGN, *OPEN).when(command).then_refused(ReceivedInTheFuture)

    @pytest.mark.parametrize("opportunities", [(), (identifier(9),), (TRUST_ROLE, identifier(9))])
    def test_only_for_what_is_offered(self, opportunities: tuple[()]) -> None:
        command = replace(RECEIVING, opportunities=opportunities)
        given(CAMPAIGN, *OPEN).when(command).then_refused(OpportunityNotOffered)

    @pytest.mark.parametrize("channel", ["post", "sms", "telephone"])
    def test_the_channel_chosen_needs_its_address(
        self, channel: Literal["post", "sms", "telephone"]
    ) -> None:
        command = replace(RECEIVING, contact_channel=channel)
        given(CAMPAIGN, *OPEN).when(command).then_refused(ContactDetailsMissing)

    def test_not_into_a_draft_nor_into_nothing(self) -> None:
        given(CAMPAIGN, DRAFTED).when(RECEIVING).then_refused(NotPublished)
        given(CAMPAIGN).when(RECEIVING).then_refused(NoSuchCampaign)

    def test_a_completed_campaign_says_that_it_is_over(self) -> None:
        completed = CampaignCompleted(campaign=CAMPAIGN_ID, applications=0)
        state = given(CAMPAIGN, *OPEN, CLOSED_EVENT, completed)
        state.when(RECEIVING).then_refused(CampaignOver)


def _taken(application: int) -> PlaceTaken:
    return PlaceTaken(
        campaign=CAMPAIGN_ID, opportunity=TRUST_ROLE, application=identifier(application)
    )


def test_who_may_see_an_application_is_set_for_each_opportunity() -> None:
    closed, free = (
        Opportunity(identifier(each), TRUST, TRUST, True, DESCRIPTION, applications_seen_by=readers)
        for each, readers in ((1, (CONTACT,)), (2, ()))
    )
    assert may_be_seen_by(CONTACT, [closed])
    assert not may_be_seen_by(identifier(9), [closed])
    assert may_be_seen_by(identifier(9), [closed, free])


class TestPlaces:
    taken = PlaceTaken(campaign=CAMPAIGN_ID, opportunity=TRUST_ROLE, application=ANNS)
    moved = PlaceTaken(campaign=CAMPAIGN_ID, opportunity=BOARD_ROLE, application=ANNS)
    released = PlaceReleased(campaign=CAMPAIGN_ID, opportunity=TRUST_ROLE, application=ANNS)
    told = ApplicationAnswered(campaign=CAMPAIGN_ID, application=ANNS, how="told")
    owed = AnswerOwed(campaign=CAMPAIGN_ID, application=ANNS)
    closed = (*OPEN, entered(), entered(BOBS, BOB), CLOSED_EVENT)

    def test_a_successful_applicant_holds_a_place(self) -> None:
        given(CAMPAIGN, *self.closed).when(NoteOutcome(ANNS, TRUST_ROLE)).then(self.taken)

    def test_the_same_outcome_again_changes_nothing(self) -> None:
        state = given(CAMPAIGN, *self.closed, self.taken)
        state.when(NoteOutcome(ANNS, TRUST_ROLE)).then_nothing()
        given(CAMPAIGN, *self.closed).when(NoteOutcome(ANNS, None)).then_nothing()

    def test_another_opportunity_gives_the_first_place_back(self) -> None:
        state = given(CAMPAIGN, *self.closed, self.taken)
        state.when(NoteOutcome(ANNS, BOARD_ROLE)).then(self.released, self.moved)

    def test_a_changed_outcome_is_owed_again(self) -> None:
        state = given(CAMPAIGN, *self.closed, self.taken, self.told)
        state.when(NoteOutcome(ANNS, None)).then(self.released, self.owed)

    def test_no_more_places_than_there_are(self) -> None:
        state = given(CAMPAIGN, *self.closed, _taken(1), _taken(2))
        state.when(NoteOutcome(ANNS, TRUST_ROLE)).then_refused(NoPlaceLeft)

    def test_a_place_given_back_is_free(self) -> None:
        back = PlaceReleased(
            campaign=CAMPAIGN_ID, opportunity=TRUST_ROLE, application=identifier(2)
        )
        state = given(CAMPAIGN, *self.closed, _taken(1), _taken(2), back)
        state.when(NoteOutcome(ANNS, TRUST_ROLE)).then(self.taken)

    def test_only_of_what_is_offered(self) -> None:
        state = given(CAMPAIGN, *self.closed)
        state.when(NoteOutcome(ANNS, identifier(9))).then_refused(OpportunityNotOffered)
