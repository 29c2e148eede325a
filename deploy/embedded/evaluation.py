"""The whole system on one machine for evaluation: every service under the embedded supervisor."""

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import token_bytes, token_urlsafe  # noqa: TID251 - secrets of an evaluation
from typing import Any, Final

from deploy.embedded.forked import ProcessSpec
from deploy.embedded.issuer import EvaluationIssuer
from deploy.embedded.system import Addresses, System, http_ready
from deploy.layout import Deployment, deployments
from shared.infra.provisioning import Roles, at_database, prepare_database

ORGANISATIONS: Final = ("L-PROVIDE", "QH8", "RAJ")
"""The hosts of the demonstration; L-PROVIDE stands for Provide CIC, whose ODS code is not known."""
REGISTER: Final = Path(__file__).parents[1] / "organisations"
MACHINE_TOKEN_SECONDS: Final = 366 * 24 * 3600
FETCH_WAIT_MILLISECONDS: Final = 100
"""The embedded broker wakes no waiting fetch: half of this is what an event waits on the way."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One embedded system in one data folder."""

    name: str
    folder: Path
    organisations: tuple[str, ...] = ORGANISATIONS
    ports: Mapping[str, int] = field(default_factory=dict)
    """Ports somebody chose, by deployment, `postgres` or `kafka`; all others are free ones."""
    simulated_time: bool = False
    durable: bool = True

    @property
    def clock_file(self) -> Path:
        """Where the simulated clock stands, when time is simulated."""
        return self.folder / "clock"

    def deployments(self) -> list[Deployment]:
        """The eight services of the demonstration, or as many as its organisations need."""
        return deployments(self.organisations)

    def issuer(self) -> EvaluationIssuer:
        """The issuer whose tokens this system accepts."""
        return EvaluationIssuer(self.folder / "identity")

    def system(
        self,
        driver: Callable[[Addresses], ProcessSpec] | None = None,
        announce: Callable[[Addresses], None] | None = None,
    ) -> System:
        """What the supervisor starts."""
        optional: dict[str, Any] = {"announce": announce} if announce else {}
        return System(
            name=self.name,
            folder=self.folder,
            ports={each.name: self.ports.get(each.name) for each in self.deployments()},
            postgres_port=self.ports.get("postgres"),
            broker_port=self.ports.get("kafka"),
            durable=self.durable,
            prepare=partial(_prepare, self.deployments()),
            processes=self._processes,
            driver=driver,
            **optional,
        )

    def _processes(self, addresses: Addresses) -> Sequence[ProcessSpec]:
        told = {"urls": self.service_urls(addresses), "organisations": self.organisations}
        (self.folder / "services.json").write_text(json.dumps(told))
        return [self._process(each, addresses) for each in self.deployments()]

    def _process(self, deployment: Deployment, addresses: Addresses) -> ProcessSpec:
        # imported before the fork, once for all children
        service = deployment.load()
        return ProcessSpec(
            name=deployment.name,
            start=partial(_serve, service.name),
            environment=self.environment(deployment, addresses),
            ready=partial(http_ready, addresses.ports[deployment.name]),
        )

    def environment(self, deployment: Deployment, addresses: Addresses) -> dict[str, str]:
        """The settings this deployment runs with."""
        role = Roles.of(deployment.database).service
        return self._common(addresses) | {
            "PARTNERS_DEPLOYMENT": deployment.name,
            "PARTNERS_ORGANISATIONS": ",".join(deployment.organisations),
            "PARTNERS_DATABASE_URL": addresses.dsn(deployment.database, role),
            "PARTNERS_HTTP_PORT": str(addresses.ports[deployment.name]),
            "PARTNERS_KEY_ENCRYPTION_KEYS": self._secret(f"keys-{deployment.name}", _wrapping_key),
            "PARTNERS_MACHINE_TOKEN": self.issuer().token(
                f"system/{deployment.name}",
                {code: ["service"] for code in deployment.organisations},
                MACHINE_TOKEN_SECONDS,
            ),
        }

    def _common(self, addresses: Addresses) -> dict[str, str]:
        clock = {"PARTNERS_CLOCK_FILE": str(self.clock_file)} if self.simulated_time else {}
        return clock | {
            "PARTNERS_EMBEDDED": "true",
            "PARTNERS_BOOTSTRAP_SERVERS": addresses.bootstrap_servers,
            "PARTNERS_BROKER_IDEMPOTENCE": "false",
            "PARTNERS_SESSION_TIMEOUT_MILLISECONDS": "2000",
            "PARTNERS_HEARTBEAT_INTERVAL_MILLISECONDS": "500",
            "PARTNERS_FETCH_WAIT_MILLISECONDS": str(FETCH_WAIT_MILLISECONDS),
            "PARTNERS_SERVICE_URLS": json.dumps(self.service_urls(addresses)),
            "PARTNERS_JWKS_FILE": str(self.issuer().key_set_file),
            "PARTNERS_REGISTER_FOLDER": str(REGISTER),
            "PARTNERS_IDEMPOTENCY_SECRET": self._secret("idempotency", _secret_text),
            "PARTNERS_DIRECTORY_SECRET": self._secret("directory", _secret_text),
            "PARTNERS_FILES_FOLDER": str(self.folder / "files"),
            "PARTNERS_CHECKPOINT_SECONDS": "2",
            "PARTNERS_SIGNING_KEY": self._secret("signing", _signing_key),
        }

    def service_urls(self, addresses: Addresses) -> dict[str, str]:
        """Where each service answers: by service, or by service and organisation."""
        return {
            key: addresses.url(each.name)
            for each in self.deployments()
            for key in (
                [f"{each.service}/{code}" for code in each.organisations]
                if each.service == "engagement"
                else [each.service]
            )
        }

    def _secret(self, name: str, make: Callable[[], str]) -> str:
        """A secret of this system, made at its first start and kept for its owner only."""
        file = self.folder / "secrets" / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write(make())
        return file.read_text()


def _secret_text() -> str:
    return token_urlsafe(48)


def _wrapping_key() -> str:
    return json.dumps({"k1": b64encode(token_bytes(32)).decode()})


def _signing_key() -> str:
    return b64encode(token_bytes(32)).decode()


def _prepare(every: Sequence[Deployment], addresses: Addresses) -> None:
    async def prepare() -> None:
        admin = at_database(addresses.dsn(), "postgres")
        async with asyncio.TaskGroup() as group:
            for each in every:
                group.create_task(prepare_database(admin, each.database, each.modules()))

    asyncio.run(prepare())


def _serve(service: str) -> None:
    from deploy.layout import service_named  # noqa: PLC0415 - imported before the fork
    from shared.infra.runtime import run  # noqa: PLC0415

    run(service_named(service))
