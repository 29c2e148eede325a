"""Starts and stops clients of the broker whole: aiokafka, cancelled midway, leaves things open."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

LEFT_SECONDS: Final = 1.0
"""How long it goes on after a cancellation; a broker that is there answers well within it."""


async def whole(step: Coroutine[Any, Any, None]) -> None:
    """Wait for a client's start or stop, which is finished also when this task is cancelled.

    The caller stops the client whether its start succeeded or not.
    """
    task = asyncio.ensure_future(step)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=LEFT_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
