"""Clients of the broker that are cancelled while they start or stop: nothing stays open."""

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable

import pytest

from services.audit.notices import Notices
from shared.infra.bus.access import BusAccess
from shared.infra.bus.reading import TopicReader
from shared.infra.bus.topics import Topics
from tests.adapters.bus.writers import access
from tests.servers import BusServer

pytestmark = pytest.mark.bus

MOMENTS = 100


async def reads(access: BusAccess) -> None:
    async with TopicReader(access, ["whole"]) as reader:
        await reader.ends()


async def makes(access: BusAccess) -> None:
    async with Topics(access) as topics:
        await topics.make(["whole"])


async def publishes(access: BusAccess) -> None:
    await Notices(access, []).publish([("whole", "note")])


@pytest.mark.parametrize("use", [makes, reads, publishes])
async def test_a_client_cancelled_at_any_moment_leaves_nothing_open(
    broker: BusServer,
    use: Callable[[BusAccess], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: left.append(str(found.exc_value)))
    asyncio.get_running_loop().set_exception_handler(lambda _, found: left.append(found["message"]))
    await use(access(broker))
    began = time.monotonic()
    await use(access(broker))
    duration = time.monotonic() - began
    for moment in range(MOMENTS):
        user = asyncio.ensure_future(use(access(broker)))
        await asyncio.sleep(duration * moment / MOMENTS)
        user.cancel()
        await asyncio.gather(user, return_exceptions=True)
    del user
    gc.collect()
    assert left == []
