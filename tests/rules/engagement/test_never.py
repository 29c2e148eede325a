"""What no sequence of commands can bring about, looked at in the events and not in the state."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from unittest import TestCase
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.engagement.domain import attendance, meeting
from services.engagement.domain.committee import (
    COMMITTEE,
    DeclineSeat,
    OfferSeat,
    TakeSeat,
    VacateSeat,
)
from services.engagement.domain.onboarding import (
    ONBOARDING,
    CompleteTraining,
    PlanOnboarding,
    RecordOnboarding,
    WaiveItem,
)
from services.engagement.domain.partner import (
    PARTNER,
    ActivatePartner,
    PausePartner,
    ResumePartner,
    StandDownPartner,
)
from services.engagement.domain.policies import Course, InForce, OnboardingTerms, TermTerms
from services.engagement.domain.terms import (
    TERMS,
    EndTerms,
    ExtendTerm,
    ReviewTerm,
    StartTerm,
    TakeUpAppointment,
)
from shared.contracts.engagement import (
    AttendanceCorrected,
    IncomeAdviceGiven,
    MeetingAttended,
    MeetingHeld,
    OnboardingItemDone,
    OnboardingItemWaived,
    PartnerActivated,
    PartnerStoodDown,
    SeatDeclined,
    SeatOffered,
    SeatTaken,
    SeatVacated,
    TermEnded,
    TermExtended,
    TermStarted,
    TrainingCompleted,
)
from shared.contracts.personal import Clear
from shared.kernel.decider import Decider, Refused
from tests.rules.engagement import people
from tests.rules.engagement.test_committee import CONSTITUTED
from tests.rules.engagement.test_meeting import SCHEDULED

REASONS = st.sampled_from(["because", " "]).map(Clear)
WHO = st.sampled_from([UUID(int=number) for number in range(1, 6)])


class Machine(RuleBasedStateMachine):
    """Asks deciders over one stream; a refusal changes nothing."""

    events: list[Any]

    def ask(self, decider: Decider[Any, Any, Any], command: object) -> Sequence[Any]:
        """Decide on everything that happened; remember and answer what happens now."""
        try:
            happened = decider.decide(decider.fold(self.events), command)
        except Refused:
            return []
        self.events.extend(happened)
        return happened


class ActiveMeansOnboarded(Machine):
    """A partner is never activated while an item required by the policy of that day is open."""

    items = st.sampled_from(["income-advice", "induction"])
    courses = st.sampled_from(["patient-safety", "confidentiality"])
    ago = st.sampled_from([-1, 0, 30, 61])

    @initialize()
    def welcome(self) -> None:
        self.events = [people.WELCOMED]
        self.today = date(2024, 1, 1)
        self.version = 1
        self.in_term = True

    @property
    def policy(self) -> InForce[OnboardingTerms]:
        items = ("income-advice", "induction")[: self.version]
        course = Course(course="patient-safety", title="Patient safety", validity_months=2)
        return InForce(self.version, OnboardingTerms(items=items, training=(course,)))

    @rule(days=st.sampled_from([1, 30, 61]))
    def time_passes(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule()
    def policy_changes(self) -> None:
        self.version = min(self.version + 1, 2)

    @rule(wanted=st.integers(0, 4))
    def term_changes(self, wanted: int) -> None:
        self.in_term = wanted > 0

    @rule()
    def plan(self) -> None:
        self.ask(ONBOARDING, PlanOnboarding(self.policy))

    @rule(own=st.booleans(), ago=ago)
    def do(self, ago: int, *, own: bool) -> None:
        day = self.today - timedelta(days=ago)
        advice = people.ADVISED.model_copy(update={"given_on": day})
        induction = OnboardingItemDone(
            partner=people.PARTNER, person=people.PERSON, item="induction", done_on=day
        )
        self.ask(ONBOARDING, RecordOnboarding(advice if own else induction, self.today))

    @rule(item=items, reason=REASONS)
    def waive(self, item: str, reason: Clear) -> None:
        self.ask(ONBOARDING, WaiveItem(item, reason, Clear("Bea Calder")))

    @rule(course=courses, ago=ago)
    def train(self, course: str, ago: int) -> None:
        day = self.today - timedelta(days=ago)
        self.ask(
            ONBOARDING,
            CompleteTraining(course, "Learning Hub", "virtual", day, self.today, self.policy),
        )

    @rule()
    def activate(self) -> None:
        self.ask(PARTNER, ActivatePartner(self.today, self.policy, self.in_term))

    @invariant()
    def activation_is_lawful_if_allowed(self) -> None:
        if not any(isinstance(event, PartnerActivated) for event in self.would_be_activated()):
            return
        assert self.in_term
        assert not self.open_items(self.today)

    def would_be_activated(self) -> Sequence[Any]:
        command = ActivatePartner(self.today, self.policy, self.in_term)
        try:
            return PARTNER.decide(PARTNER.fold(self.events), command)
        except Refused:
            return []

    @rule(change=st.integers(0, 9))
    def change(self, change: int) -> None:
        if change == 0:  # seldom: who has left does not come back
            self.ask(PARTNER, StandDownPartner(self.today, "own-wish"))
        elif change < 5:
            self.ask(PARTNER, PausePartner(self.today))
        else:
            self.ask(PARTNER, ResumePartner(self.today, self.in_term))

    def open_items(self, on: date) -> set[str]:
        """By the events alone: what the policy requires and nothing on record settles."""
        settled = {"none"}
        for event in self.events:
            match event:
                case OnboardingItemDone() if event.done_on <= on:
                    settled.add(event.item)
                case IncomeAdviceGiven() if event.given_on <= on:
                    settled.add("income-advice")
                case OnboardingItemWaived():
                    settled.add(event.item)
                case TrainingCompleted(expires_on=date() as last) if (
                    event.completed_on <= on <= last
                ):
                    settled.add(f"training/{event.course}")
        return set(self.policy.terms.required()) - settled

    @invariant()
    def nobody_comes_back_by_themselves(self) -> None:
        kinds = [type(event) for event in self.events]
        if PartnerStoodDown in kinds:
            assert PartnerActivated not in kinds[kinds.index(PartnerStoodDown) :]


class OneTermAtATime(Machine):
    """No day is ever part of two terms."""

    policy = InForce(1, TermTerms(months=2))

    soon = st.integers(0, 20).map(lambda n: timedelta(days=10 * n))

    @initialize()
    def nobody(self) -> None:
        self.events = []
        self.today = date(2024, 1, 1)

    @rule(appointment=WHO, wait=soon, length=st.none() | soon, arrives=st.booleans())
    def start(
        self, appointment: UUID, wait: timedelta, length: timedelta | None, *, arrives: bool
    ) -> None:
        starts_on = self.today + wait
        command = StartTerm(
            term=appointment,
            partner=people.PARTNER,
            person=people.PERSON,
            appointment=appointment,
            starts_on=starts_on,
            ends_on=None if length is None else starts_on + length,
            today=self.today,
            policy=self.policy,
        )
        self.ask(TERMS, TakeUpAppointment(command) if arrives else command)

    @rule(until=soon, reason=REASONS)
    def extend(self, until: timedelta, reason: Clear) -> None:
        self.ask(TERMS, ExtendTerm(self.today + until, reason, self.today, self.policy))

    @rule(after=soon, wanted=st.integers(0, 3))
    def end(self, after: timedelta, wanted: int) -> None:
        if wanted == 0:  # seldom: it ends all there are
            self.ask(TERMS, EndTerms(self.today + after, "own-wish"))

    @rule(days=st.integers(0, 30))
    def time_passes(self, days: int) -> None:
        self.today += timedelta(days=days)
        self.ask(TERMS, ReviewTerm(self.today))

    @invariant()
    def terms_share_no_day(self) -> None:
        first: dict[UUID, date] = {}
        last: dict[UUID, date] = {}
        for event in self.events:
            match event:
                case TermStarted():
                    first[event.term], last[event.term] = event.starts_on, event.ends_on
                case TermExtended():
                    last[event.term] = event.ends_on
                case TermEnded():
                    last[event.term] = event.ended_on
                case _:
                    pass
        served = sorted((first[term], last[term]) for term in first if first[term] <= last[term])
        assert all(one[1] < next_one[0] for one, next_one in pairwise(served))


class NoPlaceGivenTwice(Machine):
    """Never more partners seated, or seats promised, than there are places."""

    @initialize()
    def constitute(self) -> None:
        self.events = [CONSTITUTED]

    @rule(who=WHO, can=st.booleans())
    def offer(self, who: UUID, *, can: bool) -> None:
        standing = people.active(who, who) if can else people.inactive(who, who)
        self.ask(COMMITTEE, OfferSeat(who, standing, people.TODAY))

    @rule(who=WHO, can=st.booleans())
    def take(self, who: UUID, *, can: bool) -> None:
        standing = people.active(who, who) if can else people.inactive(who, who)
        happened = self.ask(COMMITTEE, TakeSeat(standing, people.TODAY))
        assert can or not happened

    @rule(who=WHO)
    def decline(self, who: UUID) -> None:
        self.ask(COMMITTEE, DeclineSeat(who, people.TODAY))

    @rule(who=WHO)
    def vacate(self, who: UUID) -> None:
        self.ask(COMMITTEE, VacateSeat(who, people.TODAY, "own-wish"))

    @invariant()
    def places_are_enough(self) -> None:
        held: list[UUID] = []
        seated: list[UUID] = []
        for event in self.events[1:]:
            match event:
                case SeatOffered():
                    held.append(event.partner)
                case SeatTaken():
                    held.remove(event.partner)
                    seated.append(event.partner)
                case SeatDeclined():
                    held.remove(event.partner)
                case SeatVacated():
                    seated.remove(event.partner)
                case _:
                    raise AssertionError(event)
            assert len(held) + len(seated) <= CONSTITUTED.places
            assert len({*held, *seated}) == len(held) + len(seated)


class AttendedOnceAndInTime(Machine):
    """One partner attends a meeting once, within its times; every change is a correction."""

    minutes = st.sampled_from([-30, 0, 60, 120, 180, 240, 300])
    who = st.sampled_from([people.PARTNER, people.OTHER])

    @initialize()
    def schedule(self) -> None:
        self.events = [SCHEDULED]

    @rule(who=who, can=st.booleans())
    def invite(self, who: UUID, *, can: bool) -> None:
        standing = people.active(who, who) if can else people.inactive(who, who)
        self.ask(meeting.MEETING, meeting.InvitePartner(standing))

    @rule(who=who, command=st.sampled_from([meeting.AcceptInvitation, meeting.SendApologies]))
    def answer(self, who: UUID, command: Callable[..., object]) -> None:
        self.ask(meeting.MEETING, command(who, people.at(8)))

    @rule(minutes=minutes)
    def hold(self, minutes: int) -> None:
        end = people.at(9) + timedelta(minutes=minutes)
        self.ask(attendance.ATTENDANCE, attendance.HoldMeeting(people.at(9), end, people.at(13)))

    @rule(wanted=st.integers(0, 19))
    def cancel(self, wanted: int) -> None:
        if wanted == 0:  # seldom: a cancelled meeting has no more to show
            self.ask(meeting.MEETING, meeting.CancelMeeting("No quorum", people.at(8)))

    @rule(who=who, start=minutes, end=minutes)
    def attend(self, who: UUID, start: int, end: int) -> None:
        times = (people.at(9) + timedelta(minutes=start), people.at(9) + timedelta(minutes=end))
        self.ask(attendance.ATTENDANCE, attendance.RecordAttendance(who, *times))

    @rule(who=who, there=st.booleans(), end=minutes, reason=REASONS)
    def correct(self, who: UUID, end: int, reason: Clear, *, there: bool) -> None:
        to = people.at(9) + timedelta(minutes=end)
        command = attendance.CorrectAttendance(who, attended=there, attended_to=to, reason=reason)
        self.ask(attendance.ATTENDANCE, command)

    @invariant()
    def recorded_once_and_corrected_in_a_chain(self) -> None:
        held: MeetingHeld | None = None
        known: dict[UUID, int] = {}
        for event in self.events:
            match event:
                case MeetingHeld():
                    assert held is None
                    held = event
                case MeetingAttended():
                    assert event.partner not in known
                    assert 0 <= event.minutes == _minutes(event)
                    assert held is not None
                    assert (
                        held.started_at <= event.attended_from < event.attended_to <= held.ended_at
                    )
                    known[event.partner] = event.minutes
                case AttendanceCorrected():
                    assert event.previous_minutes == known[event.partner]
                    assert event.minutes == (_minutes(event) if event.attended else 0)
                    known[event.partner] = event.minutes
                case _:
                    pass


def _minutes(event: MeetingAttended | AttendanceCorrected) -> int:
    return (event.attended_to - event.attended_from) // timedelta(minutes=1)


def _tested(machine: type[Machine]) -> type[TestCase]:
    case: type[TestCase] = machine.TestCase
    case.settings = settings(  # type: ignore[attr-defined]  # hypothesis gives its cases settings
        max_examples=60, stateful_step_count=40, deadline=None, derandomize=True, database=None
    )
    return case


TestActiveMeansOnboarded = _tested(ActiveMeansOnboarded)
TestOneTermAtATime = _tested(OneTermAtATime)
TestNoPlaceGivenTwice = _tested(NoPlaceGivenTwice)
TestAttendedOnceAndInTime = _tested(AttendedOnceAndInTime)
