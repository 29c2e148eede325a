"""Looks at topics and says where each stands to its log: cheaply when all is well."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from aiokafka import ConsumerRecord

from shared.contracts import envelope
from shared.infra import log
from shared.infra.bus.reading import CHUNK, TopicReader
from shared.infra.bus.standing import Claim, Published, Standing, judge, went_back
from shared.infra.bus.vouching import Vouching
from shared.infra.database import Connection
from shared.infra.sql import load
from shared.kernel.identifiers import LogName

_SQL: Final = load(__file__)


@dataclass(frozen=True, slots=True)
class Found:
    """Where one topic stands, and from where publishing goes on."""

    standing: Standing
    published: Published


class Survey:
    """Compares the topics of one service's logs with the logs."""

    def __init__(
        self, service: str, connection: Connection, reader: TopicReader, vouching: Vouching
    ) -> None:
        self._service = service
        self._connection = connection
        self._reader = reader
        self._vouching = vouching
        self._foreign_tails: dict[str, tuple[Published, int]] = {}

    async def look(self, known: Mapping[str, Published]) -> dict[str, Found]:
        """Where each log's topic stands; `known` is the confirmed prefix, with nothing in flight.

        All is well when the topic's last record stands at the confirmed offset and is byte for byte
        the log's entry of the confirmed number; any other topic is looked at closely.
        """
        ends = await self._reader.ends()
        lasts = await self._reader.last(ends)
        ours = await self._bodies(known)
        found: dict[str, Found] = {}
        for organisation, prefix in known.items():
            topic = self._topic(organisation)
            end, last = ends[topic], lasts.get(topic)
            if last is None:
                # nothing is there: what was confirmed, if anything, is published again
                standing = await self._without_topic(organisation)
                found[organisation] = Found(standing, Published(end=end))
            elif self._well(organisation, prefix, last, ours.get(organisation)):
                self._vouching.shown(organisation)
                found[organisation] = Found(Standing.PUBLISHING, replace(prefix, end=end))
            else:
                found[organisation] = await self._look_closely(organisation, prefix, end, last)
        return found

    async def standings(self, organisations: Iterable[str]) -> dict[str, Standing]:
        """Only whether each topic lets its log be written, without the confirmed prefix."""
        lasts = await self._reader.last(await self._reader.ends())
        return {
            organisation: await self._standing(organisation, lasts.get(self._topic(organisation)))
            for organisation in organisations
        }

    async def _standing(self, organisation: str, last: ConsumerRecord | None) -> Standing:
        if last is None:
            return await self._without_topic(organisation)
        claims = await self._claims(organisation, last)
        standing = judge(*claims)
        if standing is Standing.PUBLISHING:
            self._vouching.shown(organisation)
        elif standing is Standing.BEHIND and claims[0] is not None:
            self._vouching.saw(organisation, claims[0].sequence)
        return standing

    async def _without_topic(self, organisation: str) -> Standing:
        head = await log.head(self._connection, organisation)
        return await self._vouching.without_topic(organisation, head.sequence if head else 0)

    def _topic(self, organisation: str) -> str:
        return str(LogName(self._service, organisation))

    def _well(
        self,
        organisation: str,
        prefix: Published,
        last: ConsumerRecord,
        ours: bytes | None,
    ) -> bool:
        if last.offset == prefix.offset and last.value == ours:
            return True
        # what follows our last record was looked at before and was foreign
        return self._foreign_tails.get(organisation) == (replace(prefix, end=0), last.offset)

    async def _look_closely(
        self, organisation: str, prefix: Published, end: int, last: ConsumerRecord
    ) -> Found:
        standing = await self._standing(organisation, last)
        if standing is not Standing.PUBLISHING:
            return Found(standing, prefix)
        topic = self._topic(organisation)
        anchor = None
        if 0 <= prefix.offset <= last.offset:
            anchor = await self._reader.at(topic, prefix.offset)
        ours = (await self._bodies({organisation: prefix})).get(organisation)
        if went_back(prefix, end, anchor and anchor.value, ours):
            prefix = Published()
        start = prefix.offset + 1 if prefix.sequence else await self._reader.beginning(topic)
        published = await self._follow(organisation, prefix, start, last.offset + 1)
        published = replace(published, end=end)
        if last.offset > published.offset:
            self._foreign_tails[organisation] = (replace(published, end=0), last.offset)
        return Found(Standing.PUBLISHING, published)

    async def _claims(
        self, organisation: str, end: ConsumerRecord
    ) -> tuple[Claim | None, Claim | None]:
        """Reading back from the end: the last event of this log, and the last within its head."""
        name, last = LogName(self._service, organisation), None
        async for record in self._reader.backwards(str(name), end.offset):
            sequence = _claimed(record, name)
            if sequence is None:
                continue
            # the log is asked after the topic was read, so it is never the older of the two
            ours = await self._body(organisation, sequence)
            claim = Claim(sequence, record.value, ours)
            last = last or claim
            if ours is not None:
                return last, claim
        return last, None

    async def _follow(
        self, organisation: str, prefix: Published, start: int, stop: int
    ) -> Published:
        """The longest prefix of the log the topic has in order, byte for byte, from `start` on."""
        ahead: dict[int, bytes] = {}
        async for record in self._reader.forwards(self._topic(organisation), start, stop):
            following = prefix.sequence + 1
            if following not in ahead:
                rows = await self._connection.fetch(
                    _SQL["following"], organisation, prefix.sequence, CHUNK
                )
                ahead = {row["sequence"]: row["body"].encode() for row in rows}
            if record.value is not None and record.value == ahead.get(following):
                prefix = replace(prefix, sequence=following, offset=record.offset)
        return prefix

    async def _bodies(self, known: Mapping[str, Published]) -> dict[str, bytes]:
        wanted = {o: prefix.sequence for o, prefix in known.items() if prefix.sequence}
        rows = await self._connection.fetch(
            _SQL["one_body_of_each"], list(wanted), list(wanted.values())
        )
        return {row["organisation"]: row["body"].encode() for row in rows}

    async def _body(self, organisation: str, sequence: int) -> bytes | None:
        body = await self._connection.fetchval(_SQL["body"], organisation, sequence)
        return body.encode() if body is not None else None


def _claimed(record: ConsumerRecord, name: LogName) -> int | None:
    """The number a record claims in this log; None when it is no well-formed event of it."""
    if record.value is None:
        return None
    try:
        event = envelope.read(record.value)
    except envelope.Malformed:
        return None
    return event.sequence if event.log == name else None
