"""The auditor's copy of each log, verbatim and in order, and the Merkle tree that grows with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.contracts.envelope import Recorded
from shared.infra.database import Connection
from shared.infra.sql import load
from shared.kernel.identifiers import LogName
from shared.kernel.merkle import (
    HASH_OCTETS,
    Frontier,
    Range,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
)

_SQL = load(__file__)
BLOCK_LEAVES: Final = 256
"""The roots of complete subtrees of this size are kept, so that a proof reads few bodies."""


class OutOfStep(RuntimeError):
    """The events do not follow what the copy has; the copy and its watermark are out of step."""


class BeyondTheTree(ValueError):
    """The copy does not have so many events."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree over one log."""

    log: LogName
    frontier: Frontier

    @property
    def size(self) -> int:
        """How many events the copy has."""
        return self.frontier.size

    def root(self) -> bytes:
        """The root over all of them."""
        return self.frontier.root()


async def keep(connection: Connection, log: LogName, events: Sequence[Recorded]) -> None:
    """Keep the next events of a log and let its tree grow, in the fold's transaction."""
    if not events:
        return
    row = await connection.fetchrow(_SQL["tree_locked"], *_name(log))
    tree = _frontier(row["size"], row["peaks"]) if row else Frontier()
    numbers = [event.sequence for event in events]
    if numbers != list(range(tree.size + 1, tree.size + 1 + len(numbers))):
        raise OutOfStep(f"The copy of {log} ends at {tree.size}; number {numbers[0]} came next.")
    bodies = [event.body for event in events]
    grown, blocks = grow(tree, [leaf_hash(body.encode()) for body in bodies])
    await connection.execute(_SQL["insert_copies"], *_name(log), numbers, bodies)
    if blocks:
        await connection.execute(
            _SQL["insert_blocks"], *_name(log), list(blocks), list(blocks.values())
        )
    await connection.execute(_SQL["keep_tree"], *_name(log), grown.size, b"".join(grown.peaks))


async def differing(connection: Connection, log: LogName, values: Mapping[int, bytes]) -> list[int]:
    """Which of these numbers have other bytes here; numbers the copy does not have are left out."""
    rows = await connection.fetch(_SQL["at"], *_name(log), list(values))
    return [row["sequence"] for row in rows if row["body"].encode() != values[row["sequence"]]]


async def read(connection: Connection, log: LogName, after: int, limit: int) -> list[str]:
    """At most `limit` bodies of the copy after that number, in order."""
    rows = await connection.fetch(_SQL["read"], *_name(log), after, limit)
    return [row["body"] for row in rows]


async def tree_of(connection: Connection, log: LogName) -> Tree | None:
    """The tree over this log; None while the copy has nothing of it."""
    row = await connection.fetchrow(_SQL["tree"], *_name(log))
    return Tree(log, _frontier(row["size"], row["peaks"])) if row else None


async def trees(connection: Connection, organisations: Sequence[str]) -> list[Tree]:
    """The trees over every log of these organisations."""
    rows = await connection.fetch(_SQL["trees"], list(organisations))
    return [
        Tree(LogName(row["service"], row["organisation"]), _frontier(row["size"], row["peaks"]))
        for row in rows
    ]


async def root_at(connection: Connection, log: LogName, size: int) -> bytes:
    """The root over the first `size` events; BeyondTheTree when the copy has fewer."""
    return await _hash_of(connection, log, (0, size))


async def inclusion_proof(
    connection: Connection, log: LogName, sequence: int, size: int
) -> list[bytes]:
    """The hashes that prove event `sequence` to be in the tree of `size`."""
    ranges = inclusion_ranges(sequence - 1, size)
    return [await _hash_of(connection, log, found) for found in ranges]


async def consistency_proof(
    connection: Connection, log: LogName, earlier: int, later: int
) -> list[bytes]:
    """The hashes that prove the tree of size `later` to extend the one of size `earlier`."""
    ranges = consistency_ranges(earlier, later)
    return [await _hash_of(connection, log, found) for found in ranges]


def grow(tree: Frontier, leaves: Sequence[bytes]) -> tuple[Frontier, dict[int, bytes]]:
    """The tree after these leaves, and the roots of the blocks they completed, by number."""
    blocks: dict[int, bytes] = {}
    while leaves:
        filled = tree.size % BLOCK_LEAVES
        begun = filled.bit_count()
        complete, started = _cut(tree.peaks, len(tree.peaks) - begun)
        taken, leaves = leaves[: BLOCK_LEAVES - filled], leaves[BLOCK_LEAVES - filled :]
        inner = Frontier(filled, started).extend(taken)
        outer = Frontier(tree.size - filled, complete)
        if inner.size == BLOCK_LEAVES:
            blocks[outer.size // BLOCK_LEAVES] = inner.root()
            tree = outer.with_subtree(inner.root(), BLOCK_LEAVES)
        else:
            tree = Frontier(outer.size + inner.size, complete + inner.peaks)
    return tree, blocks


async def _hash_of(connection: Connection, log: LogName, wanted: Range) -> bytes:
    """The hash of the subtree over a range, from the blocks in it and the bodies beside them.

    A range of a proof that is longer than a block begins at a block.
    """
    start, end = wanted
    first, whole = start // BLOCK_LEAVES, (end - start) // BLOCK_LEAVES
    tree = Frontier()
    if whole:
        for row in await connection.fetch(_SQL["blocks"], *_name(log), first, first + whole):
            tree = tree.with_subtree(row["root"], BLOCK_LEAVES)
    after = start + tree.size
    if after < end:
        bodies = await read(connection, log, after, end - after)
        tree = tree.extend(leaf_hash(body.encode()) for body in bodies)
    if tree.size != end - start:
        raise BeyondTheTree(f"The copy of {log} has fewer than {end} events.")
    return tree.root()


def _name(log: LogName) -> tuple[str, str]:
    return log.service, log.organisation


def _cut(peaks: tuple[bytes, ...], at: int) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    return peaks[:at], peaks[at:]


def _frontier(size: int, peaks: bytes) -> Frontier:
    return Frontier(
        size, tuple(peaks[at : at + HASH_OCTETS] for at in range(0, len(peaks), HASH_OCTETS))
    )
