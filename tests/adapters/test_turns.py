"""Connections that units take turns on, on a real pool: kept while wanted, and never in the way."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.infra.database import Pool, open_pool
from shared.infra.turns import KEPT_SECONDS, LEFT_TO_OTHERS, Turns
from tests.adapters.bus import until
from tests.adapters.conftest import Database

LARGEST = 4


@pytest.fixture
async def small(database: Database) -> AsyncIterator[Pool]:
    """A pool of four connections."""
    pool = await open_pool(database.service, name="test", smallest=0, largest=LARGEST)
    yield pool
    await asyncio.wait_for(pool.close(), 5)


async def backend(turns: Turns) -> int:
    """The process of the server that a turn's connection is with."""
    async with turns.take() as connection:
        return int(await connection.fetchval("SELECT pg_backend_pid()"))


async def test_the_next_unit_has_the_connection_of_the_last(small: Pool) -> None:
    turns = Turns(small)
    assert await backend(turns) == await backend(turns)
    assert small.get_idle_size() == 0


async def test_one_that_nobody_takes_is_given_back_in_a_moment(small: Pool) -> None:
    turns = Turns(small)
    await backend(turns)

    async def given_back() -> bool:
        return small.get_idle_size() == 1

    await until(given_back)


async def test_one_that_is_taken_again_and_again_is_kept(small: Pool) -> None:
    turns = Turns(small)
    for _ in range(8):
        await backend(turns)
        assert small.get_idle_size() == 0
        await asyncio.sleep(KEPT_SECONDS / 2)


async def test_others_always_get_a_connection(small: Pool) -> None:
    turns = Turns(small)
    busy = True

    async def work() -> None:
        while busy:
            await backend(turns)

    workers = [asyncio.create_task(work()) for _ in range(3 * LARGEST)]
    for _ in range(20):
        async with asyncio.timeout(5), small.acquire() as connection:
            await connection.execute("SELECT 1")
    busy = False
    await asyncio.gather(*workers)


async def test_turns_take_all_but_a_few(small: Pool) -> None:
    turns = Turns(small)
    at_once = most = 0

    async def work() -> None:
        nonlocal at_once, most
        async with turns.take() as connection:
            at_once += 1
            most = max(most, at_once)
            await connection.execute("SELECT pg_sleep(0.01)")
            at_once -= 1

    await asyncio.gather(*(work() for _ in range(5 * LARGEST)))
    assert most == LARGEST - LEFT_TO_OTHERS


async def test_one_whose_unit_failed_goes_back_to_the_pool(small: Pool) -> None:
    turns = Turns(small)
    with pytest.raises(ZeroDivisionError):
        async with turns.take() as connection:
            await connection.execute("BEGIN")
            raise ZeroDivisionError
    assert small.get_idle_size() == 1
    async with turns.take() as connection:
        assert not connection.is_in_transaction()


async def test_one_that_the_server_ended_is_not_taken_again(
    small: Pool, database: Database
) -> None:
    turns = Turns(small)
    ended = await backend(turns)
    async with small.acquire() as other:
        await other.execute("SELECT pg_terminate_backend($1)", ended)
        while await other.fetchval("SELECT 1 FROM pg_stat_activity WHERE pid = $1", ended):
            pass
    assert await backend(turns) != ended


async def test_a_turn_cancelled_while_it_waits_for_the_pool_leaves_its_place(small: Pool) -> None:
    turns = Turns(small)
    others = [await small.acquire() for _ in range(LARGEST)]
    waiting = [asyncio.create_task(backend(turns)) for _ in range(LARGEST)]
    await asyncio.sleep(KEPT_SECONDS)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for connection in others:
        await small.release(connection)
    async with asyncio.timeout(5):
        await backend(turns)


async def test_a_pool_that_closes_gets_what_is_kept(database: Database) -> None:
    pool = await open_pool(database.service, name="test", largest=LARGEST)
    await backend(Turns(pool))
    await asyncio.wait_for(pool.close(), 5)
