"""Clients of the broker that are cancelled while they start or stop: nothing stays open."""

import asyncio
import contextlib
import gc
import sys
import time
from collections.abc import Awaitable, Callable

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError

from services.audit.notices import Notices
from shared.infra.bus import clients
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


class Client:
    """A client that keeps so many cancellations to itself while it stops."""

    def __init__(self, kept: int) -> None:
        self.kept = kept
        self.ended = asyncio.Event()

    async def stop(self) -> None:
        while self.kept:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.get_running_loop().create_future()
            self.kept -= 1
        self.ended.set()


@pytest.mark.parametrize("asked", [True, False], ids=["cancelled", "waited for"])
async def test_a_client_that_keeps_a_cancellation_to_itself_is_stopped(
    asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "LEFT_SECONDS", 0.01)
    monkeypatch.setattr(clients, "STOP_SECONDS", 0.01)
    client = Client(kept=2)
    stopping = asyncio.ensure_future(clients.stopped(client.stop()))
    await asyncio.sleep(0)
    if asked:
        stopping.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(stopping, return_exceptions=True)
    assert client.ended.is_set()
    assert stopping.cancelled() == asked


async def test_a_client_that_cannot_be_stopped_is_left_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clients, "LEFT_SECONDS", 0.01)
    monkeypatch.setattr(clients, "STOP_SECONDS", 0.01)
    client = Client(kept=20)
    async with asyncio.timeout(5):
        await clients.stopped(client.stop())
    assert not client.ended.is_set()
    [left] = asyncio.all_tasks() - {asyncio.current_task()}
    while not left.done():
        left.cancel()
        await asyncio.sleep(0)


async def test_a_client_that_gives_itself_up_is_no_cancellation_of_ours() -> None:
    async def give_up() -> None:
        raise asyncio.CancelledError

    with pytest.raises(KafkaError, match="gave its start up"):
        await clients.started(give_up())
    await clients.stopped(give_up())


async def test_what_goes_wrong_with_a_client_is_said() -> None:
    async def fail() -> None:
        raise KafkaConnectionError

    for step in (clients.started, clients.stopped):
        with pytest.raises(KafkaConnectionError):
            await step(fail())
