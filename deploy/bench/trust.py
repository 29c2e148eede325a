"""Engagement services as they write: a shell with keys and relay, partners, what partners raise."""

from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from json import dumps
from typing import Final
from uuid import UUID

from deploy.bench.place import Database, Place
from deploy.embedded.evaluation import REGISTER
from services.engagement.app import SERVICE
from services.engagement.domain.contribution import CONTRIBUTION, AnswerContribution
from shared.contracts.engagement import ContributionRecorded
from shared.contracts.personal import Clear, Sealed
from shared.infra import log
from shared.infra.bus.access import BusAccess
from shared.infra.bus.relay import Relay
from shared.infra.clock import SystemClock
from shared.infra.database import Pool
from shared.infra.identifiers import new_person_id, new_traceparent
from shared.infra.keys import Keys
from shared.infra.metrics import Metrics
from shared.infra.migrations import Module
from shared.infra.orders import Answer, Order
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Cause, Shell, Transaction
from shared.infra.turns import LEFT_TO_OTHERS

PARTNERS: Final = 20
"""Partners of each organisation: each has one key, made with the first thing they raise."""
RAISED: Final = (
    "The discharge leaflet does not say whom to ring at night, and nobody could tell me."
)
ANSWER: Final = "The leaflet names the night desk now, and the ward hands it out on admission."
ON: Final = date(2024, 3, 5)
ANSWERED: Final = dumps({"on": str(ON), "changed": True, "answer": ANSWER}).encode()
"""The coordinator's request, as it comes in."""
_numbers = count(1)
"""What is raised is numbered, as the peer's aggregates are: making identifiers is not measured."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """Something raised at an organisation, and in whose name."""

    organisation: str
    id: UUID
    partner: UUID
    person: UUID

    @property
    def stream(self) -> str:
        """The stream its events stand in."""
        return f"contribution/{self.id}"


class Trust:
    """Writes what the partners of some organisations raise, and what they are answered."""

    def __init__(
        self,
        database: Database,
        shell: Shell,
        bare: Shell,
        pool: Pool,
        organisations: Sequence[str],
    ) -> None:
        self.database = database
        self.shell = shell
        self._bare = bare
        self.pool = pool
        self.organisations = organisations
        self._people = {
            code: [(new_person_id(), new_person_id()) for _ in range(PARTNERS)]
            for code in organisations
        }

    def new_contribution(self, organisation: str) -> Contribution:
        """The next partner's next contribution."""
        number = next(_numbers)
        partner, person = self._people[organisation][number % PARTNERS]
        return Contribution(organisation, UUID(int=number), partner, person)

    async def raise_some(
        self, organisation: str, count: int = 1, *, ready: Sealed | None = None
    ) -> list[Contribution]:
        """Append so many new contributions in one transaction and one call.

        With a `ready` value nothing is sealed: each has that one.
        """
        contributions = [self.new_contribution(organisation) for _ in range(count)]
        cause = Cause(
            contributions[0].id, contributions[0].id, "system/engagement", new_traceparent()
        )

        async def work(transaction: Transaction) -> None:
            for one in contributions:
                await transaction.record(organisation, one.stream, raised(one, ready), new=True)

        await (self._bare if ready else self.shell).do(cause, work)
        return contributions

    async def answer(self, contribution: Contribution) -> Answer:
        """Handle the command of a coordinator who answers it."""
        command = AnswerContribution(on=ON, changed=True, answer=Clear(ANSWER))
        order = Order(
            organisation=contribution.organisation,
            actor=f"coordinator/{contribution.partner}",
            route="/contributions/answer",
            key=str(contribution.id),
            body=ANSWERED,
        )

        async def work(transaction: Transaction) -> None:
            await transaction.decide(
                CONTRIBUTION, contribution.organisation, contribution.stream, command
            )

        return await self.shell.handle(order, work)


def raised(contribution: Contribution, ready: Sealed | None = None) -> ContributionRecorded:
    """The event, with what was raised in clear: it is sealed on its way into the log."""
    return ContributionRecorded(
        contribution=contribution.id,
        committee=None,
        meeting=None,
        partner=contribution.partner,
        person=contribution.person,
        on=ON,
        raised=ready or Clear(RAISED),
    )


def codes(count: int, letter: str = "B") -> list[str]:
    """Codes of invented organisations."""
    return [f"{letter}{number:02d}" for number in range(1, count + 1)]


def settings(place: Place, database: Database, organisations: Sequence[str]) -> ServiceSettings:
    """The settings of an embedded service on this database."""
    return ServiceSettings.model_validate(
        {
            "deployment": database.name.replace("_", "-"),
            "organisations": tuple(organisations),
            "embedded": True,
            "database_url": database.service,
            "bootstrap_servers": place.broker.bootstrap_servers,
            "broker_idempotence": False,
            "session_timeout_milliseconds": 2_000,
            "heartbeat_interval_milliseconds": 500,
            "jwks_file": place.folder / "none.json",
            "idempotency_secret": "i" * 48,
            "directory_secret": "d" * 48,
            "key_encryption_keys": dumps({"k1": b64encode(bytes(32)).decode()}),
            "register_folder": REGISTER,
        }
    )


def relay_of(configured: ServiceSettings) -> Relay:
    """The relay of an engagement service with these settings."""
    return Relay(
        configured.database_url.get_secret_value(),
        SERVICE.name,
        configured.organisations,
        BusAccess.of(configured),
        Metrics(),
    )


async def open_logs(pool: Pool, organisations: Sequence[str], service: str) -> None:
    """Write the first event of each log."""
    async with pool.acquire() as connection:
        for code in organisations:
            now = SystemClock().now()
            await log.open_log(connection, service, code, "partners.invalid", now)


@asynccontextmanager
async def trust(
    place: Place, organisations: Sequence[str], writers: int, *modules: Module
) -> AsyncIterator[Trust]:
    """A service's shell, wired as the runtime wires it, over open logs of these organisations."""
    async with (
        place.database(*modules) as database,
        place.pool(database.service, writers + LEFT_TO_OTHERS) as pool,
    ):
        configured = settings(place, database, organisations)
        clock, wake = SystemClock(), relay_of(configured).wake
        await open_logs(pool, organisations, SERVICE.name)
        shell = Shell(
            pool,
            SERVICE.name,
            clock,
            idempotency_secret=configured.idempotency_secret.get_secret_value().encode(),
            sealer=Keys.of(configured, clock),
            deadlines_of=SERVICE.deadlines_of,
            wake=wake,
        )
        bare = Shell(pool, SERVICE.name, clock, idempotency_secret=b"none", wake=wake)
        yield Trust(database, shell, bare, pool, organisations)
