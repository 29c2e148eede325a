"""What is to be written after a log's head: the events that were kept, and lost numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.contracts.envelope import Cause, Draft, Recorded, compose, read
from shared.contracts.log import LogClosed, LogOpened, NumberLost
from shared.infra.identifiers import new_event_id, new_traceparent
from shared.infra.recovery.findings import CannotRecover
from shared.kernel.identifiers import LogName, derive
from shared.kernel.moments import format_moment

LOST: Final = "The database was restored from a backup, and nobody had kept this event."


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive events that follow a log's head; those at `lost` only say that one was lost."""

    name: LogName
    head: int
    events: Sequence[Recorded]
    lost: Sequence[int]

    @property
    def end(self) -> int:
        """The head after it is written."""
        return self.head + len(self.events)

    @property
    def recorded_at(self) -> datetime:
        """The log's system time after it is written."""
        return self.events[-1].recorded_at

    @property
    def closes(self) -> bool:
        """Whether the log is closed with it."""
        return any(event.type == LogClosed.__name__ for event in self.events)

    def brought_back(self) -> Iterator[Recorded]:
        """The events that were kept."""
        return (event for event in self.events if event.sequence not in self.lost)

    def whole_decisions(self) -> Iterator[Recorded]:
        """Of those, the events whose decision can be seen to its end.

        What is appended in one call is consecutive: the end of the last, and of one before a lost
        number, may be among what nobody saw.
        """
        doubtful = {self.events[-1].causation_id} if self.events else set[UUID]()
        for before, after in zip(self.events, self.events[1:], strict=False):
            if after.sequence in self.lost:
                doubtful.add(before.causation_id)
            if before.sequence in self.lost:
                doubtful.add(after.causation_id)
        return (event for event in self.brought_back() if event.causation_id not in doubtful)


@dataclass(frozen=True, slots=True)
class Opening:
    """What the numbers that are lost need to know of their log: its identity and where it stood.

    `version` is the last one in the log's own stream.
    """

    log_id: UUID
    recorded_at: datetime
    version: int


def run_of(
    name: LogName, head: int, kept: Mapping[int, Recorded], seen: int, opening: Opening | None
) -> Run:
    """Everything from after `head` to `seen`; a number nobody kept is filled with `NumberLost`."""
    if head == 0:
        opening = _opening_of(name, kept.get(1))
    if opening is None:
        raise CannotRecover(f"{name}: the database has no first event of this log.")
    stream = f"log/{opening.log_id}"
    versions = [event.version for event in kept.values() if event.stream == stream]
    version, at = max([opening.version, *versions]), opening.recorded_at
    events: list[Recorded] = []
    lost: list[int] = []
    for number in range(head + 1, seen + 1):
        event = kept.get(number)
        if event is None:
            version += 1
            event = _lost(name, opening.log_id, number, version, at)
            lost.append(number)
        at = event.recorded_at
        events.append(event)
    return Run(name, head, events, lost)


def _opening_of(name: LogName, first: Recorded | None) -> Opening:
    event = first.event() if first else None
    if first is None or not isinstance(event, LogOpened):
        raise CannotRecover(f"{name}: nobody kept the first event, which says which log it is.")
    return Opening(event.log_id, first.recorded_at, first.version)


def _lost(name: LogName, log_id: UUID, number: int, version: int, at: datetime) -> Recorded:
    loss = derive(log_id, f"lost/{number}")
    body = compose(
        Draft(
            log=name,
            stream=f"log/{log_id}",
            version=version,
            event=NumberLost(reason=LOST),
            id=new_event_id(at),
            time=at,
            cause=Cause(loss, loss, f"system/{name.service}", new_traceparent()),
        )
    )
    # the stamp as log.stamped() joins it: the number is not the next, so append() cannot
    stamp = f',"sequence":"{number:010d}","recordedtime":"{format_moment(at)}"}}'
    return read(body[:-1] + stamp)
