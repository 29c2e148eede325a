"""Whatever is commanded in whatever order, nobody is left untold and no interest scores."""

from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.recruitment import steps
from services.recruitment.domain.application import (
    APPLICATION,
    AdmitApplication,
    RecordTold,
    WithdrawApplication,
)
from services.recruitment.domain.appointment import (
    APPOINTMENT,
    AcceptOffer,
    AppointPartner,
    DeclineOffer,
    MakeOffer,
)
from services.recruitment.domain.assessment import (
    ArrangeInterview,
    RecordInterview,
    ShortlistApplicant,
)
from services.recruitment.domain.campaign import (
    CAMPAIGN,
    CancelCampaign,
    CloseCampaign,
    CompleteCampaign,
)
from services.recruitment.domain.clearance import CLEARANCE, DecideCheck
from services.recruitment.domain.references import (
    JudgeReference,
    ReceiveReference,
    RequestReference,
)
from services.recruitment.domain.register import ReceiveApplication
from services.recruitment.domain.selection import PANEL, DeclareInterest, Panel, ReplaceMember
from services.recruitment.steps import Verdict
from shared.contracts.event import Event
from shared.contracts.personal import Clear
from shared.contracts.recruitment import (
    ApplicantTold,
    ApplicationAdmitted,
    ApplicationReceived,
    ApplicationWithdrawn,
    CampaignCompleted,
    CheckKind,
    ClearanceCompleted,
    InterestDeclared,
    OfferDeclined,
    OutcomeDecided,
    PartnerAppointed,
    PlaceReleased,
    PlaceTaken,
    ReferenceJudged,
    ScoringClosed,
)
from shared.kernel.policies import PolicyVersion
from tests.rules.recruitment.examples import (
    BOARD_ROLE,
    CAMPAIGN_ID,
    CLOSES_AT,
    CONTACT,
    LEAD,
    LIGHT,
    MEMBERS,
    OPEN,
    TERMS,
    TRUST,
    TRUST_ROLE,
    identifier,
)
from tests.rules.recruitment.memory import Memory

SAID = Clear("Said.")
CHECKS: tuple[CheckKind, ...] = ("dbs", "identity", "own-staff-conflict")
people = st.integers(0, 4)
members = st.sampled_from([*MEMBERS, identifier(0x54)])
roles = st.sampled_from([TRUST_ROLE, BOARD_ROLE])
AFTER = CLOSES_AT + timedelta(days=30)


def _application(person: int, attempt: int = 0) -> UUID:
    return identifier(0xA000 + 16 * person + attempt)


class Recruiting(RuleBasedStateMachine):
    """Two roles with two places each, five people, a panel of three, any order of commands."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory(datetime(2024, 1, 20, tzinfo=UTC))
        self.attempts: Counter[int] = Counter()
        self.references = 0

    @initialize(light=st.booleans(), close=st.booleans())
    def advertise(self, light: bool, close: bool) -> None:
        chosen = LIGHT if light else TERMS
        self.references = chosen.references
        terms = chosen.model_dump(mode="json")
        policy = PolicyVersion("selection", 1, date(2024, 1, 1), terms)
        self.memory = Memory(datetime(2024, 1, 20, tzinfo=UTC), [policy])
        self.memory.streams[LEAD, f"campaign/{CAMPAIGN_ID}"] = list(OPEN)
        self.do(steps.convene(self.memory, LEAD, CAMPAIGN_ID, MEMBERS))
        for person in range(4):
            self.apply(person, late=False, staff=person == 3)
        if close:
            self.close()

    def do(self, step: Coroutine[Any, Any, object]) -> bool:
        return self.memory.run(step)

    def newest(self, person: int) -> UUID:
        return _application(person, self.attempts[person])

    def to_application(self, person: int, command: Any, decider: Any = APPLICATION) -> bool:
        stream = f"application/{self.newest(person)}"
        return self.do(self.memory.decide(decider, LEAD, stream, command))

    def to_campaign(self, command: Any) -> bool:
        return self.do(self.memory.decide(CAMPAIGN, LEAD, f"campaign/{CAMPAIGN_ID}", command))

    @rule(person=people, late=st.booleans(), staff=st.booleans())
    def apply(self, person: int, late: bool, staff: bool) -> None:
        self.memory.now = (
            max(self.memory.now, CLOSES_AT + timedelta(minutes=1)) if late else self.memory.now
        )
        command = ReceiveApplication(
            application=_application(person, self.attempts[person] + 1),
            person=identifier(person + 1),
            opportunities=(TRUST_ROLE, BOARD_ROLE),
            channel="post",
            received_at=self.memory.now if late else CLOSES_AT - timedelta(days=20),
            now=self.memory.now,
            name=SAID,
            address=SAID,
            contact_channel="post",
            answers=SAID,
            staff_of=(TRUST,) if staff else (),
        )
        if self.do(steps.receive(self.memory, LEAD, CAMPAIGN_ID, command)):
            stream = (LEAD, f"application/{command.application}")
            self.attempts[person] += stream in self.memory.streams

    @rule(person=people)
    def admit(self, person: int) -> None:
        self.to_application(person, AdmitApplication(SAID))

    @rule(person=people)
    def withdraw(self, person: int) -> None:
        self.to_application(person, WithdrawApplication())

    @rule(person=people, member=members)
    def declare(self, person: int, member: UUID) -> None:
        command = DeclareInterest(self.newest(person), member, SAID)
        self.do(self.memory.decide(PANEL, LEAD, f"panel/{CAMPAIGN_ID}", command))

    @rule(left=members, joined=members)
    def replace(self, left: UUID, joined: UUID) -> None:
        command = ReplaceMember(left, joined)
        self.do(self.memory.decide(PANEL, LEAD, f"panel/{CAMPAIGN_ID}", command))

    @rule(person=people, member=members, points=st.integers(0, 4))
    def score(self, person: int, member: UUID, points: int) -> None:
        scores = {"safety": points, "openness": points}
        self.do(steps.score(self.memory, LEAD, self.newest(person), member, scores))

    @rule(person=people)
    def all_score(self, person: int) -> None:
        for member in MEMBERS:
            self.score(person, member, 3)

    @rule(person=people, shortlisted=st.booleans())
    def shortlist(self, person: int, shortlisted: bool) -> None:
        command = ShortlistApplicant(shortlisted, SAID)
        self.do(steps.shortlist(self.memory, LEAD, self.newest(person), command))

    @rule(person=people, recommended=st.booleans())
    def interview(self, person: int, recommended: bool) -> None:
        now = self.memory.now
        self.do(steps.offer_interview(self.memory, LEAD, self.newest(person), identifier(person)))
        self.to_application(person, ArrangeInterview("remote", now, "Online"))
        self.to_application(person, RecordInterview(recommended, SAID, now))

    @rule(person=people, opportunity=st.one_of(st.none(), roles))
    def decide(self, person: int, opportunity: UUID | None) -> None:
        verdict = Verdict(opportunity is not None, opportunity, "Next steps.")
        self.do(steps.decide_outcome(self.memory, LEAD, self.newest(person), verdict))

    @rule(person=people, decision=st.sampled_from([None, 1, 2]))
    def tell(self, person: int, decision: int | None) -> None:
        self.to_application(person, RecordTold("message", decision))

    @rule(person=people)
    def clear(self, person: int) -> None:
        application = self.newest(person)
        self.do(steps.open_clearance(self.memory, LEAD, application))
        for number in (1, 2):
            reference = identifier(0xE000 + number)
            command = RequestReference(reference, reference, SAID, SAID, None, self.memory.now)
            self.do(steps.request_reference(self.memory, LEAD, application, command))
            came = ReceiveReference(reference, self.memory.now, self.memory.now, SAID)
            self.to_application(person, came, CLEARANCE)

    @rule(person=people, number=st.sampled_from([1, 2]), satisfactory=st.booleans())
    def judge(self, person: int, number: int, satisfactory: bool) -> None:
        command = JudgeReference(identifier(0xE000 + number), satisfactory, SAID)
        self.to_application(person, command, CLEARANCE)

    @rule(person=people, clear=st.booleans())
    def check(self, person: int, clear: bool) -> None:
        for kind in CHECKS:
            made = kind != "dbs"
            command = DecideCheck(
                kind,
                ("clear" if clear else "not-clear") if made else "not-needed",
                SAID,
                date(2024, 3, 1),
                seen_by=CONTACT,
            )
            self.to_application(person, command, CLEARANCE)

    @rule(person=people, accepts=st.booleans())
    def offer(self, person: int, accepts: bool) -> None:
        command = MakeOffer(date(2024, 4, 1), date(2025, 9, 30), CONTACT, "")
        self.to_application(person, command, APPOINTMENT)
        answer = AcceptOffer() if accepts else DeclineOffer()
        self.to_application(person, answer, APPOINTMENT)

    @rule(person=people)
    def appoint(self, person: int) -> None:
        appointment = identifier(0xF000 + person)
        self.to_application(person, AppointPartner(appointment, SAID), APPOINTMENT)

    @rule(person=people, role=roles)
    def go_all_the_way(self, person: int, role: UUID) -> None:
        """The usual order, so that late states are reached often."""
        self.all_score(person)
        self.shortlist(person, True)
        self.interview(person, True)
        self.decide(person, role)
        self.tell(person, None)
        self.clear(person)
        self.judge(person, 1, True)
        self.judge(person, 2, True)
        self.check(person, True)
        self.offer(person, True)

    @rule()
    def refuse_the_rest(self) -> None:
        """Answer everybody who has no outcome, as a coordinator does at the end."""
        for person in range(5):
            events = self.memory.streams.get((LEAD, f"application/{self.newest(person)}"), [])
            if not any(isinstance(event, OutcomeDecided) for event in events):
                self.all_score(person)
                self.shortlist(person, False)
                self.decide(person, None)

    @rule()
    def close(self) -> None:
        self.memory.now = max(self.memory.now, AFTER)
        self.to_campaign(CloseCampaign(self.memory.now, "closing-time"))

    @rule()
    def complete(self) -> None:
        self.to_campaign(CompleteCampaign())

    @rule(seldom=st.sampled_from([*[False] * 15, True]))
    def cancel(self, seldom: bool) -> None:
        if seldom:
            self.to_campaign(CancelCampaign("Given up."))

    @rule(untold=st.one_of(st.none(), people), changed=st.one_of(st.none(), people))
    def finish(self, untold: int | None, changed: int | None) -> None:
        """Refuse the rest, tell most people, perhaps change an outcome, and try to complete."""
        self.refuse_the_rest()
        self.close()
        for person in range(5):
            if person != untold:
                self.tell(person, None)
        if changed is not None:
            self.decide(changed, None)
        self.complete()

    @rule(role=roles)
    def choose_everybody(self, role: UUID) -> None:
        """More are good enough than there are places."""
        for person in range(4):
            self.all_score(person)
            self.shortlist(person, True)
            self.interview(person, True)
            self.decide(person, role)

    @rule(role=roles, changed=st.one_of(st.none(), people))
    def hurry(self, role: UUID, changed: int | None) -> None:
        """Choose, tell and complete in one go, before anybody has been appointed."""
        self.choose_everybody(role)
        self.finish(None, changed)

    # What must hold

    def happened(self, kind: str) -> list[list[Event]]:
        return [
            events for (_, stream), events in self.memory.streams.items() if stream.startswith(kind)
        ]

    @invariant()
    def nobody_is_untold_or_in_limbo_in_a_completed_campaign(self) -> None:
        (campaign,) = self.happened("campaign/")
        if not any(isinstance(event, CampaignCompleted) for event in campaign):
            return
        for events in self.happened("application/"):
            kinds = [type(event) for event in events]
            if ApplicationWithdrawn in kinds:
                continue
            outcomes = [event for event in events if isinstance(event, OutcomeDecided)]
            told = {event.decision for event in events if isinstance(event, ApplicantTold)}
            assert outcomes
            assert outcomes[-1].decision in told
            settled = OfferDeclined in kinds or ClearanceCompleted in kinds
            assert settled or not outcomes[-1].successful

    @invariant()
    def nobody_is_chosen_by_their_own_employer(self) -> None:
        for received, *events in self.happened("application/"):
            assert isinstance(received, ApplicationReceived)
            for event in events:
                if isinstance(event, OutcomeDecided):
                    assert event.opportunity not in received.barred_from

    @invariant()
    def no_declared_interest_scores(self) -> None:
        for events in self.happened("panel/"):
            interested: set[tuple[UUID, UUID]] = set()
            for event in events:
                if isinstance(event, InterestDeclared):
                    interested.add((event.application, event.member))
                if isinstance(event, ScoringClosed):
                    assert not any((event.application, m) in interested for m in event.scored_by)
            panel = PANEL.fold(events)  # type: ignore[arg-type]
            assert isinstance(panel, Panel)
            for sheet in panel.sheets.values():
                assert not sheet.interested & sheet.scores.keys()

    @invariant()
    def one_application_a_person_unless_withdrawn(self) -> None:
        standing = Counter(
            events[0].person
            for events in self.happened("application/")
            if isinstance(events[0], ApplicationReceived)
            and not any(isinstance(event, ApplicationWithdrawn) for event in events)
        )
        assert all(count == 1 for count in standing.values())

    @invariant()
    def no_place_is_given_twice(self) -> None:
        (campaign,) = self.happened("campaign/")
        held: Counter[UUID] = Counter()
        for event in campaign:
            if isinstance(event, PlaceTaken):
                held[event.opportunity] += 1
            if isinstance(event, PlaceReleased):
                held[event.opportunity] -= 1
            assert all(0 <= count <= 2 for count in held.values())
        appointed = Counter(
            event.opportunity
            for events in self.happened("appointment/")
            for event in events
            if isinstance(event, PartnerAppointed)
        )
        assert all(appointed[role] <= held[role] for role in appointed)

    @invariant()
    def only_who_may_be_is_appointed(self) -> None:
        for (appointment,) in self.happened("appointment/"):
            assert isinstance(appointment, PartnerAppointed)
            events = self.memory.streams[LEAD, f"application/{appointment.application}"]
            received = events[0]
            assert isinstance(received, ApplicationReceived)
            kinds = [type(event) for event in events]
            assert not received.late or ApplicationAdmitted in kinds
            assert appointment.opportunity not in received.barred_from
            assert ApplicationWithdrawn not in kinds
            assert OfferDeclined not in kinds
            outcomes = [event for event in events if isinstance(event, OutcomeDecided)]
            assert outcomes[-1].successful
            assert outcomes[-1].opportunity == appointment.opportunity
            judged = {e.reference: e.satisfactory for e in events if isinstance(e, ReferenceJudged)}
            assert sum(judged.values()) >= self.references


Recruiting.TestCase.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    # shrinking a failure could outlast the time a test may take
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
TestRecruiting = Recruiting.TestCase


def test_the_usual_way_completes_a_campaign() -> None:
    """The machine's own moves reach what its invariants speak about."""
    for light in (False, True):
        machine = Recruiting()
        machine.advertise(light, close=True)
        machine.apply(4, late=True, staff=False)
        machine.go_all_the_way(0, TRUST_ROLE)
        machine.appoint(0)
        machine.finish(4, None)
        assert not any(isinstance(e, CampaignCompleted) for e in machine.happened("campaign/")[0])
        machine.finish(None, None)
        assert any(isinstance(e, CampaignCompleted) for e in machine.happened("campaign/")[0])
        assert len(machine.happened("appointment/")) == 1
        machine.nobody_is_untold_or_in_limbo_in_a_completed_campaign()
        machine.only_who_may_be_is_appointed()
