"""Plays a story: step by step in simulated time, each step as its person, over public HTTP."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeAlias

from deploy.demo.neighbours import Neighbours, Refusal, StoryFailed
from deploy.demo.stage import Stage
from deploy.demo.story import Step, Story

Later: TypeAlias = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Meeting:
    """A meeting of the story: where it is kept, and who is to be there from when to when."""

    organisation: str
    committee: str
    location: str
    day: str
    starts_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class Memory:
    """What the story has made so far, by the names it uses."""

    campaign: str = ""
    lead: str = ""
    opportunities: dict[str, str] = field(default_factory=dict)
    """Location by host."""
    applications: dict[str, str] = field(default_factory=dict)
    references: dict[str, list[str]] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    """The host a person was chosen for."""
    partners: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Organisation and partner's identifier by name."""
    committees: dict[str, tuple[str, str]] = field(default_factory=dict)
    seats: dict[str, list[str]] = field(default_factory=dict)
    meetings: list[Meeting] = field(default_factory=list)
    dbs: dict[str, str] = field(default_factory=dict)
    """The level of the disclosure check, by host."""
    payers: dict[str, str] = field(default_factory=dict)
    """Who pays, by host."""
    runs: dict[str, list[str]] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    """How often somebody has given bank details."""


Verb: TypeAlias = "Callable[[Play, Step], Awaitable[None]]"


class Play:
    """One performance of a story."""

    def __init__(
        self, story: Story, neighbours: Neighbours, stage: Stage, verbs: Mapping[str, Verb]
    ) -> None:
        self.story = story
        self.neighbours = neighbours
        self.stage = stage
        self.memory = Memory()
        self.refusals: list[tuple[str, str]] = []
        """Rule and sentence of every refusal the story expects, as it happened."""
        self._verbs = verbs
        self._keys: dict[str, count[int]] = {}
        self._queue: list[tuple[datetime, int, str, Later]] = []
        self._places = count()

    async def run(self, begins: Callable[[datetime, str], Awaitable[None]]) -> None:
        """Play every step in its turn; `begins` is given each before it is played."""
        for step in self.story.steps:
            if step.does not in self._verbs:
                known = ", ".join(sorted(self._verbs))
                raise step.wrong(f"nobody knows how to do that; what can be done is: {known}")
            self._enqueue(step.at, f"{step.who} {step.does}", self._playing(step))
        while self._queue:
            at, _, sentence, action = heappop(self._queue)
            await self.stage.advance(at)
            if sentence:
                await begins(at, sentence)
            await action()
        await self.stage.settle()

    def later(self, at: datetime, action: Later) -> None:
        """Do something at a later moment of the story: a meeting is held at its time."""
        self._enqueue(at, "", action)

    def _enqueue(self, at: datetime, sentence: str, action: Later) -> None:
        heappush(self._queue, (at, next(self._places), sentence, action))

    def _playing(self, step: Step) -> Later:
        async def play() -> None:
            try:
                await self._verbs[step.does](self, step)
            except Refusal as refusal:
                if step.refused_because != refusal.rule:
                    raise step.wrong(
                        f"it is refused ({refusal.rule}): {refusal.sentence}"
                    ) from None
                self.refusals.append((refusal.rule, refusal.sentence))
            else:
                if step.refused_because:
                    raise step.wrong(
                        f"{step.refused_because} should have been refused, and was not"
                    )
            step.nothing_more()

        return play

    # Speaking as somebody

    def organisation_of(self, name: str) -> str:
        """The organisation a member of staff works for."""
        roles = self._staff(name).get("is", {})
        if not roles:
            raise StoryFailed(
                f"The story does not say what {name} is, such as is: {{QH8: coordinator}}."
            )
        return str(next(iter(roles)))

    def _staff(self, name: str) -> Mapping[str, Any]:
        if name not in self.story.staff:
            raise StoryFailed(f"The story has nobody called {name} among its staff.")
        return self.story.staff[name]

    def person(self, name: str) -> Mapping[str, Any]:
        """What the story says of somebody who may apply."""
        if name not in self.story.people:
            raise StoryFailed(f"The story has nobody called {name} among its people.")
        return self.story.people[name]

    def token(self, name: str) -> str:
        """The token of a member of staff, or of a person for all organisations as an applicant."""
        if name in self.story.staff:
            roles = {code: [role] for code, role in self._staff(name)["is"].items()}
        else:
            self.person(name)
            roles = {code: ["applicant", "partner"] for code in self.story.organisations}
        return self.neighbours.token(name, roles)

    async def command(
        self, who: str, service: str, organisation: str, path: str, body: Any = None
    ) -> str:
        """A command as somebody; answers the location of what it made."""
        place = f"{who}|{service}|{organisation}|{path}"
        number = next(self._keys.setdefault(place, count()))
        location, _ = await self.neighbours.command(
            self.token(who), service, organisation, path, body or {}, f"{place}|{number}"
        )
        return location.removeprefix(f"/organisations/{organisation}")

    async def identity(self, name: str) -> str:
        """The identifier under which the services know a member of staff."""
        organisation = self.organisation_of(name)
        found = await self.neighbours.get(self.token(name), "recruitment", organisation, "/me")
        return str(found["identity"])

    async def view(self, who: str, organisation: str, name: str, **query: Any) -> Any:
        """A view of the portal as somebody."""
        return await self.neighbours.get(
            self.token(who),
            "portal",
            organisation,
            f"/organisations/{organisation}/views/{name}",
            **query,
        )
