"""Steps over streams held in memory: the same deciders, all of a step or nothing of it."""

from collections.abc import Coroutine, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from shared.contracts.event import Event
from shared.kernel.decider import Decider, Placed, Refused
from shared.kernel.policies import PolicyVersion, in_force

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E", bound=Event)
T = TypeVar("T")


class Memory:
    """What a transaction offers, without a database. `streams` by organisation and stream."""

    def __init__(self, now: datetime, policies: Sequence[PolicyVersion] = ()) -> None:
        self.now = now
        self.streams: dict[tuple[str, str], list[Event]] = {}
        self._policies = tuple(policies)
        self._written: list[tuple[str, str]] = []

    async def state(self, decider: Decider[S, C, E], organisation: str, stream: str) -> S:
        events: list[Any] = self.streams.get((organisation, stream), [])
        return decider.fold(events)

    async def decide(
        self, decider: Decider[S, C, E], organisation: str, stream: str, command: C
    ) -> Sequence[Event]:
        decided = decider.decide(await self.state(decider, organisation, stream), command)
        happened: list[Event] = []
        for one in decided:
            match one:
                case Placed():
                    place, event = (one.organisation, one.stream), one.event
                case _:
                    place, event = (organisation, stream), one
            self.streams.setdefault(place, []).append(event)
            self._written.append(place)
            happened.append(event)
        return happened

    async def policies(self, organisation: str, kind: str) -> Sequence[PolicyVersion]:
        return [version for version in self._policies if version.kind == kind]

    async def policy(self, organisation: str, kind: str, on: date) -> PolicyVersion | None:
        return in_force(tuple(await self.policies(organisation, kind)), on)

    def run(self, step: Coroutine[Any, Any, object]) -> bool:
        """Run a step to its end; a refusal leaves nothing behind and answers False."""
        self._written = []
        try:
            step.send(None)
        except StopIteration:
            return True
        except Refused:
            self._take_back()
            return False
        raise AssertionError("A step in memory waits for nothing.")

    def _take_back(self) -> None:
        for place in reversed(self._written):
            self.streams[place].pop()
            if not self.streams[place]:
                del self.streams[place]
