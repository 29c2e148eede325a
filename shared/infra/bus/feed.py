"""One log coming to one consumer: records recognised, doubts settled, gaps mended."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import structlog
from aiokafka import ConsumerRecord

from shared.contracts.envelope import Malformed, Recorded, read
from shared.infra.bus import foreign
from shared.infra.bus.applying import (
    ABROAD,
    Applier,
    Failing,
    Item,
    Trouble,
    Unfitting,
    Unreadable,
    Wait,
    WentBack,
)
from shared.infra.bus.handling import Compare
from shared.infra.bus.recognition import (
    Ahead,
    Doubtful,
    Duplicate,
    Finding,
    Foreign,
    Incoming,
    Next,
    recognise,
)
from shared.infra.bus.sources import LARGEST_PAGE, Sources
from shared.infra.metrics import Metrics

REMEMBERED: Final = 1_000
"""Numbers whose bytes are remembered, to know a duplicate with other bytes."""
AGAIN_SECONDS: Final = 0.05
FIRST_WAIT_SECONDS: Final = 0.2
LONGEST_WAIT_SECONDS: Final = 5.0
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record from the subscriber, and what is in it, read once for all consumers of its topic."""

    record: ConsumerRecord
    incoming: Incoming

    @classmethod
    def of(cls, record: ConsumerRecord) -> "Delivery":
        """A record just come."""
        hint = next((value for name, value in record.headers if name == "sequence"), None)
        return cls(record, Incoming(record.partition, record.value, hint))


class Stopped(Exception):
    """This log goes on after a pause; of what was brought last, `done` records are dealt with."""

    def __init__(self, done: int, pause_seconds: float, reason: str) -> None:
        self.done = done
        self.pause_seconds = pause_seconds
        super().__init__(reason)


class Feed:
    """Brings the records of one topic, and what is missing between them, to an applier."""

    def __init__(
        self, applier: Applier, sources: Sources, metrics: Metrics, compare: Compare | None = None
    ) -> None:
        self.applier = applier
        self.log = applier.place.log
        self._sources = sources
        self._metrics = metrics
        self._compare = compare
        self._recent: OrderedDict[int, bytes] = OrderedDict()
        self._duplicates: dict[int, ConsumerRecord] = {}
        self._waits = 0
        # how many records of the stretch at work are applied
        self._done = 0

    async def load(self) -> None:
        """Read where the consumer stands. Raises Stopped."""
        try:
            await self.applier.load()
        except ABROAD as error:
            raise self._stopped(0, Wait(type(error).__name__)) from error

    async def take(self, brought: Sequence[Delivery]) -> None:
        """Deal with these records in order. Raises Stopped."""
        place = 0
        try:
            while place < len(brought):
                place = await self._stretch(brought, place)
            await self._look_at_duplicates()
            await self.applier.keep_counts()
        except (Trouble, *ABROAD) as trouble:
            raise self._stopped(place + self._done, trouble) from trouble
        self._waits = 0

    async def catch_up(self, sequence: int) -> None:
        """Fetch and apply what the bus did not bring, up to this number. Raises Stopped."""
        try:
            self.applier.counts.repaired += 1
            await self._fetch(sequence)
        except (Trouble, *ABROAD) as trouble:
            raise self._stopped(0, trouble) from trouble
        self._waits = 0

    async def _stretch(self, brought: Sequence[Delivery], place: int) -> int:
        """Apply the events from `place` on whose turn it is, or settle one other record."""
        start, run = self.applier.at, list[Recorded]()
        self._done = 0
        for delivery in brought[place:]:
            finding = recognise(delivery.incoming, self.log, start + len(run))
            if not isinstance(finding, Next):
                break
            run.append(finding.event)
        if not run:
            await self._settle(brought[place].record, finding)
            return place + 1
        try:
            await self._apply(run, trusted=False)
        except Unfitting as unfitting:
            event = unfitting.event
            place += event.sequence - start - 1
            doubt = Doubtful(event.sequence, event.body.encode(), str(unfitting))
            await self._settle(brought[place].record, doubt)
            return place + 1
        finally:
            self._done = max(0, self.applier.at - start)
        self._done = 0
        return place + len(run)

    async def _settle(self, record: ConsumerRecord, finding: Finding) -> None:
        match finding:
            case Next():
                raise ValueError("The event whose turn it is has no doubt to settle.")
            case Duplicate():
                self._duplicate(finding, record)
            case Foreign(reason):
                await self._keep(record, reason)
            case Ahead(sequence, value):
                await self._ask(record, sequence, value, "Not what the source has at its number.")
            case Doubtful(sequence, value, reason):
                await self._ask(record, sequence, value, reason)

    async def _ask(self, record: ConsumerRecord, sequence: int, value: bytes, reason: str) -> None:
        """Only what the source has, byte for byte, may raise a watermark."""
        ours = await self._sources.at(self.log, sequence)
        if ours is None or ours.encode() != value:
            await self._keep(record, reason)
        elif sequence <= self.applier.at:
            self.applier.counts.duplicates += 1
        else:
            if sequence > self.applier.at + 1:
                self.applier.counts.repaired += 1
                _logger.warning("gap", log=str(self.log), after=self.applier.at, before=sequence)
            await self._fetch(sequence)

    async def _fetch(self, sequence: int) -> None:
        while (at := self.applier.at) < sequence:
            bodies = await self._sources.read(self.log, at, min(LARGEST_PAGE, sequence - at))
            if not bodies:
                raise Wait(f"Nobody has {self.log} after {at} just now.")
            items = [self._item(body, number) for number, body in enumerate(bodies, at + 1)]
            await self._apply(items, trusted=True)

    def _item(self, body: str, sequence: int) -> Item:
        try:
            event = read(body)
        except Malformed as malformed:
            return _unreadable(body, sequence, str(malformed))
        if event.log != self.log or event.sequence != sequence:
            raise Wait(f"The source of {self.log} gives something else at {sequence}.")
        return event

    async def _apply(self, items: Sequence[Item], *, trusted: bool) -> None:
        try:
            await self.applier.apply(items, trusted=trusted)
        finally:
            for item in items[-REMEMBERED:]:
                if item.sequence <= self.applier.at:
                    self._recent[item.sequence] = _digest(item.body.encode())
            while len(self._recent) > REMEMBERED:
                self._recent.popitem(last=False)

    def _duplicate(self, finding: Duplicate, record: ConsumerRecord) -> None:
        self.applier.counts.duplicates += 1
        known = self._recent.get(finding.sequence)
        if self._compare is not None or (known and known != _digest(finding.value)):
            self._duplicates[finding.sequence] = record

    async def _look_at_duplicates(self) -> None:
        """A number that was applied comes again with other bytes: somebody else writes this log."""
        if not self._duplicates:
            return
        other = list(self._duplicates)
        if self._compare is not None:
            values = {number: record.value for number, record in self._duplicates.items()}
            async with self.applier.pool.acquire() as connection:
                other = list(await self._compare(connection, self.log, values))
        for number in other:
            self.applier.counts.conflicts += 1
            self._metrics.alarms.labels("other-bytes", str(self.log)).inc()
            _logger.error("other-bytes-at-a-number", log=str(self.log), sequence=number)
            await self._keep(
                self._duplicates[number], f"Other bytes than those applied at {number}."
            )
        self._duplicates.clear()

    async def _keep(self, record: ConsumerRecord, reason: str) -> None:
        place = self.applier.place
        async with self.applier.pool.acquire() as connection:
            new = await foreign.keep(connection, record, place.consumer, reason)
        if new:
            self._metrics.alarms.labels("foreign", str(self.log)).inc()
            _logger.error("foreign-record", topic=record.topic, offset=record.offset, reason=reason)

    def _stopped(self, done: int, trouble: BaseException) -> Stopped:
        match trouble:
            case WentBack():
                pause = AGAIN_SECONDS
            case Failing():
                pause = trouble.pause_seconds
            case _:
                pause = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**self._waits)
                self._waits = min(self._waits + 1, 10)
        reason = str(trouble) if isinstance(trouble, Trouble) else type(trouble).__name__
        return Stopped(done, pause, reason)


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=16).digest()


def _unreadable(body: str, sequence: int, reason: str) -> Unreadable:
    """What can still be said of a body that is no event to this program."""
    try:
        found = json.loads(body)
        stream, kind = str(found["subject"]), str(found["type"])
    except (ValueError, KeyError, TypeError):
        stream, kind = "", ""
    return Unreadable(sequence, stream, kind, body, reason)
