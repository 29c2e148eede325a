"""What is planned, done, waived and kept in date before and while a partner is active."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.engagement.domain.onboarding import (
    ONBOARDING,
    CompleteTraining,
    ExpiryBeforeCompletion,
    ItemHasOwnRecord,
    ItemNotRequired,
    NotYetHappened,
    PlanOnboarding,
    RecordOnboarding,
    ReviewTraining,
    WaiveItem,
    WaiverUnexplained,
)
from services.engagement.domain.partner import (
    OnboardingPolicyMissing,
    PartnerEvent,
    PartnerHasLeft,
    PartnerNotWelcomed,
)
from services.engagement.domain.policies import InForce
from shared.contracts.engagement import (
    OnboardingItemDone,
    OnboardingItemWaived,
    PartnerStoodDown,
    TrainingCompleted,
    TrainingExpired,
    TrainingExpiring,
)
from shared.contracts.personal import Clear
from tests.rules.engagement.people import (
    ACKNOWLEDGED,
    ADVISED,
    AGREED,
    DECLARED,
    EARLIER,
    NEEDS,
    NOMINATED,
    ONBOARDING_POLICY,
    PARTNER,
    PERSON,
    PLANNED,
    TODAY,
    TOMORROW,
    WELCOMED,
    trained,
)
from tests.rules.given import given

INDUCTED = OnboardingItemDone(
    partner=PARTNER, person=PERSON, item="induction", done_on=EARLIER, note=Clear("Went well")
)
STOOD_DOWN = PartnerStoodDown(partner=PARTNER, person=PERSON, stood_down_on=TODAY, cause="own-wish")
COMPLETE = CompleteTraining(
    course="patient-safety",
    provider="Learning Hub",
    mode="e-learning",
    completed_on=EARLIER,
    today=TODAY,
    policy=ONBOARDING_POLICY,
)
COMPLETED = TrainingCompleted(
    partner=PARTNER,
    person=PERSON,
    course="patient-safety",
    provider="Learning Hub",
    mode="e-learning",
    completed_on=EARLIER,
    expires_on=date(2025, 4, 7),
    remind_on=(date(2025, 2, 6), date(2025, 3, 8), date(2025, 3, 31)),
    policy_version=3,
)
WAIVE = WaiveItem("training/patient-safety", Clear("Teaches it"), Clear("Bea Calder"))
WAIVED = OnboardingItemWaived(
    partner=PARTNER,
    person=PERSON,
    item="training/patient-safety",
    reason=Clear("Teaches it"),
    waived_by=Clear("Bea Calder"),
)


def test_the_plan_is_what_the_policy_asks() -> None:
    plan = PlanOnboarding(ONBOARDING_POLICY)
    given(ONBOARDING, WELCOMED).when(plan).then(PLANNED)
    given(ONBOARDING, WELCOMED, PLANNED).when(plan).then_nothing()
    given(ONBOARDING, WELCOMED).when(PlanOnboarding(None)).then_refused(OnboardingPolicyMissing)


@pytest.mark.parametrize(
    "record", [INDUCTED, NOMINATED, ADVISED, ACKNOWLEDGED, AGREED, DECLARED, NEEDS]
)
def test_each_item_is_recorded(record: OnboardingItemDone) -> None:
    given(ONBOARDING, WELCOMED, PLANNED).when(RecordOnboarding(record, TODAY)).then(record)


@pytest.mark.parametrize("record", [INDUCTED, ADVISED, ACKNOWLEDGED, AGREED])
def test_the_same_record_again_changes_nothing(record: OnboardingItemDone) -> None:
    given(ONBOARDING, WELCOMED, record).when(RecordOnboarding(record, TODAY)).then_nothing()


@pytest.mark.parametrize("record", [NOMINATED, DECLARED, NEEDS])
def test_a_record_that_says_something_sealed_replaces_the_earlier(
    record: OnboardingItemDone,
) -> None:
    given(ONBOARDING, WELCOMED, record).when(RecordOnboarding(record, TODAY)).then(record)


def test_nothing_is_recorded_before_it_happened() -> None:
    given(ONBOARDING, WELCOMED).when(RecordOnboarding(ADVISED, EARLIER)).then(ADVISED)
    yesterday = EARLIER - timedelta(days=1)
    given(ONBOARDING, WELCOMED).when(RecordOnboarding(ADVISED, yesterday)).then_refused(
        NotYetHappened
    )
    given(ONBOARDING, WELCOMED).when(replace(COMPLETE, completed_on=TOMORROW)).then_refused(
        NotYetHappened
    )


@pytest.mark.parametrize("item", ["income-advice", "training/patient-safety"])
def test_an_item_with_a_record_of_its_own_is_not_ticked_off(item: str) -> None:
    record = INDUCTED.model_copy(update={"item": item})
    given(ONBOARDING, WELCOMED).when(RecordOnboarding(record, TODAY)).then_refused(ItemHasOwnRecord)


def test_a_waiver_has_a_reason_and_a_name() -> None:
    planned = given(ONBOARDING, WELCOMED, PLANNED)
    planned.when(WAIVE).then(WAIVED)
    planned.when(replace(WAIVE, reason=Clear("  "))).then_refused(WaiverUnexplained)
    planned.when(replace(WAIVE, waived_by=Clear(""))).then_refused(WaiverUnexplained)


def test_a_waiver_twice_changes_nothing() -> None:
    given(ONBOARDING, WELCOMED, PLANNED, WAIVED).when(WAIVE).then_nothing()


def test_only_a_required_item_is_waived() -> None:
    given(ONBOARDING, WELCOMED, PLANNED).when(replace(WAIVE, item="induction")).then_refused(
        ItemNotRequired, "Required: lead-contact, income-advice"
    )
    given(ONBOARDING, WELCOMED).when(WAIVE).then_refused(ItemNotRequired, "until it is planned")


def test_training_is_valid_as_long_as_the_policy_says() -> None:
    given(ONBOARDING, WELCOMED).when(COMPLETE).then(COMPLETED)


def test_a_certificate_may_say_its_own_expiry() -> None:
    expires_on = date(2024, 7, 1)
    expected = COMPLETED.model_copy(
        update={
            "expires_on": expires_on,
            "remind_on": (date(2024, 5, 2), date(2024, 6, 1), date(2024, 6, 24)),
        }
    )
    given(ONBOARDING, WELCOMED).when(replace(COMPLETE, expires_on=expires_on)).then(expected)
    given(ONBOARDING, WELCOMED).when(
        replace(COMPLETE, expires_on=EARLIER - timedelta(days=1))
    ).then_refused(ExpiryBeforeCompletion)


def test_a_course_without_validity_does_not_expire() -> None:
    other = COMPLETED.model_copy(
        update={"course": "reading-a-safety-report", "expires_on": None, "remind_on": ()}
    )
    given(ONBOARDING, WELCOMED).when(replace(COMPLETE, course="reading-a-safety-report")).then(
        other
    )


def test_the_same_training_again_changes_nothing() -> None:
    given(ONBOARDING, WELCOMED, COMPLETED).when(COMPLETE).then_nothing()


def test_training_needs_a_policy() -> None:
    given(ONBOARDING, WELCOMED).when(replace(COMPLETE, policy=None)).then_refused(
        OnboardingPolicyMissing
    )


def test_an_older_certificate_does_not_replace_a_newer_one() -> None:
    older = trained("patient-safety", date(2023, 4, 8))
    state = given(ONBOARDING, WELCOMED, COMPLETED).when(
        replace(COMPLETE, completed_on=older.completed_on, today=TODAY)
    )
    after = state.then(older.model_copy(update={"expires_on": date(2024, 4, 7)}))
    assert after == ONBOARDING.fold([WELCOMED, COMPLETED])


def test_reminded_on_each_day_and_told_when_expired() -> None:
    expiring = TrainingExpiring(
        partner=PARTNER, person=PERSON, course="patient-safety", expires_on=date(2025, 4, 7)
    )
    expired = TrainingExpired(
        partner=PARTNER, person=PERSON, course="patient-safety", expires_on=date(2025, 4, 7)
    )
    so_far: list[PartnerEvent] = [WELCOMED, COMPLETED]
    given(ONBOARDING, *so_far).when(ReviewTraining(date(2025, 2, 5))).then_nothing()
    for day in COMPLETED.remind_on:
        given(ONBOARDING, *so_far).when(ReviewTraining(day)).then(expiring)
        so_far.append(expiring)
        given(ONBOARDING, *so_far).when(ReviewTraining(day)).then_nothing()
    given(ONBOARDING, *so_far).when(ReviewTraining(date(2025, 4, 7))).then_nothing()
    given(ONBOARDING, *so_far).when(ReviewTraining(date(2025, 4, 8))).then(expired)
    given(ONBOARDING, *so_far, expired).when(ReviewTraining(date(2025, 4, 9))).then_nothing()


def test_a_renewed_course_is_not_reminded_of() -> None:
    renewed = trained("patient-safety", date(2025, 2, 1))
    given(ONBOARDING, WELCOMED, COMPLETED, renewed).when(
        ReviewTraining(date(2025, 2, 6))
    ).then_nothing()


def test_nobody_unknown_and_nobody_who_left_is_onboarded() -> None:
    plan = PlanOnboarding(InForce(3, ONBOARDING_POLICY.terms))
    for command in (plan, RecordOnboarding(ADVISED, TODAY), WAIVE, COMPLETE):
        given(ONBOARDING).when(command).then_refused(PartnerNotWelcomed)
        given(ONBOARDING, WELCOMED, STOOD_DOWN).when(command).then_refused(PartnerHasLeft)
    given(ONBOARDING, WELCOMED, COMPLETED, STOOD_DOWN).when(
        ReviewTraining(date(2025, 4, 8))
    ).then_nothing()
