"""The simulated clock's one owner: time moves only when nothing in the system waits."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Final

from deploy.demo.neighbours import Neighbours, StoryFailed
from shared.infra.clock import SimulatedClock
from shared.kernel.moments import parse_moment

_LOOK_SECONDS: Final = 0.02
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
    say: Callable[[str], None]
    settled_times: int = field(default=0, init=False)

    async def advance(self, moment: datetime) -> None:
        """Move to `moment`, stopping at every deadline on the way (DESIGN 4)."""
        while True:
            deadline = await self.settle()
            if deadline is None or deadline > moment:
                break
            self.clock.set(max(deadline, self.clock.now()))
        self.clock.set(max(moment, self.clock.now()))

    async def settle(self) -> datetime | None:
        """Wait until all is published, applied and done; answers the next deadline of all."""
        until = monotonic() + _PATIENCE_SECONDS
        before: Any = None
        while True:
            documents = await self.look()
            heads = _heads(documents)
            waiting = _waiting(documents, heads, self.clock.now())
            if not waiting and heads == before:
                self.settled_times += 1
                return _next_deadline(documents)
            before = heads if not waiting else None
            if monotonic() > until:
                raise StoryFailed(f"The system does not come to rest: {waiting[0]}.")
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> list[dict[str, Any]]:
        """The operations document of every deployment."""
        return list(
            await asyncio.gather(
                *(
                    self.neighbours.get(self.operator, service, organisation, "/operations")
                    for service, organisation in self.deployments
                )
            )
        )


def _heads(documents: Sequence[dict[str, Any]]) -> dict[str, int]:
    return {log["log"]: log["head"] for document in documents for log in document["logs"]}


def _waiting(
    documents: Sequence[dict[str, Any]], heads: dict[str, int], now: datetime
) -> list[str]:
    waiting = []
    for document in documents:
        waiting += [
            f"{log['log']} is published to {log['published']} of {log['head']} ({log['standing']})"
            for log in document["logs"]
            if log["published"] != log["head"]
        ]
        waiting += [
            f"{each['consumer']} has applied {each['watermark']} of {heads[each['log']]} "
            f"in {each['log']}"
            for each in document["consumers"]
            if each["watermark"] != heads.get(each["log"], each["watermark"])
        ]
        due = document["next_deadline"]
        if due is not None and parse_moment(due) <= now:
            waiting.append(f"{document['deployment']} has a deadline due since {due}")
    return waiting


def _next_deadline(documents: Sequence[dict[str, Any]]) -> datetime | None:
    found = [parse_moment(d["next_deadline"]) for d in documents if d["next_deadline"]]
    return min(found, default=None)
