"""Publishes a service's logs to their topics: one relay per database, started again for ever.

Kafka may lose what it likes: the logs are the truth, and this is what brings topics back to them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import asyncpg
import structlog
from aiokafka.errors import KafkaError

from shared.infra.bus.access import BusAccess
from shared.infra.bus.publishing import Publisher
from shared.infra.bus.reading import TopicReader
from shared.infra.bus.standing import Standing
from shared.infra.bus.survey import Found, Survey
from shared.infra.bus.topics import make_topics
from shared.infra.bus.vouching import Copied, Vouching
from shared.infra.database import AWAY, Connection
from shared.infra.metrics import Metrics
from shared.infra.sql import load
from shared.kernel.identifiers import LogName

STOPPED: Final = frozenset({Standing.BEHIND, Standing.TWO_WRITERS})
POLL_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 0.2
"""Between a failure and the next attempt."""
NOTIFY_PAUSE_SECONDS: Final = 0.005
"""NOTIFY takes a lock of the whole cluster at commit: many appends share one."""
CHANNEL: Final = "partners_log"
_SQL: Final = load(__file__)
_logger = structlog.get_logger(__name__)


class Relay:
    """The relay of one process. Of all on a database one publishes, the others stand by."""

    def __init__(
        self,
        dsn: str,
        service: str,
        organisations: Sequence[str],
        access: BusAccess,
        metrics: Metrics,
        copied: Copied | None = None,
    ) -> None:
        """`copied` says how much of a log the auditor has; without it only the topic is asked."""
        self._dsn = dsn
        self._service = service
        self._organisations = tuple(organisations)
        self._access = access
        self._metrics = metrics
        self._copied = copied
        self._vouching = Vouching(service, metrics, copied)
        self._standings = dict.fromkeys(self._organisations, Standing.UNCHECKED)
        self._woken = asyncio.Event()
        self.active = False
        """Whether this process is the one that publishes."""

    @property
    def state(self) -> Mapping[str, Standing]:
        """Where each organisation's topic stands to its log."""
        return MappingProxyType(self._standings)

    def may_write(self, organisation: str) -> bool:
        """Whether commands may be taken: the topic was seen and knows no more than the database.

        A database restored from a backup must not give numbers again that the topic has already.
        """
        return self._standings.get(organisation) is Standing.PUBLISHING

    def wake(self) -> None:
        """Something was appended and committed."""
        self._woken.set()

    async def run(self) -> None:
        """Publish, or stand by until the publishing process is gone; ends only when cancelled."""
        while True:
            try:
                await self._with_database()
            except AWAY as error:
                _logger.warning("relay-database-away", error=type(error).__name__)
            finally:
                self.active = False
            self._trust_nothing()
            await asyncio.sleep(PAUSE_SECONDS)

    def _trust_nothing(self) -> None:
        """Another database may answer next time: no command until it was compared again."""
        self._standings = dict.fromkeys(self._organisations, Standing.UNCHECKED)

    async def _with_database(self) -> None:
        self._vouching = Vouching(self._service, self._metrics, self._copied)
        connection = await asyncpg.connect(
            self._dsn, server_settings={"application_name": f"{self._service} relay"}
        )
        try:
            # at once, not when the connection is used next
            connection.add_termination_listener(lambda _: self._trust_nothing())
            await connection.add_listener(CHANNEL, lambda *_: self._woken.set())
            checked = False
            while not await connection.fetchval(_SQL["try_to_lead"]):
                checked = await self._stand_by(connection, checked=checked)
            self.active = True
            _logger.info("relay-publishes", service=self._service)
            while True:
                await self._publish(connection)
        finally:
            await connection.close(timeout=PAUSE_SECONDS)

    async def _publish(self, connection: Connection) -> None:
        publisher = Publisher(
            self._service,
            self._organisations,
            self._access,
            connection,
            self._found,
            self._vouching,
        )
        try:
            await publisher.run(self._wait)
        except* KafkaError as group:
            reasons = {type(error).__name__ for error in _leaves(group)}
            _logger.warning("relay-starts-again", reasons=sorted(reasons))
            await asyncio.sleep(PAUSE_SECONDS)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    async def _stand_by(self, connection: Connection, *, checked: bool) -> bool:
        """One turn of standing by; whether this process has compared topics and logs itself."""
        if not checked:
            checked = await self._compare(connection)
        if checked:
            told = await connection.fetch(_SQL["standings"], list(self._organisations))
            for row in told:
                self._stands(row["organisation"], Standing(row["standing"]))
            checked = not STOPPED.intersection(self._standings.values())
        await self._wait(POLL_SECONDS)
        await connection.execute(_SQL["wake"])
        await asyncio.sleep(NOTIFY_PAUSE_SECONDS)
        return checked

    async def _compare(self, connection: Connection) -> bool:
        names = [str(LogName(self._service, code)) for code in self._organisations]
        try:
            await make_topics(self._access, names)
            async with TopicReader(self._access, names) as reader:
                survey = Survey(self._service, connection, reader, self._vouching)
                standings = await survey.standings(self._organisations)
        except KafkaError as error:
            _logger.warning("relay-bus-away", error=type(error).__name__)
            return False
        for organisation, standing in standings.items():
            self._stands(organisation, standing)
        return not STOPPED.intersection(standings.values())

    def _found(self, found: Mapping[str, Found]) -> None:
        for organisation, one in found.items():
            self._stands(organisation, one.standing)
            log = str(LogName(self._service, organisation))
            self._metrics.published.labels(log).set(one.published.sequence)

    def _stands(self, organisation: str, standing: Standing) -> None:
        before, self._standings[organisation] = self._standings[organisation], standing
        if standing is before:
            return
        log = str(LogName(self._service, organisation))
        if standing in STOPPED:
            self._metrics.alarms.labels(standing.value, log).inc()
            _logger.error("log-stopped", log=log, standing=standing.value)
        elif before in STOPPED:
            _logger.info("log-goes-on", log=log)


def _leaves(group: BaseExceptionGroup[KafkaError]) -> list[KafkaError]:
    found: list[KafkaError] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
