"""Where a topic stands to its log (BYTES, what a relay may delete)."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """What a relay makes of a topic. Only `PUBLISHING` lets the service take commands."""

    UNCHECKED = "unchecked"
    PUBLISHING = "publishing"
    BEHIND = "behind"
    TWO_WRITERS = "two-writers"


@dataclass(frozen=True, slots=True)
class Published:
    """A log's contiguous confirmed prefix: last number, that record's offset, the topic's end."""

    sequence: int = 0
    offset: int = -1
    end: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A record of the topic that is a well-formed event of this log: its number and exact bytes.

    `ours` is what the log has at that number; None beyond its head.
    """

    sequence: int
    theirs: bytes
    ours: bytes | None

    @property
    def ours_too(self) -> bool:
        """Whether it is the log's own entry, byte for byte."""
        return self.theirs == self.ours


def judge(last: Claim | None, within: Claim | None) -> Standing:
    """Whether a relay may publish, from the topic's last claim and its last within the log's head.

    A number beyond the head says the database is behind its topic, unless an earlier number has
    other bytes: then two databases write under one name.
    """
    if last is None or last.ours_too:
        return Standing.PUBLISHING
    if within is not None and not within.ours_too:
        return Standing.TWO_WRITERS
    return Standing.BEHIND


def went_back(known: Published, end: int, anchor: bytes | None, ours: bytes | None) -> bool:
    """Whether the topic lost what was confirmed: its end fell, or its last record is not there.

    `anchor` is what is now at the confirmed offset, `ours` the log's entry of that number.
    """
    if known.sequence == 0:
        return False
    return end < known.end or anchor is None or anchor != ours
