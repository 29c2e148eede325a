"""Who says that a database is not behind its log, when the topic has nothing to say."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import structlog

from shared.infra.bus.sources import SourceAway
from shared.infra.bus.standing import Standing
from shared.infra.metrics import Metrics
from shared.kernel.identifiers import LogName

LOOKS_WITHOUT_AUDITOR: Final = 5
"""Looks, a second apart, for which the auditor is waited for: its outage stops nobody for ever."""
_logger = structlog.get_logger(__name__)

Copied: TypeAlias = Callable[[LogName], Awaitable[int]]
"""How many events of a log the auditor has. Raises SourceAway."""


class Vouching:
    """What is known about the logs of one database session, beyond what the topics show.

    Both the database and the bus may have been lost: then the auditor alone knows what was written.
    """

    def __init__(self, service: str, metrics: Metrics, copied: Copied | None) -> None:
        self._service = service
        self._metrics = metrics
        self._copied = copied
        self._vouched: set[str] = set()
        self._seen: dict[str, int] = {}
        self._looks: dict[str, int] = {}

    def shown(self, organisation: str) -> None:
        """The topic has nothing that the database lacks."""
        self._vouched.add(organisation)

    def saw(self, organisation: str, number: int) -> None:
        """This number was given in the log, whatever the database says."""
        self._seen[organisation] = max(number, self._seen.get(organisation, 0))

    async def without_topic(self, organisation: str, head: int) -> Standing:
        """Where a log stands whose topic is empty."""
        if head < self._seen.get(organisation, 0):
            return Standing.BEHIND
        if organisation in self._vouched or self._copied is None or head <= 1:
            return Standing.PUBLISHING
        try:
            self.saw(organisation, await self._copied(LogName(self._service, organisation)))
        except SourceAway as away:
            return self._wait(organisation, str(away))
        if head < self._seen[organisation]:
            return Standing.BEHIND
        self._vouched.add(organisation)
        return Standing.PUBLISHING

    def _wait(self, organisation: str, reason: str) -> Standing:
        looks = self._looks[organisation] = self._looks.get(organisation, 0) + 1
        if looks < LOOKS_WITHOUT_AUDITOR:
            return Standing.UNCHECKED
        log = str(LogName(self._service, organisation))
        self._metrics.alarms.labels("nobody-vouches", log).inc()
        _logger.error("nobody-vouches", log=log, reason=reason)
        self._vouched.add(organisation)
        return Standing.PUBLISHING
