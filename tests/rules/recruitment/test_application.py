"""One application: late or in time, assessed, decided, told."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.recruitment.domain.application import (
    APPLICATION,
    AdmitApplication,
    AgeNotReached,
    AlreadyAppointed,
    DecideOutcome,
    LateNotAdmitted,
    NextStepsMissing,
    NoLongerConsidered,
    NoSuchApplication,
    NotAppliedFor,
    NothingToTell,
    NotRecommended,
    OutcomeStands,
    RecordTold,
    ReserveDoesNotFit,
    ShortlistNotRecorded,
    WithdrawApplication,
)
from services.recruitment.domain.assessment import (
    ArrangeInterview,
    InterviewFollows,
    InterviewIsHeld,
    InterviewNotArranged,
    InterviewNotOffered,
    InterviewNotYet,
    NotShortlisted,
    OfferInterview,
    RecordInterview,
    ShortlistApplicant,
)
from services.recruitment.domain.register import OwnStaffNotEligible
from shared.contracts.personal import Clear
from shared.contracts.recruitment import (
    ApplicantShortlisted,
    ApplicantTold,
    ApplicationAdmitted,
    ApplicationAnswered,
    ApplicationWithdrawn,
    ClearanceCompleted,
    InterviewArranged,
    InterviewHeld,
    InterviewOffered,
    OfferDeclined,
    OutcomeDecided,
    PlaceReleased,
    RecruitmentEvent,
)
from shared.kernel.decider import Placed
from tests.rules.given import given
from tests.rules.recruitment.examples import (
    ANN,
    ANNS,
    BOARD_ROLE,
    CAMPAIGN_ID,
    LATE,
    LATER,
    LEAD,
    LIGHT,
    RECEIVED,
    TERMS,
    TRUST,
    TRUST_ROLE,
    identifier,
)

INTERVIEW = identifier(0x17)
REASON = Clear("The post was delayed.")
ADMITTED = ApplicationAdmitted(application=ANNS, campaign=CAMPAIGN_ID, person=ANN, reason=REASON)
WITHDRAWN = ApplicationWithdrawn(application=ANNS, campaign=CAMPAIGN_ID, person=ANN)
SHORTLISTED = ApplicantShortlisted(
    application=ANNS, campaign=CAMPAIGN_ID, person=ANN, shortlisted=True, reasons=REASON
)
NOT_SHORTLISTED = SHORTLISTED.model_copy(update={"shortlisted": False})
OFFERED = InterviewOffered(interview=INTERVIEW, application=ANNS, campaign=CAMPAIGN_ID, person=ANN)
ARRANGED = InterviewArranged(
    interview=INTERVIEW,
    application=ANNS,
    campaign=CAMPAIGN_ID,
    person=ANN,
    format="remote",
    starts_at=LATER,
    place="Online",
)
HELD = InterviewHeld(
    interview=INTERVIEW,
    application=ANNS,
    campaign=CAMPAIGN_ID,
    person=ANN,
    recommended=True,
    reasons=REASON,
)
INTERVIEWED: tuple[RecruitmentEvent, ...] = (RECEIVED, SHORTLISTED, OFFERED, ARRANGED, HELD)
SUCCESS = OutcomeDecided(
    application=ANNS,
    campaign=CAMPAIGN_ID,
    person=ANN,
    decision=1,
    successful=True,
    opportunity=TRUST_ROLE,
    next_steps="We ask for references.",
    reasons=REASON,
)
NO_SUCCESS = SUCCESS.model_copy(update={"successful": False, "opportunity": None, "next_steps": ""})
TOLD = ApplicantTold(application=ANNS, campaign=CAMPAIGN_ID, person=ANN, decision=1, how="message")
COMPLETED = ClearanceCompleted(
    application=ANNS, campaign=CAMPAIGN_ID, person=ANN, host=TRUST, appointment=identifier(3)
)
CHOOSE = DecideOutcome(
    successful=True,
    opportunity=TRUST_ROLE,
    next_steps="We ask for references.",
    reasons=REASON,
    reserve_until=None,
    now=LATER,
    terms=TERMS,
)
REJECT = replace(CHOOSE, successful=False, opportunity=None, next_steps="")
SHORTLIST = ShortlistApplicant(True, REASON)
HOLD = RecordInterview(True, REASON, LATER)


def in_campaign(event: RecruitmentEvent) -> Placed[RecruitmentEvent]:
    return Placed(LEAD, f"campaign/{CAMPAIGN_ID}", event)


def answered(how: str) -> Placed[RecruitmentEvent]:
    event = ApplicationAnswered.model_validate(
        {"campaign": CAMPAIGN_ID, "application": ANNS, "how": how}
    )
    return in_campaign(event)


class TestAdmitting:
    def test_a_late_application_is_admitted_with_a_reason(self) -> None:
        given(APPLICATION, LATE).when(AdmitApplication(REASON)).then(ADMITTED)

    @pytest.mark.parametrize("events", [(RECEIVED,), (LATE, ADMITTED)])
    def test_what_is_considered_is_considered(self, events: tuple[RecruitmentEvent, ...]) -> None:
        given(APPLICATION, *events).when(AdmitApplication(REASON)).then_nothing()

    def test_after_the_outcome_it_is_too_late(self) -> None:
        decided = given(APPLICATION, LATE, NO_SUCCESS)
        decided.when(AdmitApplication(REASON)).then_refused(OutcomeStands)

    def test_nothing_is_admitted_that_was_not_received(self) -> None:
        given(APPLICATION).when(AdmitApplication(REASON)).then_refused(NoSuchApplication)


class TestWithdrawing:
    def test_an_applicant_withdraws_and_is_owed_nothing(self) -> None:
        given(APPLICATION, RECEIVED).when(WithdrawApplication()).then(
            WITHDRAWN, answered("withdrawn")
        )

    def test_a_place_held_becomes_free(self) -> None:
        released = PlaceReleased(campaign=CAMPAIGN_ID, opportunity=TRUST_ROLE, application=ANNS)
        given(APPLICATION, *INTERVIEWED, SUCCESS, TOLD).when(WithdrawApplication()).then(
            WITHDRAWN, in_campaign(released), answered("withdrawn")
        )

    def test_withdrawn_is_withdrawn(self) -> None:
        given(APPLICATION, RECEIVED, WITHDRAWN).when(WithdrawApplication()).then_nothing()

    def test_a_withdrawn_application_goes_no_further(self) -> None:
        given(APPLICATION, RECEIVED, WITHDRAWN).when(SHORTLIST).then_refused(NoLongerConsidered)

    def test_who_has_been_appointed_does_not_withdraw_an_application(self) -> None:
        appointed = given(APPLICATION, *INTERVIEWED, SUCCESS, TOLD, COMPLETED)
        appointed.when(WithdrawApplication()).then_refused(AlreadyAppointed)


class TestShortlisting:
    def test_the_panels_decision_is_recorded_with_reasons(self) -> None:
        given(APPLICATION, RECEIVED).when(SHORTLIST).then(SHORTLISTED)

    def test_the_same_decision_again_changes_nothing(self) -> None:
        given(APPLICATION, RECEIVED, SHORTLISTED).when(SHORTLIST).then_nothing()

    def test_it_may_be_changed_before_the_interview(self) -> None:
        given(APPLICATION, RECEIVED, NOT_SHORTLISTED).when(SHORTLIST).then(SHORTLISTED)

    def test_not_after_an_interview_was_offered(self) -> None:
        state = given(APPLICATION, RECEIVED, SHORTLISTED, OFFERED)
        state.when(ShortlistApplicant(False, REASON)).then_refused(InterviewFollows)

    def test_a_late_application_is_not_shortlisted(self) -> None:
        given(APPLICATION, LATE).when(SHORTLIST).then_refused(LateNotAdmitted)

    def test_an_admitted_one_is(self) -> None:
        given(APPLICATION, LATE, ADMITTED).when(SHORTLIST).then(SHORTLISTED)

    def test_after_the_outcome_it_stands(self) -> None:
        given(APPLICATION, *INTERVIEWED, SUCCESS).when(SHORTLIST).then_refused(OutcomeStands)


class TestInterviewing:
    offer = OfferInterview(INTERVIEW, TERMS)
    arrange = ArrangeInterview("remote", LATER, "Online")

    def test_who_is_shortlisted_is_invited(self) -> None:
        given(APPLICATION, RECEIVED, SHORTLISTED).when(self.offer).then(OFFERED)

    def test_nobody_else_is(self) -> None:
        given(APPLICATION, RECEIVED).when(self.offer).then_refused(NotShortlisted)
        given(APPLICATION, RECEIVED, NOT_SHORTLISTED).when(self.offer).then_refused(NotShortlisted)

    def test_without_a_panel_everybody_may_be(self) -> None:
        command = OfferInterview(INTERVIEW, LIGHT)
        given(APPLICATION, RECEIVED).when(command).then(OFFERED)

    def test_an_invitation_is_sent_once(self) -> None:
        given(APPLICATION, *INTERVIEWED[:3]).when(self.offer).then_nothing()

    def test_it_is_arranged_and_arranged_anew(self) -> None:
        given(APPLICATION, *INTERVIEWED[:3]).when(self.arrange).then(ARRANGED)
        given(APPLICATION, *INTERVIEWED[:4]).when(self.arrange).then(ARRANGED)

    def test_it_is_offered_before_it_is_arranged(self) -> None:
        given(APPLICATION, RECEIVED).when(self.arrange).then_refused(InterviewNotOffered)
        given(APPLICATION, RECEIVED).when(HOLD).then_refused(InterviewNotOffered)

    def test_a_held_interview_is_not_arranged(self) -> None:
        given(APPLICATION, *INTERVIEWED).when(self.arrange).then_refused(InterviewIsHeld)

    def test_it_is_recorded_when_it_was_held(self) -> None:
        given(APPLICATION, *INTERVIEWED[:4]).when(HOLD).then(HELD)

    def test_not_before_it_has_begun(self) -> None:
        early = replace(HOLD, now=LATER - timedelta(seconds=1))
        given(APPLICATION, *INTERVIEWED[:4]).when(early).then_refused(InterviewNotYet)

    def test_not_before_it_is_arranged(self) -> None:
        given(APPLICATION, *INTERVIEWED[:3]).when(HOLD).then_refused(InterviewNotArranged)

    def test_it_is_recorded_once(self) -> None:
        given(APPLICATION, *INTERVIEWED).when(HOLD).then_nothing()


class TestDeciding:
    def test_a_recommended_applicant_is_chosen(self) -> None:
        given(APPLICATION, *INTERVIEWED).when(CHOOSE).then(SUCCESS)

    def test_a_light_policy_asks_for_nothing_before(self) -> None:
        command = replace(CHOOSE, terms=LIGHT)
        given(APPLICATION, RECEIVED).when(command).then(SUCCESS)

    def test_who_is_not_shortlisted_is_unsuccessful(self) -> None:
        given(APPLICATION, RECEIVED, NOT_SHORTLISTED).when(REJECT).then(NO_SUCCESS)

    def test_an_unsuccessful_outcome_follows_the_panels_decision(self) -> None:
        given(APPLICATION, RECEIVED).when(REJECT).then_refused(ShortlistNotRecorded)

    def test_but_not_when_the_campaign_was_given_up(self) -> None:
        command = replace(REJECT, cancelled=True)
        given(APPLICATION, RECEIVED).when(command).then(NO_SUCCESS)

    def test_a_late_applicant_is_answered(self) -> None:
        given(APPLICATION, LATE).when(REJECT).then(NO_SUCCESS)

    def test_a_late_applicant_is_not_chosen(self) -> None:
        given(APPLICATION, LATE).when(replace(CHOOSE, terms=LIGHT)).then_refused(LateNotAdmitted)

    def test_who_is_not_on_the_shortlist_is_not_chosen(self) -> None:
        given(APPLICATION, RECEIVED, NOT_SHORTLISTED).when(CHOOSE).then_refused(NotShortlisted)

    def test_the_interview_must_end_in_a_recommendation(self) -> None:
        against = HELD.model_copy(update={"recommended": False})
        given(APPLICATION, *INTERVIEWED[:4], against).when(CHOOSE).then_refused(NotRecommended)
        given(APPLICATION, *INTERVIEWED[:2]).when(CHOOSE).then_refused(NotRecommended)

    def test_the_successful_are_told_the_next_steps(self) -> None:
        command = replace(CHOOSE, next_steps=" ")
        given(APPLICATION, *INTERVIEWED).when(command).then_refused(NextStepsMissing)

    @pytest.mark.parametrize("opportunity", [None, identifier(9)])
    def test_only_for_what_they_applied_for(self, opportunity: None) -> None:
        command = replace(CHOOSE, opportunity=opportunity)
        given(APPLICATION, *INTERVIEWED).when(command).then_refused(NotAppliedFor)

    def test_own_staff_is_not_chosen_by_its_own_body_but_by_another(self) -> None:
        own = RECEIVED.model_copy(update={"staff_of": (TRUST,), "barred_from": (TRUST_ROLE,)})
        state = given(APPLICATION, own, *INTERVIEWED[1:])
        state.when(CHOOSE).then_refused(OwnStaffNotEligible)
        elsewhere = SUCCESS.model_copy(update={"opportunity": BOARD_ROLE})
        state.when(replace(CHOOSE, opportunity=BOARD_ROLE)).then(elsewhere)

    def test_who_is_too_young_is_not_chosen(self) -> None:
        young = RECEIVED.model_copy(update={"confirms_age": False})
        given(APPLICATION, young, *INTERVIEWED[1:]).when(CHOOSE).then_refused(AgeNotReached)

    def test_a_reserve_list_lasts_as_long_as_policy_says(self) -> None:
        until = date(2024, 8, 21)
        reserve = NO_SUCCESS.model_copy(update={"reserve_until": until})
        state = given(APPLICATION, *INTERVIEWED)
        state.when(replace(REJECT, reserve_until=until)).then(reserve)
        longer = replace(REJECT, reserve_until=until + timedelta(days=1))
        state.when(longer).then_refused(ReserveDoesNotFit)
        state.when(replace(CHOOSE, reserve_until=until)).then_refused(ReserveDoesNotFit)

    def test_the_same_outcome_again_changes_nothing(self) -> None:
        given(APPLICATION, *INTERVIEWED, SUCCESS, TOLD).when(CHOOSE).then_nothing()
        given(APPLICATION, LATE, NO_SUCCESS).when(REJECT).then_nothing()

    def test_a_changed_outcome_is_the_next_decision(self) -> None:
        second = NO_SUCCESS.model_copy(update={"decision": 2})
        given(APPLICATION, *INTERVIEWED, SUCCESS, TOLD).when(REJECT).then(second)

    def test_not_after_the_appointment(self) -> None:
        state = given(APPLICATION, *INTERVIEWED, SUCCESS, TOLD, COMPLETED)
        state.when(REJECT).then_refused(AlreadyAppointed)

    def test_not_after_the_offer_was_declined(self) -> None:
        declined = OfferDeclined(application=ANNS, campaign=CAMPAIGN_ID, person=ANN)
        state = given(APPLICATION, *INTERVIEWED, SUCCESS, TOLD, declined)
        state.when(REJECT).then_refused(NoLongerConsidered)


class TestTelling:
    telling = RecordTold("message")

    def test_the_applicant_is_told_and_owed_nothing(self) -> None:
        given(APPLICATION, *INTERVIEWED, SUCCESS).when(self.telling).then(TOLD, answered("told"))

    def test_once(self) -> None:
        given(APPLICATION, *INTERVIEWED, SUCCESS, TOLD).when(self.telling).then_nothing()

    def test_there_must_be_something_to_tell(self) -> None:
        given(APPLICATION, RECEIVED).when(self.telling).then_refused(NothingToTell)

    def test_news_of_an_earlier_decision_does_not_tell_the_later_one(self) -> None:
        second = NO_SUCCESS.model_copy(update={"decision": 2})
        state = given(APPLICATION, *INTERVIEWED, SUCCESS, second)
        state.when(RecordTold("message", decision=1)).then_nothing()

    def test_a_changed_outcome_is_told_again(self) -> None:
        second = NO_SUCCESS.model_copy(update={"decision": 2})
        told = TOLD.model_copy(update={"decision": 2})
        state = given(APPLICATION, *INTERVIEWED, SUCCESS, TOLD, second)
        state.when(RecordTold("message", decision=2)).then(told, answered("told"))

    def test_news_for_who_left_or_was_appointed_changes_nothing(self) -> None:
        given(APPLICATION, RECEIVED, WITHDRAWN).when(self.telling).then_nothing()
        state = given(APPLICATION, *INTERVIEWED, SUCCESS, TOLD, COMPLETED)
        state.when(self.telling).then_nothing()
