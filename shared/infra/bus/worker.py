"""One topic's records worked through in order: one log's trouble is its own."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError

from shared.infra.bus.applying import told
from shared.infra.bus.feed import Feed, Stopped

MOST_AT_ONCE: Final = 2_000
PAUSE_SECONDS: Final = 1.0
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a consumer and its source's head stood, and how often the log had been held."""

    at: int
    head: int
    holds: int


class LogWorker:
    """Takes what the subscriber brings, holds the topic while its log is in trouble.

    Holding is pausing the topic and seeking back: the subscriber goes on polling for all others.
    """

    def __init__(
        self,
        feed: Feed,
        place: TopicPartition,
        consumer: Callable[[], AIOKafkaConsumer | None],
        most_waiting: int,
    ) -> None:
        self.feed = feed
        self.place = place
        self.done: int | None = None
        """The offset from which nothing is done yet, to be committed."""
        self.trouble: str | None = None
        self.since = time.monotonic()
        self.barred: str | None = None
        """Why this log may not be read on until somebody puts it right."""
        self.loaded = False
        self.holds = 0
        """How often it was held; between a hold and the records coming again it only seems idle."""
        self.tail: Tail | None = None
        """What was seen when the tail was last looked at."""
        self._consumer = consumer
        self._most_waiting = most_waiting
        self._records: deque[ConsumerRecord] = deque()
        self._tail = 0
        self._woken = asyncio.Event()
        self._held = False
        self._full = False
        self._working = False
        self._resting = asyncio.Event()
        self._first: int | None = None

    @property
    def idle(self) -> bool:
        """Whether everything brought so far is done."""
        return self.loaded and not (self._records or self._working or self._held)

    async def rest(self) -> None:
        """Return when nothing is under way: all is done, or the log is held."""
        await self._resting.wait()

    def deliver(self, records: Sequence[ConsumerRecord]) -> None:
        """Records from the subscriber, in order; while the log is held they will come again."""
        if self._held:
            return
        self._records.extend(records)
        if len(self._records) > self._most_waiting and not self._full:
            self._full = True
            self._pause()
        self._woken.set()

    def mend_tail(self, head: int) -> None:
        """The source has numbers up to `head` that the bus does not bring."""
        self._tail = head
        self._woken.set()

    def bar(self, reason: str | None) -> None:
        """Stop reading this log, or let it go on."""
        self.barred = reason
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        await self._guarded(self._load)
        while True:
            self._resting.set()
            await self._woken.wait()
            self._resting.clear()
            self._woken.clear()
            while self._records or self._tail or self.barred:
                await self._guarded(self._turn)

    async def _load(self) -> None:
        while not self.loaded:
            await self.feed.load()
            self.loaded = True

    async def _turn(self) -> None:
        if self.barred:
            self._first = self._records[0].offset if self._records else None
            raise Stopped(self._first, PAUSE_SECONDS, self.barred)
        if self._records:
            count = min(MOST_AT_ONCE, len(self._records))
            batch = [self._records.popleft() for _ in range(count)]
            self._first = batch[0].offset
            await self.feed.take(batch)
            self.done = batch[-1].offset + 1
        elif self._tail:
            self._first = None
            await self.feed.catch_up(self._tail)
            self._tail = 0
        self.trouble = None
        if self._full and len(self._records) <= self._most_waiting // 2:
            self._full = False
            self._resume()

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        self._working = True
        try:
            await work()
        except Stopped as stopped:
            held = stopped
        except Exception as error:  # noqa: BLE001 - a bug here must not stop other logs
            # no traceback: its lines may hold what an event says of a person
            _logger.error(  # noqa: TRY400
                "consumer-failed", topic=self.place.topic, error=told(error)
            )
            held = Stopped(self._first, PAUSE_SECONDS, "The consumer kit itself failed.")
        else:
            return
        finally:
            self._working = False
        await self._hold(held)

    async def _hold(self, stopped: Stopped) -> None:
        """Pause this topic, go back to where nothing was done, and let it go on after a while."""
        if self.trouble is None:
            self.since = time.monotonic()
            _logger.warning("log-held", topic=self.place.topic, reason=str(stopped))
        self.trouble = str(stopped)
        self._held = True
        self.holds += 1
        self._resting.set()
        self._records.clear()
        self._pause()
        if stopped.offset is not None:
            self.done = stopped.offset
            self._seek(stopped.offset)
        try:
            await asyncio.sleep(stopped.pause_seconds)
        finally:
            self._held = self._full = False
            self._resume()

    # a rebalance may take the topic away at any time; its next owner begins anew
    def _pause(self) -> None:
        with suppress(IllegalStateError):
            if consumer := self._consumer():
                consumer.pause(self.place)

    def _resume(self) -> None:
        with suppress(IllegalStateError):
            if consumer := self._consumer():
                consumer.resume(self.place)

    def _seek(self, offset: int) -> None:
        with suppress(IllegalStateError):
            if consumer := self._consumer():
                consumer.seek(self.place, offset)
