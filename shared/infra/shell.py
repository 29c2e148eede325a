"""The one shell around every decision: HTTP commands, reactions to events and timers alike."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from itertools import count
from typing import Final, Protocol, TypeAlias, TypeVar
from uuid import UUID

import asyncpg

from shared.contracts.envelope import Draft, Recorded, compose
from shared.contracts.event import Event
from shared.infra import log, orders
from shared.infra.clock import Clock
from shared.infra.database import Connection, Pool
from shared.infra.identifiers import new_traceparent
from shared.infra.log import Entry, VersionConflict
from shared.infra.orders import Answer, KeyUsedForAnotherCommand, Order
from shared.infra.sql import load
from shared.infra.transaction import Cause, Transaction
from shared.kernel.deadlines import Deadline
from shared.kernel.decider import Refused
from shared.kernel.identifiers import LogName, Position

__all__ = [
    "Answer",
    "Cause",
    "DeadlinesOf",
    "KeyUsedForAnotherCommand",
    "LogOnHold",
    "Order",
    "Sealer",
    "Shell",
    "Transaction",
]

_SQL = load(__file__)
_MOST_TRIES: Final = 20
_READER: Final = Cause(UUID(int=0), UUID(int=0), "system/reader", "")

T = TypeVar("T")
DeadlinesOf: TypeAlias = Callable[[str, str, Event, datetime], Sequence[Deadline]]
"""Pure: the deadlines an event sets, given organisation, stream, event and business time."""


class LogOnHold(Exception):
    """Nothing may be written to this organisation's log until its database is put right."""

    def __init__(self, organisation: str) -> None:
        self.organisation = organisation
        super().__init__(f"Nothing may be written to the log of {organisation} just now.")


class Sealer(Protocol):
    """Seals the clear personal values of drafts, under keys of the same transaction."""

    async def seal(self, connection: Connection, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """The same drafts with nothing personal in clear."""
        ...


@dataclass(slots=True)
class _Turn:
    """One call of transact(): the heads to take first, and whether something was appended."""

    hold: frozenset[str] = frozenset()
    wrote: bool = False


def _no_deadlines(_: str, __: str, ___: Event, ____: datetime) -> tuple[()]:
    return ()


def _nobody_to_wake() -> None:
    return


def _always(_: str) -> bool:
    return True


class Shell:
    """Runs work in one transaction, appends what it decided, and decides again on a conflict.

    `wake` is called after a commit that appended; `may_write` says whether a log may be written to.
    """

    def __init__(
        self,
        pool: Pool,
        service: str,
        clock: Clock,
        *,
        idempotency_secret: bytes,
        sealer: Sealer | None = None,
        deadlines_of: DeadlinesOf = _no_deadlines,
        wake: Callable[[], None] = _nobody_to_wake,
        may_write: Callable[[str], bool] = _always,
    ) -> None:
        self.service = service
        self.clock = clock
        self.may_write = may_write
        self._pool = pool
        self._secret = idempotency_secret
        self._sealer = sealer
        self._deadlines_of = deadlines_of
        self._wake = wake
        self._turns: dict[Connection, _Turn] = {}

    async def handle(
        self, order: Order, work: Callable[[Transaction], Awaitable[str | None]]
    ) -> Answer:
        """Do what a keyed command asks, once; `work` answers the location of what it made.

        A concurrent twin waits. Raises KeyUsedForAnotherCommand; a Refused leaves no trace.
        """
        trace = order.traceparent or new_traceparent()
        cause = Cause(order.causation, order.causation, order.actor, trace)

        async def attempt(connection: Connection) -> Answer:
            earlier = await orders.claim(connection, order, self._secret)
            if earlier is not None:
                return await self._found_again(connection, cause, work, earlier)
            transaction = await self._begin(connection, cause)
            location = await work(transaction)
            self.refuse_on_hold(transaction.organisations())
            if not transaction.drafts:
                answer = Answer(200, location, (), repeated=False)
                await orders.complete(connection, order, answer)
                return answer
            positions = await self._append(transaction, (order.causation, 201, location))
            return Answer(201, location, tuple(positions), repeated=False)

        return await self.transact(attempt)

    async def react(
        self,
        connection: Connection,
        cause: Recorded,
        work: Callable[[Transaction], Awaitable[object]],
    ) -> list[Position]:
        """Decide what an event leads to, inside its consumer's transaction, after its own locks."""
        return await self.act(connection, Cause.event(cause, self.service), work)

    async def act(
        self,
        connection: Connection,
        cause: Cause,
        work: Callable[[Transaction], Awaitable[object]],
    ) -> list[Position]:
        """Run work for any cause in a transaction of transact(); answers the positions written."""
        transaction = await self._begin(connection, cause)
        await work(transaction)
        self.refuse_on_hold(transaction.organisations())
        return await self._append(transaction) if transaction.drafts else []

    async def look(self, find: Callable[[Transaction], Awaitable[T]]) -> T:
        """Read streams, all as of one moment, in a transaction that cannot write."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await find(Transaction(connection, self.service, _READER, self.clock.now()))

    async def transact(self, attempt: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `attempt` in one transaction; on a conflict everything is decided again.

        From the second try on the heads are taken before anything is read: nobody can come first.
        """
        turn = _Turn()
        for tries in count(1):
            try:
                answer = await self._once(attempt, turn)
            except VersionConflict as conflict:
                if conflict.organisations <= turn.hold or tries >= _MOST_TRIES:
                    raise
                turn.hold |= conflict.organisations
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                if tries >= _MOST_TRIES:
                    raise
            else:
                break
        if turn.wrote:
            self._wake()
        return answer

    def refuse_on_hold(self, organisations: Iterable[str]) -> None:
        """Refuse to decide on logs that may lack what they once had, even that there is nothing."""
        for organisation in organisations:
            if not self.may_write(organisation):
                raise LogOnHold(organisation)

    async def _once(self, attempt: Callable[[Connection], Awaitable[T]], turn: _Turn) -> T:
        async with self._pool.acquire() as connection:
            turn.wrote = False
            self._turns[connection] = turn
            try:
                async with connection.transaction(isolation="read_committed"):
                    return await attempt(connection)
            finally:
                del self._turns[connection]

    async def _begin(self, connection: Connection, cause: Cause) -> Transaction:
        turn = self._turns.get(connection)
        if turn is not None and turn.hold:
            await log.hold(connection, sorted(turn.hold))
        return Transaction(connection, self.service, cause, self.clock.now())

    async def _append(
        self,
        transaction: Transaction,
        answering: tuple[UUID | None, int | None, str | None] = (None, None, None),
    ) -> list[Position]:
        """Append all drafts in one call, the last of the transaction: it locks the logs' heads."""
        connection, drafts = transaction.connection, transaction.drafts
        await self._set_deadlines(connection, drafts)
        sealed = drafts if self._sealer is None else await self._sealer.seal(connection, drafts)
        entries = [_entry(draft) for draft in sealed]
        read = transaction.only_read()
        rest = transaction.now, *answering, self.service
        try:
            if len(entries) == 1 and not read:
                rows = await connection.fetch(_SQL["append_one"], *entries[0].values(), *rest)
            else:
                rows = await connection.fetch(
                    _SQL["append"], *log.columns(entries), *rest, *_columns(read)
                )
        except asyncpg.PostgresError as error:
            concerned = {entry.log_organisation for entry in entries} | {one[0] for one in read}
            raise log.refusal_of(error, concerned) from error
        turn = self._turns.get(connection)
        if turn is not None:
            turn.wrote = True
        return [
            Position(LogName(self.service, row["organisation"]), row["sequence"]) for row in rows
        ]

    async def _found_again(
        self,
        connection: Connection,
        cause: Cause,
        work: Callable[[Transaction], Awaitable[str | None]],
        earlier: Answer,
    ) -> Answer:
        """What a used key is answered; after a recovery the work says where, and is undone."""
        if not earlier.recovered:
            return earlier
        undone = connection.transaction()
        await undone.start()
        try:
            location = await work(await self._begin(connection, cause))
        except Refused:
            location = None
        finally:
            await undone.rollback()
        return replace(earlier, location=location)

    async def _set_deadlines(self, connection: Connection, drafts: Sequence[Draft]) -> None:
        rows = [
            (*astuple(deadline), draft.id, draft.correlation_id, draft.traceparent)
            for draft in drafts
            for deadline in self._deadlines_of(
                draft.log.organisation, draft.stream, draft.event, draft.time
            )
        ]
        if rows:
            await connection.execute(_SQL["set_deadlines"], *map(list, zip(*rows, strict=True)))


def _columns(read: Sequence[tuple[str, str, int]]) -> tuple[list[str], list[str], list[int]]:
    return [one[0] for one in read], [one[1] for one in read], [one[2] for one in read]


def _entry(draft: Draft) -> Entry:
    kind = type(draft.event).__name__
    return Entry(draft.log.organisation, draft.stream, draft.version, kind, compose(draft))
