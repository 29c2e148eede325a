"""Verifies an installation over HTTP: the log APIs of its services against its auditor."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import httpx

from services.audit.verify import LogVerdict, Verification, verify_log
from shared.infra.signing import VerifyingKey
from shared.kernel.identifiers import SERVICES, LogName

_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
_PAGE: Final = 1_000

UrlOf = Callable[[str, str], str | None]
"""Where a service answers for an organisation; None when nobody said."""


class Unreachable(Exception):
    """A service that is needed for this does not answer, or does not let us in."""


class _Remote:
    """One client for all services, with one token."""

    def __init__(self, client: httpx.AsyncClient, url_of: UrlOf) -> None:
        self._client = client
        self._url_of = url_of

    async def get(
        self, service: str, organisation: str, path: str, query: Mapping[str, str] | None = None
    ) -> httpx.Response | None:
        """What the service answers; None for what it does not know."""
        base = self._url_of(service, organisation)
        if base is None:
            raise Unreachable(f"Nobody said where {service} of {organisation} answers.")
        try:
            reply = await self._client.get(base + path, params=query)
        except httpx.HTTPError as error:
            raise Unreachable(
                f"{service} of {organisation} does not answer ({type(error).__name__})."
            ) from error
        if reply.status_code == httpx.codes.NOT_FOUND:
            return None
        if reply.status_code != httpx.codes.OK:
            raise Unreachable(f"{service} of {organisation} answers {reply.status_code}.")
        return reply

    async def bodies(
        self, service: str, organisation: str, path: str, after: int, limit: int
    ) -> list[str]:
        """Bodies of a page: one a line, and only a line feed ends a line."""
        query = {"after": str(after), "limit": str(limit)}
        reply = await self.get(service, organisation, path, query)
        return reply.content.decode().split("\n")[:-1] if reply else []


class ServiceLogs:
    """The logs as their services have them."""

    def __init__(self, remote: _Remote) -> None:
        self._remote = remote

    async def size(self, log: LogName) -> int | None:
        """The head; None for a log the service does not know."""
        path = f"/log/{log.organisation}/head"
        reply = await self._remote.get(log.service, log.organisation, path)
        return int(reply.json()["sequence"]) if reply else None

    async def read(self, log: LogName, after: int, limit: int) -> Sequence[str]:
        """A page of the log."""
        path = f"/log/{log.organisation}"
        return await self._remote.bodies(log.service, log.organisation, path, after, limit)


class AuditorCopies:
    """The logs as the auditor has them, and what was signed over them."""

    def __init__(self, remote: _Remote) -> None:
        self._remote = remote

    async def size(self, log: LogName) -> int | None:
        """The last number of the copy."""
        path = f"/copies/{log.service}/{log.organisation}/head"
        reply = await self._remote.get("audit", log.organisation, path)
        return int(reply.json()["sequence"]) if reply else None

    async def read(self, log: LogName, after: int, limit: int) -> Sequence[str]:
        """A page of the copy."""
        path = f"/copies/{log.service}/{log.organisation}"
        return await self._remote.bodies("audit", log.organisation, path, after, limit)

    async def notes(self, log: LogName) -> list[str]:
        """Every checkpoint of a log, by size."""
        notes: list[str] = []
        after = 0
        while page := await self._list(log, "checkpoints", after=str(after), limit=str(_PAGE)):
            notes += [found["note"] for found in page]
            after = page[-1]["size"]
        return notes

    async def publics(self, log: LogName) -> list[bytes]:
        """The public keys the auditor says it signs this log with."""
        keys = await self._list(log, "verifier-keys")
        return [VerifyingKey.parse(key).public for key in keys]

    async def origin(self, log: LogName) -> str | None:
        """The log's name in its checkpoints; None while the auditor has nothing of it."""
        trees = await self._list(log, "trees")
        return next((found["origin"] for found in trees if found["log"] == str(log)), None)

    async def _list(self, log: LogName, what: str, **query: str) -> list[Any]:
        path = f"/organisations/{quote(log.organisation)}/{what}"
        reply = await self._remote.get(
            "audit", log.organisation, path, {"service": log.service, **query}
        )
        found = reply.json() if reply else []
        return list(found)


async def verify(
    organisations: Sequence[str],
    url_of: UrlOf,
    token: str,
    *,
    publics: Sequence[bytes] | None = None,
    told: Callable[[LogVerdict], None] = lambda _: None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Verification:
    """Verify every log of these organisations; `told` is called after each.

    Without `publics` the auditor's own word for its keys is taken. Raises Unreachable.
    """
    found: list[LogVerdict] = []
    async with httpx.AsyncClient(
        timeout=_TIMEOUT,
        headers={"authorization": f"Bearer {token}"},
        transport=transport,
        # what is inside is reached directly, whatever the machine's proxy settings say
        trust_env=False,
    ) as client:
        remote = _Remote(client, url_of)
        services, auditor = ServiceLogs(remote), AuditorCopies(remote)
        for organisation in organisations:
            for service in SERVICES:
                log = LogName(service, organisation)
                verdict = await _one(log, url_of, services, auditor, publics)
                if verdict is not None:
                    found.append(verdict)
                    told(verdict)
    return Verification(tuple(found))


async def _one(
    log: LogName,
    url_of: UrlOf,
    services: ServiceLogs,
    auditor: AuditorCopies,
    publics: Sequence[bytes] | None,
) -> LogVerdict | None:
    """What is found about one log; None when neither side knows it."""
    trusted = publics if publics is not None else await auditor.publics(log)
    notes = await auditor.notes(log)
    origin = await auditor.origin(log)
    if origin is None and (
        url_of(log.service, log.organisation) is None or await services.size(log) is None
    ):
        return None
    return await verify_log(log, origin or "", services, auditor, notes, trusted)
