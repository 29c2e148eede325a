"""When a partner is welcome, active, paused and gone."""

from dataclasses import replace

from services.engagement.domain.partner import (
    PARTNER as DECIDER,
)
from services.engagement.domain.partner import (
    ActivatePartner,
    NotActive,
    NoTermRuns,
    NotPaused,
    OnboardingIncomplete,
    OnboardingPolicyMissing,
    PartnerEvent,
    PartnerHasLeft,
    PartnerNotWelcomed,
    PausePartner,
    ResumePartner,
    StandDownPartner,
    WelcomePartner,
)
from services.engagement.domain.policies import InForce
from shared.contracts.engagement import (
    OnboardingItemWaived,
    OnboardingPlanned,
    PartnerPaused,
    PartnerReappointed,
    PartnerResumed,
    PartnerStoodDown,
)
from shared.contracts.personal import Clear
from tests.rules.engagement.people import (
    ACKNOWLEDGED,
    ACTIVATED,
    ADVISED,
    APPOINTMENT,
    LEAD_CONTACT,
    NOMINATED,
    ONBOARDED,
    ONBOARDING_POLICY,
    OTHER,
    PARTNER,
    PERSON,
    PLANNED,
    REQUIRED,
    TODAY,
    TOMORROW,
    TRAINED,
    WELCOMED,
)
from tests.rules.given import given

WELCOME = WelcomePartner(
    partner=PARTNER,
    person=PERSON,
    appointment=APPOINTMENT,
    payer="QH8",
    role_family="Patient Safety Partner",
    carries_payment=True,
    contact_channel="email",
    lead_contact=LEAD_CONTACT,
    name=Clear("Ada Penhallow"),
    email=Clear("ada@example.org"),
    phone=Clear("01632 960101"),
)
ACTIVATE = ActivatePartner(TODAY, ONBOARDING_POLICY, in_term=True)
PAUSED = PartnerPaused(partner=PARTNER, person=PERSON, paused_on=TODAY)
RESUMED = PartnerResumed(partner=PARTNER, person=PERSON, resumed_on=TODAY)
STOOD_DOWN = PartnerStoodDown(
    partner=PARTNER, person=PERSON, stood_down_on=TODAY, cause="own-wish", reason=Clear("Moving")
)
STAND_DOWN = StandDownPartner(TODAY, "own-wish", Clear("Moving"))


def test_an_appointment_welcomes_a_partner() -> None:
    given(DECIDER).when(WELCOME).then(WELCOMED)


def test_the_same_appointment_again_changes_nothing() -> None:
    given(DECIDER, WELCOMED).when(WELCOME).then_nothing()
    given(DECIDER, *ONBOARDED, ACTIVATED, STOOD_DOWN).when(WELCOME).then_nothing()


def test_another_appointment_brings_the_newest_details() -> None:
    again = replace(WELCOME, appointment=OTHER, payer="RAJ")
    reappointed = PartnerReappointed(**{**dict(WELCOMED), "appointment": OTHER, "payer": "RAJ"})
    given(DECIDER, *ONBOARDED, ACTIVATED).when(again).then(reappointed)
    given(DECIDER, *ONBOARDED, STOOD_DOWN, reappointed).when(ACTIVATE).then(ACTIVATED)


def test_active_when_every_item_is_done() -> None:
    given(DECIDER, *ONBOARDED).when(ACTIVATE).then(ACTIVATED)


def test_active_twice_changes_nothing() -> None:
    given(DECIDER, *ONBOARDED, ACTIVATED).when(ACTIVATE).then_nothing()


def test_not_active_while_an_item_is_open() -> None:
    short: tuple[PartnerEvent, ...] = (WELCOMED, PLANNED, NOMINATED, ACKNOWLEDGED, *TRAINED[:-1])
    given(DECIDER, *short).when(ACTIVATE).then_refused(
        OnboardingIncomplete, "Still to do: income-advice, training/patient-safety."
    )


def test_not_active_with_training_that_has_expired() -> None:
    next_year = replace(ACTIVATE, on=TODAY.replace(year=2025))
    given(DECIDER, *ONBOARDED).when(next_year).then_refused(
        OnboardingIncomplete, "training/information-governance"
    )


def test_an_item_waived_is_not_open_and_is_named() -> None:
    waived = OnboardingItemWaived(
        partner=PARTNER,
        person=PERSON,
        item="training/safeguarding-level-1",
        reason=Clear("Has taught the course"),
        waived_by=Clear("Bea Calder"),
    )
    rest = [one for one in TRAINED if one.course != "safeguarding-level-1"]
    events: list[PartnerEvent] = [WELCOMED, PLANNED, NOMINATED, ADVISED, ACKNOWLEDGED, *rest]
    expected = ACTIVATED.model_copy(update={"waived": ("training/safeguarding-level-1",)})
    given(DECIDER, *events, waived).when(ACTIVATE).then(expected)


def test_a_newer_policy_is_planned_before_it_is_used() -> None:
    newer = InForce(4, ONBOARDING_POLICY.terms)
    plan = OnboardingPlanned(partner=PARTNER, person=PERSON, policy_version=4, items=REQUIRED)
    activated = ACTIVATED.model_copy(update={"policy_version": 4})
    given(DECIDER, *ONBOARDED).when(replace(ACTIVATE, policy=newer)).then(plan, activated)


def test_a_newer_policy_that_asks_more_keeps_a_partner_from_being_active() -> None:
    terms = ONBOARDING_POLICY.terms.model_copy(update={"items": ("induction",)})
    command = replace(ACTIVATE, policy=InForce(4, terms))
    given(DECIDER, *ONBOARDED).when(command).then_refused(
        OnboardingIncomplete, "Still to do: induction."
    )


def test_not_active_without_a_policy_or_a_term() -> None:
    onboarded = given(DECIDER, *ONBOARDED)
    onboarded.when(replace(ACTIVATE, policy=None)).then_refused(OnboardingPolicyMissing)
    onboarded.when(replace(ACTIVATE, in_term=False)).then_refused(NoTermRuns)


def test_nobody_unknown_becomes_active() -> None:
    given(DECIDER).when(ACTIVATE).then_refused(PartnerNotWelcomed)


def test_who_stood_down_needs_a_new_appointment() -> None:
    given(DECIDER, *ONBOARDED, STOOD_DOWN).when(ACTIVATE).then_refused(PartnerHasLeft)


def test_a_paused_partner_resumes_instead_of_being_activated() -> None:
    paused = given(DECIDER, *ONBOARDED, ACTIVATED, PAUSED)
    paused.when(ACTIVATE).then_refused(OnboardingIncomplete, "resume instead")
    paused.when(ResumePartner(TODAY, in_term=True)).then(RESUMED)


def test_only_an_active_partner_pauses() -> None:
    pause = PausePartner(TODAY)
    given(DECIDER, *ONBOARDED, ACTIVATED).when(pause).then(PAUSED)
    given(DECIDER, *ONBOARDED, ACTIVATED, PAUSED).when(pause).then_nothing()
    given(DECIDER, *ONBOARDED).when(pause).then_refused(NotActive)


def test_only_a_paused_partner_in_term_resumes() -> None:
    resume = ResumePartner(TODAY, in_term=True)
    given(DECIDER, *ONBOARDED, ACTIVATED).when(resume).then_nothing()
    given(DECIDER, *ONBOARDED).when(resume).then_refused(NotPaused)
    given(DECIDER, *ONBOARDED, ACTIVATED, PAUSED).when(
        ResumePartner(TOMORROW, in_term=False)
    ).then_refused(NoTermRuns)


def test_standing_down_from_every_stage_once() -> None:
    for events in (
        (WELCOMED,),
        ONBOARDED,
        (*ONBOARDED, ACTIVATED),
        (*ONBOARDED, ACTIVATED, PAUSED),
    ):
        given(DECIDER, *events).when(STAND_DOWN).then(STOOD_DOWN)
    given(DECIDER, WELCOMED).when(STAND_DOWN).then(STOOD_DOWN)
    given(DECIDER, WELCOMED, STOOD_DOWN).when(STAND_DOWN).then_nothing()
    given(DECIDER).when(STAND_DOWN).then_refused(PartnerNotWelcomed)
