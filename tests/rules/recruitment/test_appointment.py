"""Offer, acceptance, appointment."""

from dataclasses import replace
from datetime import date

import pytest

from services.recruitment.domain.appointment import (
    APPOINTMENT,
    AcceptOffer,
    AppointPartner,
    DeclineOffer,
    MakeOffer,
    NoOfferStands,
    OfferAlreadyAccepted,
    OfferNotAccepted,
    PartnerAlready,
    StepsOutstanding,
    TermEndsBeforeItStarts,
)
from services.recruitment.domain.clearance import ClearanceNotOpen, ClearanceOver
from shared.contracts.personal import Clear
from shared.contracts.recruitment import (
    ClearanceCompleted,
    OfferAccepted,
    OfferDeclined,
    OfferMade,
    PartnerAppointed,
    PlaceFilled,
    PlaceReleased,
    RecruitmentEvent,
)
from shared.kernel.decider import Placed
from tests.rules.given import given
from tests.rules.recruitment.examples import (
    ANN,
    ANNS,
    CAMPAIGN_ID,
    CONTACT,
    LEAD,
    TRUST,
    TRUST_ROLE,
    identifier,
)
from tests.rules.recruitment.test_application import NO_SUCCESS, WITHDRAWN
from tests.rules.recruitment.test_clearance import (
    CAME,
    CHECKED,
    CHOSEN,
    CLEARING,
    JUDGED,
    OPENED,
    REQUESTED,
)

APPOINTMENT_ID = identifier(0xF1)
STARTS_ON, ENDS_ON = date(2024, 4, 1), date(2025, 9, 30)
OFFERING = MakeOffer(STARTS_ON, ENDS_ON, CONTACT, "Your induction comes first.")
OFFER = OfferMade(
    application=ANNS,
    campaign=CAMPAIGN_ID,
    person=ANN,
    host=TRUST,
    opportunity=TRUST_ROLE,
    term_starts_on=STARTS_ON,
    term_ends_on=ENDS_ON,
    lead_contact=CONTACT,
    next_steps="Your induction comes first.",
)
ACCEPTED = OfferAccepted(application=ANNS, campaign=CAMPAIGN_ID, person=ANN)
DECLINED = OfferDeclined(application=ANNS, campaign=CAMPAIGN_ID, person=ANN)
SECOND = identifier(0xE3)
DONE: tuple[RecruitmentEvent, ...] = (
    REQUESTED,
    CAME,
    JUDGED,
    REQUESTED.model_copy(update={"reference": SECOND}),
    CAME.model_copy(update={"reference": SECOND}),
    JUDGED.model_copy(update={"reference": SECOND}),
    CHECKED,
    CHECKED.model_copy(update={"check": "dbs", "outcome": "not-needed"}),
    CHECKED.model_copy(update={"check": "own-staff-conflict"}),
)
READY: tuple[RecruitmentEvent, ...] = (*CLEARING, OFFER, ACCEPTED, *DONE)
APPOINTING = AppointPartner(APPOINTMENT_ID, Clear("Ann Example"), Clear("ann@example.org"))
COMPLETED = ClearanceCompleted(
    application=ANNS, campaign=CAMPAIGN_ID, person=ANN, host=TRUST, appointment=APPOINTMENT_ID
)
APPOINTED = PartnerAppointed(
    appointment=APPOINTMENT_ID,
    person=ANN,
    campaign=CAMPAIGN_ID,
    application=ANNS,
    opportunity=TRUST_ROLE,
    lead=LEAD,
    host=TRUST,
    payer=LEAD,
    role_family="patient-safety-partner",
    carries_payment=True,
    term_starts_on=STARTS_ON,
    term_ends_on=ENDS_ON,
    lead_contact=CONTACT,
    name=Clear("Ann Example"),
    email=Clear("ann@example.org"),
    contact_channel="email",
)


def in_campaign(event: RecruitmentEvent) -> Placed[RecruitmentEvent]:
    return Placed(LEAD, f"campaign/{CAMPAIGN_ID}", event)


YES: tuple[RecruitmentEvent | Placed[RecruitmentEvent], ...] = (
    COMPLETED,
    in_campaign(PlaceFilled(campaign=CAMPAIGN_ID, opportunity=TRUST_ROLE, application=ANNS)),
    Placed(TRUST, f"appointment/{APPOINTMENT_ID}", APPOINTED),
)
RELEASED = PlaceReleased(campaign=CAMPAIGN_ID, opportunity=TRUST_ROLE, application=ANNS)


class TestOffering:
    def test_the_role_is_offered_for_a_term(self) -> None:
        given(APPOINTMENT, *CLEARING).when(OFFERING).then(OFFER)

    def test_the_same_offer_again_changes_nothing(self) -> None:
        given(APPOINTMENT, *CLEARING, OFFER).when(OFFERING).then_nothing()

    def test_an_offer_may_be_changed_until_it_is_accepted(self) -> None:
        later = replace(OFFERING, term_ends_on=date(2026, 3, 31))
        changed = OFFER.model_copy(update={"term_ends_on": date(2026, 3, 31)})
        given(APPOINTMENT, *CLEARING, OFFER).when(later).then(changed)
        accepted = given(APPOINTMENT, *CLEARING, OFFER, ACCEPTED)
        accepted.when(later).then_refused(OfferAlreadyAccepted)

    def test_a_term_ends_after_it_starts(self) -> None:
        command = replace(OFFERING, term_ends_on=STARTS_ON)
        given(APPOINTMENT, *CLEARING).when(command).then_refused(TermEndsBeforeItStarts)

    def test_not_before_the_clearance_is_open(self) -> None:
        given(APPOINTMENT, *CHOSEN).when(OFFERING).then_refused(ClearanceNotOpen)

    def test_not_to_somebody_who_left(self) -> None:
        given(APPOINTMENT, *CLEARING, WITHDRAWN).when(OFFERING).then_refused(ClearanceOver)

    def test_not_to_a_partner(self) -> None:
        given(APPOINTMENT, *READY, COMPLETED).when(OFFERING).then_refused(PartnerAlready)


class TestAnswering:
    def test_the_applicant_accepts(self) -> None:
        given(APPOINTMENT, *CLEARING, OFFER).when(AcceptOffer()).then(ACCEPTED)

    def test_accepted_is_accepted(self) -> None:
        given(APPOINTMENT, *CLEARING, OFFER, ACCEPTED).when(AcceptOffer()).then_nothing()

    def test_there_must_be_an_offer(self) -> None:
        given(APPOINTMENT, *CLEARING).when(AcceptOffer()).then_refused(NoOfferStands)
        given(APPOINTMENT, *CLEARING).when(DeclineOffer()).then_refused(NoOfferStands)

    def test_a_changed_outcome_takes_the_offer_away(self) -> None:
        changed = NO_SUCCESS.model_copy(update={"decision": 2})
        state = given(APPOINTMENT, *CLEARING, OFFER, changed)
        state.when(AcceptOffer()).then_refused(NoOfferStands)

    @pytest.mark.parametrize("before", [(OFFER,), (OFFER, ACCEPTED)])
    def test_declining_gives_the_place_back(self, before: tuple[RecruitmentEvent, ...]) -> None:
        state = given(APPOINTMENT, *CLEARING, *before)
        state.when(DeclineOffer()).then(DECLINED, in_campaign(RELEASED))

    def test_declined_is_declined(self) -> None:
        given(APPOINTMENT, *CLEARING, OFFER, DECLINED).when(DeclineOffer()).then_nothing()

    def test_a_partner_does_not_decline(self) -> None:
        given(APPOINTMENT, *READY, COMPLETED).when(DeclineOffer()).then_refused(PartnerAlready)


class TestAppointing:
    def test_a_partner_is_appointed_in_the_hosts_log(self) -> None:
        given(APPOINTMENT, *READY).when(APPOINTING).then(*YES)

    def test_once(self) -> None:
        given(APPOINTMENT, *READY, COMPLETED).when(APPOINTING).then_nothing()

    @pytest.mark.parametrize(
        ("without", "sentence"),
        [
            (2, "1 more satisfactory reference."),
            (6, "the identity check."),
            (7, "the disclosure check."),
            (8, "the check that the person is not staff of the host."),
        ],
    )
    def test_not_while_a_step_is_outstanding(self, without: int, sentence: str) -> None:
        events = [event for place, event in enumerate(DONE) if place != without]
        state = given(APPOINTMENT, *CLEARING, OFFER, ACCEPTED, *events)
        state.when(APPOINTING).then_refused(StepsOutstanding, f"Still to come: {sentence}")

    def test_not_with_a_check_that_is_not_clear(self) -> None:
        bad = CHECKED.model_copy(update={"outcome": "not-clear"})
        given(APPOINTMENT, *READY, bad).when(APPOINTING).then_refused(StepsOutstanding)

    def test_not_with_an_unsatisfactory_reference(self) -> None:
        bad = JUDGED.model_copy(update={"satisfactory": False})
        state = given(APPOINTMENT, *READY, bad)
        state.when(APPOINTING).then_refused(StepsOutstanding, "1 more satisfactory reference.")

    def test_not_before_the_offer_is_accepted(self) -> None:
        state = given(APPOINTMENT, *CLEARING, OFFER, *DONE)
        state.when(APPOINTING).then_refused(OfferNotAccepted)

    def test_unless_the_policy_asks_for_no_acceptance(self) -> None:
        light = OPENED.model_copy(
            update={"acceptance_needed": False, "references_needed": 0, "checks_needed": ()}
        )
        given(APPOINTMENT, *CHOSEN, light, OFFER).when(APPOINTING).then(*YES)

    def test_not_without_an_offer(self) -> None:
        given(APPOINTMENT, *CLEARING, *DONE).when(APPOINTING).then_refused(NoOfferStands)
        declined = given(APPOINTMENT, *READY, DECLINED)
        declined.when(APPOINTING).then_refused(NoOfferStands)
