"""Compares a log's two copies and the signed checkpoints, and names the first difference.

Each body is read from the service and from the auditor; the tree is built here, from what was read.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from typing import Final, Protocol

from shared.infra.signing import MalformedNote, NotSigned, read_signed_by
from shared.kernel.checkpoint import Checkpoint
from shared.kernel.identifiers import LogName
from shared.kernel.merkle import Frontier, leaf_hash

PAGE: Final = 1_000
_STAMP: Final = ',"sequence":"0000000000","recordedtime":"2024-03-06T09:12:44.120331Z"}'
_SERVICE: Final = "the service's log"
_COPY: Final = "the auditor's copy"


class Bodies(Protocol):
    """One copy of a log."""

    async def size(self, log: LogName) -> int | None:
        """How many events it has; None when it knows no such log."""
        ...

    async def read(self, log: LogName, after: int, limit: int) -> Sequence[str]:
        """At most `limit` bodies after that number, in order."""
        ...


@dataclass(frozen=True, slots=True)
class LogVerdict:
    """What was found about one log.

    `events` agree in both copies; `signed` of them are under a checkpoint; `waiting` more have not
    reached the auditor yet. `difference` is the first one, in a sentence.
    """

    log: str
    events: int
    checkpoints: int
    signed: int
    waiting: int
    difference: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found about all logs that were looked at."""

    logs: Sequence[LogVerdict]

    @property
    def verified(self) -> bool:
        """Whether there was something to verify and no difference was found."""
        return bool(self.logs) and all(found.difference is None for found in self.logs)

    @property
    def difference(self) -> str | None:
        """The first difference found."""
        return next((found.difference for found in self.logs if found.difference), None)

    def document(self) -> dict[str, object]:
        """The result as a program reads it."""
        return {
            "verified": self.verified,
            "difference": self.difference,
            "logs": [asdict(found) for found in self.logs],
        }


class _Difference(Exception):
    """Something is not as it was signed or copied."""


@dataclass(slots=True)
class _Side:
    """One copy while it is read: how far it went, and the tree so far."""

    name: str
    tree: Frontier = field(default_factory=Frontier)
    leaves: list[bytes] = field(default_factory=list)
    ended: bool = False

    def take(self, leaf: bytes | None) -> None:
        if leaf is None:
            self.ended = True
        else:
            self.leaves.append(leaf)

    def grown(self) -> Frontier:
        self.tree, self.leaves = self.tree.extend(self.leaves), []
        return self.tree


async def verify_log(
    log: LogName,
    origin: str,
    service: Bodies,
    copy: Bodies,
    notes: Iterable[str],
    publics: Sequence[bytes],
) -> LogVerdict:
    """Compare both copies of a log with each other and with its checkpoints, given by size.

    Read the checkpoints first: what is added meanwhile must not look like a difference.
    """
    comparison = _Comparison(log, service, copy)
    difference = None
    try:
        comparison.signed = _signed(log, origin, notes, publics)
        await comparison.run()
    except _Difference as found:
        difference = str(found)
    return LogVerdict(
        log=str(log),
        events=comparison.agreed,
        checkpoints=len(comparison.signed),
        signed=max(comparison.signed, default=0),
        waiting=comparison.waiting,
        difference=difference,
    )


def _signed(
    log: LogName, origin: str, notes: Iterable[str], publics: Sequence[bytes]
) -> Mapping[int, Checkpoint]:
    signed: dict[int, Checkpoint] = {}
    for note in notes:
        try:
            checkpoint, _ = read_signed_by(note, publics)
        except (MalformedNote, NotSigned) as error:
            after = f"after the one of {max(signed)}" if signed else "at the beginning"
            raise _Difference(f"{log}: the checkpoint {after} is not good. {error}") from None
        if checkpoint.origin != origin:
            raise _Difference(f"{log}: a checkpoint of {checkpoint.origin} stands among its own.")
        before = signed.setdefault(checkpoint.size, checkpoint)
        if before.root != checkpoint.root:
            raise _Difference(
                f"{log}: the log was forked: two checkpoints of {checkpoint.size} were signed "
                "with different roots."
            )
    return dict(sorted(signed.items()))


class _Comparison:
    """One walk along both copies."""

    def __init__(self, log: LogName, service: Bodies, copy: Bodies) -> None:
        self.signed: Mapping[int, Checkpoint] = {}
        self.agreed = 0
        self.waiting = 0
        self._log = log
        self._readers = (service, copy)
        self._service, self._copy = _Side(_SERVICE), _Side(_COPY)
        self._sides = (self._service, self._copy)
        self._differs_at: int | None = None

    async def run(self) -> None:
        """Walk to the end of what was there at the start, or to the first difference."""
        service, copy = self._readers
        # the copy first: it follows the service, so it may not be ahead of it
        copied = await copy.size(self._log) or 0
        written = await service.size(self._log) or 0
        end = max(written, copied, *self.signed, 0)
        at = 0
        while at < end:
            at += await self._page(at, end)
        self._conclude()

    async def _page(self, at: int, end: int) -> int:
        limit = min(PAGE, end - at)
        ours, theirs = await asyncio.gather(
            *(reader.read(self._log, at, limit) for reader in self._readers)
        )
        if not ours and not theirs:
            missing = end - at
            raise _Difference(
                f"{self._log}: both copies end at {at}, though {end} were counted or signed: "
                f"the last {_events(missing)} missing from both."
            )
        for number, (mine, copied) in enumerate(zip_longest(ours, theirs), at + 1):
            self._next(number, mine, copied)
        return max(len(ours), len(theirs))

    def _next(self, number: int, mine: str | None, copied: str | None) -> None:
        leaf, same = _leaf(mine), mine == copied
        self._service.take(leaf)
        self._copy.take(leaf if same else _leaf(copied))
        if same:
            if mine is not None and not _is_numbered(mine, number):
                raise _Difference(f"{self._log}/{number}: the event there has another number.")
            self.agreed += self._differs_at is None
        elif copied is None and self._differs_at is None and number > max(self.signed, default=0):
            self.waiting += 1
        elif self._differs_at is None:
            self._differs_at = number
        if number in self.signed:
            self._check(self.signed[number])

    def _check(self, checkpoint: Checkpoint) -> None:
        bad = [
            side
            for side in self._sides
            if side.grown().size != checkpoint.size or side.tree.root() != checkpoint.root
        ]
        if bad:
            raise _Difference(self._accuse(bad, checkpoint.size))

    def _accuse(self, bad: Sequence[_Side], size: int) -> str:
        place = f"{self._log}/{self._differs_at}"
        if self._differs_at is None:
            before = max((known for known in self.signed if known < size), default=0)
            return (
                f"{self._log}: the checkpoint of {size} does not fit the log, on which the service "
                f"and the auditor agree: it was forked, or both copies were changed alike "
                f"after number {before}."
            )
        if len(bad) == 2:
            return (
                f"{place}: {_SERVICE} and {_COPY} differ, "
                f"and the checkpoint of {size} fits neither."
            )
        [accused] = bad
        other = self._copy.name if accused is self._service else self._service.name
        against = f"{other} and the signed checkpoint of {size} agree against it"
        if accused.ended:
            missing = size - accused.tree.size
            return (
                f"{place}: {accused.name} ends before it, and the last {_events(missing)} missing: "
                f"{against}."
            )
        return f"{place}: {accused.name} was changed: {against}."

    def _conclude(self) -> None:
        """Beyond the last checkpoint only the copies can be compared."""
        if self._differs_at is None:
            return
        place = f"{self._log}/{self._differs_at}"
        if self._service.ended:
            missing = self._copy.grown().size - self._service.grown().size
            raise _Difference(
                f"{place}: {_SERVICE} ends before it, "
                f"and the last {_events(missing)} missing: {_COPY} has more."
            )
        raise _Difference(
            f"{place}: {_SERVICE} and {_COPY} differ; no checkpoint covers it yet, "
            "so it cannot be said which was changed."
        )


def _leaf(body: str | None) -> bytes | None:
    return None if body is None else leaf_hash(body.encode())


def _events(count: int) -> str:
    return "event is" if count == 1 else f"{count} events are"


def _is_numbered(body: str, number: int) -> bool:
    """Whether the stamp at the end of a body, which has a fixed length, has this number."""
    return body[-len(_STAMP) :].startswith(f',"sequence":"{number:010d}","recordedtime":"')
