"""Connections to a service's own PostgreSQL database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import asyncpg

Connection: TypeAlias = (
    "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
)
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

# Infrastructure is away, not our bug: wait and try again
AWAY: Final[tuple[type[Exception], ...]] = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,  # its disk fails: class 58
    asyncpg.InternalServerError,  # it fails by itself, as where a file cannot grow: class XX
    asyncpg.ObjectNotInPrerequisiteStateError,  # closed to connections while somebody restores it
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection answers while its server is throwing it out
    OSError,
)


async def open_pool(
    dsn: str, *, name: str, smallest: int = 1, largest: int = 8, prepares: bool = True
) -> Pool:
    """Open a pool; `name` is what the server shows of it.

    Without `prepares` no statement outlives its use, as a pooler in transaction mode requires.
    """
    options: dict[str, Any] = {} if prepares else {"statement_cache_size": 0}
    return await asyncpg.create_pool(
        dsn,
        min_size=smallest,
        max_size=largest,
        server_settings={"application_name": name, "timezone": "UTC"},
        reset=_leave_session,
        **options,
    )


async def _leave_session(_: Connection) -> None:
    """Save a round trip: an open transaction is rolled back before, and nothing else is left.

    Whoever changes more of a session than its transaction takes it from `own_session`.
    """


@asynccontextmanager
async def own_session(pool: Pool) -> AsyncIterator[Connection]:
    """A connection whose session may be changed: settings, locks, temporary tables."""
    async with pool.acquire() as connection:
        try:
            yield connection
        finally:
            try:
                if not connection.is_closed():
                    await connection.reset()
            except BaseException:
                connection.terminate()
                raise
