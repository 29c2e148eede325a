"""The signed checkpoints the auditor keeps, one per log and size."""

from dataclasses import dataclass
from datetime import datetime

from shared.infra.database import Connection
from shared.infra.sql import load
from shared.kernel.checkpoint import Checkpoint, Note, read_note
from shared.kernel.identifiers import LogName

_SQL = load(__file__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint as it is kept."""

    size: int
    note: str
    signed_at: datetime


async def only_signer(connection: Connection) -> None:
    """Wait until no other process signs on this database; holds until the transaction ends."""
    await connection.execute(_SQL["lock"])


async def largest(connection: Connection, log: LogName) -> tuple[Checkpoint, Note] | None:
    """The largest checkpoint kept of a log."""
    written = await connection.fetchval(_SQL["largest"], log.service, log.organisation)
    return read_note(written) if written else None


async def keep(
    connection: Connection, log: LogName, checkpoint: Checkpoint, note: Note, at: datetime
) -> None:
    """Keep a checkpoint; one of this size that is kept already stays as it is."""
    await connection.execute(
        _SQL["insert"],
        log.service,
        log.organisation,
        checkpoint.size,
        checkpoint.root,
        note.write(),
        at,
    )


async def cosigned(connection: Connection, log: LogName, size: int, note: Note) -> None:
    """Keep the witnesses' lines of a checkpoint."""
    await connection.execute(_SQL["cosigned"], log.service, log.organisation, size, note.write())


async def after(connection: Connection, log: LogName, size: int, limit: int) -> list[Kept]:
    """At most `limit` checkpoints larger than `size`, in order."""
    rows = await connection.fetch(_SQL["after"], log.service, log.organisation, size, limit)
    return [Kept(row["size"], row["note"], row["signed_at"]) for row in rows]


async def covering(connection: Connection, log: LogName, sequence: int) -> str | None:
    """The smallest checkpoint that covers this number; None while none does."""
    note: str | None = await connection.fetchval(
        _SQL["covering"], log.service, log.organisation, sequence
    )
    return note


async def witnessed(connection: Connection, origin: str) -> tuple[Checkpoint, Note] | None:
    """The largest checkpoint this process cosigned for a log; held until the transaction ends."""
    written = await connection.fetchval(_SQL["witnessed"], origin)
    return read_note(written) if written else None


async def keep_witnessed(connection: Connection, checkpoint: Checkpoint, note: Note) -> None:
    """This is now the largest checkpoint cosigned here for its log."""
    await connection.execute(
        _SQL["keep_witnessed"], checkpoint.origin, checkpoint.size, checkpoint.root, note.write()
    )
