"""RAJ's own engagement service over HTTP on a real log, with a clock that tests move."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from pydantic import SecretStr

from deploy.embedded.issuer import EvaluationIssuer
from services.engagement.app import SERVICE
from services.engagement.consumers import welcome
from services.engagement.lookups import partner_of
from shared.contracts.envelope import Cause, Draft, Recorded, compose, read
from shared.contracts.event import Event
from shared.contracts.personal import Sealed
from shared.contracts.recruitment import PartnerAppointed
from shared.infra import log
from shared.infra.bus.sources import Sources
from shared.infra.clock import SimulatedClock
from shared.infra.database import Pool
from shared.infra.deadlines import Scheduler
from shared.infra.http import policies_api
from shared.infra.http.app import make_app
from shared.infra.http.tokens import TokenVerifier
from shared.infra.keys import Keys
from shared.infra.kit import Kit
from shared.infra.metrics import Metrics
from shared.infra.opening import Opener
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Shell
from shared.kernel.identifiers import LogName
from tests.adapters.conftest import Database

START = datetime(2024, 4, 8, 9, 0, tzinfo=UTC)
PERSON = UUID(int=901)
CAUSE = UUID("33333333-3333-5333-8333-333333333333")
COURSES = ("information-governance", "patient-safety")
POLICIES: dict[str, dict[str, Any]] = {
    "onboarding": {
        "items": ["lead-contact", "income-advice", "induction"],
        "training": [
            {"course": course, "title": course, "validity_months": 12} for course in COURSES
        ],
    },
    "term": {"months": 18},
    "committee": {},
}


@dataclass
class Trust:
    """RAJ's own engagement service, its clock and its engagement team."""

    kit: Kit
    clock: SimulatedClock
    client: httpx.AsyncClient
    issuer: EvaluationIssuer
    keys: "count[int]" = field(default_factory=count)

    def headers(self, role: str, organisation: str = "RAJ") -> dict[str, str]:
        """Who asks, with a new idempotency key."""
        token = self.issuer.token("bea", {organisation: [role]})
        return {"authorization": f"Bearer {token}", "idempotency-key": f"k{next(self.keys)}"}

    async def post(
        self, path: str, body: object = None, role: str = "coordinator"
    ) -> httpx.Response:
        """A command for RAJ."""
        return await self.client.post(
            f"/organisations/RAJ/{path}", json=body or {}, headers=self.headers(role)
        )

    async def done(self, path: str, body: object = None, role: str = "coordinator") -> str:
        """A command that must be done; answers the location."""
        reply = await self.post(path, body, role)
        assert reply.status_code == 201, reply.text
        return str(reply.headers["location"].removeprefix("/organisations/RAJ/"))

    async def refused(self, path: str, body: object = None) -> str:
        """A command that a rule must refuse; answers which."""
        reply = await self.post(path, body)
        assert reply.status_code == 409, reply.text
        return str(reply.json()["type"].removeprefix("urn:partners:rule:"))

    async def events(self) -> list[Recorded]:
        """Everything in RAJ's log."""
        async with self.kit.pool.acquire() as connection:
            return [read(body) for body in await log.read(connection, "RAJ", 0, 1_000)]

    async def of(self, *kinds: str) -> list[Event]:
        """The events of these types, in order."""
        return [one.event() for one in await self.events() if one.type in kinds]

    async def appoint(self, person: UUID, appointment: int, **other: Any) -> UUID:
        """Deliver an appointment as the consumer kit does, its personal values opened."""
        recorded = appointed(person, UUID(int=appointment), **other)
        opened = {"name": "Ada Penhallow", "email": "ada@example.org"}
        await self.kit.shell.transact(
            lambda connection: self.kit.shell.react(
                connection, recorded, lambda work: welcome(work, recorded, opened)
            )
        )
        return partner_of(person, "RAJ")

    async def work_off_deadlines(self, moment: datetime) -> None:
        """Let time come to this moment."""
        self.clock.set(moment)
        timers = SERVICE.timers or {}
        await Scheduler(self.kit.shell, self.kit.pool, ("RAJ",), timers).work_off()

    async def onboard(self, partner: UUID) -> None:
        """Do everything the policy asks, and activate."""
        at = f"partners/{partner}"
        today = str(self.clock.now().date())
        contact = {"lead_contact": str(UUID(int=7)), "name": "Bea Calder", "nominated_on": today}
        advice = {"given_on": today, "means": "letter", "statement": "income-notice-1"}
        await self.done(f"{at}/lead-contact", contact)
        await self.done(f"{at}/income-advice", advice)
        await self.done(f"{at}/onboarding-items", {"item": "induction", "done_on": today})
        for course in COURSES:
            await self.done(f"{at}/training", training(course, today))
        await self.done(f"{at}/activation")


def training(course: str, completed_on: str) -> dict[str, str]:
    """The form of a completed course."""
    return {
        "course": course,
        "provider": "Learning Hub",
        "mode": "e-learning",
        "completed_on": completed_on,
    }


def appointed(person: UUID, appointment: UUID, **other: Any) -> Recorded:
    """`PartnerAppointed` as it stands in RAJ's recruitment log."""
    sealed = Sealed(
        key=UUID(int=1),
        person=person,
        retention_class="partnership",
        case=f"appointment/{appointment}",
        at=f"recruitment.RAJ {UUID(int=5)} /name",
        iv="A" * 16,
        ct="A" * 40,
    )
    facts: dict[str, Any] = {
        "appointment": appointment,
        "person": person,
        "campaign": UUID(int=11),
        "application": UUID(int=12),
        "opportunity": UUID(int=13),
        "lead": "QH8",
        "host": "RAJ",
        "payer": "QH8",
        "role_family": "patient-safety-partner",
        "carries_payment": True,
        "term_starts_on": date(2024, 4, 1),
        "term_ends_on": date(2025, 9, 30),
        "lead_contact": UUID(int=7),
        "name": sealed,
        "contact_channel": "email",
    }
    draft = Draft(
        log=LogName("recruitment", "RAJ"),
        stream=f"appointment/{appointment}",
        version=1,
        event=PartnerAppointed(**(facts | other)),
        id=UUID(int=5),
        time=START,
        cause=Cause(
            CAUSE,
            CAUSE,
            "coordinator/11111111-1111-4111-8111-111111111111",
            "00-" + "1" * 32 + "-" + "2" * 16 + "-01",
        ),
    )
    stamp = ',"sequence":"0000000002","recordedtime":"2024-04-08T09:00:00.000000Z"}'
    return read(compose(draft)[:-1] + stamp)


@asynccontextmanager
async def running(database: Database, pool: Pool, folder: Path) -> AsyncIterator[Trust]:
    """The service over HTTP on this database, its policies adopted."""
    issuer, clock = EvaluationIssuer(folder), SimulatedClock(folder / "clock")
    clock.set(START)
    settings = ServiceSettings(
        deployment="engagement-raj",
        organisations=("RAJ",),
        embedded=True,
        database_url=SecretStr(database.service),
        bootstrap_servers="127.0.0.1:1",
        jwks_file=issuer.key_set_file,
        idempotency_secret=SecretStr("i" * 32),
        directory_secret=SecretStr("d" * 32),
        key_encryption_keys=SecretStr(json.dumps({"k": b64encode(b"k" * 32).decode()})),
        register_folder=folder,
    )
    keys = Keys.of(settings, clock)
    shell = Shell(
        pool,
        "engagement",
        clock,
        idempotency_secret=b"i" * 32,
        sealer=keys,
        deadlines_of=SERVICE.deadlines_of,
    )
    kit = Kit(
        service="engagement",
        settings=settings,
        pool=pool,
        clock=clock,
        shell=shell,
        keys=keys,
        opener=Opener("engagement", settings, shell, pool, keys),
        sources=Sources(settings),
        metrics=Metrics(),
        register={},
    )
    async with pool.acquire() as connection:
        await log.open_log(connection, "engagement", "RAJ", "partners.invalid", clock.now())
    routers = (SERVICE.router(kit), policies_api.router(kit, SERVICE.policies or {}))
    app = make_app(kit, TokenVerifier(settings), routers)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://engagement") as client:
        trust = Trust(kit, clock, client, issuer)
        for kind, terms in POLICIES.items():
            form = {"kind": kind, "version": 1, "effective_from": "2024-01-01", "terms": terms}
            await trust.done("policies", form, role="operator")
        yield trust
    await kit.opener.close()
    await kit.sources.close()
