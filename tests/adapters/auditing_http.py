"""A service, its auditor and a witness as real applications, reached over HTTP in one process."""

import base64
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from deploy.embedded.issuer import EvaluationIssuer
from services.audit import api
from services.audit.settings import AuditSettings
from services.audit.witnesses import Witnesses
from shared.infra.bus.access import BusAccess
from shared.infra.bus.sources import Sources
from shared.infra.clock import SystemClock
from shared.infra.database import Pool
from shared.infra.http import log_api
from shared.infra.http.app import make_app
from shared.infra.http.tokens import TokenVerifier
from shared.infra.keys import Keys
from shared.infra.kit import Kit
from shared.infra.metrics import Metrics
from shared.infra.opening import Opener
from shared.infra.register import read_register
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Shell
from shared.infra.signing import SigningKey, VerifyingKey
from shared.kernel.checkpoint import COSIGNATURE_V1
from tests.adapters.auditing import KEY, Audited, audited_log
from tests.adapters.conftest import Database

SIGNING_KEY = base64.b64encode(b"the auditor signs with this key.").decode()
WITNESS_KEY = SigningKey(b"the witness cosigns with another")
WITNESS_NAME = "partners.invalid/witness/RNA"
OTHER_LOG = "partners.invalid/log/engagement.RNA"
REGISTER = Path(__file__).parents[2] / "deploy" / "organisations"
URLS = {"engagement": "http://engagement", "audit": "http://audit"}
READERS = frozenset({"service", "auditor", "operator"})


@dataclass
class Installation:
    """A service and its auditor, reached over HTTP, with tokens of the evaluation issuer."""

    audited: Audited
    transport: httpx.AsyncBaseTransport
    issuer: EvaluationIssuer
    away: set[str]
    apps: Mapping[str, FastAPI]

    @property
    def code(self) -> str:
        return self.audited.name.organisation

    def token(self, role: str = "auditor", organisation: str | None = None) -> str:
        return self.issuer.token("auditor", {organisation or self.code: [role]})

    async def get(self, path: str, token: str | None = None, **query: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {token or self.token()}"}
        async with httpx.AsyncClient(transport=self.transport, base_url="http://audit") as client:
            return await client.get(
                path.replace("RAJ", self.code), headers=headers, params=query or None
            )

    async def post(self, path: str, body: Any, role: str = "service") -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token(role)}"}
        async with httpx.AsyncClient(transport=self.transport) as client:
            return await client.post(path.replace("RAJ", self.code), headers=headers, json=body)

    def ask_the_witness(self, key: VerifyingKey | None = None) -> Witnesses:
        """Let the auditor ask the witness from now on, and expect this key of it."""
        key = key or VerifyingKey.parse(WITNESS_KEY.verifier_key(WITNESS_NAME, COSIGNATURE_V1))
        self.audited.witnesses = Witnesses(
            {"http://witness": key}, [KEY.public], self.token("service"), self.transport
        )
        return self.audited.witnesses


class ByHost(httpx.AsyncBaseTransport):
    """Hands a request to the application whose name is the host, unless that one is away."""

    def __init__(self, apps: Mapping[str, httpx.AsyncBaseTransport], away: set[str]) -> None:
        self._apps = apps
        self._away = away

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host in self._away:
            raise httpx.ConnectError("nobody there")
        return await self._apps[request.url.host].handle_async_request(request)


def kit_of(service: str, settings: ServiceSettings, pool: Pool) -> Kit:
    clock = SystemClock()
    keys = Keys.of(settings, clock)
    shell = Shell(pool, service, clock, idempotency_secret=b"i" * 32, sealer=keys)
    return Kit(
        service=service,
        settings=settings,
        pool=pool,
        clock=clock,
        shell=shell,
        keys=keys,
        opener=Opener(service, settings, shell, pool, keys),
        sources=Sources(settings),
        metrics=Metrics(),
        register=read_register(REGISTER),
    )


def values(issuer: EvaluationIssuer, organisation: str) -> dict[str, Any]:
    return {
        "deployment": "audit-test",
        "organisations": (organisation, "RNA"),
        "embedded": True,
        "database_url": "postgresql://unused",
        "bootstrap_servers": "127.0.0.1:1",
        "jwks_file": issuer.key_set_file,
        "idempotency_secret": "i" * 32,
        "directory_secret": "d" * 32,
        "key_encryption_keys": '{"k":"' + base64.b64encode(b"k" * 32).decode() + '"}',
        "register_folder": REGISTER,
    }


@contextlib.asynccontextmanager
async def installed(
    database: Database, access: BusAccess, organisation: str, folder: Path
) -> AsyncIterator[Installation]:
    """A log of 7 events, the last two not yet under a checkpoint."""
    issuer = EvaluationIssuer(folder)
    async with audited_log(database, access, organisation) as audited:
        signer = audited.signer()
        for count in (1, 3):
            await audited.write(count)
            await signer.work_off()
        await audited.write(2)
        common = values(issuer, organisation)
        own = common | {"signing_key": SIGNING_KEY}
        audit = kit_of("audit", AuditSettings.model_validate(own), audited.pool)
        engagement = kit_of("engagement", ServiceSettings.model_validate(common), audited.pool)
        other = common | {
            "signing_key": base64.b64encode(b"a trust's own auditor's own key.").decode(),
            "witness_key": base64.b64encode(b"the witness cosigns with another").decode(),
            "witness_organisation": "RNA",
            "witnessed_logs": (KEY.verifier_key(audited.origin), KEY.verifier_key(OTHER_LOG)),
        }
        witness = kit_of("audit", AuditSettings.model_validate(other), audited.pool)
        verifier = TokenVerifier(audit.settings)
        away: set[str] = set()
        apps = {
            "audit": make_app(audit, verifier, [api.router(audit)]),
            "engagement": make_app(engagement, verifier, [log_api.router(engagement, READERS)]),
            "witness": make_app(witness, verifier, [api.router(witness)]),
        }
        transports = {name: httpx.ASGITransport(app=app) for name, app in apps.items()}
        yield Installation(audited, ByHost(transports, away), issuer, away, apps)
        for kit in (audit, engagement, witness):
            await kit.opener.close()
            await kit.sources.close()
