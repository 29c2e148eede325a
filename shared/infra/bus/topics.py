"""Topics are made on purpose, one partition each and kept for ever, never by accident."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.infra.bus.access import BusAccess
from shared.infra.bus.clients import started, stopped

TOPIC_SETTINGS: Final = {"retention.ms": "-1", "cleanup.policy": "delete"}
_ATTEMPTS: Final = 50
_PAUSE_SECONDS: Final = 0.1


class TopicsNotMade(KafkaError):  # type: ignore[misc]
    """The broker did not make a topic."""


class Topics:
    """Makes, counts and removes topics; used as an asynchronous context."""

    def __init__(self, access: BusAccess) -> None:
        self._access = access
        self._client: AIOKafkaAdminClient = access.administrator()

    async def __aenter__(self) -> Self:
        try:
            await started(self._client.start())
        except BaseException:
            await stopped(self._client.close())
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await stopped(self._client.close())

    async def make(self, names: Sequence[str]) -> None:
        """Make the topics that are missing, in one request; those that exist stay as they are."""
        wanted = [
            NewTopic(name, 1, self._access.replication, topic_configs=TOPIC_SETTINGS)
            for name in names
        ]
        reply = await self._client.create_topics(wanted)
        for name, code, *_ in reply.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise TopicsNotMade(f"The topic {name} could not be made: {error.__name__}.")

    async def straighten(self, names: Sequence[str]) -> None:
        """Make again, with one partition, topics that have more and never held a record.

        Some brokers make a topic by themselves when a client asks for it, with several partitions.
        """
        counts = await self._partitions(names)
        # a topic just made may have none for a moment, until all of the broker has heard of it
        crooked = {name: count for name, count in counts.items() if count > 1}
        for name in await self._never_used(crooked):
            await self._make_again(name)

    async def _partitions(self, names: Iterable[str]) -> dict[str, int]:
        found = await self._client.describe_topics(list(names))
        return {topic["topic"]: len(topic["partitions"]) for topic in found}

    async def _never_used(self, counts: Mapping[str, int]) -> list[str]:
        if not counts:
            return []
        reader = self._access.reader()
        try:
            await started(reader.start())
            ends = await reader.end_offsets(
                [TopicPartition(name, n) for name, count in counts.items() for n in range(count)]
            )
        finally:
            await stopped(reader.stop())
        used = {place.topic for place, end in ends.items() if end > 0}
        return [name for name in counts if name not in used]

    async def _make_again(self, name: str) -> None:
        """Remove a topic that holds nothing of ours and make it with one partition."""
        await self._client.delete_topics([name])
        for _ in range(_ATTEMPTS):
            # a broker may take a moment to let the old one go
            await asyncio.sleep(_PAUSE_SECONDS)
            try:
                await self.make([name])
            except TopicsNotMade:
                continue
            if (await self._partitions([name]))[name] == 1:
                return
        raise TopicsNotMade(f"The topic {name} could not be made again with one partition.")


async def make_topics(access: BusAccess, names: Sequence[str]) -> None:
    """Make every topic that is missing (`partners organisations apply`)."""
    async with Topics(access) as topics:
        await topics.make(names)
