"""Recruitment as it runs: from an advert to an appointment over HTTP, on a real log, with time."""

from asyncio import gather
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.routing import APIRoute

from services.recruitment.api import applications, campaigns, clearance, persons, selection
from shared.contracts.openings import PersonalDataOpened, SubjectErased
from shared.contracts.personal import Sealed
from shared.contracts.recruitment import (
    ApplicantTold,
    ApplicationReceived,
    CampaignClosed,
    CampaignCompleted,
    CampaignPublished,
    OutcomeDecided,
    PartnerAppointed,
    ReferenceReminded,
)
from shared.infra.database import Pool
from shared.infra.key_access import SHOWING
from tests.adapters.board import (
    CAMPAIGN,
    DESCRIPTION,
    HOST,
    PUBLICATION,
    Board,
    expression,
    running,
)
from tests.adapters.conftest import Database

LIGHT = {
    "panel": False,
    "interview": False,
    "references": 0,
    "checks": [],
    "acceptance": False,
}
OPEN = datetime(2024, 1, 15, 12, tzinfo=UTC)
DUE = datetime(2024, 2, 6, 17, tzinfo=UTC)
TERM = {
    "term_starts_on": "2024-04-01",
    "lead_contact": str(UUID(int=7)),
    "next_steps": "Your induction comes first.",
}


@pytest.fixture
async def board(database: Database, pool: Pool, tmp_path: Path) -> AsyncIterator[Board]:
    async with running(database, pool, tmp_path) as service:
        yield service


@pytest.fixture
async def light(database: Database, pool: Pool, tmp_path: Path) -> AsyncIterator[Board]:
    async with running(database, pool, tmp_path, **LIGHT) as service:
        yield service


def _clock(moment: datetime) -> dict[str, object]:
    return {"on": moment.date().isoformat(), "at": f"{moment:%H:%M}"}


async def _apply(board: Board, campaign: str, form: dict[str, object], who: str = "grace") -> str:
    return await board.done(f"{campaign}/applications", form, "applicant", who)


async def _by_post(board: Board, campaign: str, form: dict[str, object], at: datetime) -> str:
    letter = form | {"channel": "post", "received": _clock(at)}
    return await board.done(f"{campaign}/applications/received", letter)


async def _panel(board: Board, campaign: str) -> list[str]:
    names = ["dilys", "ewan", "farida"]
    members = [await board.identity(name) for name in names]
    await board.done(f"{campaign}/panel", {"members": members})
    return names


async def test_from_an_advert_to_an_appointment(board: Board) -> None:
    campaign, opportunity = await board.campaign()
    await board.at(OPEN)
    grace = await _apply(board, campaign, expression(opportunity))
    assert await _apply(board, campaign, expression(opportunity)) == grace
    norah = await _by_post(
        board,
        campaign,
        expression(opportunity, "Norah Example", email=None, address="14 Example Green")
        | {"contact_channel": "post"},
        OPEN - timedelta(hours=1),
    )
    await board.at(DUE + timedelta(minutes=1))
    victor = await _apply(board, campaign, expression(opportunity, "Victor Example"), "victor")
    received = await board.of("ApplicationReceived")
    assert [each.late for each in received if isinstance(each, ApplicationReceived)] == [
        False,
        False,
        True,
    ]
    await _select(board, campaign, grace, norah)
    chosen = {
        "successful": True,
        "opportunity": opportunity.rpartition("/")[2],
        "next_steps": "We ask for references.",
    }
    await board.done(f"{grace}/outcome", chosen)
    await board.done(f"{norah}/outcome", {"successful": False})
    assert await board.refused(f"{campaign}/completion") == "applicants-untold"
    await board.done(f"{victor}/outcome", {"successful": False})
    assert await board.refused(f"{grace}/clearance") == "not-told-yet"
    await board.send_outcomes()
    assert len(await board.of("ApplicantTold")) == 3
    assert await board.refused(f"{campaign}/completion") == "places-unsettled"
    await _clear(board, grace)
    await board.done(f"{grace}/offer", TERM)
    assert await board.of("PartnerAppointed", organisation=HOST) == []
    await board.done(f"{grace}/acceptance", role="applicant", who="grace")
    [appointed] = await board.of("PartnerAppointed", organisation=HOST)
    assert isinstance(appointed, PartnerAppointed)
    assert appointed.term_ends_on.isoformat() == "2025-09-30"
    assert isinstance(appointed.name, Sealed)
    assert appointed.name.case == f"appointment/{appointed.appointment}"
    await board.done(f"{campaign}/completion")
    [completed] = await board.of("CampaignCompleted")
    assert isinstance(completed, CampaignCompleted)
    assert completed.applications == 3


async def test_an_application_is_read_by_its_panel_and_by_whom_it_is_returned_to(
    board: Board,
) -> None:
    campaign, opportunity = await board.campaign()
    await board.at(OPEN)
    grace = await _apply(board, campaign, expression(opportunity, support_needs="A hearing loop."))
    assert await board.status(grace, "panel-member", "dilys") == 404
    await _panel(board, campaign)
    whole = await board.get(grace, "coordinator")
    assert (whole["name"], whole["support_needs"]) == ("Grace Example", "A hearing loop.")
    assert whole["answers"][0]["answer"] == "Safety."
    seen = await board.get(grace, "panel-member", "dilys")
    assert (seen["name"], seen["answers"]) == (whole["name"], whole["answers"])
    assert seen["email"] is seen["support_needs"] is None
    openings = await board.of("PersonalDataOpened")
    assert {each.purpose for each in openings if isinstance(each, PersonalDataOpened)} == {SHOWING}
    await board.done(f"{grace}/interests", {"interest": "A friend."}, "panel-member", "ewan")
    assert await board.status(grace, "panel-member", "ewan") == 404
    assert await board.status(grace, "applicant", "grace") == 403


async def test_an_opportunity_may_name_who_sees_its_applications(board: Board) -> None:
    campaign = await board.done("campaigns", CAMPAIGN)
    form = {
        "host": HOST,
        "carries_payment": True,
        "description": DESCRIPTION,
        "applications_seen_by": [await board.identity("sam")],
    }
    opportunity = await board.done(f"{campaign}/opportunities", form)
    await board.done(f"{campaign}/publication", PUBLICATION)
    await board.at(OPEN)
    grace = await _apply(board, campaign, expression(opportunity))
    assert await board.status(grace, "coordinator", "ada") == 404
    assert (await board.get(grace, "coordinator", "sam"))["name"] == "Grace Example"


async def _select(board: Board, campaign: str, grace: str, norah: str) -> None:
    """Grace is shortlisted and recommended, Norah is not; one member has an interest in Grace."""
    names = await _panel(board, campaign)
    interest = {"interest": "We are neighbours."}
    await board.done(f"{grace}/interests", interest, "panel-member", "ewan")
    sheet = {"scores": {"safety": 4}}
    assert await board.refused(f"{grace}/scores", sheet, "panel-member", "ewan") == (
        "member-has-interest"
    )
    await board.done(f"{grace}/scores", sheet, "panel-member", "dilys")
    hidden = await board.get(f"{grace}/scores", "panel-member", "farida")
    assert hidden == {"scores": {}, "outstanding": 1}
    shortlisting = {"shortlisted": True, "reasons": "Strong on safety."}
    assert await board.refused(f"{grace}/shortlisting", shortlisting) == "scores-outstanding"
    await board.done(f"{grace}/scores", sheet, "panel-member", "farida")
    seen = await board.get(f"{grace}/scores", "panel-member", "farida")
    assert sorted(seen["scores"].values(), key=str) == [{"safety": 4}, {"safety": 4}]
    for name in names:
        await board.done(f"{norah}/scores", {"scores": {"safety": 1}}, "panel-member", name)
    await board.done(f"{grace}/shortlisting", shortlisting)
    await board.done(f"{norah}/shortlisting", {"shortlisted": False, "reasons": "Few examples."})
    await board.done(f"{grace}/interview-offer")
    interview = {
        "format": "remote",
        "starts": {"on": "2024-02-19", "at": "10:00"},
        "place": "Online",
    }
    await board.done(f"{grace}/interview", interview)
    record = {"recommended": True, "reasons": "Convincing."}
    assert await board.refused(f"{grace}/interview-record", record) == "interview-not-yet"
    await board.at(datetime(2024, 2, 21, 9, tzinfo=UTC))
    await board.done(f"{grace}/interview-record", record)


async def _clear(board: Board, application: str) -> None:
    await board.done(f"{application}/clearance")
    references = [
        await board.done(f"{application}/references", {"name": name, "email": "r@example.org"})
        for name in ("Alice Example", "Robert Example")
    ]
    await board.at(datetime(2024, 2, 28, 9, tzinfo=UTC))
    reminded = await board.of("ReferenceReminded")
    assert [each.reminder for each in reminded if isinstance(each, ReferenceReminded)] == [1, 1]
    for reference in references:
        letter = {"received": {"on": "2024-02-27", "at": "10:00"}, "content": "I recommend them."}
        await board.done(f"{reference}/receipt", letter)
        await board.done(f"{reference}/judgement", {"satisfactory": True, "reason": "Clear."})
    await board.at(datetime(2024, 3, 20, 9, tzinfo=UTC))
    assert len(await board.of("ReferenceReminded")) == 2
    state = await board.get(f"{application}/clearance", "coordinator")
    assert state["outstanding"] == [
        "the disclosure check",
        "the identity check",
        "the check that the person is not staff of the host",
    ]
    seen = {"outcome": "clear", "decided_on": "2024-03-12", "seen_by": str(UUID(int=7))}
    none = {"level": "none", "fee_basis": "no-check", "decided_on": "2024-03-12"}
    for check in (
        {"check": "dbs", "outcome": "not-needed", "reason": "Committees only.", **none},
        {"check": "identity", "reason": "Passport.", **seen},
        {"check": "own-staff-conflict", "reason": "No.", **seen},
    ):
        await board.done(f"{application}/checks", check)


async def test_a_light_policy_needs_few_steps(light: Board) -> None:
    campaign, opportunity = await light.campaign()
    await light.at(OPEN)
    grace = await _apply(light, campaign, expression(opportunity))
    chosen = {
        "successful": True,
        "opportunity": opportunity.rpartition("/")[2],
        "next_steps": "We offer you the role.",
    }
    await light.done(f"{grace}/outcome", chosen)
    await light.send_outcomes()
    await light.done(f"{grace}/clearance")
    await light.done(f"{grace}/offer", TERM)
    assert len(await light.of("PartnerAppointed", organisation=HOST)) == 1
    assert len(await light.of("ClearanceCompleted")) == 1


async def test_nothing_about_a_person_stands_in_clear(light: Board) -> None:
    campaign, opportunity = await light.campaign()
    await light.at(OPEN)
    needs = expression(opportunity, support_needs="Large print")
    grace = await _apply(light, campaign, needs)
    await light.done(f"{grace}/withdrawal", {"reason": "My health"}, "applicant", "grace")
    for recorded in await light.events():
        for secret in ("Grace", "grace.", "Large print", "Safety.", "Sam Example", "My health"):
            assert secret not in recorded.body, recorded.type
    [received] = await light.of("ApplicationReceived")
    assert isinstance(received, ApplicationReceived)
    assert isinstance(received.answers, Sealed)
    opened = await light.kit.opener.open(
        {"answers": received.answers},
        "showing to a person",
        organisation="QH8",
        actor="coordinator/x",
    )
    assert opened["answers"] == [
        {"question": "What interests you about this role?", "answer": "Safety."}
    ]


async def test_an_incomplete_campaign_says_what_is_missing(board: Board) -> None:
    campaign = await board.done("campaigns", CAMPAIGN)
    form = {
        "host": HOST,
        "carries_payment": True,
        "description": DESCRIPTION | {"priorities": "", "places": 1},
    }
    opportunity = await board.done(f"{campaign}/opportunities", form)
    reply = await board.post(f"{campaign}/publication", PUBLICATION)
    assert reply.status_code == 409
    for part in (
        "Missing: for Quality and Safety Committee",
        "the priorities of the group",
        "the reason for fewer than 2 places",
    ):
        assert part in reply.json()["detail"]
    await board.done(opportunity, form | {"description": DESCRIPTION})
    level = {
        "level": "none",
        "patient_contact": "as-a-visitor",
        "fee_basis": "no-check",
        "reason": "Committees only.",
    }
    await board.done(f"{opportunity}/dbs-level", level)
    await board.done(f"{campaign}/publication", PUBLICATION)


async def test_a_campaign_opens_and_closes_at_its_london_moments(board: Board) -> None:
    summer = {
        "opens": {"on": "2024-03-29", "at": "09:00"},
        "closes": {"on": "2024-04-05", "at": "17:00"},
    }
    await board.campaign(**summer)
    [published] = await board.of("CampaignPublished")
    assert isinstance(published, CampaignPublished)
    assert published.opens_at == datetime(2024, 3, 29, 9, tzinfo=UTC)
    assert published.closes_at == datetime(2024, 4, 5, 16, tzinfo=UTC)
    await board.at(datetime(2024, 4, 5, 15, 59, tzinfo=UTC))
    assert len(await board.of("CampaignOpened")) == 1
    assert await board.of("CampaignClosed") == []
    await board.at(datetime(2024, 4, 5, 18, tzinfo=UTC))
    [closed] = await board.of("CampaignClosed")
    assert isinstance(closed, CampaignClosed)
    assert (closed.closed_at, closed.by) == (published.closes_at, "closing-time")


async def test_news_of_a_first_outcome_does_not_tell_the_second(light: Board) -> None:
    campaign, opportunity = await light.campaign()
    await light.at(OPEN)
    grace = await _apply(light, campaign, expression(opportunity))
    await light.done(f"{grace}/outcome", {"successful": False})
    chosen = {
        "successful": True,
        "opportunity": opportunity.rpartition("/")[2],
        "next_steps": "We offer you the role.",
    }
    await light.done(f"{grace}/outcome", chosen)
    first, second = [
        each for each in await light.events() if isinstance(each.event(), OutcomeDecided)
    ]
    await light.hear_sent(first)
    assert await light.of("ApplicantTold") == []
    await light.hear_sent(second)
    [told] = await light.of("ApplicantTold")
    assert isinstance(told, ApplicantTold)
    assert told.decision == 2


async def test_one_person_applying_twice_at_once_has_one_application(light: Board) -> None:
    campaign, opportunity = await light.campaign()
    await light.at(OPEN)
    form = expression(opportunity)
    locations = await gather(*(_apply(light, campaign, form) for _ in range(6)))
    assert len(set(locations)) == 1
    assert len(await light.of("ApplicationReceived")) == 1


async def test_the_last_place_is_given_once(light: Board) -> None:
    campaign, opportunity = await light.campaign()
    await light.at(OPEN)
    names = [f"Person{number} Example" for number in range(4)]
    found = [await _apply(light, campaign, expression(opportunity, name), name) for name in names]
    chosen = {
        "successful": True,
        "opportunity": opportunity.rpartition("/")[2],
        "next_steps": "We offer you the role.",
    }
    replies = await gather(*(light.post(f"{each}/outcome", chosen) for each in found))
    assert sorted(reply.status_code for reply in replies) == [201, 201, 409, 409]
    assert len(await light.of("PlaceTaken")) == 2


async def test_nobody_is_untold_when_telling_and_completing_race(light: Board) -> None:
    campaign, opportunity = await light.campaign()
    await light.at(DUE + timedelta(hours=1))
    late = [
        await _apply(light, campaign, expression(opportunity, f"P{n} Example"), f"p{n}")
        for n in range(3)
    ]
    for application in late:
        await light.done(f"{application}/outcome", {"successful": False})
    newcomer = expression(opportunity, "New Example")
    replies = await gather(
        *(light.post(f"{each}/told", {"how": "telephone"}) for each in late),
        light.post(f"{campaign}/completion"),
        light.post(f"{campaign}/applications", newcomer, "applicant", "new"),
        light.post(f"{campaign}/completion"),
    )
    assert all(reply.status_code in (200, 201, 409) for reply in replies)
    kinds = [each.type for each in await light.events()]
    if "CampaignCompleted" in kinds:
        assert kinds.count("ApplicantTold") == kinds.count("ApplicationReceived")


async def test_who_works_for_the_host_hears_it_online(light: Board) -> None:
    campaign, opportunity = await light.campaign()
    await light.at(OPEN)
    form = expression(opportunity, staff_of=[HOST])
    refused = await light.refused(f"{campaign}/applications", form, "applicant")
    assert refused == "own-staff-not-eligible"
    await _by_post(light, campaign, form, OPEN)
    assert len(await light.of("ApplicationReceived")) == 1


async def test_another_applicants_application_does_not_exist(light: Board) -> None:
    campaign, opportunity = await light.campaign()
    await light.at(OPEN)
    grace = await _apply(light, campaign, expression(opportunity))
    reply = await light.post(f"{grace}/withdrawal", {}, "applicant", "victor")
    assert reply.status_code == 404
    await light.done(f"{grace}/withdrawal", {}, "applicant", "grace")


async def test_the_standard_statements_come_from_policy(light: Board) -> None:
    described = (await light.get("role-description", "coordinator"))["description"]
    assert len(described["key_requirements"]) == 9
    assert described["group_name"] == ""
    terms = {"questions": ["Why?"]}
    form = {
        "kind": "role-description",
        "version": 1,
        "effective_from": "2024-01-01",
        "terms": terms,
    }
    await light.done("policies", form, role="operator")
    described = (await light.get("role-description", "coordinator"))["description"]
    assert described["questions"] == ["Why?"]


async def test_erasure_covers_linked_identifiers_and_forgets_the_person(light: Board) -> None:
    campaign, opportunity = await light.campaign()
    await light.at(OPEN)
    await _apply(light, campaign, expression(opportunity))
    await _apply(light, campaign, expression(opportunity, "Gracie Example"), "gracie")
    received = [
        each
        for each in await light.of("ApplicationReceived")
        if isinstance(each, ApplicationReceived)
    ]
    first, second = (str(each.person) for each in received)
    await light.done(f"persons/{first}/links", {"other": second})
    await light.done(f"persons/{second}/erasure", {"reason": "asked-by-the-person"})
    erased = [each for each in await light.of("SubjectErased") if isinstance(each, SubjectErased)]
    assert {str(each.person) for each in erased} == {first, second}
    assert all(each.destroyed for each in erased)
    values = {str(n): each.name for n, each in enumerate(received) if isinstance(each.name, Sealed)}
    opened = await light.kit.opener.open(values, SHOWING, organisation="QH8", actor="coordinator/x")
    assert [getattr(value, "reason", value) for value in opened.values()] == ["erased", "erased"]
    assert await light.of("PersonalDataOpened") == []
    assert PersonalDataOpened.__name__ not in {each.type for each in await light.events(HOST)}


def routes() -> list[str]:
    """Every command of recruitment, with identifiers of nothing."""
    parts = (campaigns, applications, selection, clearance, persons)
    nothing = str(UUID(int=404))
    return sorted(
        route.path.removeprefix("/organisations/{organisation}/").format(
            campaign=nothing,
            opportunity=nothing,
            application=nothing,
            reference=nothing,
            person=nothing,
        )
        for part in parts
        for route in part.routes.routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    )


def role_of(path: str) -> str:
    if path.endswith(("/scores", "/interests")):
        return "panel-member"
    return "applicant" if path.endswith("/applications") else "coordinator"


BAD_BODIES: tuple[object, ...] = (
    {"surprise": 1},
    {"opens": {"on": 20240106, "at": "25:00"}, "reason": ["no"], "scores": {"safety": -1}},
    {"opens": {"on": "9999-12-31", "at": "09:00"}, "received": {"on": "0001-01-01", "at": "00:00"}},
    {"title": "x" * 501, "members": [], "opportunities": [str(UUID(int=1))] * 2},
    [],
    "text",
    7,
)


async def test_bad_input_is_answered_with_what_is_wrong_and_writes_nothing(light: Board) -> None:
    before = len(await light.events())
    for path in routes():
        for body in BAD_BODIES:
            reply = await light.client.post(
                f"/organisations/QH8/{path}", json=body, headers=light.headers(role_of(path))
            )
            assert reply.status_code == 422, (path, body, reply.text)
            assert reply.json()["detail"].endswith("."), reply.text
    assert len(await light.events()) == before


APPLICATION_FORM = expression(f"opportunities/{UUID(int=404)}")
GOOD_BODIES: dict[str, object] = {
    "contact": CAMPAIGN["contact"],
    "opportunities": {"host": HOST, "carries_payment": True, "description": DESCRIPTION},
    "publication": PUBLICATION,
    "promotions": {"where": "Radio", "on": "2024-01-10"},
    "closing": {},
    "completion": {},
    "cancellation": {"reason": "Given up."},
    "applications": APPLICATION_FORM,
    "received": APPLICATION_FORM
    | {"channel": "post", "received": {"on": "2024-01-10", "at": "09:00"}},
    "admission": {"reason": "The post was late."},
    "withdrawal": {},
    "outcome": {"successful": False},
    "told": {"how": "telephone"},
    "panel": {"members": [str(UUID(int=1)), str(UUID(int=2))]},
    "replacements": {"left": str(UUID(int=1)), "joined": str(UUID(int=2))},
    "interests": {"interest": "A neighbour."},
    "scores": {"scores": {"safety": 1}},
    "shortlisting": {"shortlisted": True, "reasons": "Good."},
    "interview-offer": {},
    "interview-record": {"recommended": True, "reasons": "Good."},
    "clearance": {},
    "references": {"name": "Alice Example", "email": "a@example.org"},
    "judgement": {"satisfactory": True, "reason": "Good."},
    "offer": TERM,
    "acceptance": {},
    "declining": {},
}


async def test_what_is_not_there_and_who_may_not(light: Board) -> None:
    paths = [path for path in routes() if path.rpartition("/")[2] in GOOD_BODIES]
    assert len(paths) == len(GOOD_BODIES)
    before = len(await light.events())
    for path in paths:
        body = GOOD_BODIES[path.rpartition("/")[2]]
        reply = await light.post(path, body, role_of(path))
        assert reply.status_code == 404, (path, reply.text)
        assert (await light.post(path, body, role="finance-approver")).status_code == 403
        stranger = light.headers(role_of(path), organisation="RAJ")
        url = f"/organisations/QH8/{path}"
        assert (await light.client.post(url, json=body, headers=stranger)).status_code == 404
    assert len(await light.events()) == before


async def test_a_host_that_is_not_served_and_a_payer_nobody_knows_are_refused(light: Board) -> None:
    campaign = await light.done("campaigns", CAMPAIGN)
    form = {"host": "RNA", "carries_payment": True, "description": DESCRIPTION}
    for body in (form, form | {"host": HOST, "payer": "RNA"}):
        reply = await light.post(f"{campaign}/opportunities", body)
        assert reply.status_code == 422
        assert "is not right" in reply.json()["detail"]
