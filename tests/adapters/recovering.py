"""A live engagement service with topic and auditor, and its database restored from a backup."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
from fastapi import APIRouter, FastAPI

from deploy.embedded.issuer import EvaluationIssuer
from services.audit import api
from services.audit.consumers import folds
from services.audit.settings import AuditSettings
from shared.contracts.envelope import Recorded, read
from shared.contracts.event import Event
from shared.contracts.policies import PolicyAdopted
from shared.infra import log
from shared.infra.bus.access import BusAccess
from shared.infra.bus.applying import Applier
from shared.infra.bus.effects import Reacting
from shared.infra.bus.handling import Fold, Handler, Reaction
from shared.infra.bus.relay import Relay
from shared.infra.bus.sources import Sources
from shared.infra.bus.topics import make_topics
from shared.infra.bus.watermarks import Place
from shared.infra.database import Pool, open_pool
from shared.infra.http import guarded_router, log_api, operations_api
from shared.infra.http.app import make_app
from shared.infra.http.tokens import TokenVerifier
from shared.infra.kit import Kit
from shared.infra.metrics import Metrics
from shared.infra.recovery.recovering import Recovery, Trust, recover
from shared.infra.service import Service
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Order, Shell, Transaction
from shared.infra.unit import Unit
from shared.kernel.deadlines import Deadline
from shared.kernel.identifiers import LogName
from tests.adapters.auditing import AUDIT, INSTALLATION, NOW, Audited, audited_log
from tests.adapters.auditing_http import READERS, SIGNING_KEY, ByHost, kit_of, values
from tests.adapters.bus.writers import access, producer
from tests.adapters.conftest import Database, MakeDatabase
from tests.adapters.logs import adopting, order
from tests.adapters.shells import SECRET, FixedClock
from tests.servers import BusServer

SOURCE: Final = "recruitment"
DUE: Final = datetime(2026, 3, 7, 10, 0, tzinfo=UTC)


def deadlines_of(organisation: str, stream: str, event: Event, _: datetime) -> Sequence[Deadline]:
    """Each version of a policy for fees is looked at again, a day later than the one before."""
    match event:
        case PolicyAdopted(kind="fees", policy_version=version):
            return [Deadline(organisation, stream, "review", DUE + timedelta(days=version))]
        case _:
            return []


def echoing(heard: list[int]) -> Reaction:
    """Every policy adopted elsewhere becomes the next version of ours, once."""

    async def echo(work: Transaction, event: Recorded, _: Mapping[str, object]) -> None:
        heard.append(event.sequence)
        code = event.log.organisation
        adopted = await work.policies(code, "echo")
        if all(version.terms != {"of": event.sequence} for version in adopted):
            await adopting(len(adopted) + 1, code, "echo", of=event.sequence)(work)

    return Reaction("engagement.echo", SOURCE, {"PolicyAdopted": Handler(echo)})


@dataclass
class Loss:
    """One log of engagement, and a database that has only the beginning of it."""

    audited: Audited
    shell: Shell
    source: Pool
    restored: Database
    kit: Kit
    broker: BusServer
    away: set[str]
    heard: list[int] = field(default_factory=list)
    """The numbers of recruitment's events that the reaction was given."""

    @property
    def reaction(self) -> Reaction:
        return echoing(self.heard)

    @property
    def service(self) -> Service:
        return Service(
            name="engagement",
            router=lambda _: guarded_router("nothing"),
            reactions=lambda _: [self.reaction],
            deadlines_of=deadlines_of,
        )

    @property
    def code(self) -> str:
        return self.audited.name.organisation

    @property
    def name(self) -> LogName:
        return self.audited.name

    async def bodies(self, pool: "Pool | None" = None) -> list[str]:
        """The live log, or the one on another database."""
        async with (pool or self.audited.pool).acquire() as connection:
            return await log.read(connection, self.code, 0, 10_000)

    async def publish(self, bodies: Sequence[str]) -> None:
        """Put these bodies on the topic."""
        await make_topics(access(self.broker), [str(self.name)])
        async with producer(self.broker) as sender:
            for body in bodies:
                await sender.send_and_wait(str(self.name), body.encode(), key=b"k", partition=0)

    async def restore(self, number: int) -> None:
        """Make the other database what a backup of the live one had at this number."""
        bodies = (await self.bodies())[:number]
        events = [read(body) for body in bodies]
        rows = [(self.code, e.sequence, e.stream, e.version, e.type, e.body) for e in events]
        superuser = await asyncpg.connect(self.restored.superuser)
        try:
            await superuser.executemany(
                "INSERT INTO log.events VALUES ($1, $2, $3, $4, $5, $6)", rows
            )
            await superuser.execute(
                "INSERT INTO log.heads VALUES ($1, $2, $3)",
                self.code,
                number,
                events[-1].recorded_at,
            )
        finally:
            await superuser.close()

    async def recover(self, trust: Trust | None = None) -> Recovery:
        """What `partners log recover` does, on the restored database."""
        superuser = await asyncpg.connect(self.restored.superuser)
        # the roles have the name of the template the database was cloned from
        named = self.restored.roles.owner.removesuffix("_owner")
        try:
            trust = trust or Trust()
            return await recover(self.service, self.kit, superuser, named, [self.code], trust)
        finally:
            await superuser.close()

    async def rows(self, query: str, *, live: bool = False) -> list[tuple[Any, ...]]:
        """The rows of a query on the restored database, or on the live one."""
        database = self.audited.database if live else self.restored
        connection = await asyncpg.connect(database.superuser)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    def relay(self) -> Relay:
        """The relay of the restored service."""
        reach = access(self.broker)
        copied = self.kit.sources.copy_size
        return Relay(self.restored.service, "engagement", [self.code], reach, Metrics(), copied)

    async def react(self, shell: Shell, events: Sequence[Recorded]) -> None:
        """Let the reaction decide about these on the shell's database, each in a transaction."""
        for event in events:
            await shell.transact(partial(self._react, shell, event))

    async def _react(self, shell: Shell, event: Recorded, unit: Unit) -> None:
        await unit.begin()
        handler = self.reaction.handlers[event.type]
        await shell.react(unit, event, lambda work: handler.react(work, event, {}))

    async def consume(self, shell: Shell, events: Sequence[Recorded]) -> None:
        """What the restored service's consumer does from its restored watermark on."""
        applier = Applier(
            Place("kit", "engagement.echo", LogName(SOURCE, self.code)),
            self.kit.pool,
            asyncio.Semaphore(),
            Reacting(self.reaction, shell, self.kit.opener),
        )
        await applier.load()
        self.heard.clear()
        await applier.apply(events, trusted=True)

    async def adopt_in_source(self, count: int) -> list[Recorded]:
        """Let recruitment adopt policies; answers its events."""
        shell = Shell(self.source, SOURCE, FixedClock(), idempotency_secret=SECRET)
        for number in range(1, count + 1):
            await shell.handle(self.order(f"theirs-{number}"), adopting(number, self.code))
        return [read(body) for body in await self.bodies(self.source)]

    def order(self, key: str) -> Order:
        """A keyed command for this organisation."""
        return order(key, organisation=self.code)


@contextlib.asynccontextmanager
async def loss(
    make_database: MakeDatabase, broker: BusServer, organisation: str, folder: Path
) -> AsyncIterator[Loss]:
    """The live service and everybody it has to do with; the backup is taken by the test."""
    live, restored, theirs = (
        await make_database(AUDIT),
        await make_database(),
        await make_database(),
    )
    issuer, away = EvaluationIssuer(folder), set[str]()
    token = issuer.token("system/engagement", {organisation: ["service"]})
    common = values(issuer, organisation) | {
        "organisations": (organisation,),
        "bootstrap_servers": broker.bootstrap_servers,
        "broker_idempotence": broker.idempotence,
        "service_urls": {"audit": "http://audit", SOURCE: f"http://{SOURCE}"},
        "machine_token": token,
    }
    settings = ServiceSettings.model_validate(common)
    signing = AuditSettings.model_validate(common | {"signing_key": SIGNING_KEY})
    async with (
        contextlib.AsyncExitStack() as stack,
        audited_log(live, access(broker), organisation) as audited,
    ):
        ours, source = [await _pool(stack, each) for each in (restored, theirs)]
        async with source.acquire() as connection:
            await log.open_log(connection, SOURCE, organisation, INSTALLATION, NOW)
        auditor = kit_of("audit", signing, audited.pool)
        kits = kit_of("engagement", settings, ours), kit_of(SOURCE, settings, source), auditor
        apps = {
            "audit": _app(auditor, live, [api.router(auditor)], folds(auditor)),
            SOURCE: _app(kits[1], theirs, [log_api.router(kits[1], READERS)], []),
        }
        transports = {name: httpx.ASGITransport(app=app) for name, app in apps.items()}
        sources = Sources(settings, ByHost(transports, away))
        for kit in kits:
            stack.push_async_callback(kit.opener.close)
            stack.push_async_callback(kit.sources.close)
        stack.push_async_callback(sources.close)
        yield Loss(
            audited,
            shell_on(audited.pool),
            source,
            restored,
            replace(kits[0], sources=sources),
            broker,
            away,
        )


def shell_on(pool: Pool, *, on_hold: bool = False) -> Shell:
    """The shell of engagement, before the loss or after it."""
    return Shell(
        pool,
        "engagement",
        FixedClock(),
        idempotency_secret=SECRET,
        deadlines_of=deadlines_of,
        may_write=lambda _: not on_hold,
    )


def _app(
    kit: Kit, database: Database, routers: Sequence[APIRouter], consumers: Sequence[Fold]
) -> FastAPI:
    """A service that answers, and shows how far its consumers have read."""
    relay = Relay(
        database.service, kit.service, kit.organisations, BusAccess.of(kit.settings), kit.metrics
    )
    operations = operations_api.router(kit, relay, consumers)
    return make_app(kit, TokenVerifier(kit.settings), [*routers, operations])


async def _pool(stack: contextlib.AsyncExitStack, database: Database) -> Pool:
    pool = await open_pool(database.service, name="test", largest=6)
    stack.callback(pool.terminate)
    return pool
