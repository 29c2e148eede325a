"""One service over HTTP on a real log, with a clock that tests move; events come as tests say."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
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
from shared.contracts.envelope import Cause, Draft, Recorded, compose, read
from shared.contracts.event import Event
from shared.infra import log
from shared.infra.bus.handling import Handler
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
from shared.infra.opening import Opened, Opener
from shared.infra.register import OrganisationEntry
from shared.infra.service import Service
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Shell
from shared.infra.unit import Unit
from shared.kernel.identifiers import LogName
from shared.kernel.moments import format_moment
from tests.adapters.conftest import Database

START = datetime(2024, 3, 28, 9, 0, tzinfo=UTC)
CAUSE = UUID("33333333-3333-5333-8333-333333333333")
RECORDER = "coordinator/11111111-1111-4111-8111-111111111111"
ORGANISATIONS = ("QH8", "RAJ")
NAMES = {"QH8": "NHS Mid and South Essex ICB", "RAJ": "Mid and South Essex NHS FT"}


@dataclass
class Running:
    """A service for QH8 and RAJ, its clock, and people who ask it for things."""

    service: Service
    kit: Kit
    clock: SimulatedClock
    client: httpx.AsyncClient
    issuer: EvaluationIssuer
    keys: "count[int]" = field(default_factory=count)
    sequences: dict[LogName, int] = field(default_factory=dict)
    caught_up: dict[tuple[str, str], int] = field(default_factory=dict)

    def headers(self, who: str, role: str, organisation: str = "QH8") -> dict[str, str]:
        """Who asks, with a new idempotency key."""
        token = self.issuer.token(who, {organisation: [role]})
        return {"authorization": f"Bearer {token}", "idempotency-key": f"k{next(self.keys)}"}

    async def post(
        self, path: str, body: object = None, who: str = "gareth", role: str = "finance-preparer"
    ) -> httpx.Response:
        """A command for QH8."""
        return await self.client.post(
            f"/organisations/QH8/{path}", json=body or {}, headers=self.headers(who, role)
        )

    async def done(
        self, path: str, body: object = None, who: str = "gareth", role: str = "finance-preparer"
    ) -> str:
        """A command that must be done; answers the location."""
        reply = await self.post(path, body, who, role)
        assert reply.status_code in (200, 201), reply.text
        await self.catch_up()
        return str(reply.headers["location"].removeprefix("/organisations/QH8/"))

    async def refused(
        self, path: str, body: object = None, who: str = "gareth", role: str = "finance-preparer"
    ) -> str:
        """A command that a rule must refuse; answers which."""
        reply = await self.post(path, body, who, role)
        assert reply.status_code == 409, reply.text
        return str(reply.json()["type"].removeprefix("urn:partners:rule:"))

    async def get(self, path: str, who: str = "gareth", role: str = "finance-preparer") -> Any:
        """What QH8 shows."""
        reply = await self.client.get(f"/organisations/QH8/{path}", headers=self.headers(who, role))
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def events(self, organisation: str = "QH8") -> list[Recorded]:
        """Everything in this service's log of the organisation."""
        async with self.kit.pool.acquire() as connection:
            return [read(body) for body in await log.read(connection, organisation, 0, 10_000)]

    async def of(self, *kinds: type[Event], organisation: str = "QH8") -> list[Any]:
        """The events of these types, in order."""
        names = {kind.__name__ for kind in kinds}
        return [one.event() for one in await self.events(organisation) if one.type in names]

    def recorded(
        self, source: str, organisation: str, stream: str, event: Event, actor: str = RECORDER
    ) -> Recorded:
        """The next event of another service's log."""
        name = LogName(source, organisation)
        sequence = self.sequences[name] = self.sequences.get(name, 1) + 1
        draft = Draft(
            log=name,
            stream=stream,
            version=1,
            event=event,
            id=UUID(f"018e0000-0000-7000-8000-{len(source):04d}{len(stream):04d}{sequence:04d}"),
            time=self.clock.now(),
            cause=Cause(CAUSE, CAUSE, actor, "00-" + "1" * 32 + "-" + "2" * 16 + "-01"),
        )
        stamp = f'"sequence":"{sequence:010d}","recordedtime":"{format_moment(self.clock.now())}"'
        return read(f"{compose(draft)[:-1]},{stamp}}}")

    async def hear(self, recorded: Recorded, opened: Mapping[str, Opened] | None = None) -> None:
        """Deliver another service's event as the consumer kit does, and what follows from it."""
        await self.deliver(recorded, opened or {})
        await self.catch_up()

    async def deliver(self, recorded: Recorded, opened: Mapping[str, Opened]) -> None:
        """Run every handler of an event, one transaction each."""
        for reaction in self.service.reactions(self.kit):
            handler = reaction.handlers.get(recorded.type)
            if handler is not None and reaction.source == recorded.log.service:
                await self._react(handler, recorded, opened)

    async def catch_up(self) -> None:
        """Let the service hear and fold its own logs to their ends."""
        for organisation in self.kit.organisations:
            while fresh := await self._unheard(organisation):
                for recorded in fresh:
                    await self._hear_itself(recorded)
                await self._fold(organisation, fresh)

    async def work_off_deadlines(self, moment: datetime) -> None:
        """Let time come to this moment."""
        self.clock.set(moment)
        timers = self.service.every_timer(self.kit)
        await Scheduler(self.kit.shell, self.kit.pool, ORGANISATIONS, timers).work_off()
        await self.catch_up()

    async def _unheard(self, organisation: str) -> list[Recorded]:
        place = (self.kit.service, organisation)
        after = self.caught_up.get(place, 0)
        async with self.kit.pool.acquire() as connection:
            bodies = await log.read(connection, organisation, after, 1_000)
        self.caught_up[place] = after + len(bodies)
        return [read(body) for body in bodies]

    async def _hear_itself(self, recorded: Recorded) -> None:
        for reaction in self.service.reactions(self.kit):
            handler = reaction.handlers.get(recorded.type)
            if handler is None or reaction.source != self.kit.service:
                continue
            sealed = handler.opens(recorded)
            cause = Cause.event(recorded, self.kit.service)
            opened = (
                await self.kit.opener.open(
                    sealed,
                    handler.purpose,
                    organisation=recorded.log.organisation,
                    actor=cause.actor,
                    cause=cause,
                )
                if sealed
                else {}
            )
            await self._react(handler, recorded, opened)

    async def _react(
        self, handler: Handler, recorded: Recorded, opened: Mapping[str, Opened]
    ) -> None:
        values = dict(opened)
        if handler.beforehand is not None:
            values |= await handler.beforehand(recorded, opened)

        async def attempt(unit: Unit) -> None:
            await unit.begin()
            await self.kit.shell.react(
                unit, recorded, lambda work: handler.react(work, recorded, values)
            )

        await self.kit.shell.transact(attempt)

    async def _fold(self, organisation: str, events: Sequence[Recorded]) -> None:
        for fold in self.service.folds(self.kit):
            async with self.kit.pool.acquire() as connection, connection.transaction():
                await fold.apply(connection, LogName(self.kit.service, organisation), events)


@asynccontextmanager
async def running(
    service: Service,
    database: Database,
    pool: Pool,
    folder: Path,
    *,
    starts_at: datetime = START,
    **own: Any,
) -> AsyncIterator[Running]:
    """The service for QH8 and RAJ on this database; `own` are its own settings."""
    issuer, clock = EvaluationIssuer(folder), SimulatedClock(folder / "clock")
    clock.set(starts_at)
    settings = service.settings(
        deployment=f"{service.name}-test",
        organisations=ORGANISATIONS,
        embedded=True,
        database_url=SecretStr(database.service),
        bootstrap_servers="127.0.0.1:1",
        jwks_file=issuer.key_set_file,
        idempotency_secret=SecretStr("i" * 32),
        directory_secret=SecretStr("d" * 32),
        key_encryption_keys=SecretStr(json.dumps({"k": b64encode(b"k" * 32).decode()})),
        register_folder=folder,
        **own,
    )
    kit = _kit(service, settings, pool, clock)
    async with pool.acquire() as connection:
        for organisation in ORGANISATIONS:
            await log.open_log(
                connection, service.name, organisation, "partners.invalid", clock.now()
            )
    routers = (service.router(kit), policies_api.router(kit, service.every_policy()))
    app = make_app(kit, TokenVerifier(settings), routers)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield Running(service, kit, clock, client, issuer)
    await kit.opener.close()
    await kit.sources.close()


def _kit(service: Service, settings: ServiceSettings, pool: Pool, clock: SimulatedClock) -> Kit:
    keys = Keys.of(settings, clock)
    shell = Shell(
        pool,
        service.name,
        clock,
        idempotency_secret=b"i" * 32,
        sealer=keys,
        deadlines_of=service.every_deadline_of,
    )
    return Kit(
        service=service.name,
        settings=settings,
        pool=pool,
        clock=clock,
        shell=shell,
        keys=keys,
        opener=Opener(service.name, settings, shell, pool, keys),
        sources=Sources(settings),
        metrics=Metrics(),
        register={
            code: OrganisationEntry(
                code=code,
                name=name,
                kind="trust",
                region="East of England",
                valid_from=date(2022, 7, 1),
            )
            for code, name in NAMES.items()
        },
    )
