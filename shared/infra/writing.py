"""What was decided, written: sealed, composed and appended in the one statement that ends it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias
from uuid import UUID

import asyncpg

from shared.contracts.envelope import Draft, compose
from shared.contracts.event import Event
from shared.infra import log
from shared.infra.log import Entry
from shared.infra.orders import AnsweredMeanwhile, Claim, is_second_answer
from shared.infra.sql import load
from shared.infra.transaction import Transaction
from shared.infra.unit import Unit
from shared.kernel.deadlines import Deadline
from shared.kernel.identifiers import LogName, Position

_SQL = load(__file__)
_KEY_GONE: Final = "LG004"
_NO_ANSWER: Final = (None, None, None, None)

DeadlinesOf: TypeAlias = Callable[[str, str, Event, datetime], Sequence[Deadline]]
"""Pure: the deadlines an event sets, given organisation, stream, event and business time."""


class Sealer(Protocol):
    """Seals the clear personal values of drafts, under keys of the same unit."""

    async def seal(self, unit: Unit, drafts: Sequence[Draft], relied_on: set[UUID]) -> None:
        """Seal what is personal in these drafts.

        Adds to `relied_on` the keys it remembered and did not look up: who writes looks.
        """
        ...

    def forget(self, keys: Collection[UUID]) -> None:
        """Remember these keys no longer."""
        ...


class KeyGone(Exception):
    """A key that was remembered is not in the database any more: seal anew."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class Writer:
    """Writes a transaction's drafts with the deadlines they set, and notes a command's answer."""

    def __init__(self, service: str, sealer: Sealer | None, deadlines_of: DeadlinesOf) -> None:
        self._service = service
        self._sealer = sealer
        self._deadlines_of = deadlines_of

    async def write(
        self, transaction: Transaction, claim: Claim | None = None, location: str | None = None
    ) -> list[Position]:
        """Write all of it in one call, the last of the unit: it locks the logs' heads.

        Raises what log.append() does, AnsweredMeanwhile and KeyGone.
        """
        unit, relied_on = transaction.unit, set[UUID]()
        if self._sealer is not None:
            await self._sealer.seal(unit, transaction.drafts, relied_on)
        entries = [_entry(draft) for draft in transaction.drafts]
        read, deadlines = transaction.only_read(), self._deadlines(transaction.drafts)
        answer = (claim.causation, claim.digest, 201, location) if claim else _NO_ANSWER
        given = (transaction.now, *answer, self._service)
        written: Iterable[Any]
        try:
            if len(entries) == 1 and len(relied_on) <= 1 and not read and not deadlines:
                written = await _write_one(unit, entries[0], given, relied_on)
            else:
                written = await unit.connection.fetch(
                    _SQL["write"],
                    *log.columns(entries),
                    *given,
                    list(relied_on),
                    *_columns(read, 3),
                    *_columns(deadlines, 7),
                )
        except asyncpg.PostgresError as error:
            concerned = {entry.log_organisation for entry in entries} | {one[0] for one in read}
            raise self._meaning(error, concerned, relied_on) from error
        unit.wrote = True
        return [
            Position(name, number)
            for organisation, first, last in written
            for name in (LogName(self._service, organisation),)
            for number in range(first, last + 1)
        ]

    def _meaning(
        self, error: asyncpg.PostgresError, concerned: set[str], relied_on: set[UUID]
    ) -> Exception:
        """What the database's error means to who decided."""
        if is_second_answer(error):
            return AnsweredMeanwhile()
        if error.sqlstate == _KEY_GONE and self._sealer is not None:
            self._sealer.forget(relied_on)
            return KeyGone()
        return log.refusal_of(error, concerned)

    def _deadlines(self, drafts: Sequence[Draft]) -> list[tuple[object, ...]]:
        return [
            (
                deadline.organisation,
                deadline.stream,
                deadline.purpose,
                deadline.due_at,
                draft.id,
                draft.cause.correlation_id,
                draft.cause.traceparent,
            )
            for draft in drafts
            for deadline in self._deadlines_of(
                draft.log.organisation, draft.stream, draft.event, draft.time
            )
        ]


async def _write_one(
    unit: Unit, entry: Entry, given: tuple[object, ...], relied_on: set[UUID]
) -> Iterable[tuple[str, int, int]]:
    """What most commands come to, without an array for each value."""
    key = next(iter(relied_on), None)
    number = await unit.connection.fetchval(_SQL["write_one"], *entry, *given, key)
    return [(entry.log_organisation, number, number)]


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    """The columns of rows so wide; empty ones where there is no row."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _entry(draft: Draft) -> Entry:
    kind = type(draft.event).__name__
    return Entry(draft.log.organisation, draft.stream, draft.version, kind, compose(draft))
