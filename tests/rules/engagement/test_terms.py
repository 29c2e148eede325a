"""One term at a time: begun, extended with a reason, reminded of, ended."""

from dataclasses import replace
from datetime import date, timedelta

from services.engagement.domain.terms import (
    TERMS,
    EndAfterLastDay,
    EndTerms,
    ExtendTerm,
    ExtensionNotLater,
    ExtensionUnexplained,
    NoTermToChange,
    ReviewTerm,
    StartTerm,
    TakeUpAppointment,
    TermAlreadyRuns,
    TermHasNoDay,
    TermPolicyMissing,
)
from shared.contracts.engagement import (
    AppointmentSetAside,
    TermEnded,
    TermEnding,
    TermExtended,
    TermStarted,
)
from shared.contracts.personal import Clear
from tests.rules.engagement.people import (
    APPOINTMENT,
    OTHER,
    PARTNER,
    PERSON,
    TERM,
    TERM_POLICY,
    THIRD,
)
from tests.rules.given import given

FIRST, LAST = date(2024, 4, 1), date(2025, 9, 30)
START = StartTerm(
    term=TERM,
    partner=PARTNER,
    person=PERSON,
    appointment=APPOINTMENT,
    starts_on=FIRST,
    today=date(2024, 3, 20),
    policy=TERM_POLICY,
)
STARTED = TermStarted(
    term=TERM,
    partner=PARTNER,
    person=PERSON,
    appointment=APPOINTMENT,
    starts_on=FIRST,
    ends_on=LAST,
    policy_version=2,
    remind_on=(date(2025, 7, 2), date(2025, 8, 31)),
)
EXTEND = ExtendTerm(
    ends_on=date(2026, 3, 31),
    reason=Clear("The review goes on"),
    today=date(2025, 8, 1),
    policy=TERM_POLICY,
)
EXTENDED = TermExtended(
    term=TERM,
    partner=PARTNER,
    person=PERSON,
    previous_ends_on=LAST,
    ends_on=date(2026, 3, 31),
    reason=Clear("The review goes on"),
    policy_version=2,
    remind_on=(date(2025, 12, 31), date(2026, 3, 1)),
)
ENDED = TermEnded(term=TERM, partner=PARTNER, person=PERSON, ended_on=LAST, cause="completed")
ENDING = TermEnding(term=TERM, partner=PARTNER, person=PERSON, ends_on=LAST)


def test_a_term_is_as_long_as_the_policy_says() -> None:
    given(TERMS).when(START).then(STARTED)


def test_an_appointment_may_name_the_last_day() -> None:
    ends_on = date(2024, 12, 31)
    expected = STARTED.model_copy(
        update={"ends_on": ends_on, "policy_version": None, "remind_on": ()}
    )
    given(TERMS).when(replace(START, ends_on=ends_on, policy=None)).then(expected)


def test_no_length_without_a_policy() -> None:
    given(TERMS).when(replace(START, policy=None)).then_refused(TermPolicyMissing)
    given(TERMS, STARTED).when(replace(EXTEND, policy=None)).then_refused(TermPolicyMissing)


def test_the_same_appointment_begins_no_second_term() -> None:
    given(TERMS, STARTED).when(START).then_nothing()
    given(TERMS, STARTED).when(TakeUpAppointment(START)).then_nothing()


def test_no_two_terms_at_once() -> None:
    again = replace(START, term=OTHER, appointment=OTHER, starts_on=LAST)
    given(TERMS, STARTED).when(again).then_refused(
        TermAlreadyRuns, "The other term is 2024-04-01 to 2025-09-30."
    )
    before = replace(again, starts_on=date(2023, 1, 1), ends_on=FIRST)
    given(TERMS, STARTED).when(before).then_refused(TermAlreadyRuns)


def test_a_term_may_follow_the_day_after() -> None:
    following = replace(
        START, term=OTHER, appointment=OTHER, starts_on=LAST + timedelta(days=1), policy=TERM_POLICY
    )
    given(TERMS, STARTED).when(following).then(
        STARTED.model_copy(
            update={
                "term": OTHER,
                "appointment": OTHER,
                "starts_on": date(2025, 10, 1),
                "ends_on": date(2027, 3, 31),
                "remind_on": (date(2026, 12, 31), date(2027, 3, 1)),
            }
        )
    )


def test_a_term_ends_after_it_starts() -> None:
    given(TERMS).when(replace(START, ends_on=date(2024, 3, 31))).then_refused(TermHasNoDay)
    one_day = STARTED.model_copy(update={"ends_on": FIRST, "remind_on": ()})
    given(TERMS).when(replace(START, ends_on=FIRST)).then(one_day)


def test_an_appointment_that_cannot_begin_is_set_aside_with_the_reason() -> None:
    again = replace(START, term=OTHER, appointment=OTHER)
    set_aside = AppointmentSetAside(
        partner=PARTNER,
        person=PERSON,
        appointment=OTHER,
        rule="term-already-runs",
        reason=(
            "A partner serves one term at a time; end the other term first or begin after it."
            " The other term is 2024-04-01 to 2025-09-30."
        ),
    )
    given(TERMS, STARTED).when(TakeUpAppointment(again)).then(set_aside)
    given(TERMS, STARTED, set_aside).when(TakeUpAppointment(again)).then_nothing()
    given(TERMS).when(TakeUpAppointment(START)).then(STARTED)


def test_an_extension_is_later_and_has_a_reason() -> None:
    running = given(TERMS, STARTED)
    running.when(EXTEND).then(EXTENDED)
    running.when(replace(EXTEND, ends_on=date(2025, 9, 29))).then_refused(ExtensionNotLater)
    running.when(replace(EXTEND, reason=Clear(" "))).then_refused(ExtensionUnexplained)
    running.when(replace(EXTEND, ends_on=LAST)).then_nothing()
    given(TERMS, STARTED, EXTENDED).when(EXTEND).then_nothing()


def test_an_extension_does_not_reach_into_the_next_term() -> None:
    following = STARTED.model_copy(
        update={
            "term": OTHER,
            "appointment": OTHER,
            "starts_on": date(2025, 11, 1),
            "ends_on": date(2026, 10, 31),
        }
    )
    both = given(TERMS, STARTED, following)
    both.when(EXTEND).then_refused(TermAlreadyRuns)
    both.when(replace(EXTEND, ends_on=date(2025, 10, 31))).then(
        EXTENDED.model_copy(
            update={
                "ends_on": date(2025, 10, 31),
                "remind_on": (date(2025, 8, 2), date(2025, 10, 1)),
            }
        )
    )


def test_only_an_open_term_is_extended() -> None:
    given(TERMS).when(EXTEND).then_refused(NoTermToChange)
    given(TERMS, STARTED, ENDED).when(EXTEND).then_refused(NoTermToChange)


def test_a_term_ends_early_with_its_cause() -> None:
    end = EndTerms(date(2024, 12, 24), "own-wish", Clear("Moving away"))
    ended = ENDED.model_copy(
        update={"ended_on": end.on, "cause": "own-wish", "reason": Clear("Moving away")}
    )
    after = given(TERMS, STARTED).when(end).then(ended)
    assert after.in_term(end.on)
    assert not after.in_term(date(2024, 12, 25))
    given(TERMS, STARTED, ended).when(end).then_nothing()
    given(TERMS).when(end).then_refused(NoTermToChange)


def test_a_term_that_never_began_has_no_day() -> None:
    end = EndTerms(date(2024, 3, 25), "own-wish")
    ended = ENDED.model_copy(update={"ended_on": end.on, "cause": "own-wish"})
    given(TERMS, STARTED).when(end).then(ended)
    again = replace(START, term=OTHER, appointment=OTHER, starts_on=date(2024, 3, 20))
    given(TERMS, STARTED, ended).when(again).then(
        STARTED.model_copy(
            update={
                "term": OTHER,
                "appointment": OTHER,
                "starts_on": date(2024, 3, 20),
                "ends_on": date(2025, 9, 19),
                "remind_on": (date(2025, 6, 21), date(2025, 8, 20)),
            }
        )
    )


def test_a_term_does_not_end_early_after_its_end() -> None:
    given(TERMS, STARTED).when(EndTerms(date(2025, 10, 1), "own-wish")).then_refused(
        EndAfterLastDay
    )


def test_reminders_then_the_end_by_itself() -> None:
    given(TERMS, STARTED).when(ReviewTerm(date(2025, 7, 1))).then_nothing()
    given(TERMS, STARTED).when(ReviewTerm(date(2025, 7, 2))).then(ENDING)
    given(TERMS, STARTED, ENDING).when(ReviewTerm(date(2025, 7, 2))).then_nothing()
    given(TERMS, STARTED, ENDING).when(ReviewTerm(date(2025, 8, 31))).then(ENDING)
    given(TERMS, STARTED, ENDING, ENDING).when(ReviewTerm(LAST)).then_nothing()
    given(TERMS, STARTED).when(ReviewTerm(date(2025, 10, 1))).then(ENDED)
    given(TERMS, STARTED, ENDED).when(ReviewTerm(date(2025, 10, 2))).then_nothing()


def test_no_reminder_when_extended_or_followed() -> None:
    given(TERMS, STARTED, EXTENDED).when(ReviewTerm(date(2025, 8, 31))).then_nothing()
    following = STARTED.model_copy(
        update={
            "term": THIRD,
            "appointment": THIRD,
            "starts_on": date(2025, 10, 1),
            "ends_on": date(2027, 3, 31),
            "remind_on": (),
        }
    )
    given(TERMS, STARTED, following).when(ReviewTerm(date(2025, 7, 2))).then_nothing()
