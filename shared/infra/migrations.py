"""Brings a database up to this program: numbered files, forward only, each applied once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from re import compile as pattern
from typing import Final, TypeAlias

from shared.infra.database import Connection
from shared.infra.sql import load

_SQL = load(__file__)
_FILE = pattern(r"([0-9]{4})_([a-z0-9_]+)\.sql")

Module: TypeAlias = tuple[str, Path]
"""A module's name and the folder of its migrations."""

KIT: Final[Module] = ("kit", Path(__file__).parent / "migrations")
"""What every service has: log, shell, bus and keys."""


class MigrationChanged(RuntimeError):
    """A migration differs from what was applied to this database; write a new one instead."""


class DatabaseNewer(RuntimeError):
    """This database has had migrations that this program does not know."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of one module."""

    module: str
    number: int
    name: str
    text: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.module} {self.number:04d}_{self.name}"

    @property
    def checksum(self) -> str:
        """The SHA-256 of the file, by which a changed file is noticed."""
        return sha256(self.text.encode()).hexdigest()


def find(module: Module) -> list[Migration]:
    """The migrations of a module, by number."""
    name, folder = module
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        named = _FILE.fullmatch(path.name)
        if named is None:
            raise ValueError(f"{path.name} is not the name of a migration, such as 0001_log.sql.")
        found.append(Migration(name, int(named[1]), named[2], path.read_text(encoding="utf-8")))
    if len({migration.number for migration in found}) != len(found):
        raise ValueError(f"Two migrations of {name} have the same number.")
    return found


async def migrate(connection: Connection, owner: str, modules: Sequence[Module]) -> list[Migration]:
    """Apply what is missing as the role `owner`, a transaction each; answers what was applied.

    Raises MigrationChanged or DatabaseNewer before anything is applied.
    """
    await connection.execute(_SQL["lock"])
    try:
        await _as_owner(connection, owner)
        await connection.execute(_SQL["create_record"])
        missing = [found for module in modules for found in await _missing(connection, module)]
        for migration in missing:
            await _apply(connection, owner, migration)
    finally:
        await connection.execute(_SQL["act_as_oneself"])
        await connection.execute(_SQL["unlock"])
    return missing


async def _as_owner(connection: Connection, owner: str) -> None:
    await connection.execute(_SQL["act_as_oneself"])
    await connection.execute(_SQL["act_as"], owner)


async def _missing(connection: Connection, module: Module) -> list[Migration]:
    known = {migration.number: migration for migration in find(module)}
    applied = await connection.fetch(_SQL["applied"], module[0])
    for row in applied:
        migration = known.pop(row["number"], None)
        if migration is None:
            raise DatabaseNewer(
                f"The database has had {module[0]} {row['number']:04d}_{row['name']}, "
                "which this program does not know."
            )
        if migration.checksum != row["checksum"]:
            raise MigrationChanged(f"{migration} was changed after it had been applied.")
    last = max((row["number"] for row in applied), default=0)
    for migration in known.values():
        if migration.number < last:
            raise MigrationChanged(f"{migration} was added below the last one applied.")
    return list(known.values())


async def _apply(connection: Connection, owner: str, migration: Migration) -> None:
    async with connection.transaction():
        # a migration may have taken another role than the one before it began with
        await _as_owner(connection, owner)
        await connection.execute(migration.text)
        await _as_owner(connection, owner)
        await connection.execute(
            _SQL["record"], migration.module, migration.number, migration.name, migration.checksum
        )
