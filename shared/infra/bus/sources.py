"""Reads other services' logs over HTTP: the log API, or the audit copy when that is away."""

from typing import Final

import httpx

from shared.infra.log import Head
from shared.infra.settings import ServiceSettings
from shared.kernel.identifiers import LogName
from shared.kernel.moments import parse_moment

LARGEST_PAGE: Final = 1_000
_TIMEOUT: Final = httpx.Timeout(5.0, connect=2.0)


class SourceAway(Exception):
    """Neither the source of this log nor the auditor's copy answers: wait and try again."""


class Sources:
    """Where the logs of all services can be read by this one."""

    def __init__(
        self, settings: ServiceSettings, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._settings = settings
        token = settings.machine_token.get_secret_value()
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT,
            headers={"authorization": f"Bearer {token}"} if token else {},
            transport=transport,
            # what is inside is reached directly, whatever the machine's proxy settings say
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def knows(self, service: str, organisation: str) -> bool:
        """Whether an address is set for it."""
        return self._settings.url_of(service, organisation) is not None

    async def head(self, log: LogName) -> Head | None:
        """Where the source says its log stands; None when it knows no such log."""
        reply = await self.get(log.service, log.organisation, f"/log/{log.organisation}/head")
        if reply is None:
            return None
        try:
            found = reply.json()
            moment = parse_moment(found["recordedtime"])
            return Head(found["organisation"], int(found["sequence"]), moment)
        except (ValueError, KeyError, TypeError) as error:
            raise SourceAway(f"The head of {log} came in a form nobody here knows.") from error

    async def read(self, log: LogName, after: int, limit: int = LARGEST_PAGE) -> list[str]:
        """At most `limit` bodies after number `after`, verbatim and in order."""
        try:
            return await self.own(log, after, limit)
        except SourceAway:
            return await self.copied(log, after, limit)

    async def at(self, log: LogName, sequence: int) -> str | None:
        """The body at this number; None when the source itself says there is none.

        The copy is asked when the source is away, but only the source may say no.
        """
        try:
            return next(iter(await self.own(log, sequence - 1, 1)), None)
        except SourceAway:
            found = await self.copied(log, sequence - 1, 1)
            if not found:
                raise
            return found[0]

    async def own(self, log: LogName, after: int, limit: int = LARGEST_PAGE) -> list[str]:
        """What the source itself answers; nothing for a log it does not know."""
        path = f"/log/{log.organisation}"
        return await self._bodies(log.service, log, path, after, limit)

    async def copied(self, log: LogName, after: int, limit: int = LARGEST_PAGE) -> list[str]:
        """What the audit service's copy has."""
        path = f"/copies/{log.service}/{log.organisation}"
        return await self._bodies("audit", log, path, after, limit)

    async def copy_size(self, log: LogName) -> int:
        """How many events of a log the audit service's copy has; 0 where nobody audits."""
        if not self.knows("audit", log.organisation):
            return 0
        path = f"/copies/{log.service}/{log.organisation}/head"
        reply = await self.get("audit", log.organisation, path)
        return int(reply.json()["sequence"]) if reply else 0

    async def get(
        self, service: str, organisation: str, path: str, query: dict[str, str] | None = None
    ) -> httpx.Response | None:
        """What a service answers; None for what it does not know. Raises SourceAway."""
        base = self._settings.url_of(service, organisation)
        if base is None:
            raise SourceAway(f"No address is set for {service} of {organisation}.")
        try:
            reply = await self._client.get(base + path, params=query)
        except httpx.HTTPError as error:
            reason = f"{service} of {organisation} does not answer ({type(error).__name__})."
            raise SourceAway(reason) from error
        if reply.status_code == httpx.codes.NOT_FOUND:
            return None
        if reply.status_code != httpx.codes.OK:
            raise SourceAway(f"{service} of {organisation} answers {reply.status_code}.")
        return reply

    async def _bodies(
        self, service: str, log: LogName, path: str, after: int, limit: int
    ) -> list[str]:
        limit = min(limit, LARGEST_PAGE)
        reply = await self.get(
            service, log.organisation, path, {"after": str(after), "limit": str(limit)}
        )
        # one body a line, and only a line feed ends a line
        return reply.content.decode().split("\n")[:-1] if reply is not None else []
