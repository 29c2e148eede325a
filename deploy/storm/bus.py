"""The bus as a stormer sees and disturbs it: carrying again, doubled, begun again."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from shared.infra.bus.access import BusAccess
from shared.infra.bus.clients import stay
from shared.infra.bus.reading import TopicReader
from shared.infra.endless import is_stray

PAUSE_SECONDS: Final = 0.2
_AGAIN: Final = "delivered-again"
"""The header by which the doubler knows its own records."""


class Strayed(KafkaError):  # type: ignore[misc]
    """A client's own cancellation came out of it, as when it is closed over a fetch."""


@contextmanager
def nothing_strays() -> Iterator[None]:
    """Let no cancellation out that nobody asked for."""
    try:
        yield
    except asyncio.CancelledError:
        if not is_stray():
            raise
        raise Strayed from None


async def carries(access: BusAccess, heads: Mapping[str, int]) -> bool:
    """Whether every log's topic has all numbers up to the one the log stood at."""
    try:
        return not await holes(access, heads)
    except (KafkaError, OSError):
        return False


async def holes(access: BusAccess, heads: Mapping[str, int]) -> dict[str, int]:
    """The first number that each log's topic lacks, of those that lack one."""
    found: dict[str, int] = {}
    with nothing_strays():
        async with TopicReader(access, list(heads)) as reader:
            lasts = await reader.last(await reader.ends())
            for log, head in heads.items():
                numbers = set[int]()
                if last := lasts.get(log):
                    start = await reader.beginning(log)
                    async for record in reader.forwards(log, start, last.offset + 1):
                        numbers.add(_number(record.headers))
                if lacking := set(range(1, head + 1)) - numbers:
                    found[log] = min(lacking)
    return found


async def begin_again(access: BusAccess, group: str, logs: Sequence[str], seconds: float) -> bool:
    """Join a group and put the logs it is given back to their first record; whether there were any.

    Members that were there get their logs back when its session ends, from where it put them.
    """
    consumer = AIOKafkaConsumer(
        *logs,
        **access.client(),
        group_id=group,
        session_timeout_ms=access.session_timeout_milliseconds,
        heartbeat_interval_ms=access.heartbeat_interval_milliseconds,
        enable_auto_commit=False,
    )
    try:
        async with asyncio.timeout(seconds):
            await consumer.start()
            # the group hands out its logs anew, which takes about half a session
            while not consumer.assignment():  # noqa: ASYNC110 - aiokafka has no event for it
                await asyncio.sleep(PAUSE_SECONDS)
            await consumer.commit(dict.fromkeys(consumer.assignment(), 0))
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        stay(consumer)
        with suppress(Strayed), nothing_strays():
            await consumer.stop()
    return True


class Doubler:
    """Delivers every record of some topics twice, until it is cancelled."""

    def __init__(self, access: BusAccess, logs: Sequence[str]) -> None:
        self._access = access
        self._places = [TopicPartition(log, 0) for log in logs]
        self.doubled = 0
        """How many records were put on their topics once more."""

    async def run(self) -> None:
        """Follow the topics; from their beginning again whenever the bus fails."""
        while True:
            try:
                with nothing_strays():
                    await self._follow()
            except (KafkaError, OSError):
                await asyncio.sleep(PAUSE_SECONDS)

    async def _follow(self) -> None:
        consumer, producer = self._access.reader(), self._access.producer()
        try:
            await consumer.start()
            await producer.start()
            consumer.assign(self._places)
            await consumer.seek_to_beginning(*self._places)
            while True:
                await self._double(consumer, producer)
        finally:
            await producer.stop()
            await consumer.stop()

    async def _double(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        sent = []
        for place, records in (await consumer.getmany(timeout_ms=200)).items():
            for record in records:
                headers = list(record.headers)
                if any(name == _AGAIN for name, _ in headers):
                    continue
                sent.append(
                    await producer.send(
                        place.topic,
                        record.value,
                        key=record.key,
                        partition=0,
                        headers=[*headers, (_AGAIN, b"1")],
                    )
                )
        if sent:
            await asyncio.gather(*sent)
            self.doubled += len(sent)


def _number(headers: Iterable[tuple[str, bytes]]) -> int:
    return next((int(value) for name, value in headers if name == "sequence"), 0)
