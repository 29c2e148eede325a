"""What a view is: a folder of SQL that makes tables, folds events into them and reads them.

A row belongs to one log, and a handler runs once over all events of its types in a batch: so
neither the order between logs nor that between handlers may matter. What may be set again stands
beside the sequence of the event that set it, and only a later one overwrites it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Final

from shared.contracts.envelope import NewerSchema
from shared.contracts.event import CATALOGUE, upcast
from shared.infra.database import Connection
from shared.infra.sql import load, parse
from shared.kernel.ijson import dumps

_SQL = load(__file__)
_NAME: Final = "-- name: "
_ON: Final = "-- on: "
TEMPORARY: Final = "pg_temp"
"""The schema of one session's own: it goes when the session does."""


@dataclass(frozen=True, slots=True)
class View:
    """One version of a view. `handlers`: by event type, statements given an array of bodies."""

    name: str
    version: int
    consumer: str
    sources: tuple[str, ...]
    tables: str
    handlers: Mapping[str, tuple[str, ...]]
    queries: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path, *, version: int, consumer: str, sources: tuple[str, ...]) -> "View":
        """The view in `folder`: schema.sql, handlers.sql, queries.sql; `sources` are services."""
        queries = folder / "queries.sql"
        return cls(
            name=folder.name,
            version=version,
            consumer=consumer,
            sources=sources,
            tables=(folder / "schema.sql").read_text(encoding="utf-8"),
            handlers=_handlers(folder / "handlers.sql"),
            queries=parse(queries.read_text(encoding="utf-8"), str(queries)),
        )

    @property
    def schema(self) -> str:
        """The schema of this version's tables: `pipeline_v1`."""
        return f"{self.name}_v{self.version}"


def _handlers(file: Path) -> Mapping[str, tuple[str, ...]]:
    """The statements of a file by event type: each says below its name which types it is run on."""
    text = file.read_text(encoding="utf-8")
    statements, found, name = parse(text, str(file)), dict[str, tuple[str, ...]](), ""
    for line in text.splitlines():
        if line.startswith(_NAME):
            name = line.removeprefix(_NAME).strip()
        elif line.startswith(_ON):
            for event_type in line.removeprefix(_ON).split():
                found[event_type] = (*found.get(event_type, ()), statements[name])
    if missing := set(statements.values()) - {s for group in found.values() for s in group}:
        raise ValueError(f"{file}: {len(missing)} statements do not say what they are run on.")
    return found


@dataclass(frozen=True, slots=True)
class Entry:
    """What folding needs to know of an event; `body` is written under its newest schema."""

    sequence: int
    type: str
    body: str
    recorded_at: str

    @classmethod
    def of(cls, text: str) -> "Entry":
        """Read a body that a log gave. NewerSchema when this program is too old for it."""
        event = loads(text)
        return cls(
            int(event["sequence"]),
            event["type"],
            newest(text, event["type"], int(event["dataschema"].rpartition(":")[2])),
            event["recordedtime"],
        )


def newest(body: str, type_name: str, schema_version: int) -> str:
    """The body with its data lifted to today's schema, so that handlers know only one."""
    known = CATALOGUE.get(type_name)
    if known is None or schema_version == known.version:
        return body
    if schema_version > known.version:
        raise NewerSchema(f"{type_name} {schema_version} is newer than this program.")
    event = loads(body)
    return dumps(event | {"data": upcast(type_name, schema_version, event["data"])})


async def fold(connection: Connection, view: View, events: Iterable[tuple[str, str]]) -> None:
    """Fold events of one log, as (type, body), into the tables the search path points at.

    Types without a handler are left out: a view takes what it needs.
    """
    batches: dict[str, list[str]] = {}
    for type_name, body in events:
        for statement in view.handlers.get(type_name, ()):
            batches.setdefault(statement, []).append(body)
    for statement, bodies in batches.items():
        await connection.execute(statement, bodies)


async def use(connection: Connection, schema: str, *, for_session: bool = False) -> None:
    """Point the search path at a view's schema until the transaction, or the session, ends."""
    await connection.execute(_SQL["use"], f"{schema}, pg_temp", not for_session)


async def make_tables(connection: Connection, view: View) -> None:
    """Make the view's tables, its watermarks among them, where the search path points."""
    await connection.execute(_SQL["make_watermarks"])
    await connection.execute(view.tables)
