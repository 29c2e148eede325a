"""One producer's life: publish what the logs have beyond the confirmed prefix, watch the topics."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.infra.bus.access import BusAccess
from shared.infra.bus.clients import started, stopped
from shared.infra.bus.reading import TopicReader
from shared.infra.bus.records import outgoing
from shared.infra.bus.standing import Published, Standing
from shared.infra.bus.survey import Found, Survey
from shared.infra.bus.topics import Topics
from shared.infra.bus.vouching import Vouching
from shared.infra.database import Connection
from shared.infra.sql import load
from shared.kernel.identifiers import LogName

CHECK_SECONDS: Final = 1.0
MOST_PER_ROUND: Final = 20_000
MOST_PER_LOG: Final = 2_000
_SQL: Final = load(__file__)
_logger = structlog.get_logger(__name__)


class TopicWentBack(KafkaError):  # type: ignore[misc]
    """A record was acknowledged at or below an offset that was acknowledged before."""


class Publisher:
    """Publishes the logs of one service until something fails; then a new one takes its place.

    Between rounds nothing is in flight: the confirmed prefix is exact when topics are looked at.
    """

    def __init__(
        self,
        service: str,
        organisations: Sequence[str],
        access: BusAccess,
        connection: Connection,
        stood: Callable[[Mapping[str, Found]], None],
        vouching: Vouching,
    ) -> None:
        self._service = service
        self._organisations = organisations
        self._access = access
        self._connection = connection
        self._stood = stood
        self._vouching = vouching
        self._found: dict[str, Found] = {}

    async def run(self, wait: Callable[[float], Awaitable[None]]) -> None:
        """Publish until something fails; `wait` returns when woken or after the seconds given."""
        names = [self._topic(organisation) for organisation in self._organisations]
        async with Topics(self._access) as topics:
            await topics.make(names)
            await topics.straighten(names)
        await self._load()
        async with AsyncExitStack() as stack:
            producer = self._access.producer()
            stack.push_async_callback(lambda: stopped(producer.stop()))
            await started(producer.start())
            reader = await stack.enter_async_context(TopicReader(self._access, names))
            survey = Survey(self._service, self._connection, reader, self._vouching)
            while True:
                await self._check(survey)
                due = time.monotonic() + CHECK_SECONDS
                while (left := due - time.monotonic()) > 0:
                    if not await self._publish(producer):
                        await wait(left)

    def _topic(self, organisation: str) -> str:
        return str(LogName(self._service, organisation))

    async def _load(self) -> None:
        organisations = list(self._organisations)
        await self._connection.execute(_SQL["prepare"], organisations)
        for row in await self._connection.fetch(_SQL["published"], organisations):
            prefix = Published(row["sequence"], row["last_offset"], row["end_offset"])
            self._found[row["organisation"]] = Found(Standing.UNCHECKED, prefix)

    async def _check(self, survey: Survey) -> None:
        found = await survey.look({o: f.published for o, f in self._found.items()})
        changed = {o: f for o, f in found.items() if f != self._found[o]}
        for organisation, new in changed.items():
            old = self._found[organisation].published
            if new.published.sequence < old.sequence:
                _logger.error(
                    "topic-went-back",
                    log=self._topic(organisation),
                    confirmed=old.sequence,
                    again_from=new.published.sequence + 1,
                )
        self._found = found
        await self._save(changed)
        self._stood(found)

    async def _publish(self, producer: AIOKafkaProducer) -> int:
        """Send one round of every log that has more; how many records were confirmed."""
        places = {
            o: f.published.sequence
            for o, f in self._found.items()
            if f.standing is Standing.PUBLISHING
        }
        most = min(MOST_PER_LOG, max(50, MOST_PER_ROUND // max(1, len(places))))
        rows = await self._connection.fetch(
            _SQL["ahead"], list(places), list(places.values()), most
        )
        if not rows:
            return 0
        rounds = {
            organisation: _Round(producer, self._topic(organisation), list(entries))
            for organisation, entries in groupby(rows, itemgetter("organisation"))
        }
        try:
            async with asyncio.TaskGroup() as group:
                for organisation, round_ in rounds.items():
                    group.create_task(round_.send(self._found[organisation].published))
        finally:
            await self._save(self._confirmed(rounds))
        self._stood(self._found)
        return len(rows)

    def _confirmed(self, rounds: "Mapping[str, _Round]") -> dict[str, Found]:
        changed = {
            organisation: replace(self._found[organisation], published=round_.confirmed)
            for organisation, round_ in rounds.items()
            if round_.confirmed is not None
        }
        self._found |= changed
        return changed

    async def _save(self, changed: Mapping[str, Found]) -> None:
        # a topic that nobody vouches for yet is looked at again: until then all stays as it was
        changed = {o: f for o, f in changed.items() if f.standing is not Standing.UNCHECKED}
        if changed:
            prefixes = [found.published for found in changed.values()]
            await self._connection.execute(
                _SQL["save"],
                list(changed),
                [prefix.sequence for prefix in prefixes],
                [prefix.offset for prefix in prefixes],
                [prefix.end for prefix in prefixes],
                [found.standing.value for found in changed.values()],
            )


class _Round:
    """Some entries of one log on their way; `confirmed` is the prefix known to have arrived."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, entries: Sequence[Any]) -> None:
        self._producer = producer
        self._topic = topic
        self._entries = entries
        self.confirmed: Published | None = None

    async def send(self, prefix: Published) -> None:
        """Send all, then wait for every confirmation, in order."""
        sent: list[asyncio.Future[Any]] = []
        try:
            for place, entry in enumerate(self._entries, prefix.sequence + 1):
                if entry["sequence"] != place:
                    raise RuntimeError(f"{self._topic} was read out of order at {place}.")
                record = outgoing(*entry)
                sent.append(
                    await self._producer.send(
                        self._topic,
                        record.value,
                        key=record.key,
                        partition=0,
                        headers=record.headers,
                    )
                )
            # batches of a topic are confirmed in order: when the last is, all are
            await sent[-1]
        finally:
            self._count(prefix, sent)
        if self.confirmed is None or self.confirmed.sequence != prefix.sequence + len(sent):
            raise TopicWentBack(f"{self._topic} lost records while it was written.")

    def _count(self, prefix: Published, sent: Sequence[asyncio.Future[Any]]) -> None:
        """Raise `confirmed` over what was acknowledged without a hole, at rising offsets."""
        for place, future in enumerate(sent):
            if not future.done():
                future.add_done_callback(_noticed)
            elif _noticed(future):
                sequence, offset = self._entries[place]["sequence"], future.result().offset
                if sequence == prefix.sequence + 1 and offset > prefix.offset:
                    prefix = replace(prefix, sequence=sequence, offset=offset)
        self.confirmed = prefix


def _noticed(future: asyncio.Future[Any]) -> bool:
    """Whether it succeeded; asyncio complains of failures nobody looked at."""
    return not future.cancelled() and future.exception() is None
