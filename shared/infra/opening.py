"""Opens sealed values, here or at the service that keeps the key; recorded before it answers."""

import asyncio
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Literal, TypeAlias
from uuid import UUID

import httpx
import structlog

from shared.contracts.openings import PersonalDataOpened
from shared.contracts.personal import Sealed
from shared.infra.database import Pool
from shared.infra.identifiers import new_stream_id, new_traceparent
from shared.infra.key_access import MOST_KEYS, PURPOSES, OpenedKeys
from shared.infra.keys import Keys, NoWrappingKey
from shared.infra.sealing import At, CannotOpen, unseal
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Cause, Shell, Transaction
from shared.kernel.identifiers import LogName
from shared.kernel.ijson import Json

CACHE_SECONDS: Final = 60.0
"""A key is kept by its caller no longer than this, in real time (DESIGN 7)."""
_ANSWER_SECONDS: Final = 5.0
_LARGEST_CACHE: Final = 20_000

Reason: TypeAlias = Literal["away", "not-allowed", "erased", "unknown", "damaged"]
_SENTENCES: Final[Mapping[Reason, str]] = {
    "away": "The service that keeps this does not answer just now.",
    "not-allowed": "You may not see this.",
    "erased": "This was erased.",
    "unknown": "Nobody keeps the key of this any more.",
    "damaged": "This was changed after it was sealed and cannot be read.",
}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A personal value that cannot be had."""

    reason: Reason

    @property
    def for_ever(self) -> bool:
        """Whether asking again later is of no use."""
        return self.reason in ("erased", "unknown", "damaged")

    @property
    def sentence(self) -> str:
        """What a person reads in the value's place."""
        return _SENTENCES[self.reason]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who opens, for what, and in which organisation's log of this service it is recorded."""

    organisation: str
    actor: str
    purpose: str
    cause: Cause | None = field(compare=False)


Opened: TypeAlias = "Json | Unavailable"
"""A value in clear, or why it cannot be had."""
_Found: TypeAlias = "bytes | Unavailable"


class Opener:
    """Opens values for this service; one event records each call for keys before any value is out.

    A key is cached for the same reader and purpose only, so that no one opens anything unrecorded.
    """

    def __init__(
        self,
        service: str,
        settings: ServiceSettings,
        shell: Shell,
        pool: Pool,
        keys: Keys,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._service = service
        self._shell = shell
        self._pool = pool
        self._keys = keys
        self._settings = settings
        token = settings.machine_token.get_secret_value()
        self._client = httpx.AsyncClient(
            timeout=_ANSWER_SECONDS,
            headers={"authorization": f"Bearer {token}"} if token else {},
            transport=transport,
            # what is inside is reached directly, whatever the machine's proxy settings say
            trust_env=False,
        )
        self._cache: dict[tuple[_Reader, LogName, UUID], tuple[float, bytes]] = {}

    async def open(
        self,
        values: Mapping[str, Sealed],
        purpose: str,
        *,
        organisation: str,
        actor: str,
        cause: Cause | None = None,
    ) -> dict[str, Opened]:
        """Each value in clear under its name, or why it cannot be had.

        An outage of a keeper is no exception; one of the own database is.
        """
        if purpose not in PURPOSES:
            raise ValueError(f"{purpose!r} is not one of the purposes: {', '.join(PURPOSES)}.")
        reader = _Reader(organisation, actor, purpose, cause)
        wanted: dict[LogName, dict[UUID, None]] = {}
        for sealed in values.values():
            if keeper := _keeper(sealed):
                wanted.setdefault(keeper, {})[sealed.key] = None
        answers = await asyncio.gather(
            *(self._keys_of(keeper, list(ids), reader) for keeper, ids in wanted.items())
        )
        found = dict(zip(wanted, answers, strict=True))
        return {name: _opened(sealed, found) for name, sealed in values.items()}

    async def close(self) -> None:
        """Forget every key and let the connections go."""
        self._cache.clear()
        await self._client.aclose()

    async def _keys_of(
        self, keeper: LogName, ids: Sequence[UUID], reader: _Reader
    ) -> dict[UUID, _Found]:
        found: dict[UUID, _Found] = dict(self._cached(keeper, ids, reader))
        missing = [key for key in ids if key not in found]
        for start in range(0, len(missing), MOST_KEYS):
            asked = missing[start : start + MOST_KEYS]
            asked_at = monotonic()
            answer = await self._ask(keeper, asked, reader)
            opened = {key: value for key, value in answer.items() if isinstance(value, bytes)}
            if opened:
                await self._record(keeper, list(opened), reader)
                self._keep(keeper, opened, reader, asked_at)
            found |= answer
        return found

    async def _ask(
        self, keeper: LogName, ids: Sequence[UUID], reader: _Reader
    ) -> dict[UUID, _Found]:
        own = keeper.service == self._service
        if own and keeper.organisation in self._settings.organisations:
            return await self._look_up(keeper, ids)
        try:
            answer = await self._request(keeper, ids, reader)
        except (httpx.HTTPError, ValueError) as error:
            _log.warning("keys not had", keeper=str(keeper), reason=type(error).__name__)
            return dict.fromkeys(ids, Unavailable("away"))
        if answer is None:
            return dict.fromkeys(ids, Unavailable("not-allowed"))
        found: dict[UUID, _Found] = dict.fromkeys(ids, Unavailable("unknown"))
        found |= dict.fromkeys(answer.erased, Unavailable("erased"))
        found |= dict.fromkeys(answer.refused, Unavailable("not-allowed"))
        found |= {key: b64decode(text) for key, text in answer.opened.items()}
        return found

    async def _look_up(self, keeper: LogName, ids: Sequence[UUID]) -> dict[UUID, _Found]:
        async with self._pool.acquire() as connection:
            kept = await self._keys.find(connection, keeper.organisation, ids)
        found: dict[UUID, _Found] = dict.fromkeys(ids, Unavailable("unknown"))
        for key_id, key in kept.items():
            try:
                found[key_id] = (
                    Unavailable("erased") if key.wrapped is None else self._keys.unwrap(key)
                )
            except NoWrappingKey as error:
                _log.error("key not unwrapped", keeper=str(keeper), reason=str(error))
                found[key_id] = Unavailable("away")
        return found

    async def _request(
        self, keeper: LogName, ids: Sequence[UUID], reader: _Reader
    ) -> OpenedKeys | None:
        """What the keeper answers; None when it does not let this service in."""
        url = self._settings.url_of(keeper.service, keeper.organisation)
        if url is None:
            raise ValueError(f"Nobody said where {keeper} answers.")
        response = await self._client.post(
            f"{url}/keys/{keeper.organisation}/open",
            json={
                "keys": [str(key) for key in ids],
                "purpose": reader.purpose,
                "actor": reader.actor,
            },
        )
        if response.status_code in (401, 403, 404):
            _log.warning("keys refused", keeper=str(keeper), status=response.status_code)
            return None
        response.raise_for_status()
        return OpenedKeys.model_validate_json(response.content)

    async def _record(self, keeper: LogName, opened: Sequence[UUID], reader: _Reader) -> None:
        event = PersonalDataOpened(
            keys=tuple(sorted(opened)), keeper=str(keeper), purpose=reader.purpose
        )
        opening = new_stream_id(self._shell.clock.now())
        before = reader.cause
        cause = Cause(
            id=before.id if before else opening,
            correlation_id=before.correlation_id if before else opening,
            actor=reader.actor,
            traceparent=before.traceparent if before else new_traceparent(),
        )

        async def work(transaction: Transaction) -> None:
            await transaction.record(reader.organisation, f"opening/{opening}", event, new=True)

        await self._shell.do(cause, work)

    def _cached(self, keeper: LogName, ids: Iterable[UUID], reader: _Reader) -> dict[UUID, bytes]:
        now = monotonic()
        found: dict[UUID, bytes] = {}
        for key in ids:
            until, value = self._cache.get((reader, keeper, key), (0.0, b""))
            if now < until:
                found[key] = value
        return found

    def _keep(
        self, keeper: LogName, opened: Mapping[UUID, bytes], reader: _Reader, asked_at: float
    ) -> None:
        now = monotonic()
        self._cache = {place: kept for place, kept in self._cache.items() if now < kept[0]}
        if len(self._cache) + len(opened) > _LARGEST_CACHE:
            self._cache.clear()
        for key, value in opened.items():
            self._cache[reader, keeper, key] = (asked_at + CACHE_SECONDS, value)


def _keeper(sealed: Sealed) -> LogName | None:
    try:
        return At.parse(sealed.at).log
    except CannotOpen:
        return None


def _opened(sealed: Sealed, found: Mapping[LogName, Mapping[UUID, _Found]]) -> Opened:
    keeper = _keeper(sealed)
    key = found[keeper][sealed.key] if keeper else Unavailable("damaged")
    if isinstance(key, Unavailable):
        return key
    try:
        return unseal(sealed, key)
    except CannotOpen:
        _log.error("sealed value damaged", at=sealed.at, key=str(sealed.key))
        return Unavailable("damaged")


__all__ = ["CACHE_SECONDS", "Opened", "Opener", "Reason", "Unavailable"]
