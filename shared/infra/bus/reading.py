"""Reads a topic where it is told to, in bounded time: ends, one record, backwards and forwards."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from shared.infra.bus.access import BusAccess
from shared.infra.bus.clients import started, stopped

READ_SECONDS: Final = 10.0
FORGETFUL_READ_SECONDS: Final = 1.0
"""What a forgetful broker does not give in this time is gone; it is published again."""
CHUNK: Final = 1_000


class TopicUnreadable(KafkaError):  # type: ignore[misc]
    """A topic has records that the broker does not give."""


class TopicReader:
    """Reads partition 0 of a fixed set of topics; used as an asynchronous context by one task."""

    def __init__(self, access: BusAccess, topics: Sequence[str]) -> None:
        self._consumer: AIOKafkaConsumer = access.reader()
        self._forgetful = access.forgetful
        self._places = {topic: TopicPartition(topic, 0) for topic in topics}

    async def __aenter__(self) -> Self:
        try:
            await started(self._consumer.start())
        except BaseException:
            await stopped(self._consumer.stop())
            raise
        self._consumer.assign(list(self._places.values()))
        self._consumer.pause(*self._places.values())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await stopped(self._consumer.stop())

    async def ends(self) -> dict[str, int]:
        """Each topic's end offset, to be compared only with its own past.

        The embedded broker answers the first offset of the last batch plus one.
        """
        ends = await self._consumer.end_offsets(list(self._places.values()))
        return {place.topic: end for place, end in ends.items()}

    async def beginning(self, topic: str) -> int:
        """The first offset the topic still has."""
        place = self._places[topic]
        found = await self._consumer.beginning_offsets([place])
        return int(found[place])

    async def last(self, ends: Mapping[str, int]) -> dict[str, ConsumerRecord]:
        """The last record of each topic that has one, read from its end offset on."""
        wanted = {topic: end - 1 for topic, end in ends.items() if end > 0}
        found = await self._read(wanted)
        return {topic: records[-1] for topic, records in found.items()}

    async def at(self, topic: str, offset: int) -> ConsumerRecord | None:
        """The record at this offset, which must not be beyond the last; None when it is gone."""
        found = (await self._read({topic: offset}, limit=1)).get(topic)
        return found[0] if found and found[0].offset == offset else None

    async def backwards(self, topic: str, last: int) -> AsyncIterator[ConsumerRecord]:
        """Every record from offset `last`, which is there, to the first, in windows that grow."""
        beginning, upper, size = await self.beginning(topic), last + 1, 1
        while upper > beginning:
            lower, size = max(beginning, upper - size), min(CHUNK, size * 4)
            window = [record async for record in self.forwards(topic, lower, upper)]
            for record in reversed(window):
                yield record
            upper = lower

    async def forwards(self, topic: str, start: int, stop: int) -> AsyncIterator[ConsumerRecord]:
        """Every record from offset `start` to before `stop`, of which the last is there."""
        while start < stop:
            records = (await self._read({topic: start}, limit=CHUNK)).get(topic, [])
            if not records:
                return
            for record in records:
                if record.offset >= stop:
                    return
                yield record
            start = records[-1].offset + 1

    async def _read(
        self, wanted: Mapping[str, int], limit: int | None = None
    ) -> dict[str, list[ConsumerRecord]]:
        """One reply for each topic from its offset on; empty where nothing is there.

        Raises TopicUnreadable when it does not come in time; a forgetful broker has nothing then.
        """
        places = [self._places[topic] for topic in wanted]
        found: dict[str, list[ConsumerRecord]] = {}
        for place in places:
            self._consumer.seek(place, wanted[place.topic])
        self._consumer.resume(*places)
        waiting = set(places)
        try:
            async with asyncio.timeout(FORGETFUL_READ_SECONDS if self._forgetful else READ_SECONDS):
                while waiting:
                    batch = await self._next(waiting, limit)
                    found |= {place.topic: records for place, records in batch.items() if records}
                    waiting -= batch.keys()
        except TimeoutError:
            if not self._forgetful:
                topics = ", ".join(place.topic for place in waiting)
                raise TopicUnreadable(f"Nothing comes of {topics}.") from None
        finally:
            self._consumer.pause(*places)
        return found

    async def _next(
        self, waiting: set[TopicPartition], limit: int | None
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        try:
            batch: dict[TopicPartition, list[ConsumerRecord]] = await self._consumer.getmany(
                *waiting, timeout_ms=1_000, max_records=limit
            )
        except OffsetOutOfRangeError as error:
            # those topics are shorter than they were: nothing is there
            return {place: [] for place in error.args[0]}
        return batch
