"""The auditor's copy and its tree on real PostgreSQL: verbatim, in order, provable."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit import copies
from services.audit.copies import BLOCK_LEAVES, BeyondTheTree, OutOfStep, grow
from shared.contracts.envelope import read
from shared.infra.database import Connection
from shared.kernel.identifiers import LogName
from shared.kernel.merkle import (
    Frontier,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from tests.adapters.auditing import AUDIT, Writer
from tests.adapters.conftest import MakeDatabase


@given(st.lists(st.integers(1, 700), max_size=6))
@settings(max_examples=40, deadline=None)
def test_a_tree_grown_in_steps_keeps_the_roots_of_its_blocks(steps: list[int]) -> None:
    leaves = [leaf_hash(str(n).encode()) for n in range(sum(steps))]
    tree, at = Frontier(), 0
    blocks: dict[int, bytes] = {}
    for step in steps:
        tree, completed = grow(tree, leaves[at : at + step])
        blocks |= completed
        at += step
    assert tree == Frontier().extend(leaves)
    assert blocks == {
        number: root(leaves[number * BLOCK_LEAVES : (number + 1) * BLOCK_LEAVES])
        for number in range(len(leaves) // BLOCK_LEAVES)
    }


async def copy_of(writer: Writer, connection: Connection, *steps: int) -> list[bytes]:
    await writer.open()
    await writer.write(sum(steps) - 1)
    events = [read(body) for body in await writer.bodies()]
    at = 0
    for step in steps:
        async with connection.transaction():
            await copies.keep(connection, writer.name, events[at : at + step])
        at += step
    return [leaf_hash(event.body.encode()) for event in events]


@pytest.fixture
async def auditor(make_database: MakeDatabase) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect((await make_database(AUDIT)).service)
    yield opened
    await opened.close()


async def test_a_copy_is_verbatim_and_its_proofs_hold(
    connection: Connection, auditor: Connection, organisation: str
) -> None:
    writer = Writer(connection, organisation)
    leaves = await copy_of(writer, auditor, 1, 254, 3, 300, 42)
    name, size = writer.name, len(leaves)
    assert [b.encode() for b in await copies.read(auditor, name, 0, 1000)] == await writer.bodies()
    tree = await copies.tree_of(auditor, name)
    assert tree is not None
    assert (tree.size, tree.root()) == (600, root(leaves))
    for part in (1, 255, 256, 257, 511, 512, 513, 600):
        assert await copies.root_at(auditor, name, part) == root(leaves[:part])
        proof = await copies.consistency_proof(auditor, name, part, size)
        assert verify_consistency(part, root(leaves[:part]), size, tree.root(), proof)
        proof = await copies.inclusion_proof(auditor, name, part, size)
        assert verify_inclusion(leaves[part - 1], part - 1, size, proof, tree.root())
    with pytest.raises(BeyondTheTree):
        await copies.root_at(auditor, name, 601)


async def test_an_event_out_of_step_is_never_taken(
    connection: Connection, auditor: Connection, organisation: str
) -> None:
    writer = Writer(connection, organisation)
    await copy_of(writer, auditor, 3)
    await writer.write(2)
    fourth, fifth = [read(body) for body in await writer.bodies()][3:]
    for wrong in ([fifth], [fifth, fourth]):
        with pytest.raises(OutOfStep):
            await copies.keep(auditor, writer.name, wrong)
    await copies.keep(auditor, writer.name, [])
    await copies.keep(auditor, writer.name, [fourth, fifth])
    assert len(await copies.read(auditor, writer.name, 0, 10)) == 5


async def test_other_bytes_at_a_number_are_found(
    connection: Connection, auditor: Connection, organisation: str
) -> None:
    writer = Writer(connection, organisation)
    await copy_of(writer, auditor, 3)
    bodies = await writer.bodies()
    given = {1: bodies[0], 2: bodies[1].replace(b"note 0", b"note x"), 3: bodies[2], 9: b"{}"}
    assert await copies.differing(auditor, writer.name, given) == [2]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit.copies SET body = ''",
        "DELETE FROM audit.copies",
        "TRUNCATE audit.copies",
        "UPDATE audit.blocks SET root = ''",
        "DELETE FROM audit.trees",
        "UPDATE audit.trees SET size = 1, peaks = substring(peaks for 32)",
        "DELETE FROM audit.checkpoints",
    ],
)
async def test_nothing_the_auditor_has_is_changed_not_even_by_the_owner(
    connection: Connection, make_database: MakeDatabase, organisation: str, statement: str
) -> None:
    database = await make_database(AUDIT)
    for role in (database.service, database.owner):
        auditor = await asyncpg.connect(role)
        if role == database.service:
            await copy_of(Writer(connection, organisation), auditor, 3)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await auditor.execute(statement)
        await auditor.close()


async def test_logs_are_kept_apart(connection: Connection, auditor: Connection) -> None:
    ours, other = Writer(connection, "RAJ"), Writer(connection, "RNA", salt="other")
    await copy_of(ours, auditor, 2)
    await copy_of(other, auditor, 3)
    trees = await copies.trees(auditor, ["RNA", "RAJ"])
    assert [(tree.log, tree.size) for tree in trees] == [(ours.name, 2), (other.name, 3)]
    assert await copies.trees(auditor, ["NOBODY"]) == []
    assert await copies.tree_of(auditor, LogName("payments", "RAJ")) is None
