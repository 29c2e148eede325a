"""How a contender works through a turn: side by side for a time, or through so much at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter


async def rate_of_tasks(works: Sequence[Callable[[], Awaitable[int]]], seconds: float) -> float:
    """How much a second these do together, each again and again; `works` answer how much it was."""
    end = perf_counter() + seconds

    async def repeat(work: Callable[[], Awaitable[int]]) -> int:
        done = 0
        while perf_counter() < end:
            done += await work()
        return done

    begun = perf_counter()
    done = sum(await asyncio.gather(*map(repeat, works)))
    return done / (perf_counter() - begun)


def rate_of_threads(works: Sequence[Callable[[], int]], seconds: float) -> float:
    """The same with a thread for each."""
    begun = perf_counter()
    end = begun + seconds

    def repeat(work: Callable[[], int]) -> int:
        done = 0
        while perf_counter() < end:
            done += work()
        return done

    with ThreadPoolExecutor(len(works)) as threads:
        done = sum(threads.map(repeat, works))
    return done / (perf_counter() - begun)
