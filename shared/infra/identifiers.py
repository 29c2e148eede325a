"""New identifiers: the one place where chance comes in."""

from datetime import UTC, datetime, timedelta
from os import urandom
from typing import Final
from uuid import UUID, uuid4

from shared.kernel.identifiers import uuid7

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def new_event_id(at: datetime) -> UUID:
    """A UUIDv7 for an event recorded at this time."""
    return uuid7((at - _EPOCH) // _MILLISECOND, urandom(10))


def new_stream_id(at: datetime) -> UUID:
    """A UUIDv7 for a stream that no cause can name."""
    return uuid7((at - _EPOCH) // _MILLISECOND, urandom(10))


def new_person_id() -> UUID:
    """A person's identifier tells nothing, not even when it was made."""
    return uuid4()


def new_log_id() -> UUID:
    """The identity of a log: two logs under one organisation's code are told apart by it."""
    return uuid4()


def new_traceparent() -> str:
    """A trace of our own where nobody sent one (W3C Trace Context, version 00, sampled)."""
    chance = urandom(24).hex()
    return f"00-{chance[:32]}-{chance[32:]}-01"
