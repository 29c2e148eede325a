"""The one shell around every decision: HTTP commands, reactions to events and timers alike."""

import hmac
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from itertools import count
from typing import Final, TypeVar
from uuid import UUID

import asyncpg

from shared.contracts.envelope import Cause, Recorded
from shared.contracts.event import Event
from shared.infra.clock import Clock
from shared.infra.database import Pool
from shared.infra.identifiers import new_traceparent
from shared.infra.log import VersionConflict
from shared.infra.orders import (
    Answer,
    AnsweredBefore,
    AnsweredMeanwhile,
    Claim,
    KeyUsedForAnotherCommand,
    Order,
)
from shared.infra.transaction import Transaction
from shared.infra.turns import Turns
from shared.infra.unit import Unit
from shared.infra.writing import DeadlinesOf, KeyGone, Sealer, Writer
from shared.kernel.decider import Refused
from shared.kernel.identifiers import Position

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
    "Unit",
]

_MOST_TRIES: Final = 20
_READER: Final = Cause(UUID(int=0), UUID(int=0), "system/reader", "")

T = TypeVar("T")


class LogOnHold(Exception):
    """Nothing may be written to this organisation's log until its database is put right."""

    def __init__(self, organisation: str) -> None:
        self.organisation = organisation
        super().__init__(f"Nothing may be written to the log of {organisation} just now.")


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
        self._turns = Turns(pool)
        self._secret = hmac.new(idempotency_secret, digestmod=sha256)
        self._writer = Writer(service, sealer, deadlines_of)
        self._wake = wake

    async def handle(
        self, order: Order, work: Callable[[Transaction], Awaitable[str | None]]
    ) -> Answer:
        """Do what a keyed command asks, once; `work` answers the location of what it made.

        Of two twins the one that writes first is answered, and the other gets the same answer.
        Raises KeyUsedForAnotherCommand; a Refused leaves no trace.
        """
        trace = order.traceparent or new_traceparent()
        cause = Cause(order.causation, order.causation, order.actor, trace)
        claim = Claim.of(order, self._secret)

        async def attempt(unit: Unit) -> Answer:
            transaction = Transaction(unit, self.service, cause, self.clock.now(), claim)
            location = await work(transaction)
            self.refuse_on_hold(transaction.organisations())
            if transaction.drafts:
                positions = await self._writer.write(transaction, claim, location)
                return Answer(201, location, tuple(positions), repeated=False)
            answer = Answer(200, location, (), repeated=False)
            await claim.note(unit.connection, answer)
            return answer

        try:
            return await self.transact(attempt)
        except AnsweredBefore as before:
            return await self._again(cause, work, before.answer)
        except AnsweredMeanwhile:
            earlier = await self._answer_to(claim)
        if earlier is None:
            return await self.handle(order, work)
        return await self._again(cause, work, earlier)

    async def react(
        self, unit: Unit, cause: Recorded, work: Callable[[Transaction], Awaitable[object]]
    ) -> list[Position]:
        """Decide what an event leads to, inside its consumer's unit, after its own locks."""
        return await self.act(unit, Cause.event(cause, self.service), work)

    async def act(
        self, unit: Unit, cause: Cause, work: Callable[[Transaction], Awaitable[object]]
    ) -> list[Position]:
        """Run work for any cause in a unit others have a part in; answers the positions written."""
        await unit.begin()
        return await self._decide(unit, cause, work)

    async def do(
        self, cause: Cause, work: Callable[[Transaction], Awaitable[object]]
    ) -> list[Position]:
        """Run work for any cause in a unit of its own; answers the positions written."""
        return await self.transact(lambda unit: self._decide(unit, cause, work))

    async def _decide(
        self, unit: Unit, cause: Cause, work: Callable[[Transaction], Awaitable[object]]
    ) -> list[Position]:
        transaction = Transaction(unit, self.service, cause, self.clock.now())
        await work(transaction)
        self.refuse_on_hold(transaction.organisations())
        return await self._writer.write(transaction) if transaction.drafts else []

    async def look(self, find: Callable[[Transaction], Awaitable[T]]) -> T:
        """Read streams, all as of one moment, in a transaction that cannot write."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            unit = Unit.within(connection)
            return await find(Transaction(unit, self.service, _READER, self.clock.now()))

    async def transact(self, attempt: Callable[[Unit], Awaitable[T]]) -> T:
        """Run `attempt` in one unit; on a conflict everything is decided again.

        From the second try on the heads are taken before anything is read: nobody can come first.
        """
        hold: frozenset[str] = frozenset()
        for tries in count(1):
            try:
                async with self._turns.take() as connection, Unit(connection, hold) as unit:
                    answer = await attempt(unit)
            except VersionConflict as conflict:
                if conflict.organisations <= hold or tries >= _MOST_TRIES:
                    raise
                hold |= conflict.organisations
            except (KeyGone, asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                if tries >= _MOST_TRIES:
                    raise
            else:
                break
        if unit.wrote:
            self._wake()
        return answer

    def refuse_on_hold(self, organisations: Iterable[str]) -> None:
        """Refuse to decide on logs that may lack what they once had, even that there is nothing."""
        for organisation in organisations:
            if not self.may_write(organisation):
                raise LogOnHold(organisation)

    async def _answer_to(self, claim: Claim) -> Answer | None:
        """The answer that a twin got; None when that was too long ago and is forgotten now."""
        async with self._pool.acquire() as connection:
            try:
                await claim.look(connection)
            except AnsweredBefore as before:
                return before.answer
            await claim.let_go(connection)
            return None

    async def _again(
        self,
        cause: Cause,
        work: Callable[[Transaction], Awaitable[str | None]],
        earlier: Answer,
    ) -> Answer:
        """What a used key is answered; after a recovery the work says where, and is undone."""
        if not earlier.recovered:
            return earlier
        async with self._pool.acquire() as connection:
            undone = connection.transaction()
            await undone.start()
            transaction = Transaction(
                Unit.within(connection), self.service, cause, self.clock.now()
            )
            try:
                location = await work(transaction)
            except Refused:
                location = None
            finally:
                await undone.rollback()
        return replace(earlier, location=location)
