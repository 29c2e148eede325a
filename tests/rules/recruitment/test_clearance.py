"""Before starting: references and checks."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.recruitment.domain.clearance import (
    CLEARANCE,
    CheckNeeded,
    CheckNotForThisRole,
    ClearanceNotOpen,
    ClearanceOver,
    Clearing,
    DecideCheck,
    EvidenceUnnamed,
    NotSuccessful,
    NotToldYet,
    OpenClearance,
)
from services.recruitment.domain.drafting import FeeBasisDoesNotFit, PaidPartnerIsNoVolunteer
from services.recruitment.domain.policies import SelectionPolicy, SelectionTerms
from services.recruitment.domain.references import (
    JudgeReference,
    NoSuchReference,
    ReceiveReference,
    RefereeUnreachable,
    ReferenceFromTheFuture,
    ReferenceNotReceived,
    RemindReferees,
    RequestReference,
)
from services.recruitment.domain.register import Opportunity, OpportunityNotOffered
from shared.contracts.personal import Clear
from shared.contracts.recruitment import (
    CheckDecided,
    ClearanceOpened,
    RecruitmentEvent,
    ReferenceJudged,
    ReferenceReceived,
    ReferenceReminded,
    ReferenceRequested,
)
from tests.rules.given import given
from tests.rules.recruitment.examples import (
    ANN,
    ANNS,
    CAMPAIGN_ID,
    DESCRIPTION,
    LATER,
    LEAD,
    POLICY,
    RECEIVED,
    TRUST,
    TRUST_ROLE,
    identifier,
)
from tests.rules.recruitment.test_application import (
    COMPLETED,
    INTERVIEWED,
    NO_SUCCESS,
    SUCCESS,
    TOLD,
    WITHDRAWN,
)

OFFERED = Opportunity(TRUST_ROLE, TRUST, LEAD, True, DESCRIPTION)
OPENING = OpenClearance({TRUST_ROLE: OFFERED}, "patient-safety-partner", POLICY)
OPENED = ClearanceOpened(
    application=ANNS,
    campaign=CAMPAIGN_ID,
    opportunity=TRUST_ROLE,
    person=ANN,
    lead=LEAD,
    host=TRUST,
    payer=LEAD,
    role_family="patient-safety-partner",
    carries_payment=True,
    references_needed=2,
    checks_needed=("dbs", "identity", "own-staff-conflict"),
    dbs_level="none",
    acceptance_needed=True,
    policy_version=1,
)
CHOSEN: tuple[RecruitmentEvent, ...] = (*INTERVIEWED, SUCCESS, TOLD)
CLEARING: tuple[RecruitmentEvent, ...] = (*CHOSEN, OPENED)
REFERENCE, REFEREE = identifier(0xE1), identifier(0xE2)
WEEK = timedelta(days=7)
REQUESTING = RequestReference(
    reference=REFERENCE,
    referee=REFEREE,
    referee_name=Clear("Kit Example"),
    referee_email=Clear("kit@example.org"),
    referee_address=None,
    now=LATER,
    policy=POLICY,
)
REQUESTED = ReferenceRequested(
    reference=REFERENCE,
    application=ANNS,
    person=ANN,
    referee=REFEREE,
    referee_name=Clear("Kit Example"),
    referee_email=Clear("kit@example.org"),
    applicant_name=RECEIVED.name,
    remind_at=LATER + WEEK,
    still_to_ask=1,
)
REMINDED = ReferenceReminded(
    reference=REFERENCE,
    application=ANNS,
    person=ANN,
    referee=REFEREE,
    reminder=1,
    remind_at=LATER + 2 * WEEK,
)
CAME = ReferenceReceived(
    reference=REFERENCE,
    application=ANNS,
    person=ANN,
    received_at=LATER,
    content=Clear("I have known Ann for years."),
)
JUDGED = ReferenceJudged(
    reference=REFERENCE, application=ANNS, person=ANN, satisfactory=True, reason=Clear("Good.")
)
RECEIVING = ReceiveReference(REFERENCE, LATER, LATER, CAME.content)
JUDGING = JudgeReference(REFERENCE, True, Clear("Good."))
CHECK = DecideCheck("identity", "clear", Clear("Passport."), date(2024, 2, 20), seen_by=REFEREE)
CHECKED = CheckDecided(
    application=ANNS,
    person=ANN,
    check="identity",
    outcome="clear",
    reason=Clear("Passport."),
    decided_on=date(2024, 2, 20),
    seen_by=REFEREE,
)
NO_DBS = DecideCheck(
    "dbs",
    "not-needed",
    Clear("Meetings only."),
    date(2024, 2, 20),
    level="none",
    fee_basis="no-check",
)


class TestOpening:
    def test_it_asks_what_the_policy_asks(self) -> None:
        given(CLEARANCE, *CHOSEN).when(OPENING).then(OPENED)

    def test_an_open_clearance_is_open(self) -> None:
        given(CLEARANCE, *CLEARING).when(OPENING).then_nothing()

    def test_a_role_with_sensitive_papers_needs_an_agreement(self) -> None:
        extra = DESCRIPTION.additional_information.model_copy(
            update={"confidentiality_agreement": True}
        )
        description = DESCRIPTION.model_copy(update={"additional_information": extra})
        sensitive = replace(OFFERED, description=description, dbs_level="basic")
        opened = OPENED.model_copy(
            update={
                "checks_needed": (*OPENED.checks_needed, "confidentiality-agreement"),
                "dbs_level": "basic",
            }
        )
        command = replace(OPENING, opportunities={TRUST_ROLE: sensitive})
        given(CLEARANCE, *CHOSEN).when(command).then(opened)

    def test_the_applicant_is_told_first(self) -> None:
        given(CLEARANCE, *INTERVIEWED, SUCCESS).when(OPENING).then_refused(NotToldYet)

    def test_the_applicant_is_successful_first(self) -> None:
        given(CLEARANCE).when(OPENING).then_refused(NotSuccessful)
        given(CLEARANCE, *INTERVIEWED).when(OPENING).then_refused(NotSuccessful)
        given(CLEARANCE, *INTERVIEWED, NO_SUCCESS).when(OPENING).then_refused(NotSuccessful)

    def test_for_an_opportunity_of_the_campaign(self) -> None:
        command = replace(OPENING, opportunities={})
        given(CLEARANCE, *CHOSEN).when(command).then_refused(OpportunityNotOffered)

    def test_not_when_it_is_over(self) -> None:
        given(CLEARANCE, *CLEARING, COMPLETED).when(OPENING).then_refused(ClearanceOver)
        given(CLEARANCE, *CLEARING, WITHDRAWN).when(OPENING).then_refused(ClearanceOver)

    def test_a_changed_outcome_ends_it(self) -> None:
        changed = NO_SUCCESS.model_copy(update={"decision": 2})
        given(CLEARANCE, *CLEARING, changed).when(REQUESTING).then_refused(NotSuccessful)


class TestReferences:
    def test_a_reference_is_requested(self) -> None:
        given(CLEARANCE, *CLEARING).when(REQUESTING).then(REQUESTED)

    def test_once(self) -> None:
        given(CLEARANCE, *CLEARING, REQUESTED).when(REQUESTING).then_nothing()

    def test_the_referee_must_be_reachable(self) -> None:
        command = replace(REQUESTING, referee_email=None)
        given(CLEARANCE, *CLEARING).when(command).then_refused(RefereeUnreachable)

    def test_not_before_the_clearance_is_open(self) -> None:
        given(CLEARANCE, *CHOSEN).when(REQUESTING).then_refused(ClearanceNotOpen)

    def test_a_silent_referee_is_reminded(self) -> None:
        state = given(CLEARANCE, *CLEARING, REQUESTED)
        state.when(RemindReferees(LATER + WEEK, POLICY)).then(REMINDED)

    def test_not_too_early_and_not_twice_for_one_reminder(self) -> None:
        early = RemindReferees(LATER + WEEK - timedelta(seconds=1), POLICY)
        given(CLEARANCE, *CLEARING, REQUESTED).when(early).then_nothing()
        again = RemindReferees(LATER + WEEK, POLICY)
        given(CLEARANCE, *CLEARING, REQUESTED, REMINDED).when(again).then_nothing()

    def test_as_often_as_policy_says(self) -> None:
        last = REMINDED.model_copy(update={"reminder": 2, "remind_at": None})
        second = RemindReferees(LATER + 2 * WEEK, POLICY)
        given(CLEARANCE, *CLEARING, REQUESTED, REMINDED).when(second).then(last)
        third = RemindReferees(LATER + 9 * WEEK, POLICY)
        given(CLEARANCE, *CLEARING, REQUESTED, REMINDED, last).when(third).then_nothing()

    def test_a_policy_without_reminders_sends_none(self) -> None:
        never = SelectionPolicy(SelectionTerms(reference_reminders=0), 1)
        unreminded = REQUESTED.model_copy(update={"remind_at": None})
        given(CLEARANCE, *CLEARING).when(replace(REQUESTING, policy=never)).then(unreminded)

    def test_who_answered_is_not_reminded(self) -> None:
        late = RemindReferees(LATER + 9 * WEEK, POLICY)
        given(CLEARANCE, *CLEARING, REQUESTED, CAME).when(late).then_nothing()

    @pytest.mark.parametrize("ended", [(), CHOSEN, (*CLEARING, REQUESTED, WITHDRAWN)])
    def test_nobody_is_reminded_when_nothing_is_cleared(
        self, ended: tuple[RecruitmentEvent, ...]
    ) -> None:
        given(CLEARANCE, *ended).when(RemindReferees(LATER + 9 * WEEK, POLICY)).then_nothing()

    def test_a_reference_comes(self) -> None:
        given(CLEARANCE, *CLEARING, REQUESTED).when(RECEIVING).then(CAME)

    def test_it_comes_once(self) -> None:
        given(CLEARANCE, *CLEARING, REQUESTED, CAME).when(RECEIVING).then_nothing()

    def test_not_from_the_future(self) -> None:
        command = replace(RECEIVING, received_at=LATER + WEEK)
        state = given(CLEARANCE, *CLEARING, REQUESTED)
        state.when(command).then_refused(ReferenceFromTheFuture)

    def test_only_what_was_requested_comes(self) -> None:
        given(CLEARANCE, *CLEARING).when(RECEIVING).then_refused(NoSuchReference)

    def test_it_is_judged(self) -> None:
        given(CLEARANCE, *CLEARING, REQUESTED, CAME).when(JUDGING).then(JUDGED)

    def test_the_same_judgement_again_changes_nothing(self) -> None:
        given(CLEARANCE, *CLEARING, REQUESTED, CAME, JUDGED).when(JUDGING).then_nothing()

    def test_not_before_it_came(self) -> None:
        state = given(CLEARANCE, *CLEARING, REQUESTED)
        state.when(JUDGING).then_refused(ReferenceNotReceived)


class TestChecks:
    def test_a_check_that_was_made_names_who_saw_the_evidence(self) -> None:
        given(CLEARANCE, *CLEARING).when(CHECK).then(CHECKED)
        unseen = replace(CHECK, seen_by=None)
        given(CLEARANCE, *CLEARING).when(unseen).then_refused(EvidenceUnnamed)

    def test_the_same_again_changes_nothing(self) -> None:
        given(CLEARANCE, *CLEARING, CHECKED).when(CHECK).then_nothing()

    def test_none_is_decided_with_its_reason(self) -> None:
        decided = CHECKED.model_copy(
            update={
                "check": "dbs",
                "outcome": "not-needed",
                "reason": Clear("Meetings only."),
                "level": "none",
                "fee_basis": "no-check",
                "seen_by": None,
            }
        )
        given(CLEARANCE, *CLEARING).when(NO_DBS).then(decided)

    def test_a_role_without_a_disclosure_check_may_not_have_one_made(self) -> None:
        command = replace(NO_DBS, outcome="clear", level="basic", fee_basis="paid", seen_by=REFEREE)
        given(CLEARANCE, *CLEARING).when(command).then_refused(CheckNotForThisRole, "is none")

    def test_a_disclosure_check_has_the_level_decided_for_the_role(self) -> None:
        basic = OPENED.model_copy(update={"dbs_level": "basic"})
        state = given(CLEARANCE, *CHOSEN, basic)
        made = replace(NO_DBS, outcome="clear", level="basic", fee_basis="paid", seen_by=REFEREE)
        state.when(replace(made, level="enhanced")).then_refused(CheckNotForThisRole)
        state.when(NO_DBS).then_refused(CheckNeeded)
        state.when(replace(made, fee_basis=None)).then_refused(FeeBasisDoesNotFit)
        state.when(replace(made, fee_basis="volunteer")).then_refused(PaidPartnerIsNoVolunteer)
        assert isinstance(CLEARANCE.fold((*CHOSEN, basic)), Clearing)

    def test_only_disclosure_checks_have_a_fee(self) -> None:
        command = replace(CHECK, fee_basis="paid")
        given(CLEARANCE, *CLEARING).when(command).then_refused(FeeBasisDoesNotFit)

    def test_a_needed_check_cannot_be_declared_needless(self) -> None:
        command = replace(CHECK, outcome="not-needed")
        given(CLEARANCE, *CLEARING).when(command).then_refused(CheckNeeded)

    def test_only_checks_the_role_needs(self) -> None:
        command = replace(CHECK, check="confidentiality-agreement")
        given(CLEARANCE, *CLEARING).when(command).then_refused(CheckNotForThisRole)
