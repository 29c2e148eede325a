"""QH8's recruitment service as its tests see it: who asks, what was sent, time that passes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from services.recruitment.app import SERVICE
from shared.contracts.envelope import Cause, Draft, Recorded, compose, read
from shared.contracts.event import Event
from shared.contracts.notifications import MessageSent
from shared.contracts.recruitment import OutcomeDecided
from shared.infra.database import Pool
from shared.infra.http.tokens import TokenVerifier
from shared.infra.kit import Kit
from shared.kernel.identifiers import LogName
from tests.adapters.conftest import Database
from tests.adapters.running_service import Running
from tests.adapters.running_service import running as running_service

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

    running: Running

    @property
    def kit(self) -> Kit:
        """The service's kit."""
        return self.running.kit

    @property
    def client(self) -> httpx.AsyncClient:
        """Plain HTTP to the service."""
        return self.running.client

    def headers(self, role: str, who: str = "ada", organisation: str = LEAD) -> dict[str, str]:
        """Who asks, with a new idempotency key."""
        return self.running.headers(who, role, organisation)

    async def post(
        self, path: str, body: object = None, role: str = "coordinator", who: str = "ada"
    ) -> httpx.Response:
        """A command for QH8."""
        return await self.running.post(path, body, who, role)

    async def done(
        self, path: str, body: object = None, role: str = "coordinator", who: str = "ada"
    ) -> str:
        """A command that must not be refused; answers the location."""
        return await self.running.done(path, body, who, role)

    async def refused(
        self, path: str, body: object = None, role: str = "coordinator", who: str = "ada"
    ) -> str:
        """A command that a rule must refuse; answers which."""
        return await self.running.refused(path, body, who, role)

    async def get(self, path: str, role: str, who: str = "ada") -> Any:
        """What QH8 shows."""
        return await self.running.get(path, who, role)

    async def status(self, path: str, role: str, who: str) -> int:
        """How a reader is answered."""
        headers = self.headers(role, who)
        return (await self.client.get(f"/organisations/{LEAD}/{path}", headers=headers)).status_code

    async def events(self, organisation: str = LEAD) -> list[Recorded]:
        """Everything in a log."""
        return await self.running.events(organisation)

    async def of(self, *kinds: str, organisation: str = LEAD) -> list[Event]:
        """The events of these types, in order."""
        return [one.event() for one in await self.events(organisation) if one.type in kinds]

    async def at(self, moment: datetime) -> None:
        """Let time come to this moment."""
        await self.running.work_off_deadlines(moment)

    async def hear_sent(self, outcome: Recorded) -> None:
        """Notifications has sent this outcome."""
        await self.running.hear(sent(outcome))

    async def identity(self, who: str) -> str:
        """Somebody as the directory knows them."""
        verifier = TokenVerifier(self.kit.settings)
        bearer = await verifier.verify(self.running.headers(who, "panel-member")["authorization"])
        return str(bearer.identity)

    async def send_outcomes(self) -> None:
        """Notifications sends every outcome."""
        for recorded in await self.events():
            if isinstance(recorded.event(), OutcomeDecided):
                await self.hear_sent(recorded)

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
        cause=Cause.event(outcome, "notifications"),
    )
    stamp = ',"sequence":"0000000009","recordedtime":"2024-02-21T09:00:00.000000Z"}'
    return read(compose(draft)[:-1] + stamp)


@asynccontextmanager
async def running(
    database: Database, pool: Pool, folder: Path, **selection: object
) -> AsyncIterator[Board]:
    """The service over HTTP on this database, its selection policy adopted."""
    async with running_service(SERVICE, database, pool, folder, starts_at=START) as service:
        board = Board(service)
        form = {
            "kind": "selection",
            "version": 1,
            "effective_from": "2024-01-01",
            "terms": SELECTION | selection,
        }
        await board.done("policies", form, role="operator")
        yield board
