"""Turns deadlines that are due into commands: each once, over restarts and replicas."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from time import monotonic
from typing import Final, TypeAlias
from uuid import UUID

import structlog

from shared.infra import orders
from shared.infra.database import AWAY, Connection, Pool
from shared.infra.shell import Cause, Shell, Transaction, Unit
from shared.infra.sql import load
from shared.kernel.decider import Refused

_SQL = load(__file__)
_FORGET_EVERY_SECONDS: Final = 3600.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline whose time has come; `cause` is the event that set it."""

    organisation: str
    stream: str
    purpose: str
    due_at: datetime
    cause: UUID


Timer: TypeAlias = Callable[[Transaction, Due], Awaitable[None]]


async def next_due(connection: Connection, organisations: Sequence[str]) -> datetime | None:
    """The earliest deadline of these organisations, due or not; None when there is none."""
    found: datetime | None = await connection.fetchval(_SQL["next"], list(organisations))
    return found


class Scheduler:
    """Runs the service's timers. Any number of them may run on one database.

    A timer that raises Refused is done: the rules said no. Any other failure is a bug: the deadline
    is kept and tried again, later each time, while all others go on.
    """

    def __init__(
        self,
        shell: Shell,
        pool: Pool,
        organisations: Sequence[str],
        timers: Mapping[str, Timer],
        *,
        poll_seconds: float = 0.5,
    ) -> None:
        self._shell = shell
        self._pool = pool
        self._organisations = organisations
        self._timers = timers
        self._poll_seconds = poll_seconds
        self._forgot_at = float("-inf")

    async def run(self) -> None:
        """Work for ever; a database that is away is waited for."""
        while True:
            try:
                await self.work_off()
                await self._forget_old_keys()
            except AWAY as error:
                _log.warning("deadlines wait for the database", reason=type(error).__name__)
            await asyncio.sleep(self._poll_seconds)

    async def work_off(self) -> int:
        """Run every timer that is due now; answers how many were."""
        done = 0
        while await self._next():
            done += 1
        return done

    async def _next(self) -> bool:
        """Take one due deadline and run its timer; False when there is none."""
        in_hand: list[Due] = []

        async def attempt(unit: Unit) -> bool:
            in_hand.clear()
            connection = await unit.begin()
            row = await connection.fetchrow(
                _SQL["claim"], self._shell.clock.now(), self._writable_organisations()
            )
            if row is None:
                return False
            *place, correlation, traceparent = row.values()
            due = Due(*place)
            in_hand.append(due)
            await self._fire(unit, due, correlation, traceparent)
            return True

        try:
            return await self._shell.transact(attempt)
        except Exception:
            # a bug in one timer must not stop the others; a database that is away stops this too
            if not in_hand:
                raise
            await self._postpone(in_hand[0])
            return True

    async def _fire(self, unit: Unit, due: Due, correlation: UUID, traceparent: str) -> None:
        actor = f"system/{self._shell.service}"
        cause = Cause(due.cause, correlation, actor, traceparent)
        timer = self._timers[due.purpose]

        async def work(transaction: Transaction) -> None:
            await timer(transaction, due)

        try:
            async with unit.connection.transaction():
                await self._shell.act(unit, cause, work)
        except Refused as refusal:
            _log.info("deadline refused", **_names(due), rule=refusal.rule())
        else:
            _log.info("deadline met", **_names(due))

    async def _postpone(self, due: Due) -> None:
        async with self._pool.acquire() as connection:
            tries = await connection.fetchval(_SQL["postpone"], *astuple(due))
        _log.exception("a timer failed", **_names(due), tries=tries)

    async def _forget_old_keys(self) -> None:
        if monotonic() - self._forgot_at < _FORGET_EVERY_SECONDS:
            return
        async with self._pool.acquire() as connection:
            while await orders.forget(connection):
                pass
        self._forgot_at = monotonic()

    def _writable_organisations(self) -> list[str]:
        return [code for code in self._organisations if self._shell.may_write(code)]


def _names(due: Due) -> dict[str, str]:
    return {
        "organisation": due.organisation,
        "stream": due.stream,
        "purpose": due.purpose,
        "cause": str(due.cause),
    }
