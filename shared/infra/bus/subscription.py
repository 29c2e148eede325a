"""The one place that makes FastStream subscribers: one a process, a worker for each consumer."""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.message import StreamMessage

from shared.infra.bus.access import BusAccess
from shared.infra.bus.clients import started, stay, stopped
from shared.infra.bus.feed import Delivery, Feed
from shared.infra.bus.worker import MOST_AT_ONCE, LogWorker
from shared.kernel.identifiers import LogName

COMMIT_SECONDS: Final = 0.5
FINISH_SECONDS: Final = 5.0
MOST_WAITING: Final = 20_000
"""Records in memory for one process, shared out among its topics."""
_logger = structlog.get_logger(__name__)


class Subscription:
    """A process's share of the topics its consumers read.

    Every record is fetched and read once, whatever the number of consumers. A topic is paused while
    one of its workers has too much to do; what is committed is what all of them have done.
    """

    def __init__(
        self,
        access: BusAccess,
        group: str,
        logs: Iterable[LogName],
        feeds: Callable[[LogName], Sequence[Feed]],
    ) -> None:
        self.workers: dict[TopicPartition, list[LogWorker]] = {}
        self.joined = False
        """Whether the group has given this process its share of the topics."""
        self._group = group
        self._forgetful = access.forgetful
        self._feeds = feeds
        self._tasks: list[asyncio.Task[None]] = []
        self._committed: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._most_waiting = MOST_WAITING
        self._taking = True
        self._broker = _broker(access, group)
        topics = sorted({str(log) for log in logs})
        # a pattern asks for no topic by name, so it never makes one by accident
        self._subscriber = self._broker.subscriber(
            pattern=f"^(?:{'|'.join(map(re.escape, topics))})$",
            group_id=group,
            batch=True,
            max_records=MOST_AT_ONCE,
            batch_timeout_ms=20,
            fetch_max_wait_ms=access.fetch_wait_milliseconds,
            session_timeout_ms=access.session_timeout_milliseconds,
            heartbeat_interval_ms=access.heartbeat_interval_milliseconds,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            parser=_wrap,
            decoder=_unwrap,
            no_reply=True,
            listener=_Listener(self),
        )
        self._subscriber(self._deliver)

    async def start(self) -> None:
        """Connect and join the group."""
        await started(self._broker.start())

    async def finish(self) -> None:
        """Take nothing more, let the workers finish what they are at, commit, close."""
        self._taking = False
        resting = [asyncio.create_task(worker.rest()) for worker in self._all_workers()]
        if resting:
            _, unfinished = await asyncio.wait(resting, timeout=FINISH_SECONDS)
            for task in unfinished:
                task.cancel()
        await self.revoke()
        consumer: AIOKafkaConsumer | None = self._subscriber.consumer
        if self._forgetful and consumer is not None:
            stay(consumer)
        await stopped(self._broker.stop())

    async def commit_for_ever(self) -> None:
        """Commit what is done, now and then."""
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            await self._commit()

    async def has_more(self, place: TopicPartition) -> bool:
        """Whether the bus has records of this topic that were not brought yet."""
        consumer = self._subscriber.consumer
        if consumer is None or place not in consumer.assignment():
            return False
        try:
            ends = await consumer.end_offsets([place])
            return bool(await consumer.position(place) < ends[place])
        except (KafkaError, IllegalStateError):
            return False

    def assign(self, places: Iterable[TopicPartition]) -> None:
        """Start the workers of each topic given to this process."""
        share = list(places)
        self._most_waiting = max(200, MOST_WAITING // max(1, len(share)))
        for place in share:
            feeds = self._feeds(LogName.parse(place.topic))
            workers = [LogWorker(feed, lambda p=place: self._resume(p)) for feed in feeds]  # type: ignore[misc]
            self.workers[place] = workers
            self._tasks += [asyncio.create_task(worker.run()) for worker in workers]
        self.joined = True

    async def revoke(self) -> None:
        """Stop every worker where it is; what it has not committed is rolled back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._commit()
        self.workers.clear()
        self._tasks.clear()
        self._committed.clear()
        self._paused.clear()

    async def _deliver(self, records: tuple[ConsumerRecord, ...]) -> None:
        """Hand a batch, which mixes topics, to the workers; never fails, never waits."""
        if not self._taking:
            return
        for place, of_one in groupby(records, lambda r: TopicPartition(r.topic, r.partition)):
            brought = [Delivery.of(record) for record in of_one]
            workers = self.workers.get(place, [])
            for worker in workers:
                worker.deliver(brought)
            if any(worker.waiting > self._most_waiting for worker in workers):
                self._pause(place)

    def _pause(self, place: TopicPartition) -> None:
        consumer = self._subscriber.consumer
        if consumer is not None and place in consumer.assignment():
            consumer.pause(place)
            self._paused.add(place)

    def _resume(self, place: TopicPartition) -> None:
        if place not in self._paused:
            return
        workers, consumer = self.workers.get(place, []), self._subscriber.consumer
        if any(worker.waiting > self._most_waiting // 2 for worker in workers):
            return
        self._paused.discard(place)
        if consumer is not None and place in consumer.assignment():
            consumer.resume(place)

    def _all_workers(self) -> list[LogWorker]:
        return [worker for workers in self.workers.values() for worker in workers]

    async def _commit(self) -> None:
        """Commit what all workers have done. Effects are safe without it: the watermark decides."""
        done: dict[TopicPartition, int] = {}
        for place, workers in self.workers.items():
            offsets = [worker.done for worker in workers if worker.done is not None]
            if offsets and len(offsets) == len(workers):
                done[place] = min(offsets)
        new = {place: at for place, at in done.items() if self._committed.get(place) != at}
        consumer: AIOKafkaConsumer | None = self._subscriber.consumer
        if not new or consumer is None:
            return
        try:
            await consumer.commit(new)
        except (KafkaError, IllegalStateError) as error:
            _logger.info("offsets-not-committed", group=self._group, error=type(error).__name__)
        else:
            self._committed |= new


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002
        await self._subscription.revoke()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._subscription.assign(assigned)


def _broker(access: BusAccess, client: str) -> KafkaBroker:
    return KafkaBroker(
        access.bootstrap_servers,
        client_id=client,
        security=access.security(),
        metadata_max_age_ms=access.metadata_age_milliseconds,
        consumer_only=True,
        allow_auto_create_topics=False,
        apply_types=False,
        logger=None,
    )


async def _wrap(message: tuple[ConsumerRecord, ...]) -> StreamMessage[tuple[ConsumerRecord, ...]]:
    """The raw records as they are: FastStream's own parser fails at a header that is no text."""
    return StreamMessage(message, message)


async def _unwrap(
    message: StreamMessage[tuple[ConsumerRecord, ...]],
) -> tuple[ConsumerRecord, ...]:
    return message.raw_message
