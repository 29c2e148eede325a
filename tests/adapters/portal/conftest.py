"""The portal on a real database, with a story folded into it and its neighbours answering."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, Response

import services
from deploy.embedded.issuer import EvaluationIssuer
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
from shared.infra.sealing import sealed_in
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Shell
from shared.kernel.identifiers import LogName
from shared.kernel.moments import format_moment
from tests.adapters.conftest import MakeDatabase
from tests.adapters.personal import FixedClock, draft, keys, recorded, sealed_by
from tests.adapters.portal.logs import Logs, fold_live, moment, uid
from tests.adapters.portal.story import ENGAGEMENT, Story, partner

REGISTER = Path(__file__).parents[3] / "deploy" / "organisations"


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
            [written] = await sealed_by(
                keys(), connection, draft(welcomed, ENGAGEMENT, f"partner/{uid('partner', who)}")
            )
        return sealed_in(recorded(written))["name"]


@pytest.fixture
async def portal(make_database: MakeDatabase) -> AsyncIterator[Pool]:
    """Connections to the portal's database as its service has it."""
    folder = Path(services.__file__ or "").parent / "portal" / "migrations"
    database = await make_database(("portal", folder))
    owner = await asyncpg.connect(database.owner)
    # a clone of a template does not have what was granted on the database itself
    await owner.execute(
        f"GRANT CREATE, TEMPORARY ON DATABASE {database.name} TO {database.roles.service}"
    )
    await owner.close()
    pool = await open_pool(database.service, name="portal", largest=6)
    yield pool
    pool.terminate()


@pytest.fixture
async def neighbours(portal: Pool) -> Neighbours:
    """One database keeps the keys of all: what is shown here is who asks whom."""
    return Neighbours(Logs(), portal)


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

    app: FastAPI
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
        yield Client(app, http, issuer, kit)
