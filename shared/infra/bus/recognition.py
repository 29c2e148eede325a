"""What is this record? Decided from its bytes, its log and the number awaited alone."""

from dataclasses import dataclass
from re import compile as pattern
from typing import TypeAlias

from shared.contracts.envelope import LARGEST_BODY_OCTETS, Malformed, Recorded, read
from shared.kernel.identifiers import LogName

_NUMBER = pattern(rb"[0-9]{10}")


@dataclass(slots=True)
class Incoming:
    """A record as it came. `hint` is its `sequence` header, which decides nothing."""

    partition: int
    value: bytes | None
    hint: bytes | None = None
    _read: Recorded | Malformed | None = None

    def event(self) -> Recorded:
        """The event in it, read once for all consumers. Raises Malformed."""
        if self._read is None:
            try:
                self._read = read(self.value or b"")
            except Malformed as malformed:
                self._read = malformed
        if isinstance(self._read, Malformed):
            raise self._read
        return self._read


@dataclass(frozen=True, slots=True)
class Next:
    """The event whose turn it is."""

    event: Recorded


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A number that was applied before; its bytes should be the same."""

    sequence: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Ahead:
    """A number beyond the next: a gap if the source has these bytes there, else foreign."""

    sequence: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Doubtful:
    """No event that can be read: our own only if the source has these bytes at that number."""

    sequence: int
    value: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """Certainly no event of this log."""

    reason: str


Finding: TypeAlias = Next | Duplicate | Ahead | Doubtful | Foreign


def recognise(record: Incoming, log: LogName, watermark: int) -> Finding:
    """Say what a record on this log's topic is to a consumer that has applied up to `watermark`."""
    if (reason := _impossible(record)) or record.value is None:
        return Foreign(reason)
    try:
        event = record.event()
    except Malformed as malformed:
        return Doubtful(_hinted(record.hint, watermark + 1), record.value, str(malformed))
    if event.log != log:
        return Foreign("The event belongs to another log.")
    if event.sequence <= watermark:
        return Duplicate(event.sequence, record.value)
    if event.sequence == watermark + 1:
        return Next(event)
    return Ahead(event.sequence, record.value)


def _impossible(record: Incoming) -> str:
    if record.partition != 0:
        return "A log lies in partition 0 alone."
    if record.value is None:
        return "The record has no value."
    if len(record.value) > LARGEST_BODY_OCTETS:
        return "The value is larger than any body of ours."
    return ""


def _hinted(hint: bytes | None, awaited: int) -> int:
    """The number to look up for a record that cannot be read."""
    if hint is not None and _NUMBER.fullmatch(hint) and int(hint) > 0:
        return int(hint)
    return awaited
