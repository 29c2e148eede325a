"""Applies events to their effects: watermark locked first, raised with them, or the event parked.

What may stand in the way:

    Trouble                   this log waits, all others go on
      ├ Wait                  something is away, or this program is too old: try again later
      ├ Failing               a handler failed and will be tried again
      ├ Unfitting             the event does not fit its schema: is it the source's own?
      └ WentBack              the watermark is lower than it was: read the log again from there
"""

import traceback
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

import asyncpg
from aiokafka.errors import KafkaError

from shared.contracts.envelope import NewerSchema, Recorded, SchemaFailed
from shared.contracts.event import CATALOGUE
from shared.infra.bus import parking
from shared.infra.bus.parking import Parked, SetAside
from shared.infra.bus.sources import SourceAway
from shared.infra.bus.watermarks import Counts, Mark, Place, lock, raise_to
from shared.infra.database import AWAY, Connection, Pool
from shared.infra.shell import LogOnHold

RETRY_SECONDS: Final = (0.2, 1.0, 5.0)
"""Pauses between the tries of an event whose handler fails; after the last it is parked."""
ABROAD: Final = (*AWAY, asyncpg.TransactionRollbackError, KafkaError, SourceAway, LogOnHold)
"""Failures of what is around, never a reason to park."""


class Trouble(Exception):
    """This log cannot go on just now."""


class Wait(Trouble):
    """Nothing is wrong with the event."""


class Failing(Trouble):
    """A handler failed; `pause_seconds` until the next try."""

    def __init__(self, reason: str, pause_seconds: float) -> None:
        self.pause_seconds = pause_seconds
        super().__init__(reason)


class Unfitting(Trouble):
    """An event does not fit the schema it names."""

    def __init__(self, event: Recorded, reason: str) -> None:
        self.event = event
        super().__init__(reason)


class WentBack(Trouble):
    """The watermark in the database is lower than this process believed."""


class KeyAway(Exception):
    """A sealed value cannot be opened just now."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A body that is the source's own and that this program cannot read; it can only be parked."""

    sequence: int
    stream: str
    type: str
    body: str
    reason: str


Item: TypeAlias = Recorded | Unreadable
Slots: TypeAlias = AbstractAsyncContextManager[None]


class Effects(Protocol):
    """How one kind of consumer turns events into effects."""

    async def run(self, applier: "Applier", items: Sequence[Item]) -> None:
        """Apply these events, the next of the log, in order; `applier.at` follows."""
        ...

    async def retry(self, applier: "Applier", parked: Parked) -> bool:
        """Apply a parked event and free it; False when it is no longer the first of its stream."""
        ...


class Applier:
    """One consumer at work on one log: where it stands, its tries, what it parks."""

    def __init__(
        self,
        place: Place,
        pool: Pool,
        slots: Slots,
        effects: Effects,
        *,
        parks: bool = True,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self.place = place
        self.pool = pool
        self.slots = slots
        self.parks = parks
        self.at = 0
        self.counts = Counts()
        self.parked: frozenset[str] = frozenset()
        self._effects = effects
        self._retry_seconds = retry_seconds
        self._failing: tuple[int, int] = (0, 0)
        # whether what is applied came from the source itself, not from the bus
        self._trusted = False

    async def load(self) -> None:
        """Read where this consumer stands."""
        async with self.slots, self.pool.acquire() as connection, connection.transaction():
            mark = await lock(connection, self.place)
        self.at, self.parked = mark.sequence, mark.parked

    async def apply(self, items: Sequence[Item], *, trusted: bool) -> None:
        """Apply the next events of the log. Raises Trouble; `at` says how far it came."""
        self._trusted = trusted
        await self._effects.run(self, items)

    async def keep_counts(self) -> None:
        """Keep counts that no watermark took along."""
        if self.counts:
            async with self.slots, self.pool.acquire() as connection:
                await raise_to(connection, self.place, 0, self.counts)
            self.counts.clear()

    async def lock(self, connection: Connection) -> Mark:
        """Lock the watermark: the first thing in a transaction. Raises WentBack."""
        mark = await lock(connection, self.place)
        if mark.sequence < self.at:
            self.at, found = mark.sequence, self.at
            raise WentBack(f"The watermark stands at {mark.sequence}, not at {found}.")
        self.parked = mark.parked
        return mark

    async def raise_to(self, connection: Connection, items: Sequence[Item]) -> None:
        """Raise the watermark over these events, with the counts so far."""
        unknown = sum(isinstance(i, Recorded) and i.type not in CATALOGUE for i in items)
        counts = replace(self.counts, unknown=unknown)
        await raise_to(connection, self.place, items[-1].sequence, counts)

    def committed(self, sequence: int) -> None:
        """The transaction that raised the watermark to here is committed."""
        self.at = max(self.at, sequence)
        self.counts.clear()

    async def set_aside_behind(self, connection: Connection, mark: Mark, item: Item) -> bool:
        """Park an event if an earlier one of its stream is; nobody works on them meanwhile."""
        if item.stream not in mark.parked:
            return False
        await parking.lock_stream(connection, self.place, item.stream)
        before = await parking.first(connection, self.place, item.stream)
        if before is None:
            return False
        await self._set_aside(connection, item, f"Waits behind {before.position}.", 0)
        return True

    async def _set_aside(self, connection: Connection, item: Item, reason: str, tries: int) -> None:
        event = SetAside(item.sequence, item.stream, item.type, item.body, reason, tries)
        await parking.park(connection, self.place, event)

    async def failed(self, item: Item, error: Exception) -> None:
        """Say what a failure means: wait, try again, or park after the last try."""
        if isinstance(error, Trouble):
            raise error
        if abroad(error) or isinstance(error, (KeyAway, NewerSchema)):
            raise Wait(f"{type(error).__name__}: {where(error)}") from error
        if isinstance(error, SchemaFailed) and isinstance(item, Recorded) and not self._trusted:
            raise Unfitting(item, unfit(item)) from error
        reason = unfit(item) if isinstance(error, SchemaFailed) else told(error)
        await self._try_again_or_park(item, reason, error)

    async def _try_again_or_park(self, item: Item, reason: str, error: Exception | None) -> None:
        sequence, tries = self._failing
        tries = tries + 1 if sequence == item.sequence else 1
        self._failing = (item.sequence, tries)
        hopeless = isinstance(item, Unreadable) or isinstance(error, SchemaFailed)
        if not self.parks or (tries <= len(self._retry_seconds) and not hopeless):
            pause = self._retry_seconds[min(tries, len(self._retry_seconds)) - 1]
            raise Failing(reason, pause) from error
        await self.park(item, reason, tries)

    async def park(self, item: Item, reason: str, tries: int) -> None:
        """Set an event aside and pass on."""
        async with self.slots, self.pool.acquire() as connection, connection.transaction():
            mark = await self.lock(connection)
            if mark.sequence < item.sequence:
                await parking.lock_stream(connection, self.place, item.stream)
                await self._set_aside(connection, item, reason, tries)
                await self.raise_to(connection, [item])
        self.committed(item.sequence)

    async def retry(self, stream: str) -> tuple[int, str | None]:
        """Apply a stream's parked events in order; how many, and what stopped it if anything."""
        applied = 0
        while True:
            async with self.pool.acquire() as connection:
                parked = await parking.first(connection, self.place, stream)
            if parked is None:
                return applied, None
            try:
                applied += await self._effects.retry(self, parked)
            except Exception as error:  # noqa: BLE001 - any bug of a handler is told to the operator
                if abroad(error):
                    return applied, f"Something is away: {type(error).__name__}. Try again later."
                async with self.pool.acquire() as connection:
                    await parking.failed_again(connection, parked, told(error))
                return applied, told(error)


def abroad(error: Exception) -> bool:
    """Whether what is around failed, not the handler; a value PostgreSQL cannot take is the latter.

    asyncpg files that one, DataError, under the same name as a lost connection.
    """
    return isinstance(error, ABROAD) and not isinstance(error, asyncpg.DataError)


def told(error: Exception) -> str:
    """What an operator reads of a bug: its kind and place, never its text, which may hold data."""
    return f"{type(error).__name__} at {where(error)}"


def where(error: BaseException) -> str:
    """The last line of our own code an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "site-packages" not in f.filename] or frames
    return f"{'/'.join(ours[-1].filename.rsplit('/', 3)[-3:])}:{ours[-1].lineno}" if ours else "?"


def unfit(item: Item) -> str:
    """What an operator reads of an event that does not fit its schema."""
    if isinstance(item, Unreadable):
        return item.reason
    return f"{item.type} does not fit the schema it names."
