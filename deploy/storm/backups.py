"""Copies of a service's database, and the restore of one, as an operator would do both."""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Final

import asyncpg

from deploy.layout import Deployment
from deploy.storm.processes import NotBack, until
from shared.infra.database import Connection
from shared.infra.provisioning import Roles, at_database, prepare_database
from shared.infra.sql import load

_SQL = load(__file__)
KEY_TABLES: Final = ("wrapping", "person_keys", "known_persons")
RECOVER_SECONDS: Final = 60.0


class Backups:
    """The administrator of the storm's PostgreSQL."""

    def __init__(self, admin_dsn: str) -> None:
        self._dsn = admin_dsn

    async def take(self, database: str) -> None:
        """Copy a database as it is now; its service is shut out for that moment."""
        async with _Admin(self._dsn) as admin:
            await _statement(admin, "drop", f"{database}_copy")
            await self._shut(admin, database)
            owner = Roles.of(database).owner
            await _statement(admin, "copy", f"{database}_copy", database, owner)
            await _statement(admin, "close", f"{database}_copy")
            await _statement(admin, "open", database)

    async def restore(self, deployment: Deployment, settings: Mapping[str, str]) -> None:
        """Put the copy in the place of the database and recover its logs.

        The keys are those of now: their schema is backed up apart and at once (decision 0007).
        """
        database = deployment.database
        roles = Roles.of(database)
        async with _Admin(self._dsn) as admin:
            await _statement(admin, "drop", f"{database}_lost")
            # the copy stays: the same one may be restored again
            await _statement(admin, "copy", f"{database}_new", f"{database}_copy", roles.owner)
            await _statement(admin, "close", f"{database}_new")
            await self._shut(admin, database)
            async with admin.transaction():
                await _statement(admin, "rename", database, f"{database}_lost")
                await _statement(admin, "rename", f"{database}_new", database)
            # rights and settings of a database are not in its copy
            await prepare_database(self._dsn, database, deployment.modules())
            await self._bring_keys(f"{database}_lost", database)
            environment = {**settings, "PARTNERS_ADMIN_URL": self._dsn}
            until_recovered = _Recovering(deployment.service, environment)
            await until(until_recovered, f"{deployment.name} is recovered: {until_recovered.said}")
            await _statement(admin, "open", database)
            await _statement(admin, "drop", f"{database}_lost")

    async def _shut(self, admin: Connection, database: str) -> None:
        """Let nobody in and throw out who is: a service waits as for a server that is full."""
        await _statement(admin, "close", database)
        await admin.execute(_SQL["throw_out"], database)

        async def is_empty() -> bool:
            return not await admin.fetchval(_SQL["sessions"], database)

        await until(is_empty, f"nobody is connected to {database}")

    async def _bring_keys(self, source: str, target: str) -> None:
        async with (
            _Admin(at_database(self._dsn, source)) as lost,
            _Admin(at_database(self._dsn, target)) as restored,
            restored.transaction(),
        ):
            await restored.execute(_SQL["forget_keys"])
            for table in KEY_TABLES:
                rows = await lost.fetch(_SQL[table])
                await restored.copy_records_to_table(
                    table, schema_name="keys", records=[tuple(row) for row in rows]
                )


class _Recovering:
    """Runs `partners log recover` once; whether it succeeded."""

    def __init__(self, service: str, environment: Mapping[str, str]) -> None:
        self._service = service
        path = os.environ.get("PATH", "")  # noqa: TID251 - passed on
        self._environment = {"PATH": path, **environment}
        self.said = ""

    async def __call__(self) -> bool:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "deploy.cli.main",
            "log",
            "recover",
            self._service,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), RECOVER_SECONDS)
        self.said = said.decode().strip()
        return process.returncode == 0


class _Admin:
    """One connection with all rights."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Connection

    async def __aenter__(self) -> Connection:
        async def is_there() -> bool:
            try:
                self._connection = await asyncpg.connect(self._dsn)
            except (OSError, asyncpg.PostgresError):
                return False
            return True

        await until(is_there, "PostgreSQL lets its administrator in")
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()


async def _statement(admin: Connection, name: str, *names: str) -> None:
    """Execute the statement this query writes: it takes no parameters, but is quoted well."""
    try:
        await admin.execute(await admin.fetchval(_SQL[name], *names))
    except asyncpg.ConnectionDoesNotExistError as error:
        raise NotBack("PostgreSQL ended while a database was being restored.") from error
