"""Runs a service's consumers: what each reads, how it is watched, what an operator may do."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker

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
from shared.infra.bus.watermarks import Place
from shared.infra.bus.worker import LogWorker, Tail
from shared.infra.database import Pool
from shared.infra.metrics import Metrics
from shared.infra.opening import Opener
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Shell
from shared.kernel.identifiers import LogName

__all__ = ["Consumers", "Fold", "Handler", "Held", "Reaction"]

TAIL_SECONDS: Final = 3.0
PAUSE_SECONDS: Final = 0.5
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
        self._subscriptions: list[Subscription] = []

    @property
    def assigned(self) -> bool:
        """Whether every consumer was given its share of the logs."""
        return len(self._subscriptions) == len(self._consumers) and all(
            subscription.joined for subscription in self._subscriptions
        )

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
            for worker in self._workers()
            if worker.trouble
        ]

    async def run(self) -> None:
        """Consume until cancelled; then take nothing more, finish, commit and close."""
        if not self._consumers:
            await asyncio.Event().wait()
        while True:
            try:
                await self._consume()
            except KafkaError as error:
                _logger.warning("bus-away", error=type(error).__name__)
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
        await self._make_topics()
        broker = self._broker()
        self._subscriptions = [self._subscription(broker, one) for one in self._consumers]
        try:
            await broker.start()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch_tails())
                for subscription in self._subscriptions:
                    group.create_task(subscription.commit_for_ever())
        finally:
            await asyncio.gather(*(one.finish() for one in self._subscriptions))
            await broker.stop()

    async def _make_topics(self) -> None:
        names = sorted({str(log) for one in self._consumers for log in self._logs(one)})
        try:
            await make_topics(self._access, names)
        except KafkaError as error:
            # its owner makes it too; here it only saves a rebalance when it comes
            _logger.info("topics-not-made", error=type(error).__name__)

    def _broker(self) -> KafkaBroker:
        access = self._access
        return KafkaBroker(
            access.bootstrap_servers,
            client_id=self._kit.deployment,
            security=access.security(),
            metadata_max_age_ms=1_000,
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            logger=None,
        )

    def _subscription(self, broker: KafkaBroker, consumer: Consumer) -> Subscription:
        own = "" if consumer.schema == "kit" else f".{consumer.schema}"
        return Subscription(
            broker,
            self._access,
            f"{consumer.consumer}{own}@{self._kit.deployment}",
            self._logs(consumer),
            lambda log: Feed(
                self._applier(consumer, log),
                self._kit.sources,
                self._kit.metrics,
                consumer.compare if isinstance(consumer, Fold) else None,
            ),
        )

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

    def _workers(self) -> list[LogWorker]:
        return [w for subscription in self._subscriptions for w in subscription.workers.values()]

    async def _watch_tails(self) -> None:
        """Compare every log's watermark with its source's head, at once after an assignment."""
        while True:
            workers = [w for w in self._workers() if w.place.partition == 0 and w.loaded]
            logs = {worker.feed.log for worker in workers}
            await asyncio.gather(
                *(self._watch(log, [w for w in workers if w.feed.log == log]) for log in logs)
            )
            fresh = any(worker.tail is None for worker in self._workers())
            await asyncio.sleep(PAUSE_SECONDS if fresh or not logs else TAIL_SECONDS)

    async def _watch(self, log: LogName, workers: Iterable[LogWorker]) -> None:
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
            self._compare(worker, at, head.sequence)

    def _compare(self, worker: LogWorker, at: int, head: int) -> None:
        log, consumer = str(worker.feed.log), worker.feed.applier.place.consumer
        self._kit.metrics.watermark.labels(consumer, log).set(at)
        self._kit.metrics.lag.labels(consumer, log).set(max(0, head - at))
        if at > head:
            if worker.barred is None:
                self._kit.metrics.alarms.labels("beyond-head", log).inc()
                _logger.error("watermark-beyond-head", consumer=consumer, log=log, at=at, head=head)
            worker.bar(f"It stands at {at}, beyond the head of its source at {head}.")
            return
        if worker.barred:
            worker.bar(None)
        before, worker.tail = worker.tail, Tail(at, head, worker.holds)
        waited = before is not None and (before.at, before.holds) == (at, worker.holds)
        if before is not None and waited and worker.idle and at < before.head:
            _logger.warning("silent-tail", consumer=consumer, log=log, at=at, head=head)
            worker.mend_tail(head)
