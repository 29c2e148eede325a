"""Money balances: after any sequence of what people, banks and corrections do, to the penny."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.payments.domain.books import Books, posting, reconcile
from services.payments.domain.owed import Owed
from services.payments.domain.payee import (
    PAYEE,
    DoubtDetails,
    GiveDetails,
    Payee,
    RegisterPayee,
    VerifyDetails,
    payee_of,
)
from services.payments.domain.payment import (
    PAYMENT,
    ApprovePayment,
    DeclinePayment,
    PutInRun,
    Reckon,
    ReducePayment,
    ReissuePayment,
    RejectPayment,
    ReturnPayment,
    SettlePayment,
    TakeFromRun,
)
from services.payments.domain.payment_day import (
    PAYMENT_DAY,
    CountAgain,
    CountSession,
    day_of,
    payment_of,
)
from services.payments.domain.policy import Attended, InForce, InvolvementTerms
from services.payments.domain.run import (
    RUN,
    ApproveRun,
    FreezeRun,
    ProduceFile,
    ReissueLine,
    ReturnLine,
    SendRun,
    SettleLines,
    WithdrawRun,
)
from services.payments.domain.run_states import Sent
from services.payments.domain.selection import Open, Selection, select
from shared.contracts.event import Event
from shared.contracts.payments import (
    Originator,
    PaymentRunSent,
    PaymentRunWithdrawn,
    RunLineReissued,
    RunLineReturned,
    RunLineSettled,
    SessionReckoned,
)
from shared.contracts.personal import Clear
from shared.kernel.decider import Decider, Refused
from shared.kernel.identifiers import derive
from tests.rules.payments.story import APPROVER, PAYER, PERSON, PREPARER, RECORDER, due

ROOT = UUID("7a3c1f00-0000-4000-8000-000000000001")
DAYS = (date(2024, 3, 4), date(2024, 3, 5))
PEOPLE = tuple(derive(ROOT, f"person {nth}") for nth in range(2))
SESSIONS = tuple(derive(ROOT, f"session {nth}") for nth in range(4))
TODAY = date(2024, 3, 28)
NOW = datetime(2024, 4, 2, 10, 0, tzinfo=UTC)
ORIGINATOR = Originator(
    name="CREDITORS", sort_code="000000", account_number="00000001", reference="INVOLVEMENT"
)
ANSWERS = st.sampled_from(["settle", "settle one", "return", "reissue", "withdraw"])
RATES = ((7_500, 15_000), (8_000, 16_000), (6_000, 15_000), (9_000, 12_000))


@dataclass
class Log:
    """One organisation's log in memory: streams, and everything in order."""

    streams: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    events: list[Event] = field(default_factory=list)

    def state(self, decider: Decider[Any, Any, Any], stream: str) -> Any:
        return decider.fold(self.streams[stream])

    def decide(self, decider: Decider[Any, Any, Any], stream: str, command: object) -> list[Event]:
        happened: list[Any] = list(decider.decide(self.state(decider, stream), command))
        self.streams[stream] += happened
        self.events += happened
        return happened

    def all_or_nothing(self, work: Callable[[], object]) -> None:
        """One transaction: a refusal leaves no trace."""
        streams = {name: list(events) for name, events in self.streams.items()}
        events = list(self.events)
        try:
            work()
        except Refused:
            self.streams, self.events = defaultdict(list, streams), events


class Programme(RuleBasedStateMachine):
    """Two people, four sessions on two dates, and everything that can happen to their money."""

    def __init__(self) -> None:
        super().__init__()
        self.log = Log()
        self.position = 0
        self.version = 1
        self.rates = RATES[0]
        self.runs: list[UUID] = []
        for person in PEOPLE:
            payee = payee_of(person, PAYER)
            stream = f"payee/{payee}"
            register = RegisterPayee(payee, person, "email", "engagement.RAJ/1")
            self.log.decide(PAYEE, stream, register)
            self.log.decide(PAYEE, stream, GiveDetails(Clear({}), PREPARER))
            self.log.decide(PAYEE, stream, VerifyDetails(1, APPROVER))

        for nth in range(len(SESSIONS)):
            self.attend_as(PEOPLE[nth % 2], nth, 120, 4, self.policy)

    # what happens

    @property
    def policy(self) -> InForce:
        half, full = self.rates
        return InForce(self.version, InvolvementTerms(half_day_pence=half, full_day_pence=full))

    @rule(
        person=st.sampled_from(PEOPLE),
        session=st.sampled_from(range(len(SESSIONS))),
        minutes=st.sampled_from([0, 60, 240, 241, 400]),
        category=st.sampled_from([3, 4, 4, 4]),
        known=st.booleans(),
    )
    def attend(self, person: UUID, session: int, minutes: int, category: int, known: bool) -> None:
        self.attend_as(person, session, minutes, category, self.policy if known else None)

    def attend_as(
        self, person: UUID, session: int, minutes: int, category: int, policy: InForce | None
    ) -> None:
        self.position += 1
        day = DAYS[session % 2]
        attended = Attended(
            session=f"meeting/{SESSIONS[session]}",
            earned_at="RAJ",
            minutes=minutes,
            preparation_minutes=0,
            role_category=category,
            activity="committee-meeting",
            carries_payment=True,
            cause=f"engagement.RAJ/{self.position}",
            recorded_by=RECORDER,
        )
        payment = payment_of(SESSIONS[session], person)
        command = CountSession(payment, person, person, day, attended, policy)
        self.reckon(person, self.log.decide(PAYMENT_DAY, self.day(person, day), command))

    @rule(rates=st.sampled_from(RATES))
    def adopt_policy(self, rates: tuple[int, int]) -> None:
        self.rates, self.version = rates, self.version + 1
        for person in PEOPLE:
            for day in DAYS:
                stream = self.day(person, day)
                self.reckon(person, self.log.decide(PAYMENT_DAY, stream, CountAgain(self.policy)))

    def day(self, person: UUID, day: date) -> str:
        return f"payment-day/{day_of(person, day)}"

    def reckon(self, person: UUID, events: list[Event]) -> None:
        for event in events:
            assert isinstance(event, SessionReckoned)
            self.log.decide(
                PAYMENT, f"payment/{event.payment}", Reckon(event, payee_of(person, PAYER))
            )

    @rule(
        person=st.sampled_from(PEOPLE),
        session=st.sampled_from(SESSIONS),
        command=st.sampled_from(
            [
                DeclinePayment("partner/x"),
                ReducePayment("partner/x", 5_000),
                ReducePayment("partner/x", 8_000),
                RejectPayment(APPROVER, "Not held"),
            ]
        ),
    )
    def decide_about_a_payment(
        self,
        person: UUID,
        session: UUID,
        command: DeclinePayment | ReducePayment | RejectPayment,
    ) -> None:
        stream = f"payment/{payment_of(session, person)}"
        self.log.all_or_nothing(lambda: self.log.decide(PAYMENT, stream, command))

    @rule(person=st.sampled_from(PEOPLE))
    def verify_again(self, person: UUID) -> None:
        stream = f"payee/{payee_of(person, PAYER)}"
        self.log.decide(PAYEE, stream, VerifyDetails(1, APPROVER))

    @rule(all_of_them=st.booleans(), how_far=st.integers(0, 3))
    def run_payments(self, all_of_them: bool, how_far: int) -> None:
        """Approve, freeze a run and take it on: approved, with its file, sent."""
        self.approve(self.payments() if all_of_them else self.payments()[:1])
        self.log.all_or_nothing(partial(self._freeze, self.selected()))
        if self.runs:
            self._take_on(self.runs[-1], how_far)

    @rule(minutes=st.sampled_from([0, 240, 241]), session=st.sampled_from(range(len(SESSIONS))))
    def freeze_what_has_changed_since_it_was_selected(self, minutes: int, session: int) -> None:
        self.approve(self.payments())
        selection = self.selected()
        self.attend_as(PEOPLE[session % 2], session, minutes, 4, self.policy)
        self.log.all_or_nothing(partial(self._freeze, selection))

    def approve(self, payments: list[Owed]) -> None:
        """A second person approves all that is wanted of these."""
        for payment in payments:
            command = ApprovePayment(APPROVER, 100_000, 1)
            self.log.decide(PAYMENT, f"payment/{payment.payment}", command)

    def selected(self) -> Selection:
        """What a run would hold just now."""
        return select(
            (Open(p.payment, p.payee, p.person, p.payable_pence) for p in self.payments()),
            self.verified(),
        )

    def _freeze(self, selection: Selection) -> None:
        run = derive(ROOT, f"run {len(self.runs)}")
        command = FreezeRun(run, selection, TODAY, TODAY, ORIGINATOR, 1, PREPARER)
        self.log.decide(RUN, f"payment-run/{run}", command)
        for line in selection.lines:
            for item in line.items:
                stream = f"payment/{item.payment}"
                before = self.log.state(PAYMENT, stream)
                self.log.decide(PAYMENT, stream, PutInRun(run, item.amount_pence))
                assert item.amount_pence == before.payable_pence
        self.runs.append(run)

    def verified(self) -> dict[UUID, int]:
        states = (self.log.state(PAYEE, f"payee/{payee_of(p, PAYER)}") for p in PEOPLE)
        return {
            state.payee: state.payable_to
            for state in states
            if isinstance(state, Payee) and state.payable_to is not None
        }

    def _take_on(self, run: UUID, how_far: int) -> None:
        contents = self.log.state(RUN, f"payment-run/{run}").contents
        total, count = contents.total_pence, len(contents.lines)
        produce = ProduceFile("bank-csv-1", "f.csv", count, total, 1, "a" * 64, PREPARER)
        commands = (ApproveRun(total, APPROVER), produce, SendRun(PREPARER, NOW))
        for command in commands[:how_far]:
            self.log.all_or_nothing(partial(self.on_run, run, command))

    @rule(person=st.sampled_from(PEOPLE), answers=st.lists(ANSWERS, min_size=1, max_size=4))
    def pay_and_hear(self, person: UUID, answers: list[str]) -> None:
        """A whole run in one go and what the bank makes of it, so that late states are frequent."""
        self.run_payments(all_of_them=True, how_far=3)
        for what in answers if self.runs else ():
            self.hear_of_a_run(0, person, what)
        self.verify_again(person)

    @precondition(lambda self: self.runs)
    @rule(nth=st.integers(0, 2), person=st.sampled_from(PEOPLE), what=ANSWERS)
    def hear_of_a_run(self, nth: int, person: UUID, what: str) -> None:
        run, payee = self.runs[-1 - nth % len(self.runs)], payee_of(person, PAYER)
        command = {
            "settle": SettleLines(TODAY),
            "settle one": SettleLines(TODAY, (payee,)),
            "return": ReturnLine(payee, "Account closed"),
            "reissue": ReissueLine(payee, PREPARER),
            "withdraw": WithdrawRun("Wrong", PREPARER),
        }[what]
        self.log.all_or_nothing(lambda: self.on_run(run, command))

    def on_run(self, run: UUID, command: object) -> None:
        stream = f"payment-run/{run}"
        lines = self.log.state(RUN, stream).contents.lines
        for event in self.log.decide(RUN, stream, command):
            match event:
                case PaymentRunWithdrawn():
                    for line in lines.values():
                        self.on_items(line, TakeFromRun(run))
                case RunLineSettled():
                    self.on_items(lines[event.payee], SettlePayment(run, event.settled_on))
                case RunLineReturned():
                    self.on_items(lines[event.payee], ReturnPayment(run, event.reason))
                    doubt = DoubtDetails(event.reason)
                    self.log.decide(PAYEE, f"payee/{event.payee}", doubt)
                case RunLineReissued():
                    self.on_items(lines[event.payee], ReissuePayment(run))
                case _:
                    pass

    def on_items(self, line: Any, command: object) -> None:
        for item in line.items:
            self.log.decide(PAYMENT, f"payment/{item.payment}", command)

    # what must hold

    def payments(self) -> list[Owed]:
        streams = [name for name in self.log.streams if name.startswith("payment/")]
        states = (self.log.state(PAYMENT, name) for name in streams)
        return [state for state in states if isinstance(state, Owed)]

    @invariant()
    def the_books_balance(self) -> None:
        assert reconcile(self.log.events).differences() == ()

    @invariant()
    def the_books_say_what_the_payments_say(self) -> None:
        books, payments = reconcile(self.log.events), self.payments()
        assert books.waiting == sum(p.waiting_pence for p in payments)
        assert books.in_run == sum(p.in_runs_pence for p in payments)
        assert books.declined == sum(p.declined_pence for p in payments)
        assert books.due - books.reversed == sum(p.entitled_pence for p in payments)

    @invariant()
    def payments_and_bank_lines_agree(self) -> None:
        books = reconcile(self.log.events)
        parts = [part for payment in self.payments() for part in payment.parts]
        settled = sum(part.amount_pence for part in parts if part.stage == "settled")
        in_run = sum(part.amount_pence for part in parts if part.stage == "in-run")
        assert (books.settled, books.in_flight) == (settled, in_run)

    @invariant()
    def nobody_has_more_on_a_date_than_a_full_day_ever_was(self) -> None:
        most = max(full for _, full in RATES)
        for person in PEOPLE:
            for day in DAYS:
                counted = self.log.state(PAYMENT_DAY, self.day(person, day))
                assert sum(c.entitled_pence or 0 for c in counted) <= most

    @invariant()
    def nothing_is_paid_beyond_what_was_approved(self) -> None:
        for payment in self.payments():
            assert 0 <= payment.declined_pence <= payment.entitled_pence
            assert 0 <= payment.approved_pence <= payment.wanted_pence
            assert payment.payable_pence <= max(payment.waiting_pence, 0)

    @invariant()
    def nobody_gets_more_than_they_take(self) -> None:
        """Who declined, or took less, still does after any correction."""
        for payment in self.payments():
            assert payment.takes_pence is None or payment.wanted_pence <= payment.takes_pence

    @invariant()
    def what_was_sent_is_not_withdrawn(self) -> None:
        for run in self.runs:
            kinds = {type(event) for event in self.log.streams[f"payment-run/{run}"]}
            assert not {PaymentRunSent, PaymentRunWithdrawn} <= kinds

    @invariant()
    def a_line_pays_once(self) -> None:
        for run in self.runs:
            state = self.log.state(RUN, f"payment-run/{run}")
            if isinstance(state, Sent):
                assert set(state.stages) <= set(state.contents.lines)
            assert all(line.amount_pence > 0 for line in state.contents.lines.values())


Programme.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, derandomize=True, database=None
)
TestProgramme = Programme.TestCase


def test_books_that_do_not_balance_say_where_and_by_how_much() -> None:
    assert Books(due=100, waiting=100).differences() == ()
    assert Books(due=100, waiting=99, run=5).differences() == (
        "due = declined + reversed + in a run + waiting: 1 pence apart",
        "run = settled + returned + in flight: 5 pence apart",
        "in a run = run - reissued: -5 pence apart",
    )


def test_what_moves_no_money_posts_nothing() -> None:
    assert posting(due(7_500)) == Books(due=7_500, waiting=7_500)
    withdrawn = PaymentRunWithdrawn(run=ROOT, total_pence=5, reason="", withdrawn_by=PREPARER)
    assert reconcile([withdrawn]) == Books(run=-5, in_flight=-5)
    assert PERSON not in PEOPLE
