"""Starts and stops clients of the broker whole: aiokafka, cancelled midway, leaves things open."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import structlog
from aiokafka.errors import KafkaError

LEFT_SECONDS: Final = 1.0
"""How long it goes on after a cancellation; a broker that is there answers well within it."""
STOP_SECONDS: Final = 10.0
"""How long a client may take to stop; what it has not sent by then is not sent by it."""
_MOST_CANCELLATIONS: Final = 5
_logger = structlog.get_logger(__name__)


async def started(start: Coroutine[Any, Any, None]) -> None:
    """Wait for a client's start, which is finished also when this task is cancelled.

    The caller stops the client whether its start succeeded or not.
    """
    task = await _over(start, None)
    if task.cancelled():
        raise KafkaError("A client of the broker gave its start up.")
    task.result()


async def stopped(stop: Coroutine[Any, Any, None]) -> None:
    """Wait for a client's stop, which is finished also when this task is cancelled.

    A client that does not stop in time is left behind.
    """
    task = await _over(stop, STOP_SECONDS)
    if task.done() and not task.cancelled():
        task.result()


async def _over(step: Coroutine[Any, Any, None], longest: float | None) -> asyncio.Task[None]:
    """The step as a task that is over, or that had its time and could not be ended."""
    task = asyncio.ensure_future(step)
    try:
        await asyncio.wait([task], timeout=longest)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=LEFT_SECONDS)
        await _end(task)
        raise
    await _end(task)
    return task


async def _end(task: asyncio.Task[None]) -> None:
    """End what had its time. aiokafka may keep a cancellation to itself and wait on."""
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    for _ in range(_MOST_CANCELLATIONS):
        if task.done():
            return
        task.cancel()
        await asyncio.wait([task], timeout=LEFT_SECONDS)
    _logger.warning("client-left-behind")
