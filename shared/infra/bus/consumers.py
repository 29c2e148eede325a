"""Runs a service's consumers: what each reads, how it is watched, what an operator may do."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.contracts import (  # noqa: F401 - every consumer knows every event
    engagement,
    notifications,
    openings,
    payments,
    recruitment,
)
from shared.infra.bus.access import BusAccess
from shared.infra.bus.applying import RETRY_SECONDS, Applier, Effects
from shared.infra.bus.effects import Folding, Reacting
from shared.infra.bus.feed import Feed
from shared.infra.bus.handling import Consumer, Fold, Handler, Reaction
from shared.infra.bus.sources import SourceAway, Sources
from shared.infra.bus.subscription import Subscription
from shared.infra.bus.topics import make_topics
from shared.infra.bus.watermarks import Place, reached
from shared.infra.bus.worker import LogWorker, Tail
from shared.infra.database import AWAY, Pool
from shared.infra.endless import endless
from shared.infra.metrics import Metrics
from shared.infra.opening import Opener
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Shell
from shared.kernel.identifiers import LogName

__all__ = ["Consumers", "Fold", "Handler", "Held", "Reaction"]

TAIL_SECONDS: Final = 5.0
PAUSE_SECONDS: Final = 0.5
LONGEST_SILENCE: Final = 6
_logger = structlog.get_logger(__name__)


class Parts(Protocol):
    """What consumers need of the kit."""

    @property
    def service(self) -> str: ...
    @property
    def deployment(self) -> str: ...
    @property
    def organisations(self) -> tuple[str, ...]: ...
    @property
    def settings(self) -> ServiceSettings: ...
    @property
    def pool(self) -> Pool: ...
    @property
    def shell(self) -> Shell: ...
    @property
    def opener(self) -> Opener: ...
    @property
    def sources(self) -> Sources: ...
    @property
    def metrics(self) -> Metrics: ...


@dataclass(frozen=True, slots=True)
class Held:
    """A log that a consumer cannot read on just now."""

    consumer: str
    log: LogName
    reason: str
    seconds: float


class Consumers:
    """All consumers of one process. `run` ends only when cancelled, and then in order."""

    def __init__(
        self,
        kit: Parts,
        reactions: Sequence[Reaction],
        folds: Sequence[Fold],
        *,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self._kit = kit
        self._access = BusAccess.of(kit.settings)
        self._consumers: tuple[Consumer, ...] = (*reactions, *folds)
        self._retry_seconds = retry_seconds
        # commands need the pool too
        self._slots = asyncio.Semaphore(max(1, kit.settings.database_pool_size // 2))
        self._subscription: Subscription | None = None

    @property
    def assigned(self) -> bool:
        """Whether the consumers were given their share of the logs."""
        return not self._consumers or (self._subscription is not None and self._subscription.joined)

    def held(self) -> list[Held]:
        """The logs that wait, and why."""
        now = time.monotonic()
        return [
            Held(
                worker.feed.applier.place.consumer,
                worker.feed.log,
                worker.trouble,
                now - worker.since,
            )
            for _, worker in self._workers()
            if worker.trouble
        ]

    async def run(self) -> None:
        """Consume until cancelled; then take nothing more, finish, commit and close."""
        if not self._consumers:
            await asyncio.Event().wait()
        while True:
            try:
                await self._consume()
            except* KafkaError as away:
                _logger.warning("bus-away", error=repr(away.exceptions))
            await asyncio.sleep(PAUSE_SECONDS)

    async def retry(self, consumer: str, log: LogName, stream: str) -> tuple[int, str | None]:
        """Apply a stream's parked events in order; how many, and what stopped it if anything."""
        applied, reason = 0, None
        for one in self._consumers:
            if one.consumer == consumer:
                more, stopped = await self._applier(one, log).retry(stream)
                applied, reason = applied + more, reason or stopped
        return applied, reason

    async def _consume(self) -> None:
        logs = sorted({log for one in self._consumers for log in self._logs(one)})
        await self._make_topics(logs)
        group = f"{self._kit.service}@{self._kit.deployment}"
        subscription = Subscription(self._access, group, logs, self._feeds)
        self._subscription = subscription
        try:
            await subscription.start()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(endless(self._watch_tails(subscription)))
                tasks.create_task(endless(subscription.commit_for_ever()))
        finally:
            await subscription.finish()

    async def _make_topics(self, logs: Iterable[LogName]) -> None:
        try:
            await make_topics(self._access, [str(log) for log in logs])
        except KafkaError as error:
            # its owner makes it too; here it only saves a rebalance when it comes
            _logger.info("topics-not-made", error=type(error).__name__)

    def _feeds(self, log: LogName) -> list[Feed]:
        return [
            Feed(
                self._applier(consumer, log),
                self._kit.sources,
                self._kit.metrics,
                consumer.compare if isinstance(consumer, Fold) else None,
            )
            for consumer in self._consumers
            if log.service in consumer.sources
        ]

    def _logs(self, consumer: Consumer) -> list[LogName]:
        return [LogName(s, code) for s in consumer.sources for code in self._kit.organisations]

    def _applier(self, consumer: Consumer, log: LogName) -> Applier:
        effects: Effects
        if isinstance(consumer, Fold):
            effects, parks = Folding(consumer), consumer.parks
        else:
            effects, parks = Reacting(consumer, self._kit.shell, self._kit.opener), True
        return Applier(
            Place(consumer.schema, consumer.consumer, log),
            self._kit.pool,
            self._slots,
            effects,
            parks=parks,
            retry_seconds=self._retry_seconds,
        )

    def _workers(self) -> list[tuple[TopicPartition, LogWorker]]:
        if self._subscription is None:
            return []
        return [(p, w) for p, workers in self._subscription.workers.items() for w in workers]

    async def _watch_tails(self, subscription: Subscription) -> None:
        """Compare every log's watermarks with its source's head, at once after an assignment."""
        while True:
            by_log: dict[LogName, list[LogWorker]] = {}
            for place, worker in self._workers():
                if place.partition == 0 and worker.loaded:
                    by_log.setdefault(worker.feed.log, []).append(worker)
            await self._look_back([worker for workers in by_log.values() for worker in workers])
            await asyncio.gather(
                *(self._watch(subscription, log, workers) for log, workers in by_log.items())
            )
            fresh = any(worker.tail is None for _, worker in self._workers())
            await asyncio.sleep(PAUSE_SECONDS if fresh or not by_log else TAIL_SECONDS)

    async def _look_back(self, workers: Sequence[LogWorker]) -> None:
        """Notice a database put back under the running process: what it lost is read again."""
        # before the watermarks: they are raised first, so they are never the older of the two
        stands = [(worker, worker.feed.applier.at) for worker in workers]
        marks: dict[Place, int] = {}
        try:
            async with self._kit.pool.acquire() as connection:
                for schema in {worker.feed.applier.place.schema for worker in workers}:
                    for row in await reached(connection, schema):
                        marks[Place(schema, row.consumer, row.log)] = row.sequence
        except AWAY as error:
            _logger.info("watermarks-unknown", reason=type(error).__name__)
            return
        for worker, at in stands:
            mark = marks.get(worker.feed.applier.place, 0)
            if mark < at:
                _logger.warning("watermark-went-back", log=str(worker.feed.log), to=mark, at=at)
                worker.feed.applier.at = mark
                worker.mend_tail(at)

    async def _watch(
        self, subscription: Subscription, log: LogName, workers: Iterable[LogWorker]
    ) -> None:
        # the watermark is read before the head: it is never the newer of the two
        stands = [(worker, worker.feed.applier.at) for worker in workers]
        try:
            head = await self._kit.sources.head(log)
        except SourceAway as error:
            _logger.info("head-unknown", log=str(log), reason=str(error))
            return
        if head is None:
            return
        for worker, at in stands:
            self._tell(worker, at, head.sequence)
        still = [(w, _looks_without_change(w, at, head.sequence)) for w, at in stands]
        silent = [worker for worker, looks in still if looks]
        # a bus that has more but does not bring it is not waited for any longer than this
        given_up = any(looks > LONGEST_SILENCE for _, looks in still)
        if silent and (given_up or not await subscription.has_more(TopicPartition(str(log), 0))):
            _logger.warning("silent-tail", log=str(log), head=head.sequence)
            for worker in silent:
                worker.mend_tail(head.sequence)

    def _tell(self, worker: LogWorker, at: int, head: int) -> None:
        """Show the lag, and stop a log whose consumer knows more than its source."""
        log, consumer = str(worker.feed.log), worker.feed.applier.place.consumer
        self._kit.metrics.watermark.labels(consumer, log).set(at)
        self._kit.metrics.lag.labels(consumer, log).set(max(0, head - at))
        if at > head and worker.barred is None:
            self._kit.metrics.alarms.labels("beyond-head", log).inc()
            _logger.error("watermark-beyond-head", consumer=consumer, log=log, at=at, head=head)
            worker.bar(f"It stands at {at}, beyond the head of its source at {head}.")
        elif at <= head and worker.barred is not None:
            worker.bar(None)


def _looks_without_change(worker: LogWorker, at: int, head: int) -> int:
    """How many looks in a row found a worker idle where it was, with its source ahead."""
    before, still = worker.tail, 0
    if before is not None and worker.idle and at < before.head:
        still = before.still + 1 if (before.at, before.holds) == (at, worker.holds) else 0
    worker.tail = Tail(at, head, worker.holds, still)
    return still
