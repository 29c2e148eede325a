"""QH8's recruitment service over HTTP on a real log, with a clock that tests move."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from pydantic import SecretStr

from deploy.embedded.issuer import EvaluationIssuer
from services.recruitment.app import SERVICE
from services.recruitment.consumers import reactions
from shared.contracts.envelope import Draft, Recorded, compose, read
from shared.contracts.event import Event
from shared.contracts.notifications import MessageSent
from shared.contracts.recruitment import OutcomeDecided
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
from shared.infra.register import OrganisationEntry
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Shell
from shared.kernel.identifiers import LogName
from tests.adapters.conftest import Database

LEAD, HOST = "QH8", "RAJ"
START = datetime(2024, 1, 8, 9, 0, tzinfo=UTC)
SELECTION = {"panel": True, "interview": True, "highest_score": 5}
DESCRIPTION: dict[str, Any] = {
    "group_name": "Quality and Safety Committee",
    "places": 2,
    "who_can_apply": "Patients, carers and members of the public.",
    "remit_and_aims": "Oversees the safety of care.",
    "current_membership": "Directors and clinical leads.",
    "priorities": "Learning from incidents.",
    "what_the_role_involves": "Bringing the patient's view to every item.",
    "key_requirements": ["Respects confidentiality."],
    "time_commitment": {
        "how_many_meetings": "Ten a year",
        "how_often": "Monthly",
        "how_long": "Three hours",
        "papers_to_read": "Yes, a week before",
        "other_contribution": "None",
    },
    "where_meetings_take_place": "Online",
    "additional_information": {
        "expenses": "Out-of-pocket expenses are paid.",
        "lead_contact": "You have a lead contact.",
        "induction": "You have an induction.",
    },
    "questions": ["What interests you about this role?"],
    "equal_opportunities_statement": "Everybody is treated fairly.",
    "criteria": [
        {"criterion": "safety", "wording": "An interest in safety", "kind": "values"},
    ],
    "reports_to": "Patient Safety Specialist",
    "responsible_to": "Director of Nursing",
}
CAMPAIGN = {
    "title": "Patient Safety Partners",
    "summary": "Two partners.",
    "what_happens_next": "We write to everybody.",
    "role_family": "patient-safety-partner",
    "contact": {
        "name": "Sam Example",
        "job_title": "Engagement officer",
        "email": "sam@example.org",
    },
}
PUBLICATION = {
    "opens": {"on": "2024-01-09", "at": "09:00"},
    "closes": {"on": "2024-02-06", "at": "17:00"},
}


@dataclass
class Board:
    """An integrated care board that recruits for itself and a trust."""

    kit: Kit
    clock: SimulatedClock
    client: httpx.AsyncClient
    issuer: EvaluationIssuer
    keys: "count[int]" = field(default_factory=count)
    heard: int = 0

    def headers(self, role: str, who: str = "ada", organisation: str = LEAD) -> dict[str, str]:
        """Who asks, with a new idempotency key."""
        token = self.issuer.token(who, {organisation: [role]})
        return {"authorization": f"Bearer {token}", "idempotency-key": f"k{next(self.keys)}"}

    async def post(
        self, path: str, body: object = None, role: str = "coordinator", who: str = "ada"
    ) -> httpx.Response:
        """A command for QH8."""
        return await self.client.post(
            f"/organisations/QH8/{path}", json=body or {}, headers=self.headers(role, who)
        )

    async def done(
        self, path: str, body: object = None, role: str = "coordinator", who: str = "ada"
    ) -> str:
        """A command that must not be refused; answers the location."""
        reply = await self.post(path, body, role, who)
        assert reply.status_code in (200, 201), reply.text
        return str(reply.headers["location"].removeprefix("/organisations/QH8/"))

    async def refused(
        self, path: str, body: object = None, role: str = "coordinator", who: str = "ada"
    ) -> str:
        """A command that a rule must refuse; answers which."""
        reply = await self.post(path, body, role, who)
        assert reply.status_code == 409, reply.text
        return str(reply.json()["type"].removeprefix("urn:partners:rule:"))

    async def get(self, path: str, role: str, who: str = "ada") -> httpx.Response:
        """Something to read."""
        return await self.client.get(f"/organisations/QH8/{path}", headers=self.headers(role, who))

    async def events(self, organisation: str = LEAD) -> list[Recorded]:
        """Everything in a log."""
        async with self.kit.pool.acquire() as connection:
            bodies = await log.read(connection, organisation, 0, 1_000)
            return [read(body) for body in bodies]

    async def of(self, *kinds: str, organisation: str = LEAD) -> list[Event]:
        """The events of these types, in order."""
        return [one.event() for one in await self.events(organisation) if one.type in kinds]

    async def at(self, moment: datetime) -> None:
        """Let time come to this moment."""
        self.clock.set(moment)
        scheduler = Scheduler(self.kit.shell, self.kit.pool, (LEAD, HOST), SERVICE.timers or {})
        await scheduler.work_off()

    async def hear(self, recorded: Recorded) -> None:
        """Deliver an event to the service's reactions as the consumer kit does."""
        for reaction in reactions(self.kit):
            handler = reaction.handlers.get(recorded.type)
            if handler is None or reaction.source != recorded.log.service:
                continue
            values: Mapping[str, Any] = {}
            if handler.beforehand is not None:
                values = await handler.beforehand(recorded, {})
            await self.kit.shell.transact(
                lambda connection, react=handler.react, values=values: self.kit.shell.react(  # type: ignore[misc]
                    connection, recorded, lambda work: react(work, recorded, values)
                )
            )

    async def hear_own(self) -> None:
        """Deliver the service's own events that it has not heard yet."""
        for recorded in (await self.events())[self.heard :]:
            await self.hear(recorded)
            self.heard = recorded.sequence

    async def hear_sent(self, outcome: Recorded) -> None:
        """Notifications has sent this outcome."""
        await self.hear(sent(outcome))

    async def identity(self, who: str) -> str:
        """Somebody as the directory knows them."""
        verifier = TokenVerifier(self.kit.settings)
        bearer = await verifier.verify(self.headers("panel-member", who)["authorization"])
        return str(bearer.identity)

    async def send_outcomes(self) -> None:
        """Notifications sends every outcome."""
        for recorded in await self.events():
            if isinstance(recorded.event(), OutcomeDecided):
                await self.hear(sent(recorded))

    async def campaign(self, **publication: object) -> tuple[str, str]:
        """A published campaign with one opportunity at the trust; answers both locations."""
        campaign = await self.done("campaigns", CAMPAIGN)
        form = {"host": HOST, "carries_payment": True, "description": DESCRIPTION}
        opportunity = await self.done(f"{campaign}/opportunities", form)
        await self.done(f"{campaign}/publication", PUBLICATION | publication)
        return campaign, opportunity


def expression(opportunity: str, name: str = "Grace Example", **other: object) -> dict[str, object]:
    """The form of an application."""
    return {
        "opportunities": [opportunity.rpartition("/")[2]],
        "name": name,
        "email": f"{name.lower().replace(' ', '.')}@example.org",
        "contact_channel": "email",
        "answers": [{"question": "What interests you about this role?", "answer": "Safety."}],
        "confirms_age": True,
        **other,
    }


def sent(outcome: Recorded) -> Recorded:
    """`MessageSent` about an outcome as it stands in QH8's notifications log."""
    event = outcome.event()
    assert isinstance(event, OutcomeDecided)
    draft = Draft(
        log=LogName("notifications", LEAD),
        stream=f"message/{outcome.id}",
        version=3,
        event=MessageSent(
            message=outcome.id,
            kind="outcome",
            person=event.person,
            about=outcome.stream,
            channel="email",
            attempt=1,
            message_id="<1@example.org>",
        ),
        id=UUID(int=outcome.id.int ^ 1),
        time=outcome.recorded_at,
        actor="system/notifications",
        correlation_id=outcome.correlation_id,
        causation_id=outcome.id,
        traceparent=outcome.traceparent,
    )
    stamp = ',"sequence":"0000000009","recordedtime":"2024-02-21T09:00:00.000000Z"}'
    return read(compose(draft)[:-1] + stamp)


@asynccontextmanager
async def running(
    database: Database, pool: Pool, folder: Path, **selection: object
) -> AsyncIterator[Board]:
    """The service over HTTP on this database, its selection policy adopted."""
    issuer, clock = EvaluationIssuer(folder), SimulatedClock(folder / "clock")
    clock.set(START)
    settings = ServiceSettings(
        deployment="recruitment",
        organisations=(LEAD, HOST),
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
        "recruitment",
        clock,
        idempotency_secret=b"i" * 32,
        sealer=keys,
        deadlines_of=SERVICE.deadlines_of,
    )
    kit = Kit(
        service="recruitment",
        settings=settings,
        pool=pool,
        clock=clock,
        shell=shell,
        keys=keys,
        opener=Opener("recruitment", settings, shell, pool, keys),
        sources=Sources(settings),
        metrics=Metrics(),
        register={code: _entry(code) for code in (LEAD, HOST)},
    )
    async with pool.acquire() as connection:
        for code in (LEAD, HOST):
            await log.open_log(connection, "recruitment", code, "partners.invalid", START)
    routers = (SERVICE.router(kit), policies_api.router(kit, SERVICE.policies or {}))
    app = make_app(kit, TokenVerifier(settings), routers)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://recruitment") as client:
        board = Board(kit, clock, client, issuer)
        form = {
            "kind": "selection",
            "version": 1,
            "effective_from": "2024-01-01",
            "terms": SELECTION | selection,
        }
        await board.done("policies", form, role="operator")
        yield board
    await kit.opener.close()
    await kit.sources.close()


def _entry(code: str) -> OrganisationEntry:
    return OrganisationEntry(
        code=code, name=code, kind="trust", region="East", valid_from=START.date()
    )
