"""A moment at which something must be done about a stream."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Deadline:
    """At `due_at` the service's timer for `purpose` runs on this stream, once.

    Deadlines are a pure function of the event that sets them and are never taken back: a timer
    whose time was moved finds in the stream's state that there is nothing to do.
    """

    organisation: str
    stream: str
    purpose: str
    due_at: datetime
