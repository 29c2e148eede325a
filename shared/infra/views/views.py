"""The views of one service: made at the start, folded live, read, and shown as of a moment."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from shared.contracts.envelope import Recorded
from shared.infra.bus.handling import Fold
from shared.infra.database import Connection, Pool, own_session
from shared.infra.sql import load
from shared.infra.views.filling import LogReader, Target, fill, left_out
from shared.infra.views.reading import Reading
from shared.infra.views.view import TEMPORARY, View, fold, make_tables, newest, use
from shared.kernel.identifiers import LogName

_SQL = load(__file__)
_AT_ONCE: Final = 2
"""How many moments are shown at once; each holds a connection and fills tables of its own."""


class ViewAway(RuntimeError):
    """This view cannot be read just now."""


class Views:
    """The views a service has, by name; of one name there may be several versions."""

    def __init__(
        self, pool: Pool, views: Sequence[View], reader: LogReader, organisations: Sequence[str]
    ) -> None:
        self.pool = pool
        self.all = tuple(sorted(views, key=lambda view: (view.name, view.version)))
        self._reader = reader
        self._organisations = tuple(organisations)
        self._moments = asyncio.Semaphore(_AT_ONCE)

    @property
    def newest(self) -> Mapping[str, View]:
        """The newest version this program knows of every view."""
        return {view.name: view for view in self.all}

    def logs(self, view: View, organisations: Sequence[str] | None = None) -> list[LogName]:
        """The logs a view folds, for these organisations or all that are served."""
        codes = self._organisations if organisations is None else organisations
        return [LogName(service, code) for service in view.sources for code in codes]

    async def prepare(self) -> None:
        """Make the tables of versions that have none; drop those of older ones no longer needed."""
        async with self.pool.acquire() as connection:
            for name in self.newest:
                async with connection.transaction():
                    await connection.execute(_SQL["take"], name)
                    await self._prepare(connection, name)

    async def _prepare(self, connection: Connection, name: str) -> None:
        known = {view.version: view for view in self.all if view.name == name}
        rows = await connection.fetch(_SQL["versions"], name)
        ready = max((row["version"] for row in rows if row["ready"]), default=None)
        for row in rows:
            if row["version"] not in known and ready is not None and row["version"] < ready:
                await connection.execute(_SQL["drop_schema"], f"{name}_v{row['version']}")
                await connection.execute(_SQL["forget_version"], name, row["version"])
        for version in known.keys() - {row["version"] for row in rows}:
            view = known[version]
            await connection.execute(_SQL["make_schema"], view.schema)
            await use(connection, view.schema)
            await make_tables(connection, view)
            # with nothing to read from before, the newest is read while it fills
            at_once = ready is None and version == max(known)
            await connection.execute(_SQL["note_version"], name, version, at_once)

    def folds(self) -> list[Fold]:
        """What the consumer kit folds live: every version this program knows."""
        return [_live(view) for view in self.all]

    @asynccontextmanager
    async def reading(self, name: str) -> AsyncIterator[Reading]:
        """The view as it stands, on one unchanging state; ViewAway while no version is ready."""
        async with (
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.execute(_SQL["hold"], name)
            view = await self._readable(connection, name)
            await use(connection, view.schema)
            yield Reading(view, view.schema, connection)

    async def _readable(self, connection: Connection, name: str) -> View:
        rows = await connection.fetch(_SQL["versions"], name)
        ready = {row["version"] for row in rows if row["ready"]}
        for view in reversed(self.all):
            if view.name == name and view.version in ready:
                return view
        raise ViewAway(f"The view {name} is being filled. Please try again.")

    @asynccontextmanager
    async def as_of(
        self, name: str, moment: datetime, organisations: Sequence[str]
    ) -> AsyncIterator[Reading]:
        """The view as these organisations' logs had it at a moment of system time.

        Raises what the logs raise when they are away, and ViewUnfillable.
        """
        async with self._moments, own_session(self.pool) as connection:
            view = await self._readable(connection, name)
            target = Target(view, TEMPORARY, await left_out(connection, view))
            await use(connection, TEMPORARY, for_session=True)
            try:
                await make_tables(connection, view)
                logs = self.logs(view, organisations)
                await fill([(connection, [target])], logs, self._reader, until=moment)
                yield Reading(view, TEMPORARY, connection)
            finally:
                await connection.execute(_SQL["discard_temporary"])

    async def want_rebuild(self, name: str) -> None:
        """Ask for the newest version to be filled anew beside the live one; the builder does it."""
        async with self.pool.acquire() as connection:
            await connection.execute(_SQL["want_rebuild"], name, self.newest[name].version)

    async def standing(self) -> list[Mapping[str, Any]]:
        """view, version, ready_at, rebuild_wanted and trouble of every version."""
        async with self.pool.acquire() as connection:
            return [dict(row) for row in await connection.fetch(_SQL["standing"])]


def _live(view: View) -> Fold:
    async def apply(connection: Connection, _: LogName, events: Sequence[Recorded]) -> None:
        await use(connection, view.schema)
        bodies = ((e.type, newest(e.body, e.type, e.schema_version)) for e in events)
        await fold(connection, view, bodies)

    return Fold(consumer=view.consumer, sources=view.sources, schema=view.schema, apply=apply)
