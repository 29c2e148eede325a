"""The portal over HTTP: who may see what, names opened and recorded, waiting, as of, national."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Response

from deploy.embedded.issuer import EvaluationIssuer
from services.portal import reading as portal_reading
from services.portal.app import SERVICE
from shared.contracts.engagement import PartnerWelcomed
from shared.contracts.envelope import read
from shared.contracts.openings import PersonalDataOpened
from shared.contracts.personal import Clear, Sealed
from shared.infra import log as log_store
from shared.infra.bus.sources import Sources
from shared.infra.database import Pool, open_pool
from shared.infra.http.app import make_app
from shared.infra.http.tokens import TokenVerifier
from shared.infra.key_access import OpenedKeys, OpenKeys, serve_keys
from shared.infra.keys import Keys
from shared.infra.kit import Kit
from shared.infra.metrics import Metrics
from shared.infra.opening import Opener
from shared.infra.register import read_register
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Shell
from shared.infra.views.building import build
from shared.kernel.identifiers import LogName
from shared.kernel.moments import format_moment
from tests.adapters.conftest import MakeDatabase
from tests.adapters.personal import FixedClock, draft, keys
from tests.adapters.portal_story import COMMITTEE, ENGAGEMENT, Story, partner
from tests.adapters.view_logs import Logs, fold_live, moment, uid

REGISTER = Path(__file__).parents[2] / "deploy" / "organisations"
PROMPT_SECONDS = 0.3


@dataclass
class Neighbours:
    """The other services: their logs, and the keys that engagement keeps of its partners."""

    logs: Logs
    keeper: Pool
    copies: Logs = field(default_factory=Logs)
    away: set[str] = field(default_factory=set)
    keys_away: bool = False

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/{service}/log/{organisation}/head")
        async def head(service: str, organisation: str) -> Response:
            found = await self.logs.head(LogName(service, organisation))
            if service in self.away or found is None:
                return Response(status_code=404 if found is None else 503)
            told = {
                "organisation": organisation,
                "sequence": found.sequence,
                "recordedtime": format_moment(found.recorded_at),
            }
            return Response(json.dumps(told), media_type="application/json")

        @app.get("/audit/copies/{service}/{organisation}")
        async def read_copy(service: str, organisation: str, after: int, limit: int) -> Response:
            bodies = await self.copies.read(LogName(service, organisation), after, limit)
            return Response("".join(f"{body}\n" for body in bodies))

        @app.get("/{service}/log/{organisation}")
        async def read_log(service: str, organisation: str, after: int, limit: int) -> Response:
            if service in self.away:
                return Response(status_code=503)
            bodies = await self.logs.read(LogName(service, organisation), after, limit)
            return Response("".join(f"{body}\n" for body in bodies))

        @app.post("/{service}/keys/{organisation}/open")
        async def open_keys(organisation: str, asked: OpenKeys) -> OpenedKeys:
            if self.keys_away:
                raise httpx.ConnectError("nobody there")
            async with self.keeper.acquire() as connection:
                return await serve_keys(
                    connection, keys(), organisation, asked, frozenset({"service"})
                )

        return app

    async def seal(self, who: str, name: str) -> Sealed:
        """A name as engagement seals it when it welcomes a partner."""
        welcomed = PartnerWelcomed(
            **partner(who),
            appointment=uid("appointment", who),
            payer="RAJ",
            role_family="psp",
            carries_payment=True,
            contact_channel="email",
            name=Clear(name),
        )
        async with self.keeper.acquire() as connection:
            [written] = await keys().seal(
                connection, [draft(welcomed, ENGAGEMENT, f"partner/{uid('partner', who)}")]
            )
        assert isinstance(written.event, PartnerWelcomed)
        assert isinstance(written.event.name, Sealed)
        return written.event.name


@pytest.fixture
async def neighbours(make_database: MakeDatabase) -> AsyncIterator[Neighbours]:
    keeper = await open_pool((await make_database()).service, name="keeper")
    yield Neighbours(Logs(), keeper)
    await keeper.close()


@pytest.fixture
async def story(neighbours: Neighbours) -> Story:
    """Two partners, one of them named, on a committee of two; a payment."""
    told = Story(neighbours.logs).at("2024-03-01 09:00")
    told.names[uid("person", "ada")] = await neighbours.seal("ada", "Ada Oyelaran")
    told.welcomed("ada").welcomed("bola").committee().seated("ada", "2024-03-10")
    return told.at("2024-03-20 09:00").seated("bola", "2024-03-20").due("ada", 1, "2024-03-20")


@pytest.fixture
def issuer(tmp_path: Path) -> EvaluationIssuer:
    return EvaluationIssuer(tmp_path)


@pytest.fixture
async def kit(portal: Pool, neighbours: Neighbours, issuer: EvaluationIssuer) -> AsyncIterator[Kit]:
    values: dict[str, Any] = {
        "deployment": "portal",
        "organisations": "QH8,RAJ",
        "embedded": True,
        "database_url": "postgresql://unused",
        "bootstrap_servers": "127.0.0.1:1",
        "service_urls": {
            name: f"http://neighbours/{name}"
            for name in ("recruitment", "engagement", "payments", "notifications", "audit")
        },
        "machine_token": "machine",
        "jwks_file": issuer.key_set_file,
        "idempotency_secret": "i" * 32,
        "directory_secret": "d" * 32,
        "key_encryption_keys": json.dumps({"k": base64.b64encode(b"k" * 32).decode()}),
        "register_folder": REGISTER,
    }
    settings = ServiceSettings.model_validate(values)
    clock = FixedClock(moment("2024-04-01 09:00"))
    own = Keys.of(settings, clock)
    shell = Shell(portal, "portal", clock, idempotency_secret=b"i" * 32, sealer=own)
    transport = httpx.ASGITransport(neighbours.app())
    opener = Opener("portal", settings, shell, portal, own, transport)
    sources = Sources(settings, transport)
    async with portal.acquire() as connection:
        for code in settings.organisations:
            await log_store.open_log(connection, "portal", code, "partners.invalid", clock.now())
    yield Kit(
        service="portal",
        settings=settings,
        pool=portal,
        clock=clock,
        shell=shell,
        keys=own,
        opener=opener,
        sources=sources,
        metrics=Metrics(),
        register=read_register(REGISTER),
    )
    await opener.close()
    await sources.close()


@dataclass
class Client:
    """Asks the portal in a role."""

    http: httpx.AsyncClient
    issuer: EvaluationIssuer
    kit: Kit

    async def get(
        self, path: str, *roles: str, organisation: str = "RAJ", **headers: str
    ) -> httpx.Response:
        """The answer to a reader with these roles for the organisation."""
        token = self.issuer.token("asha", {organisation: roles})
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.get(path, headers={"authorization": f"Bearer {token}", **named})

    async def view(self, path: str, *roles: str) -> dict[str, Any]:
        """A view's document."""
        reply = await self.get(f"/organisations/RAJ/views/{path}", *(roles or ("coordinator",)))
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    async def openings(self) -> list[PersonalDataOpened]:
        """What the portal recorded of personal data it opened."""
        async with self.kit.pool.acquire() as connection:
            bodies = await log_store.read(connection, "RAJ", 1, 1_000)
        return [e for body in bodies if isinstance(e := read(body).event(), PersonalDataOpened)]


async def fold_all(kit: Kit, logs: Logs) -> None:
    """Fold the logs into every live view."""
    for fold in SERVICE.folds(kit):
        await fold_live(kit.pool, fold, sorted(logs.bodies.items()))


@pytest.fixture
async def client(kit: Kit, issuer: EvaluationIssuer, story: Story) -> AsyncIterator[Client]:
    assert SERVICE.prepare is not None
    await SERVICE.prepare(kit)
    await fold_all(kit, story.logs)
    app = make_app(kit, TokenVerifier(kit.settings), [SERVICE.router(kit)])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as http:
        yield Client(http, issuer, kit)


# Who may see what

VIEWS_OF_ROLES = {
    "coordinator": {"attention", "pipeline", "roster", "compliance", "calendar", "money"},
    "auditor": {"attention", "pipeline", "roster", "compliance", "calendar", "money"},
    "lead-contact": {"roster", "compliance", "calendar"},
    "finance-preparer": {"attention", "money"},
    "finance-approver": {"attention", "money"},
    "national-viewer": {"compliance"},
    "panel-member": set(),
    "operator": set(),
    "partner": set(),
}


@pytest.mark.parametrize("role", VIEWS_OF_ROLES)
async def test_each_role_sees_its_views_and_no_others(client: Client, role: str) -> None:
    seen = set()
    for view in VIEWS_OF_ROLES["coordinator"]:
        reply = await client.get(f"/organisations/RAJ/views/{view}?names=false", role)
        assert reply.status_code in (200, 403)
        seen |= {view} if reply.status_code == 200 else set()
    assert seen == VIEWS_OF_ROLES[role]


async def test_another_organisations_views_do_not_exist(client: Client) -> None:
    path = "/organisations/RAJ/views/roster"
    assert (await client.get(path, "coordinator", organisation="QH8")).status_code == 404
    assert (await client.http.get(path)).status_code == 401


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


@pytest.mark.parametrize(
    "query",
    ["as_of=2024-03-31", "as_of=2024-03-31T12:00:00", "on=31.3.2024", "names=perhaps"],
)
async def test_a_date_that_cannot_be_read_is_refused(client: Client, query: str) -> None:
    reply = await client.get(f"/organisations/RAJ/views/roster?{query}", "coordinator")
    assert reply.status_code == 422


@pytest.mark.parametrize(
    "days", ["first=2024-05-01&last=2024-04-30", "first=2020-01-01&last=2024-01-01"]
)
async def test_a_calendar_runs_forward_and_not_for_ever(client: Client, days: str) -> None:
    reply = await client.get(f"/organisations/RAJ/views/calendar?{days}", "coordinator")
    assert reply.status_code == 422
    ends = await client.get("/organisations/RAJ/views/calendar?first=9999-12-20", "coordinator")
    assert ends.json()["last"] == "9999-12-31"


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
