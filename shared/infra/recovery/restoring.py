"""Writes what was kept into a log again, and derives what stands beside it, in one transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.contracts.envelope import NewerSchema, Recorded, SchemaFailed, UnknownType
from shared.contracts.event import Event
from shared.contracts.log import EventDiscarded, NumberLost
from shared.contracts.openings import SubjectErased
from shared.infra.database import Connection
from shared.infra.provisioning import Roles
from shared.infra.recovery.findings import CannotRecover
from shared.infra.recovery.run import Run
from shared.infra.sealing import sealed_in
from shared.infra.shell import DeadlinesOf
from shared.infra.sql import load
from shared.kernel.identifiers import LogName, Position

_SQL = load(__file__)
_BATCH: Final = 1_000
_OF_A_COMMAND: Final = 5
"""The version of a person's command's identifier; events have version 7 (BYTES)."""

Done = tuple[str, LogName, int]
"""Consumer, source log and number whose effect stands in the recovered log."""


async def write(connection: Connection, roles: Roles, runs: Sequence[Run]) -> None:
    """Append the runs verbatim. Raises CannotRecover when a log has grown meanwhile."""
    await connection.execute(_SQL["act_as"], roles.owner)
    for run in sorted(runs, key=lambda run: run.name.organisation):
        organisation = run.name.organisation
        head = await connection.fetchval(_SQL["head_locked"], organisation) or 0
        if head != run.head:
            raise CannotRecover(
                f"{run.name} grew from {run.head} to {head} while it was looked at: another "
                "program writes to it. Stop that first."
            )
        for start in range(0, len(run.events), _BATCH):
            rows = [_row(event) for event in run.events[start : start + _BATCH]]
            await connection.execute(
                _SQL["insert"], organisation, *map(list, zip(*rows, strict=True))
            )
        await connection.execute(
            _SQL["raise_head"], organisation, run.end, run.recorded_at, run.closes
        )


async def derive_again(
    connection: Connection,
    roles: Roles,
    runs: Sequence[Run],
    deadlines_of: DeadlinesOf,
    done: Sequence[Done],
    now: datetime,
) -> None:
    """Deadlines, used keys of commands, what reactions did, discards and erasures."""
    await connection.execute(_SQL["act_as"], roles.owner)
    events = [event for run in runs for event in run.brought_back()]
    typed = [(event, found) for event in events if (found := _typed(event)) is not None]
    await _set_deadlines(connection, typed, deadlines_of)
    await _use_keys(connection, events)
    if done:
        rows = [(consumer, log.service, log.organisation, number) for consumer, log, number in done]
        await connection.execute(_SQL["done_before"], *map(list, zip(*rows, strict=True)))
    for event, found in typed:
        if isinstance(found, EventDiscarded):
            position = Position.parse(found.position)
            await connection.execute(
                _SQL["discard"],
                found.consumer,
                position.log.service,
                event.log.organisation,
                position.sequence,
            )
    await connection.execute(_SQL["act_as"], roles.keys)
    for event, found in typed:
        if isinstance(found, SubjectErased):
            organisation = event.log.organisation
            await connection.execute(_SQL["destroy"], organisation, list(found.destroyed), now)
            await connection.execute(_SQL["forget"], organisation, found.person)


async def keys_lost(connection: Connection, roles: Roles, runs: Iterable[Run]) -> int:
    """How many keys that the events brought back were sealed under are not in this database."""
    await connection.execute(_SQL["act_as"], roles.keys)
    missing = 0
    for run in runs:
        known = [event for event in run.brought_back() if _typed(event) is not None]
        wanted = {sealed.key for event in known for sealed in sealed_in(event).values()}
        found = await connection.fetchval(_SQL["keys_there"], run.name.organisation, list(wanted))
        missing += len(wanted) - found
    return missing


def _typed(event: Recorded) -> Event | None:
    try:
        return event.event()
    except (UnknownType, NewerSchema, SchemaFailed):
        # written by a program newer or older than this one: it is brought back, and only that
        return None


async def _set_deadlines(
    connection: Connection, typed: Sequence[tuple[Recorded, Event]], deadlines_of: DeadlinesOf
) -> None:
    rows = [
        (
            deadline.organisation,
            deadline.stream,
            deadline.purpose,
            deadline.due_at,
            event.id,
            event.correlation_id,
            event.traceparent,
        )
        for event, found in typed
        for deadline in deadlines_of(event.log.organisation, event.stream, found, event.time)
    ]
    if rows:
        await connection.execute(_SQL["set_deadlines"], *map(list, zip(*rows, strict=True)))


async def _use_keys(connection: Connection, events: Sequence[Recorded]) -> None:
    """A command whose events are here was done: sent again, it is not done again."""
    positions: dict[UUID, list[str]] = {}
    for event in events:
        if event.causation_id.version == _OF_A_COMMAND and event.type != NumberLost.__name__:
            positions.setdefault(event.causation_id, []).append(str(event.position))
    for causation, written in positions.items():
        await connection.execute(_SQL["use_key"], causation, written)


def _row(event: Recorded) -> tuple[int, str, int, str, str]:
    return event.sequence, event.stream, event.version, event.type, event.body


__all__ = ["Done", "derive_again", "keys_lost", "write"]
