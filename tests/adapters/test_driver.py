"""The demonstration's driver with a system that answers, but not everything at once."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.neighbours import Neighbours, StoryFailed
from deploy.demo.play import Play
from deploy.demo.stage import Stage
from deploy.demo.story import Story
from deploy.demo.verbs import VERBS
from deploy.demo.verbs.engagement import partner
from deploy.embedded.issuer import EvaluationIssuer
from shared.infra.clock import SimulatedClock

AWAY = {
    "partner": "p1",
    "name": None,
    "unavailable": {"name": "The service that keeps this does not answer just now."},
}
SHOWN = {"partner": "p1", "name": "Ada Quaye", "unavailable": {}}


@asynccontextmanager
async def portal(rosters: Sequence[Any]) -> AsyncIterator[str]:
    """Answers these rosters one after the other, the last for ever; gives its address."""
    left = list(rosters)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        rows = left.pop(0) if len(left) > 1 else left[0]
        body = json.dumps({"partners": rows}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def play_at(url: str, folder: Path) -> Play:
    """A story's driver that knows one portal."""
    begins = datetime(2024, 9, 2, 9, 0, tzinfo=UTC)
    staff = {"Ben Castle": {"is": {"RAJ": "coordinator"}}}
    story = Story("None", begins, ("RAJ",), staff, {}, {}, [])
    neighbours = Neighbours({"portal": url}, EvaluationIssuer(folder / "identity"))
    stage = Stage(neighbours, SimulatedClock(folder / "clock"), [], "")
    return Play(story, neighbours, stage, VERBS)


async def test_a_name_whose_keeper_is_away_is_looked_for_again(tmp_path: Path) -> None:
    async with portal([[AWAY], [AWAY], [SHOWN]]) as url:
        play = play_at(url, tmp_path)
        assert await partner(play, "Ben Castle", "RAJ", "Ada Quaye") == "p1"
        await play.neighbours.close()


async def test_a_name_that_is_not_on_the_roster_is_not_waited_for(tmp_path: Path) -> None:
    async with portal([[SHOWN]]) as url:
        play = play_at(url, tmp_path)
        with pytest.raises(StoryFailed, match="Bert Lyon is not on the roster of RAJ"):
            await partner(play, "Ben Castle", "RAJ", "Bert Lyon")
        await play.neighbours.close()
