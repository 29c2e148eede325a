"""Other operators' witnesses: asked what they saw before signing, and to cosign after it."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
import structlog

from shared.infra.signing import MalformedNote, NotSigned, VerifyingKey, read_signed_by
from shared.kernel.checkpoint import Checkpoint, Note, read_line
from shared.kernel.identifiers import LogName

_TIMEOUT: Final = httpx.Timeout(5.0)
_log = structlog.get_logger()


class Witnesses:
    """The witnesses of an installation, by address, each with the key it cosigns with."""

    def __init__(
        self,
        witnesses: Mapping[str, VerifyingKey],
        publics: Sequence[bytes],
        token: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`publics` are the installation's own keys: a witness vouches for nothing else."""
        self._witnesses = witnesses
        self._publics = publics
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT,
            headers={"authorization": f"Bearer {token}"} if token else {},
            transport=transport,
        )

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def seen(self, log: LogName) -> dict[str, tuple[Checkpoint, Note]]:
        """The largest checkpoint of a log at each witness that answers, by its address."""
        found: dict[str, tuple[Checkpoint, Note]] = {}
        for url in self._witnesses:
            reply = await self._ask("GET", url, log, "witnessed", params={"service": log.service})
            if reply is None or reply.status_code != httpx.codes.OK:
                continue
            try:
                found[url] = read_signed_by(reply.json()["note"], self._publics)
            except (MalformedNote, NotSigned, ValueError, KeyError) as error:
                _log.warning("a witness tells of a foreign checkpoint", reason=type(error).__name__)
        return found

    async def cosign(
        self, url: str, log: LogName, note: Note, earlier: int, proof: Sequence[bytes]
    ) -> Note:
        """The note with this witness's line added; as it was when the witness does not give one."""
        reply = await self._ask(
            "POST",
            url,
            log,
            "cosignatures",
            json={
                "note": note.write(),
                "earlier": earlier,
                "hashes": [b64encode(found).decode() for found in proof],
            },
        )
        if reply is None or reply.status_code != httpx.codes.OK:
            status = reply.status_code if reply is not None else "away"
            _log.warning("not cosigned", log=str(log), witness=url, status=status)
            return note
        try:
            line = read_line(reply.json()["line"])
        except (MalformedNote, ValueError, KeyError):
            return note
        key = self._witnesses[url]
        if not (key.names(line) and key.accepts(note.text, line)):
            _log.error("a cosignature is not its witness's", log=str(log), witness=url)
            return note
        return note.signed_also(line)

    @property
    def urls(self) -> list[str]:
        """Their addresses."""
        return list(self._witnesses)

    async def _ask(
        self, method: str, url: str, log: LogName, what: str, **request: Any
    ) -> httpx.Response | None:
        address = f"{url.rstrip('/')}/organisations/{log.organisation}/{what}"
        try:
            return await self._client.request(method, address, **request)
        except httpx.HTTPError as error:
            _log.warning("a witness is away", witness=url, reason=type(error).__name__)
            return None
