"""The topic `checkpoints`: what was signed, for all to see, read back before more is signed."""

from collections.abc import Sequence
from typing import Final

import structlog

from shared.infra.bus.access import BusAccess
from shared.infra.bus.clients import started, stopped
from shared.infra.bus.reading import TopicReader
from shared.infra.bus.topics import Topics
from shared.infra.signing import MalformedNote, NotSigned, read_signed_by
from shared.kernel.checkpoint import TOPIC, Checkpoint, Note

_HEADERS: Final = [("content-type", b"text/plain; charset=UTF-8")]
_log = structlog.get_logger()


class Notices:
    """What stands on the topic; checkpoints are not events."""

    def __init__(self, access: BusAccess, publics: Sequence[bytes]) -> None:
        """Believe what one of these public keys signed and pass over everything else."""
        self._access = access
        self._publics = publics
        self._largest: dict[str, tuple[Checkpoint, Note]] = {}
        self._forked: set[str] = set()
        self._next = 0
        self._last: bytes | None = None

    async def refresh(self) -> None:
        """Read what is new; all of it again when the topic is not the one it was."""
        async with Topics(self._access) as topics:
            await topics.make([TOPIC])
        async with TopicReader(self._access, [TOPIC]) as reader:
            last = (await reader.last(await reader.ends())).get(TOPIC)
            stop = last.offset + 1 if last else 0
            if not await self._goes_on(reader, stop):
                self._forget()
            start = max(self._next, await reader.beginning(TOPIC))
            async for record in reader.forwards(TOPIC, start, stop):
                self._next, self._last = record.offset + 1, record.value
                self._learn(record.value)

    def largest(self, origin: str) -> tuple[Checkpoint, Note] | None:
        """The largest checkpoint of a log on the topic."""
        return self._largest.get(origin)

    def forked(self, origin: str) -> bool:
        """Whether two checkpoints of one size and different roots stand on the topic."""
        return origin in self._forked

    async def publish(self, notes: Sequence[tuple[str, str]]) -> None:
        """Put notes on the topic, each with its origin as the key, in this order."""
        producer = self._access.producer()
        try:
            await started(producer.start())
            for origin, written in notes:
                await producer.send_and_wait(
                    TOPIC, written.encode(), key=origin.encode(), partition=0, headers=_HEADERS
                )
        finally:
            await stopped(producer.stop())

    def _forget(self) -> None:
        self._largest.clear()
        self._forked.clear()
        self._next = 0
        self._last = None

    async def _goes_on(self, reader: TopicReader, stop: int) -> bool:
        """Whether what was read before still stands where it stood."""
        if self._next == 0 or stop < self._next:
            return self._next == 0
        record = await reader.at(TOPIC, self._next - 1)
        return record is not None and record.value == self._last

    def _learn(self, value: bytes | None) -> None:
        try:
            checkpoint, note = read_signed_by((value or b"").decode(), self._publics)
        except (MalformedNote, NotSigned, UnicodeDecodeError) as error:
            _log.warning("foreign record among the checkpoints", reason=str(error))
            return
        before = self._largest.get(checkpoint.origin)
        if before is None or checkpoint.size > before[0].size:
            self._largest[checkpoint.origin] = (checkpoint, note)
        elif checkpoint.size == before[0].size and checkpoint.root != before[0].root:
            self._forked.add(checkpoint.origin)
