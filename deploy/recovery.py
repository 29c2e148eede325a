"""Recovers one service's logs: its settings from the environment, an administrator's rights."""

from collections.abc import Sequence

from pydantic import SecretStr

from deploy.layout import service_named
from shared.infra.database import open_pool
from shared.infra.provisioning import at_database
from shared.infra.recovery.recovering import Recovery, Trust, recover
from shared.infra.runtime import assemble


async def recover_service(
    service: str, database: str, admin_dsn: str, organisations: Sequence[str] | None, trust: Trust
) -> Recovery:
    """Bring back what the database lacks of these organisations' logs; of all it serves without.

    Raises CannotRecover and SourceAway.
    """
    found = service_named(service)
    dsn = at_database(admin_dsn, database)
    settings = found.settings().model_copy(update={"database_url": SecretStr(dsn)})
    pool = await open_pool(dsn, name="recovery", largest=2)
    kit, _ = assemble(found, settings, pool)
    try:
        async with pool.acquire() as connection:
            codes = organisations or settings.organisations
            return await recover(found, kit, connection, database, codes, trust)
    finally:
        await kit.opener.close()
        await kit.sources.close()
        await pool.close()
