"""The portal over HTTP: who may see what, names opened and recorded, waiting, as of, national."""

import asyncio

import pytest

from services.portal import reading as portal_reading
from shared.contracts.envelope import read
from shared.contracts.recruitment import PanelConvened
from shared.infra.views.building import build
from shared.kernel.moments import format_moment
from tests.adapters.portal.conftest import Client, Neighbours, fold_all
from tests.adapters.portal.logs import uid
from tests.adapters.portal.story import CAMPAIGN, COMMITTEE, ENGAGEMENT, Story

PROMPT_SECONDS = 0.3

# Who may see what

VIEWS_OF_ROLES = {
    "coordinator": {"attention", "pipeline", "roster", "compliance", "calendar", "money"},
    "auditor": {"attention", "pipeline", "roster", "compliance", "calendar", "money"},
    "panel-member": {"attention"},
    "lead-contact": {"roster", "compliance", "calendar"},
    "finance-preparer": {"attention", "money"},
    "finance-approver": {"attention", "money"},
    "national-viewer": {"compliance"},
    "operator": set(),
    "partner": set(),
}


async def test_each_role_sees_its_views_and_no_others(client: Client) -> None:
    seen: dict[str, set[str]] = {}
    for role in VIEWS_OF_ROLES:
        for view in VIEWS_OF_ROLES["coordinator"]:
            reply = await client.get(f"/organisations/RAJ/views/{view}?names=false", role)
            assert reply.status_code in (200, 403)
            seen.setdefault(role, set()).update([view] if reply.status_code == 200 else [])
    assert seen == VIEWS_OF_ROLES


async def test_another_organisations_views_do_not_exist(client: Client) -> None:
    path = "/organisations/RAJ/views/roster"
    assert (await client.get(path, "coordinator", organisation="QH8")).status_code == 404
    assert (await client.http.get(path)).status_code == 401


async def test_a_panel_member_sees_what_waits_on_the_panel(client: Client, story: Story) -> None:
    story.campaign().applies("zoe")
    story.recruit(PanelConvened(campaign=CAMPAIGN, members=(uid("dilys"), uid("ewan"))))
    await fold_all(client.kit, story.logs)
    found = await client.view("attention?names=false", "panel-member")
    assert {(row["kind"], row["turn"]) for row in found["waiting"]} == {
        ("score-applicant", "panel-member")
    }


async def test_finance_sees_what_waits_on_finance(client: Client) -> None:
    found = await client.view("attention?names=false", "finance-approver")
    everything = await client.view("attention?names=false", "coordinator")

    assert {row["turn"] for row in found["waiting"]} == {"finance-approver"}
    assert {"coordinator", "partner", "finance-approver"} <= {
        row["turn"] for row in everything["waiting"]
    }


# Names


async def test_names_are_opened_on_the_way_out_and_the_opening_is_recorded(client: Client) -> None:
    found = await client.view("roster")

    names = {row["person"]: row["name"] for row in found["partners"]}
    assert names[str(uid("person", "ada"))] == "Ada Oyelaran"
    [opening] = await client.openings()
    assert (opening.keeper, opening.purpose) == ("engagement.RAJ", "showing to a person")


async def test_a_name_that_cannot_be_opened_is_marked_and_the_rest_is_shown(
    client: Client, neighbours: Neighbours
) -> None:
    found = await client.view("roster")
    bola = next(r for r in found["partners"] if r["person"] == str(uid("person", "bola")))
    assert (bola["name"], bola["status"]) == (None, "onboarding")
    assert bola["unavailable"] == {"name": "Nobody keeps the key of this any more."}

    refused = await client.view("roster", "auditor")
    ada = next(r for r in refused["partners"] if r["person"] == str(uid("person", "ada")))
    assert ada["unavailable"] == {"name": "You may not see this."}


async def test_names_may_be_left_out_and_then_nothing_is_opened(client: Client) -> None:
    found = await client.view("roster?names=false")

    assert {row["name"] for row in found["partners"]} == {None}
    assert {str(row["unavailable"]) for row in found["partners"]} == {"{}"}
    assert await client.openings() == []


async def test_no_view_holds_a_name_in_clear(client: Client) -> None:
    schemas = await client.kit.pool.fetch(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_schema ~ '_v[0-9]+$'"
    )
    assert len(schemas) > 20
    for row in schemas:
        table = f'"{row["table_schema"]}"."{row["table_name"]}"'
        found = await client.kit.pool.fetchval(
            f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE '%Oyelaran%'"
        )
        assert found == 0, table


# Business dates and moments


async def test_a_business_date_and_a_system_moment_are_two_questions(
    client: Client, story: Story
) -> None:
    story.at("2024-04-01 08:00").vacated("bola", "2024-03-25")
    await fold_all(client.kit, story.logs)

    async def seated(query: str) -> tuple[int, bool]:
        [committee] = (await client.view(f"compliance?names=false&{query}"))["committees"]
        assert committee["committee"] == str(COMMITTEE)
        return committee["seated"], committee["enough"]

    assert await seated("") == (1, False)
    assert await seated("on=2024-03-22") == (2, True)
    assert await seated("on=2024-03-15") == (1, False)
    assert await seated("as_of=2024-03-31T12:00:00Z") == (2, True)
    assert await seated("as_of=2024-03-31T12:00:00Z&on=2024-03-26") == (2, True)
    assert await seated("as_of=2024-03-19T12:00:00Z") == (1, False)
    found = await client.view("compliance?names=false&as_of=2024-03-19T12:00:00Z")
    assert (found["on"], found["as_of"]) == ("2024-03-19", "2024-03-19T12:00:00.000000Z")


async def test_as_of_takes_the_auditors_copy_only_when_it_is_surely_whole(
    client: Client, neighbours: Neighbours, story: Story
) -> None:
    neighbours.away.add("engagement")
    path = "/organisations/RAJ/views/roster?names=false&as_of="
    log = story.logs.bodies[ENGAGEMENT]
    last = read(log[-1]).recorded_at

    nothing = await client.get(f"{path}2024-03-15T12:00:00Z", "coordinator")
    neighbours.copies.bodies[ENGAGEMENT] = log[:-1]
    before = await client.get(f"{path}2024-03-15T12:00:00Z", "coordinator")
    neighbours.copies.bodies[ENGAGEMENT] = list(log)
    after = await client.get(f"{path}{format_moment(last)}", "coordinator")

    assert (nothing.status_code, nothing.json()["type"]) == (503, "urn:partners:away")
    assert (before.status_code, len(before.json()["partners"])) == (200, 2)
    assert after.status_code == 503
    assert (await client.view("roster?names=false"))["partners"]


async def test_a_date_that_cannot_be_read_is_refused(client: Client) -> None:
    for query in (
        "roster?as_of=2024-03-31",
        "roster?as_of=2024-03-31T12:00:00",
        "roster?on=31.3.2024",
        "roster?names=perhaps",
        "roster?as_of=0001-01-01T00:00:00%2B05:00",
        "roster?as_of=9999-12-31T23:59:59-05:00",
        "roster?on=9999-12-31",
        "calendar?first=9999-12-20",
        "calendar?first=2024-05-01&last=2024-04-30",
        "calendar?first=2020-01-01&last=2024-01-01",
    ):
        reply = await client.get(f"/organisations/RAJ/views/{query}", "coordinator")
        assert reply.status_code == 422, query


# Waiting


async def test_a_reader_sees_what_they_just_wrote(client: Client, story: Story) -> None:
    story.at("2024-04-01 08:00").welcomed("cai")
    position = f"{ENGAGEMENT}/{len(story.logs.bodies[ENGAGEMENT])}"

    folding = asyncio.create_task(fold_all(client.kit, story.logs))
    reply = await client.get(
        "/organisations/RAJ/views/roster?names=false", "coordinator", wait_for_position=position
    )
    await folding

    assert position in reply.json()["positions"]
    assert str(uid("person", "cai")) in reply.text


async def test_what_does_not_come_in_time_is_said_to_be_behind_or_parked(
    client: Client, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal_reading, "_WAIT_SECONDS", PROMPT_SECONDS)
    path = "/organisations/RAJ/views/roster"
    number = len(story.logs.bodies[ENGAGEMENT])

    behind = await client.get(path, "coordinator", wait_for_position=f"{ENGAGEMENT}/{number + 1}")
    await client.kit.pool.execute(
        "INSERT INTO kit.parked (consumer, schema, source, organisation, sequence, stream, type,"
        " body, reason, attempts) VALUES"
        " ('portal.roster', 'roster_v1', 'engagement', 'RAJ', $1, 's', 't', 'b', 'r', 1)",
        number,
    )
    parked = await client.get(path, "coordinator", wait_for_position=f"{ENGAGEMENT}/{number}")
    nonsense = await client.get(path, "coordinator", wait_for_position="yesterday")

    assert (behind.status_code, behind.json()["type"]) == (504, "urn:partners:position-behind")
    assert (parked.status_code, parked.json()["type"]) == (504, "urn:partners:position-parked")
    assert (nonsense.status_code, nonsense.json()["type"]) == (
        400,
        "urn:partners:wait-for-position",
    )


# Money, national, standing


async def test_the_money_says_whether_it_balances(client: Client) -> None:
    found = await client.view("money?names=false", "finance-preparer")

    assert found["balances"] is True
    assert found["totals"]["due_pence"] == found["totals"]["waiting_pence"] == 7_500
    assert found["payments"][0]["explanation"]["rule"] == "half-day"


async def test_a_national_viewer_sees_every_organisation_they_may(client: Client) -> None:
    token = client.issuer.token("nan", {"RAJ": ["national-viewer"], "QH8": ["national-viewer"]})
    headers = {"authorization": f"Bearer {token}"}

    found = (await client.http.get("/compliance?on=2024-03-22", headers=headers)).json()
    other = (await client.get("/compliance", "national-viewer", organisation="QH8")).json()

    share = {"committees": 1, "enough": 1, "safety_related": 1, "safety_related_enough": 1}
    assert {"name": "East of England", "organisations": 2, **share} in found["by_region"]
    assert {"name": "trust", "organisations": 1, **share} in found["by_kind"]
    assert [one["name"] for one in found["by_organisation"]] == ["QH8", "RAJ"]
    assert other["committees"] == []
    assert (await client.get("/compliance", "coordinator")).status_code == 403


async def test_an_operator_has_a_view_filled_anew(client: Client, story: Story) -> None:
    token = client.issuer.token("oz", {"RAJ": ["operator"]})
    headers = {"authorization": f"Bearer {token}", "idempotency-key": "k-1"}
    where = "/organisations/RAJ/views"
    before = await client.view("roster?names=false")
    await client.kit.pool.execute("DELETE FROM roster_v1.partner")

    asked = await client.http.post(f"{where}/roster/rebuild", json={}, headers=headers)
    unknown = await client.http.post(f"{where}/weather/rebuild", json={}, headers=headers)
    standing = (await client.http.get(where, headers=headers)).json()

    assert (asked.status_code, asked.headers["location"]) == (202, where)
    assert unknown.status_code == 404
    filling = {row["view"]: row["being_filled"] for row in standing}
    assert filling == dict.fromkeys(sorted(filling), False) | {"roster": True}
    await build(portal_reading.views_of(client.kit), client.kit.sources)
    assert await client.view("roster?names=false") == before


async def test_a_view_without_its_clear_name_says_so_when_the_keeper_is_away(
    client: Client, neighbours: Neighbours
) -> None:
    neighbours.keys_away = True

    found = await client.view("roster")

    ada = next(r for r in found["partners"] if r["person"] == str(uid("person", "ada")))
    assert ada["unavailable"] == {"name": "The service that keeps this does not answer just now."}
