"""What a date is worth: the money tables, one full day at most, each session once."""

import pytest

from services.payments.domain.payment_day import (
    NO_SESSIONS,
    PAYMENT_DAY,
    CountAgain,
    CountSession,
    day_of,
    decide,
    payment_of,
)
from services.payments.domain.policy import Attended, InForce, InvolvementTerms
from shared.contracts.payments import Explanation, SessionReckoned
from tests.rules.given import given
from tests.rules.payments.story import (
    AFTERNOON,
    EVENING,
    FULL,
    HALF,
    MORNING,
    ON,
    OTHER_PERSON,
    PARTNER,
    PAYMENT_ID,
    PERSON,
    POLICY,
    attended,
    count,
)


def paid_on_a_date(*commands: CountSession | CountAgain) -> dict[str, int | None]:
    """What each session of the date is worth after these commands, by its stream."""
    state = NO_SESSIONS
    for command in commands:
        for event in decide(state, command):
            state = PAYMENT_DAY.evolve(state, event)
    return {counted.attended.session: counted.entitled_pence for counted in state}


def worth_of(session: Attended, terms: InvolvementTerms | None = None) -> tuple[int | None, str]:
    policy = InForce(1, terms or InvolvementTerms())
    (event,) = decide(NO_SESSIONS, count(session, policy))
    return event.entitled_pence, event.explanation.rule


@pytest.mark.parametrize(
    ("minutes", "pence", "rule"),
    [
        (1, HALF, "half-day"),
        (120, HALF, "half-day"),
        (239, HALF, "half-day"),
        (240, HALF, "half-day"),
        (241, FULL, "full-day"),
        (480, FULL, "full-day"),
        (0, 0, "no-time-attended"),
    ],
)
def test_up_to_and_including_four_hours_is_a_half_day(minutes: int, pence: int, rule: str) -> None:
    assert worth_of(attended(minutes)) == (pence, rule)


@pytest.mark.parametrize(("minutes", "pence"), [(239, HALF), (240, FULL), (241, FULL)])
def test_a_policy_may_put_exactly_four_hours_on_the_other_side(minutes: int, pence: int) -> None:
    terms = InvolvementTerms(exactly_full_day_after="full-day")
    assert worth_of(attended(minutes), terms)[0] == pence


def test_rates_and_boundary_are_the_policys() -> None:
    terms = InvolvementTerms(
        half_day_pence=6_000, full_day_pence=13_000, full_day_after_minutes=180
    )
    assert worth_of(attended(180), terms)[0] == 6_000
    assert worth_of(attended(181), terms)[0] == 13_000


@pytest.mark.parametrize(
    ("session", "terms", "rule"),
    [
        (attended(120, category=3), InvolvementTerms(), "category-not-paid"),
        (attended(120, category=2), InvolvementTerms(), "category-not-paid"),
        (attended(120, category=1), InvolvementTerms(), "category-not-paid"),
        (attended(120, carries_payment=False), InvolvementTerms(), "expenses-only"),
        (attended(120), InvolvementTerms(payments=False), "payments-off"),
        (
            attended(120, activity="document-review"),
            InvolvementTerms(activities_not_paid=("document-review",)),
            "activity-not-paid",
        ),
    ],
)
def test_what_carries_expenses_only_is_worth_no_payment(
    session: Attended, terms: InvolvementTerms, rule: str
) -> None:
    assert worth_of(session, terms) == (0, rule)


def test_a_policy_may_pay_working_groups() -> None:
    terms = InvolvementTerms(categories_paid=(3, 4))
    assert worth_of(attended(120, category=3), terms) == (HALF, "half-day")


def test_preparation_counts_only_where_the_policy_pays_it() -> None:
    session = attended(200, preparation_minutes=60)
    assert worth_of(session)[0] == HALF
    assert worth_of(session, InvolvementTerms(preparation_paid=True))[0] == FULL


@pytest.mark.parametrize(
    ("lengths", "shares"),
    [
        ((120, 120), (HALF, HALF)),
        ((120, 120, 120), (HALF, HALF, 0)),
        ((300, 120), (FULL, 0)),
        ((120, 300), (HALF, HALF)),
        ((300, 300), (FULL, 0)),
    ],
)
def test_a_date_carries_at_most_one_full_day(
    lengths: tuple[int, ...], shares: tuple[int, ...]
) -> None:
    meetings = (MORNING, AFTERNOON, EVENING)
    commands = [
        count(attended(minutes, meeting=meeting, cause=10 + nth))
        for nth, (meeting, minutes) in enumerate(zip(meetings, lengths, strict=False))
    ]
    assert tuple(paid_on_a_date(*commands).values()) == shares


def test_the_session_that_finds_the_date_full_says_so() -> None:
    morning = decide(NO_SESSIONS, count(attended(300)))
    state = PAYMENT_DAY.fold(morning)
    (event,) = decide(state, count(attended(120, meeting=AFTERNOON, cause=11)))
    assert event.explanation.rule == "day-limit"
    assert event.explanation.session_pence == HALF
    assert "a date carries at most one full day, £150.00: £0.00" in event.explanation.sentence


def test_the_whole_explanation_stands_in_the_event() -> None:
    given(PAYMENT_DAY).when(count(attended(150))).then(
        SessionReckoned(
            payment=PAYMENT_ID,
            person=PERSON,
            partner=PARTNER,
            earned_at="RAJ",
            session=f"meeting/{MORNING}",
            on=ON,
            attended_minutes=150,
            preparation_minutes=0,
            carries_payment=True,
            entitled_pence=HALF,
            explanation=Explanation(
                rule="half-day",
                sentence=(
                    "On 4 March 2024, 2 hours 30 minutes is a half day, which is up to and "
                    "including 4 hours: £75.00, by version 1 of the payment policy."
                ),
                policy_version=1,
                minutes=150,
                role_category=4,
                activity="committee-meeting",
                session_pence=HALF,
                cause="engagement.RAJ/10",
                recorded_by="coordinator/0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a5001",
            ),
        )
    )


def test_the_same_attendance_told_twice_counts_once() -> None:
    counted = decide(NO_SESSIONS, count(attended(120)))
    given(PAYMENT_DAY, *counted).when(count(attended(120))).then_nothing()


def test_an_attendance_told_again_after_its_correction_changes_nothing() -> None:
    first = decide(NO_SESSIONS, count(attended(300, cause=10)))
    state = PAYMENT_DAY.fold(first)
    second = decide(state, count(attended(120, cause=20)))
    given(PAYMENT_DAY, *first, *second).when(count(attended(300, cause=10))).then_nothing()


def test_a_correction_that_frees_the_date_pays_the_other_session_too() -> None:
    paid = paid_on_a_date(
        count(attended(300)),
        count(attended(120, meeting=AFTERNOON, cause=11)),
        count(attended(120, cause=12)),
    )
    assert paid == {f"meeting/{MORNING}": HALF, f"meeting/{AFTERNOON}": HALF}


def test_a_correction_that_fills_the_date_takes_the_other_session_back() -> None:
    paid = paid_on_a_date(
        count(attended(120)),
        count(attended(120, meeting=AFTERNOON, cause=11)),
        count(attended(300, cause=12)),
    )
    assert paid == {f"meeting/{MORNING}": FULL, f"meeting/{AFTERNOON}": 0}


def test_without_a_policy_nothing_can_be_said_until_one_is_adopted() -> None:
    unknown = decide(NO_SESSIONS, count(attended(120), None))
    assert [(e.entitled_pence, e.explanation.rule) for e in unknown] == [(None, "no-policy")]
    state = PAYMENT_DAY.fold(unknown)
    (event,) = decide(state, CountAgain(POLICY))
    assert (event.entitled_pence, event.explanation.rule) == (HALF, "half-day")


def test_counting_a_date_again_by_the_same_policy_changes_nothing() -> None:
    counted = decide(NO_SESSIONS, count(attended(120)))
    given(PAYMENT_DAY, *counted).when(CountAgain(POLICY)).then_nothing()
    given(PAYMENT_DAY, *counted).when(CountAgain(None)).then_nothing()
    given(PAYMENT_DAY).when(CountAgain(POLICY)).then_nothing()


def test_a_rate_in_force_from_an_earlier_day_tops_up() -> None:
    counted = decide(NO_SESSIONS, count(attended(120)))
    risen = InForce(2, InvolvementTerms(half_day_pence=8_000, full_day_pence=16_000))
    (event,) = decide(PAYMENT_DAY.fold(counted), CountAgain(risen))
    assert (event.entitled_pence, event.explanation.policy_version) == (8_000, 2)


def test_identifiers_are_the_same_whenever_they_are_derived() -> None:
    assert payment_of(MORNING, PARTNER) == payment_of(MORNING, PARTNER) == PAYMENT_ID
    assert payment_of(AFTERNOON, PARTNER) != PAYMENT_ID
    assert day_of(PERSON, ON) == day_of(PERSON, ON) != day_of(OTHER_PERSON, ON)
