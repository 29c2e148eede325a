"""The one place that makes FastStream subscribers: a group per consumer, a worker per topic."""

import asyncio
import re
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.message import StreamMessage

from shared.infra.bus.access import BusAccess
from shared.infra.bus.feed import Feed
from shared.infra.bus.worker import MOST_AT_ONCE, LogWorker
from shared.kernel.identifiers import LogName

COMMIT_SECONDS: Final = 0.5
FINISH_SECONDS: Final = 5.0
MOST_WAITING: Final = 20_000
"""Records in memory for one consumer, shared out among its logs."""
_logger = structlog.get_logger(__name__)


class Subscription:
    """One consumer's group: its subscriber, and a worker for each topic this process was given."""

    def __init__(
        self,
        broker: KafkaBroker,
        access: BusAccess,
        group: str,
        logs: Iterable[LogName],
        feed: Callable[[LogName], Feed],
    ) -> None:
        self.group = group
        self.workers: dict[TopicPartition, LogWorker] = {}
        self.joined = False
        """Whether the group has given this process its share of the logs."""
        self._feed = feed
        self._tasks: dict[TopicPartition, asyncio.Task[None]] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._taking = True
        topics = sorted(str(log) for log in logs)
        # a pattern asks for no topic by name, so it never makes one by accident
        self._subscriber = broker.subscriber(
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

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """The client, while it is connected."""
        return self._subscriber.consumer

    async def _deliver(self, records: tuple[ConsumerRecord, ...]) -> None:
        """Hand a batch, which mixes topics, to their workers; never fails, never waits."""
        if self._taking:
            for place, of_one in groupby(records, lambda r: TopicPartition(r.topic, r.partition)):
                if worker := self.workers.get(place):
                    worker.deliver(list(of_one))

    def assign(self, places: Iterable[TopicPartition]) -> None:
        """Start a worker for each topic given to this process."""
        share = list(places)
        most = max(200, MOST_WAITING // max(1, len(share)))
        for place in share:
            feed = self._feed(LogName.parse(place.topic))
            worker = LogWorker(feed, place, lambda: self.consumer, most)
            self.workers[place] = worker
            self._tasks[place] = asyncio.create_task(worker.run())
        self.joined = True

    async def revoke(self) -> None:
        """Stop every worker where it is; what it has not committed is rolled back."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.commit()
        self.workers.clear()
        self._tasks.clear()
        self._committed.clear()

    async def commit(self) -> None:
        """Commit what is done. Effects are safe without it: the watermark decides."""
        done = {
            place: worker.done
            for place, worker in self.workers.items()
            if worker.done is not None and self._committed.get(place) != worker.done
        }
        consumer = self.consumer
        if not done or consumer is None:
            return
        try:
            await consumer.commit(done)
        except (KafkaError, IllegalStateError) as error:
            _logger.info("offsets-not-committed", group=self.group, error=type(error).__name__)
        else:
            self._committed |= done

    async def commit_for_ever(self) -> None:
        """Commit what is done, now and then."""
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            await self.commit()

    async def finish(self) -> None:
        """Take nothing more, let the workers finish what they have, commit."""
        self._taking = False
        resting = [asyncio.create_task(w.rest()) for w in self.workers.values()]
        if resting:
            _, unfinished = await asyncio.wait(resting, timeout=FINISH_SECONDS)
            for task in unfinished:
                task.cancel()
        await self.revoke()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002
        await self._subscription.revoke()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._subscription.assign(assigned)


async def _wrap(message: tuple[ConsumerRecord, ...]) -> StreamMessage[tuple[ConsumerRecord, ...]]:
    """The raw records as they are: FastStream's own parser fails at a header that is no text."""
    return StreamMessage(message, message)


async def _unwrap(
    message: StreamMessage[tuple[ConsumerRecord, ...]],
) -> tuple[ConsumerRecord, ...]:
    return message.raw_message
