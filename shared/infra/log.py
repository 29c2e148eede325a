"""One log per organisation: append, which numbers and stamps, and reading in order.

What append may raise:

    LogError
      ├ VersionConflict    another decision came first: decide again
      ├ LogNotOpen         there is no log of this organisation here, or it is closed
      ├ LogFull            the ten digits are used up
      └ BodyRefused        this text is not one of our bodies
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg

from shared.contracts.envelope import Cause, Draft, compose
from shared.contracts.log import LogOpened
from shared.infra.database import Connection
from shared.infra.identifiers import new_event_id, new_log_id, new_traceparent
from shared.infra.sql import load
from shared.kernel.identifiers import LogName, derive

_SQL = load(__file__)
_NOT_OPEN: Final = "LG001"
_READ_STREAM_GREW: Final = "LG002"
_BODY_RULES: Final = {
    "the_body_fits_one_message": "With its stamp the body is larger than 256 KiB.",
    "the_body_is_one_object": (
        "The body must be a JSON object whose member names are unique; "
        "`sequence` and `recordedtime` are the log's to add."
    ),
    "the_body_is_one_line": "The body must be one line with nothing around it.",
    "the_first_event_opens_the_log": "LogOpened is the first event of a log, and only the first.",
    "versions_count_from_one": "A stream's versions count from 1.",
}


class LogError(Exception):
    """The log did not take these entries."""


class VersionConflict(LogError):
    """Another decision on one of the streams written or read came first."""

    def __init__(self, organisations: frozenset[str]) -> None:
        self.organisations = organisations
        super().__init__("Another decision on one of the streams written or read came first.")


class LogNotOpen(LogError):
    """There is no log of this organisation here, or it is closed."""

    def __init__(self, organisation: str) -> None:
        self.organisation = organisation
        super().__init__(f"The log of {organisation} is not open here.")


class LogFull(LogError):
    """A log holds at most 9,999,999,999 events."""


class BodyRefused(LogError):
    """This text is not a body as the log keeps them."""


class Entry(NamedTuple):
    """A body to append, with what the log files it under."""

    log_organisation: str
    stream: str
    version: int
    type: str
    body: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log stands: the last number given, and its system time."""

    organisation: str
    sequence: int
    recorded_at: datetime


async def append(
    connection: Connection, entries: Sequence[Entry], at: datetime
) -> dict[str, range]:
    """Append in one call, all or nothing; answers the numbers given, by organisation.

    Call it last: the logs' ordering locks are held until the transaction ends.
    """
    if not entries:
        return {}
    try:
        rows = await connection.fetch(_SQL["append"], *columns(entries), at)
    except asyncpg.PostgresError as error:
        raise refusal_of(error, [entry.log_organisation for entry in entries]) from error
    return {organisation: range(first, last + 1) for organisation, first, last in rows}


def columns(
    entries: Sequence[Entry],
) -> tuple[list[str], list[str], list[int], list[str], list[str]]:
    """The entries as log.append() takes them: organisations, streams, versions, types, bodies."""
    return (
        [entry.log_organisation for entry in entries],
        [entry.stream for entry in entries],
        [entry.version for entry in entries],
        [entry.type for entry in entries],
        [entry.body for entry in entries],
    )


def refusal_of(error: asyncpg.PostgresError, organisations: Iterable[str]) -> Exception:
    """What the database's error means to who appends; the error itself when nothing special.

    `organisations` are those whose logs the decision wrote to or read.
    """
    rule = getattr(error, "constraint_name", None)
    if rule == "one_event_per_version" or error.sqlstate == _READ_STREAM_GREW:
        return VersionConflict(frozenset(organisations))
    if rule == "the_log_has_room":
        return LogFull("A log holds at most 9,999,999,999 events.")
    if rule in _BODY_RULES:
        return BodyRefused(_BODY_RULES[rule])
    if error.sqlstate == _NOT_OPEN:
        return LogNotOpen(str(error.detail))
    if isinstance(error, asyncpg.CharacterNotInRepertoireError):
        return BodyRefused("The body must not contain U+0000.")
    return error


async def open_log(
    connection: Connection, service: str, organisation: str, installation: str, at: datetime
) -> None:
    """Write LogOpened as event 1; a log that is open stays as it is."""
    log_id = new_log_id()
    opening = derive(log_id, "open")
    draft = Draft(
        log=LogName(service, organisation),
        stream=f"log/{log_id}",
        version=1,
        event=LogOpened(installation=installation, log_id=log_id),
        id=new_event_id(at),
        time=at,
        cause=Cause(opening, opening, f"system/{service}", new_traceparent()),
    )
    await connection.execute(_SQL["open"], organisation, draft.stream, compose(draft), at)


async def hold(connection: Connection, organisations: Sequence[str]) -> None:
    """Take these logs' ordering locks until the transaction ends: nobody else appends meanwhile."""
    await connection.execute(_SQL["hold"], list(organisations))


async def read_stream(connection: Connection, organisation: str, stream: str) -> list[str]:
    """The bodies of one stream, oldest first."""
    return [
        row["body"] for row in await connection.fetch(_SQL["read_stream"], organisation, stream)
    ]


async def read(connection: Connection, organisation: str, after: int, limit: int) -> list[str]:
    """At most `limit` bodies of a log after that number, in order."""
    rows = await connection.fetch(_SQL["read"], organisation, after, limit)
    return [row["body"] for row in rows]


async def head(connection: Connection, organisation: str) -> Head | None:
    """Where this organisation's log stands; None when it is not here."""
    row = await connection.fetchrow(_SQL["head"], organisation)
    return None if row is None else Head(**row)


async def heads(connection: Connection) -> list[Head]:
    """Where every log kept here stands."""
    return [Head(**row) for row in await connection.fetch(_SQL["heads"])]
