"""Events of the log itself, which every service writes alike, in stream `log/<log id>`."""

from uuid import UUID

from shared.contracts.event import Event
from shared.kernel.identifiers import Organisation


class LogEvent(Event, service="log"):
    """Written by the kit in any service's log."""


class LogOpened(LogEvent):
    """The first event of every log: which installation it belongs to, and its own identity."""

    installation: str
    log_id: UUID


class LogClosed(LogEvent):
    """Nothing more is written here; the successor's log goes on."""

    successor: Organisation


class LogHandedOver(LogEvent):
    """The organisation now runs this service itself, from this place on."""

    operator: str


class EventDiscarded(LogEvent):
    """An operator decided that a consumer shall never apply this event; rebuilds obey."""

    consumer: str
    position: str
    reason: str


class NumberLost(LogEvent):
    """This number was seen, but nobody kept its event; it stands for nothing."""

    reason: str
