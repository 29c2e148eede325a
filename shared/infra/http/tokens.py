"""Who asks: a JWT bearer token, verified against the identity provider's key set."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, Final
from uuid import UUID

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.infra.http.problems import Problem, away
from shared.infra.settings import ServiceSettings
from shared.kernel.identifiers import is_organisation

ROLES: Final = frozenset(
    {
        "applicant",
        "partner",
        "coordinator",
        "panel-member",
        "lead-contact",
        "finance-preparer",
        "finance-approver",
        "auditor",
        "national-viewer",
        "operator",
        "service",
    }
)
"""The closed list of roles (BYTES)."""

ALGORITHMS: Final = ["EdDSA", "Ed25519", "ES256", "ES384", "RS256", "RS384", "RS512", "PS256"]
_KEY_SET_SECONDS: Final = 300.0
_KEY_SET_RETRY_SECONDS: Final = 10.0
_REMEMBERED_SECONDS: Final = 20.0
"""A verified token is taken for so long without verifying again, within its leeway."""
_MOST_REMEMBERED: Final = 10_000
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bearer:
    """A verified token: our identifier of the person or system, and its roles per organisation."""

    identity: UUID
    roles: Mapping[str, frozenset[str]]

    def actor(self, role: str) -> str:
        """The actor as events name it: `coordinator/<uuid>`."""
        return f"{role}/{self.identity}"


def not_authenticated(sentence: str) -> Problem:
    """401: no token, or not a good one."""
    return Problem(401, "not-authenticated", sentence, headers={"WWW-Authenticate": "Bearer"})


class TokenVerifier:
    """Verifies signature, issuer, audience and times; knows nothing of routes."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._issuer = settings.token_issuer
        self._url, self._file = settings.jwks_url, settings.jwks_file
        self._directory = settings.directory_secret.get_secret_value().encode()
        self._keys: KeySet | None = None
        self._fetched_at = float("-inf")
        self._verified: dict[str, tuple[float, Bearer]] = {}
        self._claims = jwt.JWTClaimsRegistry(
            leeway=30,
            iss={"essential": True, "value": settings.token_issuer},
            aud={"essential": True, "value": settings.token_audience},
            sub={"essential": True},
            exp={"essential": True},
        )

    async def verify(self, authorization: str | None) -> Bearer:
        """The bearer of an Authorization header; Problem 401 when it is missing or not good."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise not_authenticated("This needs a bearer token.")
        known = self._verified.get(token)
        if known is not None and known[0] > monotonic():
            return known[1]
        bearer = await self._verify(token.strip())
        if len(self._verified) >= _MOST_REMEMBERED:
            self._verified.clear()
        self._verified[token] = (monotonic() + _REMEMBERED_SECONDS, bearer)
        return bearer

    async def _verify(self, token: str) -> Bearer:
        claims = await self._decode(token)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise not_authenticated("The token names nobody.")
        return Bearer(self._identity(subject), _roles(claims.get("organisations")))

    async def _decode(self, token: str) -> Mapping[str, Any]:
        for fresh in (False, True):
            keys = await self._key_set(fresh)
            try:
                decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
                self._claims.validate(decoded.claims)
            except (JoseError, ValueError, TypeError, AttributeError, KeyError) as error:
                if fresh or not self._url or not isinstance(error, ValueError | JoseError):
                    _log.info("token refused", reason=type(error).__name__)
                    raise not_authenticated("The token is not valid here.") from None
            else:
                return decoded.claims
        raise not_authenticated("The token is not valid here.")

    def _identity(self, subject: str) -> UUID:
        message = f"{self._issuer}\n{subject}".encode()
        digest = bytearray(hmac.digest(self._directory, message, sha256)[:16])
        digest[6] = 0x80 | digest[6] & 0x0F
        digest[8] = 0x80 | digest[8] & 0x3F
        return UUID(bytes=bytes(digest))

    async def _key_set(self, fresh: bool) -> KeySet:
        age = monotonic() - self._fetched_at
        if self._keys and age < (_KEY_SET_RETRY_SECONDS if fresh else _KEY_SET_SECONDS):
            return self._keys
        try:
            document = _read(self._file) if self._file else await _fetch(self._url or "")
            self._keys = KeySet.import_key_set(document)
        except (httpx.HTTPError, OSError, ValueError, JoseError) as error:
            if self._keys is None:
                raise away("The identity provider") from error
            _log.warning("key set not refreshed", reason=type(error).__name__)
        self._fetched_at = monotonic()
        return self._keys


def _read(file: Path) -> Any:
    return json.loads(file.read_text())


async def _fetch(url: str) -> Any:
    async with httpx.AsyncClient(timeout=5) as client:
        response = await client.get(url)
        response.raise_for_status()
        return response.json()


def _roles(claim: object) -> Mapping[str, frozenset[str]]:
    if not isinstance(claim, dict):
        raise not_authenticated("The token says nothing of organisations.")
    return {
        code: frozenset(role for role in roles if isinstance(role, str)) & ROLES
        for code, roles in claim.items()
        if isinstance(code, str) and is_organisation(code) and isinstance(roles, list)
    }
