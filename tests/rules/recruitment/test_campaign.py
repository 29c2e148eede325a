"""A campaign from its draft to its completion."""

from datetime import date, datetime, timedelta
from typing import Literal

import pytest

from services.recruitment.domain.campaign import (
    CAMPAIGN,
    AlreadyPublished,
    ApplicantsUntold,
    CampaignOver,
    CampaignStillOpen,
    CancelCampaign,
    CloseCampaign,
    CompleteCampaign,
    DraftedDifferently,
    NoSuchCampaign,
    NotPublished,
    NotYetTime,
    OpenCampaign,
    PlacesUnsettled,
    PromoteCampaign,
)
from services.recruitment.domain.drafting import (
    ClosesBeforeItOpens,
    ContactNotNamed,
    DecideDbsLevel,
    DescribeOpportunity,
    DraftCampaign,
    FeeBasisDoesNotFit,
    NameContact,
    PaidPartnerIsNoVolunteer,
    PublishCampaign,
    RoleDescriptionIncomplete,
    VisitorsContactNeedsNoMore,
)
from services.recruitment.domain.register import NoteOutcome, OpportunityNotOffered
from shared.contracts.personal import Clear
from shared.contracts.recruitment import (
    AdditionalInformation,
    AnswerOwed,
    ApplicationAnswered,
    CampaignCancelled,
    CampaignClosed,
    CampaignCompleted,
    CampaignOpened,
    CampaignPromoted,
    DbsLevelDecided,
    PlaceFilled,
    PlaceReleased,
    PlaceTaken,
    RoleDescription,
    TimeCommitment,
)
from tests.rules.given import given
from tests.rules.recruitment.examples import (
    ANNS,
    BLANK,
    BOARD_ROLE,
    CAMPAIGN_ID,
    CLOSED_EVENT,
    CLOSES_AT,
    CONTACT,
    CONTACT_NAMED,
    DESCRIPTION,
    DRAFT,
    DRAFTED,
    LEAD,
    NOW,
    OPEN,
    OPENED,
    OPENS_AT,
    POLICY,
    PUBLISHED,
    ROLLING,
    TRUST,
    TRUST_ROLE,
    described,
    entered,
    identifier,
)

DRAFTING = DraftCampaign(
    CAMPAIGN_ID,
    LEAD,
    "Patient Safety Partners",
    "Two partners for two bodies.",
    "We write to everybody.",
    "patient-safety-partner",
)
NAMING = NameContact(CONTACT, Clear("Sam Example"), "Engagement officer", Clear("sam@example.org"))
BEFORE = OPENS_AT - timedelta(days=7)
PUBLISHING = PublishCampaign(OPENS_AT, CLOSES_AT, BEFORE, POLICY)
TOLD = ApplicationAnswered(campaign=CAMPAIGN_ID, application=ANNS, how="told")
WITHDRAWN = ApplicationAnswered(campaign=CAMPAIGN_ID, application=ANNS, how="withdrawn")
COMPLETED = CampaignCompleted(campaign=CAMPAIGN_ID, applications=1)
CANCELLED = CampaignCancelled(campaign=CAMPAIGN_ID, reason="The committee was dissolved.")
TAKEN = PlaceTaken(campaign=CAMPAIGN_ID, opportunity=TRUST_ROLE, application=ANNS)
FILLED = PlaceFilled(campaign=CAMPAIGN_ID, opportunity=TRUST_ROLE, application=ANNS)
RELEASED = PlaceReleased(campaign=CAMPAIGN_ID, opportunity=TRUST_ROLE, application=ANNS)


def closing(
    now: datetime, by: Literal["closing-time", "coordinator"] = "closing-time"
) -> CloseCampaign:
    return CloseCampaign(now, by)


class TestDrafting:
    def test_a_campaign_is_drafted(self) -> None:
        given(CAMPAIGN).when(DRAFTING).then(DRAFTED)

    def test_the_same_draft_again_changes_nothing(self) -> None:
        given(CAMPAIGN, DRAFTED).when(DRAFTING).then_nothing()

    def test_another_draft_needs_another_campaign(self) -> None:
        other = DraftCampaign(CAMPAIGN_ID, LEAD, "Another title", "", "", "volunteer")
        given(CAMPAIGN, DRAFTED).when(other).then_refused(DraftedDifferently)

    def test_the_contact_is_one_record_that_can_be_changed_while_the_campaign_runs(self) -> None:
        given(CAMPAIGN, DRAFTED).when(NAMING).then(CONTACT_NAMED)
        given(CAMPAIGN, *OPEN).when(NAMING).then(CONTACT_NAMED)

    def test_nobody_is_named_without_a_campaign_or_after_it(self) -> None:
        given(CAMPAIGN).when(NAMING).then_refused(NoSuchCampaign)
        over = given(CAMPAIGN, *OPEN, CLOSED_EVENT, COMPLETED)
        over.when(NAMING).then_refused(CampaignOver)


class TestOpportunities:
    command = DescribeOpportunity(TRUST_ROLE, TRUST, TRUST, True, DESCRIPTION)

    def test_an_opportunity_is_described(self) -> None:
        given(CAMPAIGN, DRAFTED).when(self.command).then(described())

    def test_a_blank_part_may_wait_until_publication(self) -> None:
        command = DescribeOpportunity(TRUST_ROLE, TRUST, TRUST, True, BLANK)
        given(CAMPAIGN, DRAFTED, described()).when(command).then(described(description=BLANK))

    def test_the_same_description_again_changes_nothing(self) -> None:
        given(CAMPAIGN, *DRAFT).when(self.command).then_nothing()

    def test_a_published_description_is_fixed(self) -> None:
        given(CAMPAIGN, *OPEN).when(self.command).then_refused(AlreadyPublished)

    def test_without_a_campaign_nothing_is_described(self) -> None:
        given(CAMPAIGN).when(self.command).then_refused(NoSuchCampaign)


class TestDbsLevel:
    none = DecideDbsLevel(TRUST_ROLE, "none", "as-a-visitor", "no-check", "Meetings only.")
    decided = DbsLevelDecided(
        campaign=CAMPAIGN_ID,
        opportunity=TRUST_ROLE,
        level="none",
        patient_contact="as-a-visitor",
        fee_basis="no-check",
        reason="Meetings only.",
    )

    def test_none_is_a_decision_with_a_reason(self) -> None:
        given(CAMPAIGN, *DRAFT).when(self.none).then(self.decided)

    def test_the_same_decision_again_changes_nothing(self) -> None:
        given(CAMPAIGN, *DRAFT, self.decided).when(self.none).then_nothing()

    def test_contact_as_a_visitor_does_not_qualify_for_more(self) -> None:
        command = DecideDbsLevel(TRUST_ROLE, "enhanced", "as-a-visitor", "paid", "To be safe.")
        given(CAMPAIGN, *DRAFT).when(command).then_refused(VisitorsContactNeedsNoMore)

    def test_who_is_paid_is_no_volunteer(self) -> None:
        command = DecideDbsLevel(TRUST_ROLE, "basic", "none", "volunteer", "Own policy.")
        given(CAMPAIGN, *DRAFT).when(command).then_refused(PaidPartnerIsNoVolunteer)

    def test_a_fee_basis_belongs_to_a_check(self) -> None:
        command = DecideDbsLevel(TRUST_ROLE, "none", "none", "paid", "No contact.")
        given(CAMPAIGN, *DRAFT).when(command).then_refused(FeeBasisDoesNotFit)

    def test_it_is_decided_for_an_opportunity_of_the_campaign(self) -> None:
        command = DecideDbsLevel(identifier(9), "none", "none", "no-check", "No contact.")
        given(CAMPAIGN, *DRAFT).when(command).then_refused(OpportunityNotOffered)


class TestPublishing:
    def test_a_complete_campaign_is_published(self) -> None:
        given(CAMPAIGN, *DRAFT).when(PUBLISHING).then(PUBLISHED)

    def test_published_again_as_it_is_changes_nothing(self) -> None:
        given(CAMPAIGN, *OPEN).when(PUBLISHING).then_nothing()

    def test_a_published_campaign_keeps_its_moments(self) -> None:
        command = PublishCampaign(OPENS_AT, None, BEFORE, POLICY)
        given(CAMPAIGN, *OPEN).when(command).then_refused(AlreadyPublished)

    def test_every_missing_part_is_named(self) -> None:
        blank = given(CAMPAIGN, DRAFTED, CONTACT_NAMED, described(description=BLANK))
        blank.when(PUBLISHING).then_refused(
            RoleDescriptionIncomplete,
            "for Projects (RAJ), the priorities of the group, the reason for fewer than 2 places.",
        )

    def test_groups_of_two_hosts_may_have_the_same_name(self) -> None:
        blank = described(description=DESCRIPTION.model_copy(update={"priorities": ""}))
        complete = described(BOARD_ROLE, LEAD)
        for opportunities in ((blank, complete), (complete, blank)):
            state = given(CAMPAIGN, DRAFTED, CONTACT_NAMED, *opportunities)
            state.when(PUBLISHING).then_refused(
                RoleDescriptionIncomplete,
                "Missing: for Quality and Safety Committee (RAJ), the priorities of the group.",
            )

    def test_fewer_places_than_advised_need_a_reason(self) -> None:
        one = DESCRIPTION.model_copy(
            update={"places": 1, "reason_for_few_places": "A small group."}
        )
        command = PUBLISHING
        state = given(CAMPAIGN, DRAFTED, CONTACT_NAMED, described(description=one))
        published = PUBLISHED.model_copy(
            update={"hosts": (TRUST,), "opportunities": (TRUST_ROLE,), "places": 1}
        )
        state.when(command).then(published)

    def test_an_advert_without_an_opportunity_is_incomplete(self) -> None:
        state = given(CAMPAIGN, DRAFTED, CONTACT_NAMED)
        state.when(PUBLISHING).then_refused(RoleDescriptionIncomplete, "Missing: an opportunity.")

    def test_people_must_know_whom_to_ask(self) -> None:
        given(CAMPAIGN, DRAFTED, described()).when(PUBLISHING).then_refused(ContactNotNamed)

    @pytest.mark.parametrize("closes_at", [OPENS_AT, BEFORE])
    def test_it_closes_after_it_opens(self, closes_at: datetime) -> None:
        command = PublishCampaign(OPENS_AT, closes_at, BEFORE, POLICY)
        given(CAMPAIGN, *DRAFT).when(command).then_refused(ClosesBeforeItOpens)

    def test_it_does_not_close_in_the_past(self) -> None:
        command = PublishCampaign(OPENS_AT, CLOSES_AT, CLOSES_AT, POLICY)
        given(CAMPAIGN, *DRAFT).when(command).then_refused(ClosesBeforeItOpens)

    def test_without_a_campaign_nothing_is_published(self) -> None:
        given(CAMPAIGN).when(PUBLISHING).then_refused(NoSuchCampaign)


FIELDS = [
    (name, RoleDescription.model_fields[name].annotation)
    for name in RoleDescription.model_fields
    if name != "reason_for_few_places"
]


def _without(name: str) -> RoleDescription:
    blank: object = RoleDescription().model_dump()[name]
    return RoleDescription.model_validate(DESCRIPTION.model_dump() | {name: blank})


@pytest.mark.parametrize("name", [name for name, _ in FIELDS])
def test_no_part_of_the_template_may_be_missing(name: str) -> None:
    state = given(CAMPAIGN, DRAFTED, CONTACT_NAMED, described(description=_without(name)))
    state.when(PUBLISHING).then_refused(RoleDescriptionIncomplete)


@pytest.mark.parametrize("name", TimeCommitment.model_fields)
def test_no_part_of_the_time_commitment_may_be_missing(name: str) -> None:
    time = DESCRIPTION.time_commitment.model_copy(update={name: ""})
    description = DESCRIPTION.model_copy(update={"time_commitment": time})
    state = given(CAMPAIGN, DRAFTED, CONTACT_NAMED, described(description=description))
    state.when(PUBLISHING).then_refused(RoleDescriptionIncomplete)


@pytest.mark.parametrize(
    "name",
    sorted(
        set(AdditionalInformation.model_fields) - {"anything_else", "confidentiality_agreement"}
    ),
)
def test_no_promise_may_be_missing(name: str) -> None:
    promises = DESCRIPTION.additional_information.model_copy(update={name: ""})
    description = DESCRIPTION.model_copy(update={"additional_information": promises})
    state = given(CAMPAIGN, DRAFTED, CONTACT_NAMED, described(description=description))
    state.when(PUBLISHING).then_refused(RoleDescriptionIncomplete)


class TestPromoting:
    command = PromoteCampaign("Local radio", date(2024, 1, 10))

    def test_where_it_was_promoted_is_recorded(self) -> None:
        promoted = CampaignPromoted(campaign=CAMPAIGN_ID, where="Local radio", on=date(2024, 1, 10))
        given(CAMPAIGN, *OPEN).when(self.command).then(promoted)

    def test_a_draft_is_not_promoted(self) -> None:
        given(CAMPAIGN, *DRAFT).when(self.command).then_refused(NotPublished)


class TestOpeningAndClosing:
    def test_it_opens_at_its_moment(self) -> None:
        state = given(CAMPAIGN, *DRAFT, PUBLISHED)
        state.when(OpenCampaign(OPENS_AT)).then(CampaignOpened(campaign=CAMPAIGN_ID))

    def test_not_before(self) -> None:
        state = given(CAMPAIGN, *DRAFT, PUBLISHED)
        state.when(OpenCampaign(OPENS_AT - timedelta(seconds=1))).then_refused(NotYetTime)

    def test_an_open_campaign_is_open(self) -> None:
        given(CAMPAIGN, *OPEN).when(OpenCampaign(NOW)).then_nothing()

    def test_it_closes_at_its_moment_however_late_the_timer_is(self) -> None:
        given(CAMPAIGN, *OPEN).when(closing(CLOSES_AT + timedelta(hours=1))).then(CLOSED_EVENT)

    def test_it_does_not_close_before_the_advertised_moment(self) -> None:
        early = closing(CLOSES_AT - timedelta(seconds=1), "coordinator")
        given(CAMPAIGN, *OPEN).when(early).then_refused(NotYetTime)

    def test_five_in_the_afternoon_is_london_time(self) -> None:
        assert CLOSES_AT.isoformat() == "2024-02-06T17:00:00+00:00"

    def test_a_rolling_campaign_is_closed_by_a_coordinator(self) -> None:
        closed = CampaignClosed(campaign=CAMPAIGN_ID, closed_at=NOW, by="coordinator")
        given(CAMPAIGN, *ROLLING).when(closing(NOW, "coordinator")).then(closed)

    def test_a_campaign_that_never_saw_its_opening_opens_and_closes(self) -> None:
        state = given(CAMPAIGN, *DRAFT, PUBLISHED)
        state.when(closing(CLOSES_AT)).then(OPENED, CLOSED_EVENT)

    def test_a_closed_campaign_is_closed(self) -> None:
        given(CAMPAIGN, *OPEN, CLOSED_EVENT).when(closing(CLOSES_AT)).then_nothing()
        given(CAMPAIGN, *OPEN, CANCELLED).when(closing(CLOSES_AT)).then_nothing()


class TestCompleting:
    closed = (*OPEN, entered(), CLOSED_EVENT)

    def test_everybody_has_been_told(self) -> None:
        given(CAMPAIGN, *self.closed, TOLD).when(CompleteCampaign()).then(COMPLETED)

    def test_who_withdrew_need_not_be_told(self) -> None:
        given(CAMPAIGN, *self.closed, WITHDRAWN).when(CompleteCampaign()).then(COMPLETED)

    def test_somebody_is_untold(self) -> None:
        state = given(CAMPAIGN, *self.closed)
        state.when(CompleteCampaign()).then_refused(ApplicantsUntold, "Still to be told: 1.")

    def test_a_changed_outcome_must_be_told_too(self) -> None:
        owed = AnswerOwed(campaign=CAMPAIGN_ID, application=ANNS)
        state = given(CAMPAIGN, *self.closed, TOLD, owed)
        state.when(CompleteCampaign()).then_refused(ApplicantsUntold)

    def test_a_successful_applicant_is_appointed_or_has_left_first(self) -> None:
        held = given(CAMPAIGN, *self.closed, TOLD, TAKEN)
        held.when(CompleteCampaign()).then_refused(PlacesUnsettled)
        given(CAMPAIGN, *self.closed, TOLD, TAKEN, FILLED).when(CompleteCampaign()).then(COMPLETED)
        given(CAMPAIGN, *self.closed, TOLD, TAKEN, RELEASED).when(CompleteCampaign()).then(
            COMPLETED
        )

    def test_an_open_campaign_is_not_completed(self) -> None:
        given(CAMPAIGN, *OPEN).when(CompleteCampaign()).then_refused(CampaignStillOpen)

    def test_completed_is_completed(self) -> None:
        given(CAMPAIGN, *self.closed, TOLD, COMPLETED).when(CompleteCampaign()).then_nothing()


class TestCancelling:
    command = CancelCampaign("The committee was dissolved.")

    def test_a_campaign_is_given_up(self) -> None:
        given(CAMPAIGN, *OPEN).when(self.command).then(CANCELLED)

    def test_once(self) -> None:
        given(CAMPAIGN, *OPEN, CANCELLED).when(self.command).then_nothing()

    def test_a_completed_campaign_is_over(self) -> None:
        over = given(CAMPAIGN, *OPEN, CLOSED_EVENT, COMPLETED)
        over.when(self.command).then_refused(CampaignOver)

    def test_who_applied_is_still_owed_an_answer_but_no_place(self) -> None:
        cancelled = given(CAMPAIGN, *OPEN, entered(), TOLD, CANCELLED)
        owed = AnswerOwed(campaign=CAMPAIGN_ID, application=ANNS)
        cancelled.when(NoteOutcome(ANNS, None)).then(owed)
        cancelled.when(NoteOutcome(ANNS, BOARD_ROLE)).then_refused(CampaignOver)
