"""What a handler does before its transaction, such as sending: on a real broker, once in order."""

from collections.abc import AsyncIterator, Mapping

import pytest

from shared.contracts.envelope import Recorded
from shared.infra.bus.consumers import Handler, Reaction
from shared.infra.opening import Opened
from shared.infra.transaction import Transaction
from tests.adapters.bus import SERVICE, relay, running
from tests.adapters.bus.consuming import World, world
from tests.adapters.conftest import MakeDatabase
from tests.servers import BusServer

pytestmark = pytest.mark.bus


@pytest.fixture
async def one(
    make_database: MakeDatabase, broker: BusServer, organisation: str
) -> AsyncIterator[World]:
    """A world of one organisation."""
    async with world(make_database, broker, [organisation]) as made:
        yield made


class Post:
    """Sends what it hears of, outside the transaction that records it."""

    def __init__(self, one: World) -> None:
        self.one = one
        self.sent: list[int] = []
        self.answers: list[Opened] = []
        self.fails_at: set[int] = set()

    async def send(self, event: Recorded, _: Mapping[str, Opened]) -> Mapping[str, Opened]:
        """Send; a number in `fails_at` fails once."""
        if event.sequence in self.fails_at:
            self.fails_at.discard(event.sequence)
            raise RuntimeError("a bug")
        self.sent.append(event.sequence)
        return {"outcome": event.sequence}

    async def record(
        self, work: Transaction, event: Recorded, opened: Mapping[str, Opened]
    ) -> None:
        """Record what came of it."""
        self.answers.append(opened["outcome"])
        await self.one.react(work, event, opened)

    def reaction(self) -> Reaction:
        """The consumer that sends."""
        handler = Handler(self.record, beforehand=self.send)
        return Reaction("payments.post", SERVICE, {"NumberLost": handler})


async def test_it_is_done_before_and_its_answer_is_recorded(one: World) -> None:
    post = Post(one)
    post.fails_at.add(4)
    part = relay(one.source.service, one.kit.organisations, one.broker)
    await one.writer.write(10)
    async with running(part.run(), one.consumers(post.reaction()).run()):
        await one.has_echoed(range(2, 12))
    assert post.sent == post.answers == list(range(2, 12))


async def test_what_waits_behind_a_parked_event_is_not_done(one: World) -> None:
    post = Post(one)
    one.failing.add(2)
    part = relay(one.source.service, one.kit.organisations, one.broker)
    await one.writer.write(15)
    consumers = one.consumers(post.reaction(), tries=1)
    async with running(part.run(), consumers.run()):
        await one.stands_at(16)
        waiting = [sequence for sequence in range(3, 17) if sequence not in post.sent]
        assert waiting == [9, 16]
        one.failing.clear()
        stream = one.writer.recorded((await one.writer.bodies())[1]).stream
        assert await consumers.retry("payments.post", one.log, stream) == (3, None)
        assert set(range(2, 17)) == set(post.sent)
