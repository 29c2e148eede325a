"""Fills a view's empty tables from its logs, whole or cut at a moment of system time."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Coroutine, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import asyncpg

from shared.infra.bus import watermarks
from shared.infra.bus.sources import SourceAway
from shared.infra.bus.watermarks import Counts, Place
from shared.infra.database import AWAY, Connection
from shared.infra.log import Head
from shared.infra.sql import load
from shared.infra.views.view import Entry, View, fold, use
from shared.kernel.identifiers import LogName, Position
from shared.kernel.moments import format_moment

_SQL = load(__file__)
PAGE: Final = 1_000
"""The log API gives at most this many events at once (BYTES)."""
BATCH: Final = 4_000


class ViewUnfillable(RuntimeError):
    """An event of a log does not fit the view's handlers: mend them, or discard the event."""

    def __init__(self, view: View, position: Position, why: str) -> None:
        self.view = view
        super().__init__(
            f"The view {view.name} cannot be filled: the event at {position} does not fit ({why}). "
            "Mend the view, or discard the event."
        )


class LogReader(Protocol):
    """Where logs are read: the log API with the audit copy behind it, or anything alike."""

    async def head(self, log: LogName) -> Head | None:
        """Where the source itself says the log stands; None when there is no such log."""
        ...

    async def read(self, log: LogName, after: int, limit: int) -> list[str]:
        """At most `limit` bodies after number `after`, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """Tables being filled: where they are, and the positions that stay out of them."""

    view: View
    schema: str
    left_out: Collection[Position]


async def left_out(connection: Connection, view: View) -> frozenset[Position]:
    """What the view's consumer shall never apply, or has parked: a rebuild obeys both."""
    rows = await connection.fetch(_SQL["left_out"], view.consumer, view.schema)
    return frozenset(Position.parse(row["position"]) for row in rows)


async def standing(connection: Connection, target: Target) -> dict[LogName, int]:
    """The watermarks of these tables: how far each log has been folded."""
    rows = await connection.fetch(_SQL["standing"], target.schema, target.view.consumer)
    return {LogName(row["source"], row["organisation"]): row["sequence"] for row in rows}


async def fill(
    lanes: Sequence[tuple[Connection, Sequence[Target]]],
    logs: Sequence[LogName],
    reader: LogReader,
    until: datetime | None = None,
) -> None:
    """Fold every log from where the tables stand to its end, or to what was recorded by `until`.

    Each log is read once for all targets; lanes work side by side, each on its own connection.
    Raises ViewUnfillable, and SourceAway when a log cannot be had, or when only its copy could and
    nobody can say that the copy is whole up to `until`; going on later is right.
    """
    targets = [(connection, target) for connection, share in lanes for target in share]
    stands = [await standing(connection, target) for connection, target in targets]
    wanted = {service for _, target in targets for service in target.view.sources}
    for log in (log for log in logs if log.service in wanted):
        after = min(stand.get(log, 0) for stand in stands)
        head = await _head(reader, log) if until else None
        async with aclosing(_parts(reader, log, after, until)) as parts:
            async for part in parts:
                if part.entries:
                    after = part.entries[-1].sequence
                    await _together(_lane(*lane, log, part.entries) for lane in lanes)
        if until and not part.beyond and (head is None or after < head):
            raise SourceAway(f"Nobody says whether {log} is known whole up to that moment.")


async def _head(reader: LogReader, log: LogName) -> int | None:
    """The last number of the log as its source says; None when the source is away."""
    try:
        head = await reader.head(log)
    except SourceAway:
        return None
    return 0 if head is None else head.sequence


async def _together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all of it side by side to its end, then raise the first thing that went wrong."""
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _lane(
    connection: Connection, targets: Sequence[Target], log: LogName, batch: Sequence[Entry]
) -> None:
    for target in targets:
        if log.service in target.view.sources:
            await _apply(connection, target, log, batch)


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of a log; `last` when nothing follows, `beyond` when what follows is too new."""

    entries: list[Entry]
    last: bool
    beyond: bool


async def _parts(
    reader: LogReader, log: LogName, after: int, until: datetime | None
) -> AsyncGenerator[_Part, None]:
    """The log part by part, the next one being read while this one is worked on."""
    coming = asyncio.create_task(_read(reader, log, after, until))
    try:
        part = await coming
        while not part.last:
            coming = asyncio.create_task(_read(reader, log, part.entries[-1].sequence, until))
            yield part
            part = await coming
        yield part
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _read(reader: LogReader, log: LogName, after: int, until: datetime | None) -> _Part:
    entries: list[Entry] = []
    latest = format_moment(until) if until else None
    while len(entries) < BATCH:
        bodies = await reader.read(log, entries[-1].sequence if entries else after, PAGE)
        page = [Entry.of(body) for body in bodies]
        # recordedtime never goes back within a log, and its text sorts as time does
        known = [e for e in page if latest is None or e.recorded_at <= latest]
        entries += known
        if len(known) < len(page):
            return _Part(entries, last=True, beyond=True)
        if len(page) < PAGE:
            return _Part(entries, last=True, beyond=False)
    return _Part(entries, last=False, beyond=False)


async def _apply(
    connection: Connection, target: Target, log: LogName, batch: Sequence[Entry]
) -> None:
    place = Place(target.schema, target.view.consumer, log)
    entries = [e for e in batch if Position(log, e.sequence) not in target.left_out]
    try:
        async with connection.transaction():
            # the live consumer may be folding into the same tables
            mark = await watermarks.lock(connection, place)
            await use(connection, target.schema)
            fresh = ((e.type, e.body) for e in entries if e.sequence > mark.sequence)
            await fold(connection, target.view, fresh)
            await watermarks.raise_to(connection, place, batch[-1].sequence, Counts())
    except asyncpg.PostgresError as error:
        if isinstance(error, (*AWAY, asyncpg.TransactionRollbackError)):
            raise
        place_of_misfit = await _misfit(connection, target, log, entries)
        raise ViewUnfillable(target.view, place_of_misfit, type(error).__name__) from error


async def _misfit(
    connection: Connection, target: Target, log: LogName, entries: Sequence[Entry]
) -> Position:
    """The event that does not fit, found by folding them one by one; nothing of it stays."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        await use(connection, target.schema)
        for entry in entries:
            try:
                await fold(connection, target.view, [(entry.type, entry.body)])
            except asyncpg.PostgresError:
                return Position(log, entry.sequence)
    finally:
        await attempt.rollback()
    return Position(log, entries[-1].sequence)
