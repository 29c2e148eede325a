"""Fills views beside the ones that are read, and swaps them in when they have caught up."""

import asyncio
from collections.abc import Sequence
from typing import Final

import asyncpg
import structlog

from shared.contracts.envelope import NewerSchema
from shared.infra.bus.sources import SourceAway
from shared.infra.database import AWAY, Connection, own_session
from shared.infra.sql import load
from shared.infra.views.filling import (
    LogReader,
    Target,
    ViewUnfillable,
    fill,
    left_out,
    standing,
)
from shared.infra.views.view import make_tables, use
from shared.infra.views.views import Views

_SQL = load(__file__)
_LANES: Final = 2
"""Connections a rebuild takes from the pool; each works on its share of the views."""
_PAUSE_SECONDS: Final = 1.0
_LONG_PAUSE_SECONDS: Final = 30.0
"""After a failure that only somebody's doing will mend."""
_WAITS: Final[tuple[type[Exception], ...]] = (
    SourceAway,
    asyncpg.TransactionRollbackError,
    *AWAY,
)
_log = structlog.get_logger()


async def keep_built(views: Views, reader: LogReader) -> None:
    """Look for something to fill, for ever; one process of a service does it at a time."""
    while True:
        pause = _PAUSE_SECONDS
        try:
            await build(views, reader)
        except _WAITS as error:
            _log.warning("filling views waits", reason=str(error) or type(error).__name__)
        except (ViewUnfillable, NewerSchema) as error:
            _log.error("a view was not filled", reason=str(error))
            pause = _LONG_PAUSE_SECONDS
        await asyncio.sleep(pause)


async def build(views: Views, reader: LogReader) -> None:
    """Fill whatever is wanted now and swap it in; nothing when another process is at it.

    Raises ViewUnfillable when everything else was filled, and what the reader raises.
    """
    async with views.pool.acquire() as connection:
        if not await connection.fetchval(_SQL["is_wanted"]):
            return
    async with own_session(views.pool) as first:
        if not await first.fetchval(_SQL["try_to_build"]):
            return
        try:
            async with views.pool.acquire() as second:
                await _build(views, reader, (first, second))
        finally:
            await first.execute(_SQL["build_no_more"])


async def _build(
    views: Views, reader: LogReader, connections: tuple[Connection, Connection]
) -> None:
    targets, unfillable = await _wanted(connections[0], views), None
    while targets:
        try:
            targets = await _round(views, reader, connections, targets)
        except ViewUnfillable as error:
            unfillable = error
            await connections[0].execute(
                _SQL["note_trouble"], error.view.name, error.view.version, str(error)
            )
            targets = [target for target in targets if target.view is not error.view]
    if unfillable:
        raise unfillable


async def _wanted(connection: Connection, views: Views) -> list[Target]:
    """Empty tables for every newest version that is not ready or is to be filled anew."""
    targets = []
    for view in views.newest.values():
        row = await connection.fetchrow(_SQL["version"], view.name, view.version)
        if row is None or (row["ready"] and not row["rebuild_wanted"]):
            continue
        out = await left_out(connection, view)
        if not row["ready"]:
            targets.append(Target(view, view.schema, out))
            continue
        target = Target(view, f"{view.schema}_again", out)
        async with connection.transaction():
            await connection.execute(_SQL["drop_schema"], target.schema)
            await connection.execute(_SQL["make_schema"], target.schema)
            await use(connection, target.schema)
            await make_tables(connection, view)
        targets.append(target)
    return targets


async def _round(
    views: Views,
    reader: LogReader,
    connections: tuple[Connection, Connection],
    targets: Sequence[Target],
) -> list[Target]:
    """Fill to the ends of the logs and swap in what has caught up; answers what has not."""
    lanes = [(c, targets[n :: len(connections)]) for n, c in enumerate(connections)]
    logs = dict.fromkeys(log for target in targets for log in views.logs(target.view))
    await fill([lane for lane in lanes if lane[1]], list(logs), reader)
    return [target for target in targets if not await _swap_in(connections[0], target)]


async def _swap_in(connection: Connection, target: Target) -> bool:
    """Let readers have the filled tables, unless those read now are ahead in some log."""
    view = target.view
    async with connection.transaction():
        await connection.execute(_SQL["take"], view.name)
        current = await connection.fetchval(_SQL["current"], view.name)
        if current is not None:
            read_now = Target(view, f"{view.name}_v{current}", ())
            await use(connection, read_now.schema)
            await connection.execute(_SQL["freeze"])
            ours = await standing(connection, target)
            ahead = await standing(connection, read_now)
            if any(ours.get(log, 0) < sequence for log, sequence in ahead.items()):
                return False
        if target.schema != view.schema:
            await connection.execute(_SQL["replace_schema"], view.schema, target.schema)
        await connection.execute(_SQL["note_ready"], view.name, view.version)
    _log.info("a view was filled", view=view.name, version=view.version)
    return True
