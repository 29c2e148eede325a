"""What the tests of log and shell share: open logs, entries, waiting for a condition."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

from shared.contracts.envelope import Recorded, read
from shared.infra import log
from shared.infra.database import Connection, Pool
from shared.infra.log import Entry
from shared.infra.orders import Order
from shared.infra.policies import POLICY, policy_stream
from shared.infra.shell import Transaction
from shared.kernel.policies import AdoptPolicy

SERVICE = "payments"
AT = datetime(2024, 3, 6, 9, 12, 44, 120331, tzinfo=UTC)
STAMP = ',"sequence":"0000000002","recordedtime":"2024-03-06T09:12:44.120331Z"}'
"""What the log adds to the first body after LogOpened, appended at AT."""
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def open_logs(connection: Connection, *organisations: str) -> None:
    """Open the payments log of each organisation."""
    for organisation in organisations:
        await log.open_log(connection, SERVICE, organisation, "partners.invalid", AT)


async def appended(connection: Connection, entries: Sequence[log.Entry], at: datetime) -> list[str]:
    """Append, and read back: the stamped bodies in the order given."""
    given = await log.append(connection, entries, at)
    bodies = {
        code: iter(await log.read(connection, code, numbers.start - 1, len(numbers)))
        for code, numbers in given.items()
    }
    return [next(bodies[one.log_organisation]) for one in entries]


def entry(
    organisation: str = "RAJ",
    stream: str = "payment/1",
    version: int = 1,
    *,
    type: str = "PaymentDue",
    body: str | None = None,
) -> Entry:
    """An entry whose body says where it belongs."""
    text = json.dumps({"subject": stream, "streamversion": version}) if body is None else body
    return Entry(organisation, stream, version, type, text)


async def everything(connection: Connection, organisation: str = "RAJ") -> list[Recorded]:
    """A log read whole, as events."""
    return [read(body) for body in await log.read(connection, organisation, 0, 10_000)]


def adopting(
    version: int, organisation: str = "RAJ", kind: str = "fees", **terms: int
) -> Callable[[Transaction], Awaitable[str]]:
    """Work that adopts a version of a policy, in force from 2024."""
    command = AdoptPolicy(kind, version, date(2024, 1, 1), terms)

    async def work(transaction: Transaction) -> str:
        await transaction.decide(POLICY, organisation, policy_stream(kind), command)
        return f"/organisations/{organisation}/policies"

    return work


async def adopt_next(transaction: Transaction, organisation: str = "RAJ") -> str:
    """Work that adopts whichever version comes next: no two may adopt the same."""
    adopted = await transaction.policies(organisation, "fees")
    await adopting(len(adopted) + 1, organisation)(transaction)
    return str(len(adopted) + 1)


def order(key: str = "k-1", body: bytes = b"{}", organisation: str = "RAJ") -> Order:
    """A keyed command of one operator."""
    actor = "operator/0b1f2c1e-52a1-4a3c-9d5e-0c9d64b1f001"
    return Order(
        organisation, actor, f"POST /organisations/{organisation}/policies", key, body, TRACE
    )


async def until(
    condition: Callable[[], Awaitable[Any]], what: str, *, seconds: float = 30.0
) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {seconds} s: {what}.")
        await asyncio.sleep(0.01)


async def until_blocked(pool: Pool, backends: int = 1) -> None:
    """Wait until this many of the database's sessions wait for a lock."""

    async def blocked() -> bool:
        waiting = await pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(waiting >= backends)

    await until(blocked, f"{backends} sessions wait for a lock")


async def as_superuser(dsn: str, statement: str, *arguments: Any) -> Any:
    """Run one statement with all rights, as no service ever does; answers its first value."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement, *arguments)
    finally:
        await connection.close()
