"""Tasks that end only when they are asked to: a library's stray cancellation is a failure."""

import asyncio
from collections.abc import Coroutine
from typing import Any


def is_asked_to_end() -> bool:
    """Whether this task was cancelled, even if a library kept the cancellation to itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def is_stray() -> bool:
    """Whether the cancellation just caught was asked for by nobody.

    Clients of broker and database cancel tasks of their own when a connection ends, and at times
    hand that cancellation to whoever waits for them.
    """
    return not is_asked_to_end()


async def endless(part: Coroutine[Any, Any, None]) -> None:
    """Run a part that may not end by itself: nothing may be missing unnoticed."""
    try:
        await part
    except asyncio.CancelledError:
        if not is_stray():
            raise
    raise RuntimeError(f"{part} ended by itself.")
