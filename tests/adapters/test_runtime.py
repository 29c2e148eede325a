"""The parts of a service's process live and end together."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from shared.infra.endless import endless


async def _ends() -> None:
    return


async def _stray_cancellation() -> None:
    """As a library's task that was cancelled before it began does to whoever awaits it."""
    stray = asyncio.create_task(_ends())
    stray.cancel()
    await stray


async def test_a_part_that_returns_ends_the_process() -> None:
    with pytest.raises(RuntimeError, match=r"_ends.* ended by itself"):
        await endless(_ends())


async def test_a_part_that_nobody_asked_to_end_ends_the_process() -> None:
    with pytest.raises(RuntimeError, match=r"_stray_cancellation.* ended by itself"):
        async with asyncio.timeout(5):
            await endless(_stray_cancellation())


async def test_a_part_that_was_asked_to_end_does_so_quietly() -> None:
    part = asyncio.create_task(endless(asyncio.Event().wait()))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    part.cancel()
    await asyncio.wait([part])
    assert part.cancelled()


PROGRAM = """
import asyncio, uvicorn
from shared.infra import runtime

async def fails():
    raise OSError("No space left on device")

async def holds_on():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def app(scope, receive, send):
    pass

async def main():
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    await runtime._until_stopped(server, [fails(), holds_on()])

runtime._LEAVE_SECONDS = 0.5
asyncio.run(main())
"""


def test_a_part_that_does_not_let_go_is_left_behind() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=Path(__file__).parents[2], timeout=30, check=False
    )
    assert ended.returncode == 1
