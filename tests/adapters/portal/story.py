"""A small story told in events, as the services write them, for the tests of what the views say."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from shared.contracts import engagement as e
from shared.contracts import payments as p
from shared.contracts import recruitment as r
from shared.contracts.notifications import ContactForgotten, MessageFailed
from shared.contracts.personal import Sealed
from shared.kernel.identifiers import LogName
from tests.adapters.portal.logs import Logs, day, moment, sealed, uid

RECRUITMENT: Final = LogName("recruitment", "RAJ")
ENGAGEMENT: Final = LogName("engagement", "RAJ")
PAYMENTS: Final = LogName("payments", "RAJ")
NOTIFICATIONS: Final = LogName("notifications", "RAJ")
CAMPAIGN: Final = uid("campaign")
COMMITTEE: Final = uid("committee")


@dataclass
class Story:
    """Events of RAJ, put on record one after another; people are known by a first name."""

    logs: Logs = field(default_factory=Logs)
    names: dict[UUID, Sealed] = field(default_factory=dict)

    def at(self, text: str) -> "Story":
        """Go to this moment."""
        self.logs.now = moment(text)
        return self

    def name(self, person: UUID) -> Sealed:
        """The person's sealed name."""
        return self.names.get(person) or sealed(person)

    # recruitment

    def campaign(self) -> "Story":
        """A campaign is published for two places and opens."""
        common: dict[str, Any] = {"campaign": CAMPAIGN, "lead": "RAJ", "role_family": "psp"}
        drafted = r.CampaignDrafted(**common, title="Draft", summary="s", what_happens_next="n")
        published = r.CampaignPublished(
            **common,
            hosts=("RAJ",),
            opportunities=(uid("opportunity"),),
            title="Patient Safety Partners",
            places=2,
            opens_at=moment("2024-01-10 09:00"),
            closes_at=moment("2024-02-06 17:00"),
            policy_version=1,
        )
        return self.recruit(drafted, published, r.CampaignOpened(campaign=CAMPAIGN))

    def recruit(self, *events: r.RecruitmentEvent) -> "Story":
        """Events of recruitment."""
        for event in events:
            stream = f"application/{getattr(event, 'application', CAMPAIGN)}"
            self.logs.put(RECRUITMENT, stream, event)
        return self

    def applies(self, who: str, *, late: bool = False) -> "Story":
        """An expression of interest comes in."""
        return self.recruit(
            r.ApplicationReceived(
                **about(who),
                lead="RAJ",
                opportunities=(uid("opportunity"),),
                channel="post" if late else "online",
                received_at=self.logs.now,
                late=late,
                name=self.name(uid("person", who)),
                contact_channel="email",
                answers=sealed(uid("person", who)),
            )
        )

    def outcome(self, who: str, *, successful: bool, decision: int = 1) -> "Story":
        """The panel's outcome is decided."""
        return self.recruit(
            r.OutcomeDecided(
                **about(who), decision=decision, successful=successful, next_steps="You hear more."
            )
        )

    def told(self, who: str, decision: int = 1) -> "Story":
        """The applicant is told."""
        return self.recruit(r.ApplicantTold(**about(who), decision=decision, how="message"))

    def clears(self, who: str) -> "Story":
        """References and checks begin: two references, one check."""
        return self.recruit(
            r.ClearanceOpened(
                **about(who),
                opportunity=uid("opportunity"),
                lead="RAJ",
                host="RAJ",
                payer="RAJ",
                role_family="psp",
                carries_payment=True,
                references_needed=2,
                checks_needed=("identity",),
                dbs_level="none",
                acceptance_needed=True,
                policy_version=1,
            )
        )

    def reference(self, who: str, number: int, still_to_ask: int = 0) -> "Story":
        """A referee is asked, answers and satisfies."""
        same: dict[str, Any] = {
            "reference": uid("reference", who, number),
            "application": uid("application", who),
            "person": uid("person", who),
        }
        referee = uid("referee", who, number)
        return self.recruit(
            r.ReferenceRequested(
                **same,
                referee=referee,
                referee_name=sealed(referee),
                applicant_name=sealed(referee),
                still_to_ask=still_to_ask,
            ),
            r.ReferenceReceived(**same, received_at=self.logs.now, content=sealed(referee)),
            r.ReferenceJudged(**same, satisfactory=True, reason=sealed(referee)),
        )

    def appointed(self, who: str, starts: str, ends: str) -> "Story":
        """The offer is accepted and the partner appointed to RAJ."""
        return self.recruit(
            r.ClearanceCompleted(**about(who), host="RAJ", appointment=uid("appointment", who)),
            r.PartnerAppointed(
                **about(who),
                appointment=uid("appointment", who),
                opportunity=uid("opportunity"),
                lead="RAJ",
                host="RAJ",
                payer="RAJ",
                role_family="psp",
                carries_payment=True,
                term_starts_on=day(starts),
                term_ends_on=day(ends),
                lead_contact=uid("lead"),
                name=self.name(uid("person", who)),
                contact_channel="email",
            ),
        )

    # engagement

    def engage(self, *events: e.EngagementEvent) -> "Story":
        """Events of engagement."""
        for event in events:
            self.logs.put(ENGAGEMENT, f"partner/{getattr(event, 'partner', COMMITTEE)}", event)
        return self

    def welcomed(self, who: str) -> "Story":
        """The appointed person is a partner now, with four things to do first."""
        return self.engage(
            e.PartnerWelcomed(
                **partner(who),
                appointment=uid("appointment", who),
                payer="RAJ",
                role_family="psp",
                carries_payment=True,
                contact_channel="email",
                name=self.name(uid("person", who)),
            ),
            e.OnboardingPlanned(
                **partner(who),
                policy_version=1,
                items=("income-advice", "induction", "training/safety", "training/safeguarding"),
            ),
        )

    def trained(self, who: str, course: str, on: str, expires: str | None = None) -> "Story":
        """A course is completed."""
        return self.engage(
            e.TrainingCompleted(
                **partner(who),
                course=course,
                provider="NHS",
                mode="online",
                completed_on=day(on),
                expires_on=day(expires) if expires else None,
                policy_version=1,
            )
        )

    def active(self, who: str, on: str) -> "Story":
        """Everything is done and the term has begun."""
        return (
            self.trained(who, "safety", on)
            .trained(who, "safeguarding", on)
            .engage(
                e.IncomeAdviceGiven(
                    **partner(who), given_on=day(on), means="letter", statement="s"
                ),
                e.OnboardingItemDone(**partner(who), item="induction", done_on=day(on)),
                e.TermStarted(
                    **partner(who),
                    term=uid("term", who),
                    appointment=uid("appointment", who),
                    starts_on=day(on),
                    ends_on=day(on) + timedelta(days=548),
                ),
                e.PartnerActivated(**partner(who), active_on=day(on), policy_version=1),
            )
        )

    def committee(self, minimum: int = 2) -> "Story":
        """A safety committee that must have two partners trained in governance by June."""
        return self.engage(
            e.CommitteeConstituted(
                committee=COMMITTEE,
                name="Safety Committee",
                kind="committee",
                safety_related=True,
                reason_for_involvement="To be heard.",
                role_category=4,
                places=3,
                minimum_partners=minimum,
                required_training=(
                    e.RequiredTraining(course="governance", required_by=day("2024-06-01")),
                ),
                constituted_on=day("2024-03-01"),
            )
        )

    def seated(self, who: str, on: str) -> "Story":
        """A seat is offered and taken."""
        return self.engage(
            e.SeatOffered(**seat(who), offered_on=day(on)),
            e.SeatTaken(**seat(who), taken_on=day(on)),
        )

    def vacated(self, who: str, on: str) -> "Story":
        """The seat is given up."""
        return self.engage(e.SeatVacated(**seat(who), vacated_on=day(on), cause="moved"))

    def meeting(self, number: int, starts: str, *who: str) -> "Story":
        """A meeting of three hours is scheduled and partners invited."""
        begins = moment(starts)
        same: dict[str, Any] = {
            "meeting": uid("meeting", number),
            "committee": COMMITTEE,
            "title": f"Meeting {number}",
            "on": begins.date(),
            "starts_at": begins,
            "ends_at": begins + timedelta(hours=3),
            "format": "remote",
            "carries_payment": True,
        }
        self.engage(e.MeetingScheduled(**same, role_category=4, activity_kind="meeting"))
        return self.engage(*(e.PartnerInvited(**same, **partner(one), payer="RAJ") for one in who))

    def held(self, number: int, begins: datetime) -> "Story":
        """The meeting took place."""
        return self.engage(
            e.MeetingHeld(
                meeting=uid("meeting", number),
                committee=COMMITTEE,
                on=begins.date(),
                started_at=begins,
                ended_at=begins + timedelta(hours=3),
            )
        )

    # payments

    def pay(self, *events: p.PaymentsEvent) -> "Story":
        """Events of payments."""
        for event in events:
            self.logs.put(PAYMENTS, f"payment/{getattr(event, 'payment', uid('run'))}", event)
        return self

    def due(self, who: str, number: int, on: str, pence: int = 7_500) -> "Story":
        """A payment is due for a meeting."""
        return self.pay(
            p.PaymentDue(
                **payment(who, number),
                partner=uid("partner", who),
                payee=uid("payee", who),
                earned_at="RAJ",
                session=f"meeting/{uid('meeting', number)}",
                meeting=uid("meeting", number),
                on=day(on),
                amount_pence=pence,
                explanation=explanation("half-day", pence),
            )
        )

    def corrected(self, who: str, number: int, *, by: int, to: int, unapproved: int) -> "Story":
        """The attendance was corrected: the payment changes by so much to so much."""
        return self.pay(
            p.PaymentCorrected(
                **payment(who, number),
                difference_pence=by,
                declined_difference_pence=0,
                amount_pence=to,
                unapproved_pence=unapproved,
                explanation=explanation("full-day", to),
            )
        )

    def approved(self, who: str, number: int, pence: int = 7_500) -> "Story":
        """A second person approves."""
        return self.pay(
            p.PaymentApproved(
                **payment(who, number),
                amount_pence=pence,
                approved_pence=pence,
                approved_by="finance-approver/x",
                policy_version=1,
            )
        )

    def run(self, pence: int, *paid: tuple[str, int, int]) -> "Story":
        """A run is frozen with these payments (who, number, pence), approved and sent."""
        lines = tuple(
            p.RunLine(
                payee=uid("payee", who),
                person=uid("person", who),
                details_number=1,
                amount_pence=amount,
                items=(p.RunItem(payment=uid("payment", who, number), amount_pence=amount),),
            )
            for who, number, amount in paid
        )
        frozen = p.PaymentRunFrozen(
            run=uid("run"),
            pay_on=day("2024-04-30"),
            originator=p.Originator(
                name="RAJ", sort_code="000000", account_number="00000000", reference="r"
            ),
            policy_version=1,
            lines=lines,
            left_out=(),
            line_count=len(lines),
            total_pence=pence,
            prepared_by="finance-preparer/x",
        )
        puts = (
            p.PaymentPutInRun(**payment(who, number), run=uid("run"), amount_pence=amount)
            for who, number, amount in paid
        )
        return self.pay(
            frozen,
            *puts,
            p.PaymentRunApproved(
                run=uid("run"), line_count=len(lines), total_pence=pence, approved_by="x"
            ),
            p.PaymentFileProduced(
                run=uid("run"),
                format="csv",
                file_name="run.csv",
                line_count=len(lines),
                total_pence=pence,
                octets=100,
                sha256="a" * 64,
                produced_by="x",
            ),
            p.PaymentRunSent(run=uid("run"), sent_by="x", sent_at=self.logs.now),
        )

    def settled(self, who: str, number: int, pence: int) -> "Story":
        """The bank paid a line."""
        return self.pay(
            p.PaymentSettled(
                **payment(who, number),
                run=uid("run"),
                amount_pence=pence,
                settled_on=day("2024-05-02"),
            ),
            p.RunLineSettled(**line(who), amount_pence=pence, settled_on=day("2024-05-02")),
        )

    def returned(self, who: str, number: int, pence: int) -> "Story":
        """The bank sent a line back before it was paid."""
        return self.pay(
            p.PaymentReturned(
                **payment(who, number), run=uid("run"), amount_pence=pence, reason="closed"
            ),
            p.RunLineReturned(**line(who), amount_pence=pence, was_settled=False, reason="closed"),
        )

    def not_told(self, who: str, reason: str = "refused") -> "Story":
        """A message failed for good."""
        failed = MessageFailed(
            message=uid("message", who),
            kind="outcome",
            person=uid("person", who),
            about="x/1",
            attempt=3,
            reason=reason,
            code=550,
        )
        self.logs.put(NOTIFICATIONS, f"message/{uid('message', who)}", failed)
        return self

    def forgotten(self, who: str) -> "Story":
        """Somebody asked to be erased, and how to reach them is forgotten."""
        person = uid("person", who)
        event = ContactForgotten(person=person, request="recruitment.RAJ/9")
        self.logs.put(NOTIFICATIONS, f"contact/{person}", event)
        return self


def about(who: str) -> dict[str, Any]:
    """What events about an application have in common."""
    return {
        "application": uid("application", who),
        "campaign": CAMPAIGN,
        "person": uid("person", who),
    }


def partner(who: str) -> dict[str, Any]:
    """What events about a partner have in common."""
    return {"partner": uid("partner", who), "person": uid("person", who)}


def seat(who: str) -> dict[str, Any]:
    """What events about a seat have in common."""
    return {"committee": COMMITTEE, "seat": uid("seat", who), **partner(who)}


def payment(who: str, number: int) -> dict[str, Any]:
    """What events about a payment have in common."""
    return {"payment": uid("payment", who, number), "person": uid("person", who)}


def line(who: str) -> dict[str, Any]:
    """What events about a line of a run have in common."""
    return {"run": uid("run"), "payee": uid("payee", who), "person": uid("person", who)}


def explanation(rule: str, pence: int) -> p.Explanation:
    """Why a session is worth what it is worth."""
    return p.Explanation(
        rule=rule,
        sentence="Up to four hours is a half day.",
        policy_version=1,
        minutes=180,
        role_category=4,
        activity="meeting",
        session_pence=pence,
        cause="engagement.RAJ/9",
        recorded_by="coordinator/x",
    )
