"""The running system as the driver sees it: addresses, tokens, commands, views - all over HTTP."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, Protocol

import httpx

_PATIENCE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.1
_AWAY: Final = frozenset({502, 503, 504})


class StoryFailed(Exception):
    """The story cannot go on; the message says why, for the person who plays it."""


class Refusal(Exception):
    """A rule said no: its name and its sentence."""

    def __init__(self, rule: str, sentence: str) -> None:
        super().__init__(sentence)
        self.rule = rule
        self.sentence = sentence


class Tokens(Protocol):
    """Gives bearer tokens: the evaluation issuer, or somebody who was given one."""

    def token(self, subject: str, organisations: Mapping[str, Sequence[str]]) -> str:
        """A token for this person with these roles for these organisations."""
        ...


class Neighbours:
    """Speaks to the services as different people, each with a token of their own."""

    def __init__(self, urls: Mapping[str, str], issuer: Tokens) -> None:
        """`urls` has where a service answers, by service or by service and organisation."""
        self.urls = dict(urls)
        self._issuer = issuer
        self._tokens: dict[tuple[str, str], str] = {}
        self._client = httpx.AsyncClient(timeout=30, trust_env=False)
        self.requests = 0

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    def url(self, service: str, organisation: str) -> str:
        """Where that service answers for that organisation."""
        found = self.urls.get(f"{service}/{organisation}") or self.urls.get(service)
        if found is None:
            raise StoryFailed(f"No {service} service serves {organisation}.")
        return found

    def token(self, person: str, roles: Mapping[str, list[str]]) -> str:
        """This person's bearer token."""
        key = (person, json.dumps(roles, sort_keys=True))
        if key not in self._tokens:
            self._tokens[key] = self._issuer.token(person, roles)
        return self._tokens[key]

    async def command(
        self, token: str, service: str, organisation: str, path: str, body: Any, key: str
    ) -> tuple[str, str]:
        """POST a command under its idempotency key; answers Location and Log-Position.

        Repeated with the same key while the service is away. Raises Refusal and StoryFailed.
        """
        reply = await self._send(
            "POST",
            f"{self.url(service, organisation)}/organisations/{organisation}{path}",
            token,
            content=json.dumps(body, ensure_ascii=False).encode(),
            headers={
                "content-type": "application/json",
                "idempotency-key": sha256(key.encode()).hexdigest()[:40],
            },
        )
        if reply.status_code in (200, 201):
            return reply.headers.get("location", ""), reply.headers.get("log-position", "")
        problem = _problem(reply)
        if reply.status_code == httpx.codes.CONFLICT:
            raise Refusal(problem["type"].rpartition(":")[2], problem["detail"])
        raise StoryFailed(f"{service} answered {reply.status_code} to {path}: {problem['detail']}")

    async def get(
        self,
        token: str,
        service: str,
        organisation: str,
        path: str,
        position: str = "",
        **query: Any,
    ) -> Any:
        """GET a document; `path` from the organisation on, `position` is waited for."""
        reply = await self._send(
            "GET",
            f"{self.url(service, organisation)}{path}",
            token,
            params={name: str(value) for name, value in query.items()},
            headers={"wait-for-position": position} if position else {},
        )
        if reply.status_code != httpx.codes.OK:
            sentence = _problem(reply)["detail"]
            raise StoryFailed(f"{service} answered {reply.status_code} to {path}: {sentence}")
        return reply.json()

    async def lines(
        self, token: str, service: str, organisation: str, path: str, **query: int
    ) -> list[str]:
        """The lines of an ndjson document."""
        url = f"{self.url(service, organisation)}{path}"
        reply = await self._send("GET", url, token, params=query)
        if reply.status_code != httpx.codes.OK:
            raise StoryFailed(f"{service} answered {reply.status_code} to {path}.")
        return reply.content.decode().split("\n")[:-1]

    async def _send(self, method: str, url: str, token: str, **request: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}", **request.pop("headers", {})}
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while True:
                    self.requests += 1
                    try:
                        reply = await self._client.request(method, url, headers=headers, **request)
                    except httpx.TransportError:
                        await asyncio.sleep(_PAUSE_SECONDS)
                        continue
                    if reply.status_code not in _AWAY:
                        return reply
                    await asyncio.sleep(_PAUSE_SECONDS)
        except TimeoutError:
            raise StoryFailed(
                f"{url} did not answer within {_PATIENCE_SECONDS:.0f} seconds."
            ) from None


def _problem(reply: httpx.Response) -> dict[str, str]:
    try:
        found: dict[str, str] = reply.json()
    except ValueError:
        return {"type": "", "detail": reply.text[:200]}
    else:
        return found
