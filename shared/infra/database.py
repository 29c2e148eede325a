"""Connections to a service's own PostgreSQL database."""

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
        **options,
    )
