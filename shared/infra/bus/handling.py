"""What a service says of its consumers: reactions decide, folds build tables."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from shared.contracts.envelope import Recorded
from shared.contracts.personal import Sealed
from shared.infra.database import Connection
from shared.infra.opening import Opened
from shared.infra.transaction import Transaction
from shared.kernel.identifiers import LogName

React: TypeAlias = Callable[[Transaction, Recorded, Mapping[str, Opened]], Awaitable[None]]
Beforehand: TypeAlias = Callable[[Recorded, Mapping[str, Opened]], Awaitable[Mapping[str, Opened]]]
Apply: TypeAlias = Callable[[Connection, LogName, Sequence[Recorded]], Awaitable[None]]
Compare: TypeAlias = Callable[[Connection, LogName, Mapping[int, bytes]], Awaitable[Sequence[int]]]
"""Answers the numbers whose bytes are not those it has; numbers it does not have are left out."""


def _nothing(_: Recorded) -> Mapping[str, Sealed]:
    return {}


@dataclass(frozen=True, slots=True)
class Handler:
    """What one event type leads to. What `opens` names is opened before the transaction begins.

    `beforehand` does what cannot be done inside it, such as sending; its answers join what was
    opened. It may run again for the same event: after a crash, or when the transaction failed.
    """

    react: React
    opens: Callable[[Recorded], Mapping[str, Sealed]] = _nothing
    purpose: str = ""
    beforehand: Beforehand | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """A consumer that decides: one transaction per source event. `consumer` is never renamed."""

    consumer: str
    source: str
    handlers: Mapping[str, Handler]

    @property
    def sources(self) -> tuple[str, ...]:
        """The services whose logs it reads."""
        return (self.source,)

    @property
    def schema(self) -> str:
        """Where its watermarks lie."""
        return "kit"


@dataclass(frozen=True, slots=True)
class Fold:
    """A consumer that builds tables: a batch per transaction. `schema` holds its watermarks.

    With `parks` false nothing is ever passed by: a log waits at an event that cannot be applied.
    `compare` looks for other bytes under a number that was applied before.
    """

    consumer: str
    sources: tuple[str, ...]
    schema: str
    apply: Apply
    parks: bool = True
    compare: Compare | None = None


Consumer: TypeAlias = Reaction | Fold
