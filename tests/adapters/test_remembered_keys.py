"""Keys a service remembers: nothing is written under one that was destroyed meanwhile."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.personal import Clear
from shared.infra import key_memory, log
from shared.infra.database import Pool
from shared.infra.key_memory import KeyMemory
from shared.infra.keys import Keys, PersonErasedInThisCase
from shared.infra.sealing import Holder, PersonKey, sealed_in
from shared.infra.shell import Cause, Shell, Transaction
from tests.adapters.logs import everything
from tests.adapters.personal import (
    CAUSE,
    NOW,
    PERSON,
    REFEREE,
    STREAM,
    FixedClock,
    SampleGiven,
    given,
    keys,
)

WRITER = Cause(CAUSE, CAUSE, "system/recruitment", "00-1-2-01")
HOLDER = Holder("QH8", PERSON, "application", STREAM)
KEY = PersonKey.of(UUID(int=7), HOLDER, bytes(32))


def shell_with(pool: Pool, sealer: Keys) -> Shell:
    return Shell(pool, "recruitment", FixedClock(), idempotency_secret=b"s", sealer=sealer)


async def write(shell: Shell, *events: SampleGiven) -> None:
    async def work(transaction: Transaction) -> None:
        for event in events:
            await transaction.record("QH8", STREAM, event)

    await shell.do(WRITER, work)


async def names(pool: Pool) -> list[UUID]:
    """The keys of the names written, in order."""
    async with pool.acquire() as connection:
        written = (await everything(connection, "QH8"))[1:]
    return [sealed_in(one)["name"].key for one in written]


@pytest.fixture
async def opened(pool: Pool) -> Pool:
    async with pool.acquire() as connection:
        await log.open_log(connection, "recruitment", "QH8", "partners.invalid", NOW)
    return pool


@pytest.mark.parametrize("several", [False, True])
async def test_a_key_destroyed_elsewhere_is_not_written_under(opened: Pool, several: bool) -> None:
    """Also when the event is sealed under more keys than one."""
    more: dict[str, Any] = {"referee": REFEREE, "referee_name": Clear("Bo")} if several else {}
    ours = keys()
    shell = shell_with(opened, ours)
    for _ in range(3):
        await write(shell, given(**more))
    [key, _, _] = await names(opened)
    async with opened.acquire() as connection:
        # another process of the same service destroys it: ours still remembers it
        assert await keys().destroy(connection, "QH8", [key]) == [key]

    with pytest.raises(PersonErasedInThisCase):
        await write(shell, given(**more))

    assert len(await names(opened)) == 3


async def test_a_key_whose_making_was_undone_is_not_remembered(opened: Pool) -> None:
    shell = shell_with(opened, keys())

    async def fail(transaction: Transaction) -> None:
        await transaction.begin()
        await transaction.record("QH8", STREAM, given())

    with pytest.raises(ConnectionError):

        async def cut_off(unit: object) -> None:
            await shell.act(unit, WRITER, fail)  # type: ignore[arg-type]
            raise ConnectionError("cut off")

        await shell.transact(cut_off)
    await write(shell, given())
    await write(shell, given())

    first, second = await names(opened)
    assert first == second
    async with opened.acquire() as connection:
        assert (await keys().find(connection, "QH8", [first]))[first].wrapped is not None


def test_a_key_is_remembered_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(key_memory, "monotonic", lambda: now)
    memory = KeyMemory()
    memory.keep({HOLDER: KEY})

    now += 59.9
    assert memory.keys_of([HOLDER]) == {HOLDER: KEY}
    now += 0.2
    assert memory.keys_of([HOLDER]) == {}


def test_no_more_keys_are_remembered_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(key_memory, "LARGEST", 2)
    memory = KeyMemory()
    others = [Holder("QH8", UUID(int=number), "application", STREAM) for number in range(3)]
    for holder in others:
        memory.keep({holder: KEY})

    assert list(memory.keys_of(others)) == [others[2]]
