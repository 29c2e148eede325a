"""The simulated clock's one owner: time moves only when nothing in the system waits."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Final

from deploy.demo.neighbours import Neighbours, StoryFailed
from shared.infra.clock import SimulatedClock
from shared.kernel.moments import parse_moment

_LOOK_SECONDS: Final = 0.05
_READERS: Final = frozenset({"audit", "portal"})
"""Services that read every log and decide nothing another one waits for."""
_PATIENCE_SECONDS: Final = 60.0


@dataclass(slots=True)
class Stage:
    """The system between two steps of the story: settled, or not yet."""

    neighbours: Neighbours
    clock: SimulatedClock
    deployments: Sequence[tuple[str, str]]
    """Service and one organisation of every deployment."""
    operator: str
    """A token that may see the operations of all."""

    async def advance(self, moment: datetime) -> None:
        """Move to `moment`, stopping at every deadline on the way (DESIGN 4)."""
        while moment > self.clock.now():
            deadline = await self.settle()
            first = moment if deadline is None else min(deadline, moment)
            self.clock.set(max(first, self.clock.now()))

    async def settle(self) -> datetime | None:
        """Wait until all is published, applied and done; answers the next deadline of all.

        Only deployments that are not done are asked again. That the documents are of different
        moments is no matter, since each is of one: suppose an event came after its own document.
        What it reacts to is not applied in that document, so it came after its own document too;
        and so back for ever, while nobody but the system acts.
        """
        until = monotonic() + _PATIENCE_SECONDS
        documents = await self.look()
        while waiting := self._waiting(documents):
            if monotonic() > until:
                raise StoryFailed(f"The system does not come to rest: {waiting[0][1]}.")
            await asyncio.sleep(_LOOK_SECONDS)
            fresh = await self._ask(self._first({number for number, _ in waiting}))
            documents = [fresh.get(number, old) for number, old in enumerate(documents)]
        return _next_deadline(documents)

    async def look(self, *, counts: bool = False) -> list[dict[str, Any]]:
        """The operations document of every deployment."""
        return list((await self._ask(range(len(self.deployments)), counts=counts)).values())

    async def _ask(
        self, numbers: Iterable[int], *, counts: bool = False
    ) -> dict[int, dict[str, Any]]:
        wanted = list(numbers)
        found = await asyncio.gather(
            *(
                self.neighbours.get(
                    self.operator, *self.deployments[number], "/operations", counts=counts
                )
                for number in wanted
            )
        )
        return dict(zip(wanted, found, strict=True))

    def _first(self, waiting: Collection[int]) -> list[int]:
        """Of those who wait, whom to ask next: the readers of all logs when the rest is done."""
        deciding = [n for n in waiting if self.deployments[n][0] not in _READERS]
        return sorted(deciding or waiting)

    def _waiting(self, documents: Sequence[dict[str, Any]]) -> list[tuple[int, str]]:
        now, heads = self.clock.now(), _heads(documents)
        return [
            (number, sentence)
            for number, document in enumerate(documents)
            for sentence in _unfinished(document, heads, now)
        ]


def _heads(documents: Sequence[dict[str, Any]]) -> dict[str, int]:
    return {log["log"]: log["head"] for document in documents for log in document["logs"]}


def _unfinished(document: dict[str, Any], heads: dict[str, int], now: datetime) -> Iterator[str]:
    """What one deployment still has to do."""
    for log in document["logs"]:
        if log["published"] != log["head"]:
            yield (
                f"{log['log']} is published to {log['published']} of {log['head']} "
                f"({log['standing']})"
            )
    for each in document["consumers"]:
        head = heads.get(each["log"], each["watermark"])
        # beyond it: the document with the head is the older of the two
        if each["watermark"] < head:
            yield f"{each['consumer']} has applied {each['watermark']} of {head} in {each['log']}"
    due = document["next_deadline"]
    if due is not None and parse_moment(due) <= now:
        yield f"{document['deployment']} has a deadline due since {due}"


def _next_deadline(documents: Sequence[dict[str, Any]]) -> datetime | None:
    found = [parse_moment(d["next_deadline"]) for d in documents if d["next_deadline"]]
    return min(found, default=None)
