"""What the portal's views say of a small story told in events, today and on other days."""

from dataclasses import fields
from typing import Any
from uuid import UUID

import pytest

from services.payments.domain.books import Books, posting, reconcile
from services.portal.views import VIEWS
from shared.contracts import engagement as e
from shared.contracts import payments as p
from shared.contracts import recruitment as r
from shared.contracts.envelope import read
from shared.infra.database import Pool
from shared.infra.views import Views
from tests.adapters.portal.logs import day, fold_live, invented, moment, uid
from tests.adapters.portal.story import (
    CAMPAIGN,
    COMMITTEE,
    PAYMENTS,
    Story,
    about,
    partner,
    payment,
)

BY_NAME = {view.name: view for view in VIEWS}


@pytest.fixture
def story() -> Story:
    return Story().at("2024-01-08 09:00")


class Reader:
    """Folds a story and asks the views' queries."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def ask(self, story: Story, view: str, query: str, *values: Any) -> list[dict[str, Any]]:
        views = Views(self._pool, [BY_NAME[view]], story.logs, ["RAJ"])
        await views.prepare()
        await fold_live(self._pool, views.folds()[0], sorted(story.logs.bodies.items()))
        async with views.reading(view) as reading:
            return [dict(row) for row in await reading.fetch(query, *values)]

    async def waiting(
        self, story: Story, at: str = "2024-12-31 09:00"
    ) -> set[tuple[str, str, str]]:
        """What waits: kind, the end of the item, whose turn."""
        found = await self.ask(story, "attention", "waiting", "RAJ", moment(at))
        return {(row["kind"], row["item"], row["turn"]) for row in found}


@pytest.fixture
def reader(portal: Pool) -> Reader:
    return Reader(portal)


# Pipeline


async def test_the_pipeline_counts_each_applicant_where_they_stand(
    reader: Reader, story: Story
) -> None:
    story.campaign().applies("ada").applies("bola").applies("cai").applies("dee")
    story.at("2024-02-06 17:01").applies("eve", late=True).applies("fay", late=True)
    story.recruit(r.CampaignClosed(campaign=CAMPAIGN, closed_at=story.logs.now, by="closing-time"))
    story.recruit(
        r.ApplicationWithdrawn(**about("cai")),
        r.ApplicationAdmitted(**about("eve"), reason=story.name(uid("person", "eve"))),
    )
    story.outcome("ada", successful=True).told("ada").clears("ada")
    story.reference("ada", 1)
    story.outcome("bola", successful=False).told("bola")
    story.outcome("bola", successful=True, decision=2)

    [campaign] = await reader.ask(story, "pipeline", "campaigns", "RAJ")
    applications = await reader.ask(story, "pipeline", "applications", "RAJ")

    counted = {
        name: campaign[name]
        for name in (
            "received",
            "late",
            "admitted",
            "withdrawn",
            "successful",
            "unsuccessful",
            "told",
            "untold",
            "appointed",
        )
    }
    assert (campaign["title"], campaign["stage"]) == ("Patient Safety Partners", "closed")
    assert counted == {
        "received": 6,
        "late": 2,
        "admitted": 1,
        "withdrawn": 1,
        "successful": 2,
        "unsuccessful": 0,
        "told": 1,
        "untold": 4,
        "appointed": 0,
    }
    stages = {row["application"]: row["stage"] for row in applications}
    assert stages == {
        uid("application", "ada"): "clearance",
        uid("application", "bola"): "successful",
        uid("application", "cai"): "withdrawn",
        uid("application", "dee"): "received",
        uid("application", "eve"): "admitted",
        uid("application", "fay"): "late",
    }
    ada = next(row for row in applications if row["application"] == uid("application", "ada"))
    assert (ada["references_needed"], ada["references_satisfactory"]) == (2, 1)
    assert (ada["checks_needed"], ada["checks_done"], ada["told"]) == (1, 0, True)


async def test_an_appointment_ends_the_pipeline(reader: Reader, story: Story) -> None:
    story.campaign().applies("ada").outcome("ada", successful=True).told("ada").clears("ada")
    story.appointed("ada", "2024-04-01", "2025-09-30")

    [campaign] = await reader.ask(story, "pipeline", "campaigns", "RAJ")
    [ada] = await reader.ask(story, "pipeline", "applications", "RAJ")

    assert campaign["appointed"] == 1
    assert (ada["stage"], ada["host"]) == ("appointed", "RAJ")


# Attention


async def test_attention_follows_an_application_from_hand_to_hand(
    reader: Reader, story: Story
) -> None:
    ada = str(uid("application", "ada"))
    story.campaign().applies("ada")
    assert await reader.waiting(story) == {("shortlist-applicant", ada, "coordinator")}
    story.recruit(
        r.ApplicantShortlisted(**about("ada"), shortlisted=True, reasons=story.name(uid("x")))
    )
    assert await reader.waiting(story) == {("offer-interview", ada, "coordinator")}
    interview = {"interview": uid("interview"), **about("ada")}
    story.recruit(r.InterviewOffered(**interview))
    assert await reader.waiting(story) == {("arrange-interview", ada, "coordinator")}
    at = moment("2024-02-20 10:00")
    story.recruit(r.InterviewArranged(**interview, format="remote", starts_at=at, place="here"))
    assert await reader.waiting(story, "2024-02-20 09:59") == set()
    assert await reader.waiting(story, "2024-02-20 10:00") == {
        ("hold-interview", ada, "coordinator")
    }
    story.outcome("ada", successful=True)
    assert await reader.waiting(story) == {
        ("tell-applicant", ada, "coordinator"),
        ("open-clearance", ada, "coordinator"),
    }
    story.told("ada").clears("ada").reference("ada", 1)
    assert await reader.waiting(story) == {
        ("decide-check", f"{ada}/identity", "coordinator"),
        ("make-offer", ada, "coordinator"),
    }
    story.recruit(r.ApplicationWithdrawn(**about("ada")))
    assert await reader.waiting(story) == set()


async def test_the_shortlist_waits_on_the_panel_until_its_scores_are_in(
    reader: Reader, story: Story
) -> None:
    dilys, ewan, farida, gwen = (uid("member", name) for name in "defg")
    ada: dict[str, Any] = {"campaign": CAMPAIGN, "application": uid("application", "ada")}
    panel = {("score-applicant", str(ada["application"]), "panel-member")}
    coordinator = {("shortlist-applicant", str(ada["application"]), "coordinator")}

    async def since() -> Any:
        [row] = await reader.ask(story, "attention", "waiting", "RAJ", moment("2024-12-31 09:00"))
        return row["since"]

    def scored(member: UUID) -> r.ApplicantScored:
        return r.ApplicantScored(**ada, member=member, scores={"safety": 4})

    story.campaign().at("2024-01-20 09:00").applies("ada")
    assert await reader.waiting(story) == coordinator
    story.at("2024-02-07 10:00")
    story.recruit(r.PanelConvened(campaign=CAMPAIGN, members=(dilys, ewan, farida)))
    assert await reader.waiting(story) == panel
    assert await since() == moment("2024-02-07 10:00")
    neighbours = story.name(uid("person", "ada"))
    story.recruit(r.InterestDeclared(**ada, member=ewan, interest=neighbours), scored(dilys))
    assert await reader.waiting(story) == panel
    story.at("2024-02-09 15:00").recruit(scored(farida))
    assert await reader.waiting(story) == coordinator
    assert await since() == moment("2024-02-09 15:00")
    story.recruit(r.ScoreSetAside(**ada, member=dilys))
    assert await reader.waiting(story) == panel
    story.recruit(r.PanelMemberReplaced(campaign=CAMPAIGN, left=dilys, joined=gwen))
    assert await reader.waiting(story) == panel
    story.recruit(scored(gwen))
    assert await reader.waiting(story) == coordinator


async def test_references_are_asked_for_until_there_are_enough(
    reader: Reader, story: Story
) -> None:
    ada = str(uid("application", "ada"))
    asking = ("ask-for-reference", ada, "coordinator")
    story.campaign().applies("ada").outcome("ada", successful=True).told("ada").clears("ada")
    assert asking in await reader.waiting(story)
    story.reference("ada", 1, still_to_ask=1)
    assert asking in await reader.waiting(story)
    story.reference("ada", 2, still_to_ask=0)
    assert asking not in await reader.waiting(story)


async def test_attention_says_what_a_partner_still_has_to_do(reader: Reader, story: Story) -> None:
    ada = str(uid("partner", "ada"))
    story.welcomed("ada").trained("ada", "safety", "2024-01-08")
    assert await reader.waiting(story) == {
        ("activate-partner", ada, "coordinator"),
        ("complete-onboarding", f"{ada}/income-advice", "coordinator"),
        ("complete-onboarding", f"{ada}/induction", "coordinator"),
        ("complete-onboarding", f"{ada}/training/safeguarding", "partner"),
    }
    story.active("ada", "2024-03-01")
    assert await reader.waiting(story) == set()
    expires = day("2024-06-01")
    story.engage(e.TrainingExpiring(**partner("ada"), course="safety", expires_on=expires))
    assert await reader.waiting(story) == {("renew-training", f"{ada}/safety", "partner")}
    story.engage(e.TrainingExpired(**partner("ada"), course="safety", expires_on=expires))
    assert await reader.waiting(story) == {("repeat-training", f"{ada}/safety", "partner")}
    story.trained("ada", "safety", "2024-06-02")
    assert await reader.waiting(story) == set()
    story.engage(e.PartnerStoodDown(**partner("ada"), stood_down_on=day("2024-07-01"), cause="x"))
    assert await reader.waiting(story) == set()


async def test_attention_asks_for_a_meeting_to_be_recorded_when_it_is_over(
    reader: Reader, story: Story
) -> None:
    meeting, ada = str(uid("meeting", 1)), str(uid("partner", "ada"))
    story.meeting(1, "2024-04-10 10:00", "ada")
    invited = ("answer-invitation", f"{meeting}/{ada}", "partner")
    assert await reader.waiting(story, "2024-04-10 12:59") == {invited}
    recording = ("record-meeting", meeting, "coordinator")
    assert await reader.waiting(story, "2024-04-10 13:00") == {invited, recording}
    story.held(1, moment("2024-04-10 10:00"))
    assert await reader.waiting(story) == set()


async def test_attention_follows_the_money(reader: Reader, story: Story) -> None:
    ada = str(uid("payment", "ada", 1))
    story.due("ada", 1, "2024-04-10")
    to_approve = {("approve-payment", ada, "finance-approver")}
    assert await reader.waiting(story) == to_approve
    story.approved("ada", 1)
    assert await reader.waiting(story) == set()
    story.corrected("ada", 1, by=7_500, to=15_000, unapproved=7_500)
    assert await reader.waiting(story) == to_approve
    story.approved("ada", 1, 15_000).run(15_000, ("ada", 1, 15_000)).returned("ada", 1, 15_000)
    line = f"{uid('run')}/{uid('payee', 'ada')}"
    assert await reader.waiting(story) == {("reissue-payment", line, "finance-preparer")}


async def test_what_a_correction_leaves_nothing_of_waits_for_no_approval(
    reader: Reader, story: Story
) -> None:
    to_approve = {("approve-payment", str(uid("payment", "ada", 1)), "finance-approver")}
    story.due("ada", 1, "2024-04-10", 15_000)
    story.corrected("ada", 1, by=-7_500, to=7_500, unapproved=7_500)
    assert await reader.waiting(story) == to_approve
    story.corrected("ada", 1, by=-7_500, to=0, unapproved=0)
    assert await reader.waiting(story) == set()
    story.corrected("ada", 1, by=15_000, to=15_000, unapproved=15_000)
    assert await reader.waiting(story) == to_approve
    story.pay(
        p.PaymentReduced(
            **payment("ada", 1),
            declined_pence=10_000,
            takes_pence=5_000,
            unapproved_pence=0,
            declined_by="partner/x",
        )
    )
    assert await reader.waiting(story) == set()


async def test_attention_has_the_person_who_could_not_be_told(reader: Reader, story: Story) -> None:
    story.not_told("ada")

    message = str(uid("message", "ada"))
    assert await reader.waiting(story) == {("tell-another-way", message, "coordinator")}


async def test_nobody_is_asked_to_tell_who_asked_to_be_erased(reader: Reader, story: Story) -> None:
    story.not_told("ada").not_told("bola", "forgotten").not_told("cai", "unreadable")
    message = str(uid("message", "ada"))
    assert await reader.waiting(story) == {("tell-another-way", message, "coordinator")}
    story.forgotten("ada")
    assert await reader.waiting(story) == set()


# Roster


async def test_the_roster_on_a_business_date(reader: Reader, story: Story) -> None:
    story.at("2024-03-01 09:00").appointed("ada", "2024-04-01", "2025-09-30")
    story.appointed("bola", "2024-04-01", "2025-09-30")
    story.at("2024-03-04 09:00").welcomed("ada")
    story.at("2024-04-02 09:00").active("ada", "2024-04-01")
    story.engage(e.PartnerPaused(**partner("ada"), paused_on=day("2024-05-01")))
    story.engage(e.PartnerResumed(**partner("ada"), resumed_on=day("2024-06-01")))

    async def status(on: str) -> dict[str, tuple[str, int]]:
        found = await reader.ask(story, "roster", "partners", "RAJ", day(on))
        people = {uid("person", who): who for who in ("ada", "bola")}
        return {people[row["person"]]: (row["status"], row["training_done"]) for row in found}

    assert await status("2024-02-29") == {}
    assert await status("2024-03-02") == {"ada": ("appointed", 0), "bola": ("appointed", 0)}
    assert await status("2024-03-04") == {"ada": ("onboarding", 0), "bola": ("appointed", 0)}
    assert await status("2024-04-01") == {"ada": ("active", 2), "bola": ("appointed", 0)}
    assert await status("2024-05-15") == {"ada": ("paused", 2), "bola": ("appointed", 0)}
    assert await status("2024-06-01") == {"ada": ("active", 2), "bola": ("appointed", 0)}


async def test_the_roster_says_what_is_open_and_when_the_term_ends(
    reader: Reader, story: Story
) -> None:
    story.welcomed("ada").trained("ada", "safety", "2024-01-08", expires="2024-01-31")
    waived = e.OnboardingItemWaived(
        **partner("ada"),
        item="induction",
        reason=story.name(uid("x")),
        waived_by=story.name(uid("x")),
    )
    story.engage(waived)

    [ada] = await reader.ask(story, "roster", "partners", "RAJ", day("2024-01-31"))
    assert (ada["training_done"], ada["training_required"]) == (1, 2)
    assert ada["still_open"] == ["income-advice", "training/safeguarding"]
    [ada] = await reader.ask(story, "roster", "partners", "RAJ", day("2024-02-01"))
    assert ada["training_done"] == 0

    story.active("ada", "2024-03-01")
    story.engage(
        e.TermExtended(
            **partner("ada"),
            term=uid("term", "ada"),
            previous_ends_on=day("2025-08-31"),
            ends_on=day("2026-08-31"),
            reason=story.name(uid("x")),
            policy_version=1,
        )
    )
    [ada] = await reader.ask(story, "roster", "partners", "RAJ", day("2024-03-01"))
    assert (ada["status"], ada["term_ends_on"]) == ("active", day("2026-08-31"))


async def test_a_partner_who_stood_down_and_is_appointed_again_is_onboarding(
    reader: Reader, story: Story
) -> None:
    story.welcomed("ada").active("ada", "2024-02-01")
    story.engage(e.PartnerStoodDown(**partner("ada"), stood_down_on=day("2024-06-01"), cause="x"))
    again = e.PartnerReappointed(
        **partner("ada"),
        appointment=uid("appointment", "again"),
        payer="QH8",
        role_family="psp",
        carries_payment=True,
        contact_channel="post",
    )
    story.at("2024-08-01 09:00").engage(again)

    [before] = await reader.ask(story, "roster", "partners", "RAJ", day("2024-07-01"))
    [after] = await reader.ask(story, "roster", "partners", "RAJ", day("2024-08-01"))

    assert (before["status"], before["since"]) == ("stood-down", day("2024-06-01"))
    assert (after["status"], after["since"]) == ("onboarding", day("2024-08-01"))
    assert after["payer"] == "QH8"


# Compliance


async def test_a_committee_is_compliant_from_the_day_its_partners_are_enough(
    reader: Reader, story: Story
) -> None:
    story.committee().seated("ada", "2024-03-10").seated("bola", "2024-04-05")
    story.trained("ada", "governance", "2024-05-01", expires="2024-08-31")
    story.trained("bola", "governance", "2024-06-15")
    story.vacated("bola", "2024-10-01")

    async def on(text: str) -> tuple[Any, ...]:
        [row] = await reader.ask(story, "compliance", "committees", ["RAJ"], day(text))
        wanted = ("seated", "trained", "overdue", "enough", "not_since")
        return tuple(row[name] for name in wanted)

    assert await on("2024-03-01") == (0, 0, 0, False, day("2024-03-01"))
    assert await on("2024-04-04") == (1, 0, 0, False, day("2024-03-01"))
    assert await on("2024-04-05") == (2, 0, 0, True, None)
    assert await on("2024-06-01") == (2, 1, 0, True, None)
    assert await on("2024-06-02") == (2, 1, 1, False, day("2024-06-02"))
    assert await on("2024-06-20") == (2, 2, 0, True, None)
    assert await on("2024-09-01") == (2, 1, 1, False, day("2024-09-01"))
    assert await on("2024-09-30") == (2, 1, 1, False, day("2024-09-01"))
    assert await on("2024-10-01") == (1, 0, 1, False, day("2024-09-01"))
    assert await reader.ask(story, "compliance", "committees", ["RAJ"], day("2024-02-29")) == []
    assert await reader.ask(story, "compliance", "committees", ["QH8"], day("2024-06-20")) == []


async def test_who_sits_on_a_committee_and_what_they_lack(reader: Reader, story: Story) -> None:
    story.welcomed("ada").committee().seated("ada", "2024-03-10").seated("bola", "2024-04-05")
    story.trained("bola", "governance", "2024-04-01")

    found = await reader.ask(story, "compliance", "members", "RAJ", day("2024-04-05"))

    assert [(row["partner"], row["courses_lacking"]) for row in found] == [
        (uid("partner", "ada"), ["governance"]),
        (uid("partner", "bola"), []),
    ]
    assert [row["name"] is not None for row in found] == [True, False]
    assert {row["committee"] for row in found} == {COMMITTEE}


# Calendar


async def test_the_calendar_shows_answers_and_attendance_as_last_corrected(
    reader: Reader, story: Story
) -> None:
    begins = moment("2024-04-10 10:00")
    story.meeting(1, "2024-04-10 10:00", "ada", "bola", "cai").meeting(2, "2024-05-08 10:00", "ada")
    same: dict[str, Any] = {"meeting": uid("meeting", 1)}
    story.engage(
        e.InvitationAccepted(**same, **partner("ada")), e.ApologiesSent(**same, **partner("bola"))
    )
    story.held(1, begins)
    attended: dict[str, Any] = {
        **same,
        "committee": COMMITTEE,
        "payer": "RAJ",
        "role_category": 4,
        "activity_kind": "meeting",
        "carries_payment": True,
        "on": begins.date(),
        "attended_from": begins,
        "attended_to": begins,
    }
    story.engage(
        e.MeetingAttended(**attended, **partner("ada"), minutes=180, whole=True),
        e.MeetingAttended(**attended, **partner("cai"), minutes=60, whole=False),
        e.AttendanceCorrected(
            **attended,
            **partner("cai"),
            attended=False,
            minutes=0,
            previous_minutes=60,
            reason=story.name(uid("x")),
        ),
    )

    month = ("RAJ", day("2024-04-01"), day("2024-04-30"))
    [meeting] = await reader.ask(story, "calendar", "meetings", *month)
    invitations = await reader.ask(story, "calendar", "invitations", *month)

    assert meeting["stage"] == "held"
    counted = ("invited", "accepted", "apologies", "attended", "minutes")
    assert [meeting[name] for name in counted] == [3, 1, 1, 1, 180]
    assert {row["partner"]: (row["answer"], row["minutes"]) for row in invitations} == {
        uid("partner", "ada"): ("accepted", 180),
        uid("partner", "bola"): ("apologies", None),
        uid("partner", "cai"): ("invited", None),
    }


# Money


async def test_the_money_balances_and_can_be_asked_for_another_day(
    reader: Reader, story: Story
) -> None:
    story.at("2024-04-10 18:00").due("ada", 1, "2024-04-10").due("bola", 1, "2024-04-10")
    story.due("cai", 1, "2024-04-10")
    story.pay(
        p.PaymentDeclined(**payment("cai", 1), declined_pence=7_500, declined_by="partner/x")
    ).corrected("bola", 1, by=7_500, to=15_000, unapproved=15_000)
    story.approved("ada", 1).approved("bola", 1, 15_000)
    story.at("2024-04-29 09:00").run(22_500, ("ada", 1, 7_500), ("bola", 1, 15_000))
    story.at("2024-05-02 09:00").settled("ada", 1, 7_500).returned("bola", 1, 15_000)

    async def totals(on: str) -> dict[str, int]:
        [found] = await reader.ask(story, "money", "totals", "RAJ", day(on))
        return {name: value for name, value in found.items() if value}

    assert await totals("2024-04-09") == {}
    assert await totals("2024-04-28") == {
        "due_pence": 30_000,
        "declined_pence": 7_500,
        "waiting_pence": 22_500,
    }
    assert await totals("2024-05-01") == {
        "due_pence": 30_000,
        "declined_pence": 7_500,
        "in_run_pence": 22_500,
        "run_pence": 22_500,
        "in_flight_pence": 22_500,
    }
    assert await totals("2024-05-02") == {
        "due_pence": 30_000,
        "declined_pence": 7_500,
        "in_run_pence": 22_500,
        "run_pence": 22_500,
        "settled_pence": 7_500,
        "returned_pence": 15_000,
    }
    [run] = await reader.ask(story, "money", "runs", "RAJ")
    assert (run["stage"], run["total_pence"], run["file_sha256"]) == ("finished", 22_500, "a" * 64)


async def test_the_money_view_keeps_the_books_that_the_rules_keep(portal: Pool) -> None:
    """Column by column, of random events of every kind that moves money."""
    logs = invented(seed=3, rounds=8)
    views = Views(portal, [BY_NAME["money"]], logs, ["RAJ"])
    await views.prepare()
    await fold_live(portal, views.folds()[0], [(PAYMENTS, logs.bodies[PAYMENTS])])
    async with views.reading("money") as reading:
        [found] = await reading.fetch("totals", "RAJ", day("2199-12-31"))

    events = [read(body).event() for body in logs.bodies[PAYMENTS]]
    books = reconcile(events)
    columns = [field.name for field in fields(Books) if field.name != "approved"]
    kept = {name: found[f"{name}_pence"] for name in columns}
    assert kept == {name: getattr(books, name) for name in columns}
    moved = [posting(event) for event in events]
    assert all(any(getattr(one, name) for one in moved) for name in columns)


async def test_each_payment_says_how_far_it_is_and_why(reader: Reader, story: Story) -> None:
    story.at("2024-04-10 18:00").due("ada", 1, "2024-04-10", 15_000).approved("ada", 1, 15_000)
    story.corrected("ada", 1, by=-7_500, to=7_500, unapproved=0)
    story.corrected("ada", 1, by=7_500, to=15_000, unapproved=7_500)
    story.run(7_500, ("ada", 1, 7_500)).settled("ada", 1, 7_500)

    [ada] = await reader.ask(story, "money", "payments", "RAJ", day("2024-04-10"))

    amounts = (
        "due",
        "declined",
        "reversed",
        "approved",
        "in_run",
        "waiting",
        "settled",
        "returned",
    )
    assert [ada[f"{name}_pence"] for name in amounts] == [
        22_500,
        0,
        7_500,
        7_500,
        7_500,
        7_500,
        7_500,
        0,
    ]
    assert '"full-day"' in ada["explanation"]
