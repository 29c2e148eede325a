"""Goes along with a story and disturbs everything under it, by a plan; notes what came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any, Final, TypeAlias

import httpx
from aiokafka.errors import KafkaError

from deploy.layout import Deployment
from deploy.storm import bus
from deploy.storm.backups import Backups
from deploy.storm.crossings import Cuts
from deploy.storm.ground import to_database, to_service
from deploy.storm.outages import LONGEST_SECONDS, Outage, Watch
from deploy.storm.plan import ALONE, Disturbance, Kind
from deploy.storm.processes import LOOK_SECONDS, NotBack, Processes, until
from shared.infra.bus.access import BusAccess

PAUSE_SECONDS: Final = 4.0
"""A group's session ends after 2 s here: who is paused so long has lost its share."""
FULL_DISK_SECONDS: Final = 2.0
CUT_SECONDS: Final = 3.0
REWIND_SECONDS: Final = 10.0
Settle: TypeAlias = Callable[[], Awaitable[object]]
ALLOWED_SECONDS: Final[Mapping[Kind, float]] = {Kind.KILL: 6.0, Kind.BUS_LOSS: 10.0}


@dataclass(frozen=True, slots=True)
class Done:
    """A disturbance, and after how many seconds all was at work again."""

    disturbance: Disturbance
    back_seconds: float
    alone: bool
    """Whether nothing else was being disturbed meanwhile."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the system under the storm is."""

    processes: Processes
    urls: Mapping[str, str]
    """Where each deployment answers, by its name."""
    deployments: Mapping[str, Deployment]
    settings: Mapping[str, Mapping[str, str]]
    """What each deployment runs with."""
    access: BusAccess
    backups: Backups
    cuts: Cuts
    operator: str
    """A token that may see the operations of all."""


@dataclass
class Storm:
    """One storm. `step_begins` returns when everything planned for the step before has begun."""

    place: Place
    plan: Sequence[Disturbance]
    drills: Sequence[Disturbance]
    """Done one after the other when the story is over, each with all else undisturbed."""
    doubler: bus.Doubler
    steps: int
    seconds: float
    """The story takes at least so long."""
    tell: Callable[[Disturbance], None]
    done: list[Done] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    holes: dict[str, int] = field(default_factory=dict)
    """The first number each topic lacks at the end, of those that lack one."""
    _step: int = -1
    _doubling: asyncio.Task[None] | None = None
    _client: httpx.AsyncClient | None = None
    _began: float = field(default_factory=monotonic)
    _running: list[asyncio.Task[None]] = field(default_factory=list)
    _beginning: asyncio.Task[None] | None = None
    _begun: int = 0
    _under_way: int = 0

    async def step_begins(self, settle: Settle) -> None:
        """Let the disturbances of this step begin, one after the other, while it is played."""
        await self._all_begun()
        self._step += 1
        if self._doubling is None:
            self._doubling = asyncio.create_task(self.doubler.run())
        left = self._began + self.seconds * self._step / self.steps - monotonic()
        if left > 0:
            await asyncio.sleep(left)
        ours = [one for one in self.plan if one.step == self._step]
        for one in ours:
            if one.kind in ALONE:
                await self._calm()
                await settle()
                await self._disturb(one)
        others = [one for one in ours if one.kind not in ALONE]
        if any(one.kind is Kind.OUTAGE for one in others):
            await self._calm()
            await settle()
        self._beginning = asyncio.create_task(self._begin(others))

    async def story_ends(self) -> None:
        """Wait until every disturbance is over and everything works. Raises NotBack."""
        if self._doubling is not None:
            self._doubling.cancel()
        await self._all_begun()
        await self._calm()
        for one in self.drills:
            await self._disturb(one)
            await self._calm()
        try:
            await until(self._carried, "every topic has every event of its log")
        except NotBack as failure:
            raise NotBack(f"{failure} The first number each lacks: {self.holes}.") from None
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _calm(self) -> None:
        await asyncio.gather(*self._running)
        self._running.clear()
        await until(self._all_ready, "every service is ready")

    async def _all_begun(self) -> None:
        if self._beginning is not None:
            await self._beginning
        for task in self._running:
            if task.done():
                # what failed is said at once, not at the end
                task.result()

    async def _begin(self, planned: Sequence[Disturbance]) -> None:
        for disturbance in sorted(planned, key=lambda one: one.kind is not Kind.OUTAGE):
            await asyncio.sleep(disturbance.pause_seconds)
            begun = asyncio.create_task(self._disturb(disturbance))
            self._running.append(begun)
            if disturbance.kind is Kind.OUTAGE:
                # what else is disturbed could hold a log up too
                await begun

    async def _disturb(self, disturbance: Disturbance) -> None:
        self.tell(disturbance)
        self._under_way += 1
        self._begun += 1
        begun, others = self._begun, self._under_way - 1
        try:
            back = await _WAYS[disturbance.kind](self, disturbance.target)
        finally:
            self._under_way -= 1
        alone = not others and begun == self._begun
        self.done.append(Done(disturbance, round(back, 2), alone))

    async def _kill(self, name: str) -> float:
        began = monotonic()
        await self.place.processes.kill(name)
        await until(lambda: self._ready([name]), f"{name} is ready")
        return monotonic() - began

    async def _kill_database(self, name: str) -> float:
        began = monotonic()
        await self.place.processes.kill(name)
        await until(self._all_ready, "every service has its database again")
        return monotonic() - began

    async def _lose_bus(self, name: str) -> float:
        began = monotonic()
        await self.place.processes.kill(name)
        heads = _heads(await self._operations())
        await until(lambda: bus.carries(self.place.access, heads), "every log is on the new broker")
        heads = _heads(await self._operations())
        await until(partial(self._applied, heads), "every consumer has applied every log")
        return monotonic() - began

    async def _carried(self) -> bool:
        """Whether every topic has every event of its log, from the first to the last."""
        with suppress(KafkaError, OSError):
            self.holes = await bus.holes(self.place.access, _heads(await self._operations()))
            return not self.holes
        return False

    async def _applied(self, heads: Mapping[str, int]) -> bool:
        return all(
            consumer["watermark"] >= heads[consumer["log"]]
            for each in await self._operations()
            for consumer in each["consumers"]
        )

    async def _pause(self, name: str) -> float:
        await self.place.processes.pause(name, PAUSE_SECONDS)
        return await until(lambda: self._ready([name]), f"{name} is ready")

    async def _fill_disk(self, name: str) -> float:
        await self.place.processes.fill_disk(name, FULL_DISK_SECONDS)
        return await until(lambda: self._ready([name]), f"{name} is ready")

    async def _fill_database_disk(self, name: str) -> float:
        await self.place.processes.fill_disk(name, FULL_DISK_SECONDS)
        return await until(self._all_ready, "every service has its database again")

    async def _rewind(self, name: str) -> float:
        for each in await self._operations():
            if each["deployment"] == name:
                group = f"{each['service']}@{name}"
                logs = sorted({consumer["log"] for consumer in each["consumers"]})
                again = partial(bus.begin_again, self.place.access, group, logs, REWIND_SECONDS)
                await until(again, f"a guest of {group} is given a log")
        return await until(lambda: self._ready([name]), f"{name} is ready")

    async def _cut_database(self, name: str) -> float:
        await self.place.cuts.cut(to_database(name), CUT_SECONDS)
        return await until(lambda: self._ready([name]), f"{name} is ready")

    async def _cut_bus(self, name: str) -> float:
        await self.place.processes.pause(name, CUT_SECONDS)
        return await until(self._all_ready, "every service is ready")

    async def _cut_keys(self, name: str) -> float:
        await self.place.cuts.cut(to_service(name), CUT_SECONDS)
        return await until(self._all_ready, "every service is ready")

    async def _outage(self, name: str) -> float:
        """Cut a trust off until its own log waits and all others are applied, or for long."""
        [organisation] = self.place.deployments[name].organisations
        watch, began = Watch(organisation, await self._operations()), monotonic()
        with self.place.cuts.cutting(to_service(name)):
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                seconds = monotonic() - began
                seen = watch.compare(await self._operations(), round(seconds, 2))
                if (seen.shows and seconds > CUT_SECONDS) or seconds > LONGEST_SECONDS:
                    break
        self.outages.append(seen)
        return await until(self._all_ready, "every service is ready")

    async def _copy(self, name: str) -> float:
        await self.place.backups.take(self.place.deployments[name].database)
        return await until(lambda: self._ready([name]), f"{name} is ready")

    async def _restore(self, name: str) -> float:
        began = monotonic()
        await self.place.backups.restore(self.place.deployments[name], self.place.settings[name])
        await until(lambda: self._ready([name]), f"{name} is ready")
        await until(partial(self._publishes, name), f"{name} takes commands")
        return monotonic() - began

    async def _publishes(self, name: str) -> bool:
        [reply] = await self._ask("/operations?counts=false", [name])
        return reply is not None and all(
            log["standing"] == "publishing" for log in reply.json()["logs"]
        )

    async def _operations(self) -> list[dict[str, Any]]:
        """What every service says of itself, as soon as all answer."""
        documents: list[dict[str, Any]] = []

        async def told() -> bool:
            replies = await self._ask("/operations?counts=false", list(self.place.deployments))
            documents[:] = [reply.json() for reply in replies if reply is not None]
            return len(documents) == len(replies)

        await until(told, "every service says where its logs stand")
        return documents

    async def _all_ready(self) -> bool:
        return await self._ready(list(self.place.urls))

    async def _ready(self, names: Sequence[str]) -> bool:
        return all(reply is not None for reply in await self._ask("/health/ready", names))

    async def _ask(self, path: str, names: Sequence[str]) -> list[httpx.Response | None]:
        return await asyncio.gather(*(self._answer(self.place.urls[name] + path) for name in names))

    async def _answer(self, url: str) -> httpx.Response | None:
        if self._client is None:
            headers = {"authorization": f"Bearer {self.place.operator}"}
            self._client = httpx.AsyncClient(timeout=2, headers=headers, trust_env=False)
        try:
            reply = await self._client.get(url)
        except httpx.HTTPError:
            return None
        return reply if reply.status_code == httpx.codes.OK else None


def _heads(documents: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {log["log"]: log["head"] for each in documents for log in each["logs"]}


_WAYS: Final[Mapping[Kind, Callable[[Storm, str], Awaitable[float]]]] = {
    Kind.KILL: Storm._kill,  # noqa: SLF001 - the ways of this class
    Kind.KILL_DATABASE: Storm._kill_database,  # noqa: SLF001
    Kind.BUS_LOSS: Storm._lose_bus,  # noqa: SLF001
    Kind.PAUSE: Storm._pause,  # noqa: SLF001
    Kind.FULL_DISK: Storm._fill_disk,  # noqa: SLF001
    Kind.FULL_DATABASE_DISK: Storm._fill_database_disk,  # noqa: SLF001
    Kind.REWIND: Storm._rewind,  # noqa: SLF001
    Kind.CUT_DATABASE: Storm._cut_database,  # noqa: SLF001
    Kind.CUT_BUS: Storm._cut_bus,  # noqa: SLF001
    Kind.CUT_KEYS: Storm._cut_keys,  # noqa: SLF001
    Kind.OUTAGE: Storm._outage,  # noqa: SLF001
    Kind.COPY: Storm._copy,  # noqa: SLF001
    Kind.RESTORE: Storm._restore,  # noqa: SLF001
}
