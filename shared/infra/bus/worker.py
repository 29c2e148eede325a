"""One consumer working through one topic's records in order: its trouble is its own."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from shared.infra.bus.applying import told
from shared.infra.bus.feed import Delivery, Feed, Stopped
from shared.infra.endless import is_stray

MOST_AT_ONCE: Final = 2_000
PAUSE_SECONDS: Final = 1.0
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a consumer and its source's head stood, and how often the log had been held.

    `still` counts the looks since anything moved.
    """

    at: int
    head: int
    holds: int
    still: int = 0


class LogWorker:
    """Takes what the subscriber brings and holds it while the log is in trouble.

    Nobody waits for it: the subscriber goes on polling, and others work on their own.
    """

    def __init__(self, feed: Feed, drained: Callable[[], None]) -> None:
        self.feed = feed
        self.done: int | None = None
        """The offset up to which everything is dealt with, to be committed."""
        self.trouble: str | None = None
        self.since = time.monotonic()
        self.barred: str | None = None
        """Why this log may not be read on until somebody puts it right."""
        self.loaded = False
        self.holds = 0
        self.tail: Tail | None = None
        """What was seen when the tail was last looked at."""
        self._drained = drained
        self._brought: deque[Delivery] = deque()
        self._tail_to = 0
        self._woken = asyncio.Event()
        self._resting = asyncio.Event()
        self._held = False

    @property
    def waiting(self) -> int:
        """How many records were brought and are not dealt with."""
        return len(self._brought)

    @property
    def idle(self) -> bool:
        """Whether everything brought so far is dealt with."""
        return self.loaded and self._resting.is_set() and not (self._held or self._brought)

    async def rest(self) -> None:
        """Return when nothing is under way: all is done, or the log is held."""
        await self._resting.wait()

    def deliver(self, brought: Sequence[Delivery]) -> None:
        """Records from the subscriber, in order."""
        self._brought.extend(brought)
        self._woken.set()

    def mend_tail(self, head: int) -> None:
        """The source has numbers up to `head` that the bus does not bring."""
        self._tail_to = head
        self._woken.set()

    def bar(self, reason: str | None) -> None:
        """Stop reading this log, or let it go on."""
        self.barred = reason
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while not self.loaded:
            await self._guarded(self._load)
        while True:
            self._resting.set()
            await self._woken.wait()
            self._resting.clear()
            self._woken.clear()
            while self._brought or self._tail_to or self.barred:
                await self._guarded(self._turn)

    async def _load(self) -> None:
        await self.feed.load()
        self.loaded = True

    async def _turn(self) -> None:
        if self.barred:
            raise Stopped(0, PAUSE_SECONDS, self.barred)
        if self._brought:
            await self._take()
        else:
            await self.feed.catch_up(self._tail_to)
            self._tail_to = 0
        self.trouble = None

    async def _take(self) -> None:
        batch = [self._brought[n] for n in range(min(MOST_AT_ONCE, len(self._brought)))]
        done = 0
        try:
            await self.feed.take(batch)
            done = len(batch)
        except Stopped as stopped:
            done = stopped.done
            raise
        finally:
            for _ in range(done):
                self.done = self._brought.popleft().record.offset + 1
            self._drained()

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Stopped as stopped:
            held = stopped
        except asyncio.CancelledError:
            # without this the log would rest for ever, and nobody would know
            if not is_stray():
                raise
            held = Stopped(0, PAUSE_SECONDS, "A connection ended under it.")
        except Exception as error:  # noqa: BLE001 - a bug here must not stop other logs
            # no traceback: its lines may hold what an event says of a person
            _logger.error(  # noqa: TRY400
                "consumer-failed", log=str(self.feed.log), error=told(error)
            )
            held = Stopped(0, PAUSE_SECONDS, "The consumer kit itself failed.")
        else:
            return
        await self._hold(held)

    async def _hold(self, stopped: Stopped) -> None:
        """Keep what is not done and let the log go on after a while."""
        if self.trouble is None:
            self.since = time.monotonic()
            consumer = self.feed.applier.place.consumer
            _logger.warning(
                "log-held", consumer=consumer, log=str(self.feed.log), reason=str(stopped)
            )
        self.trouble = str(stopped)
        self.holds += 1
        self._held = True
        self._resting.set()
        try:
            await asyncio.sleep(stopped.pause_seconds)
        finally:
            self._held = False
        self._resting.clear()
