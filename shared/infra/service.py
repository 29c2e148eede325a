"""What a service says of itself in its app.py; the runtime turns it into a process."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from shared.contracts.event import Event
from shared.infra.bus.handling import Fold, Reaction
from shared.infra.deadlines import Timer
from shared.infra.erasure import ERASE_AGAIN, erasing_again, erasure_deadlines
from shared.infra.kit import Kit
from shared.infra.settings import ServiceSettings
from shared.kernel.deadlines import Deadline
from shared.kernel.retention import RETENTION_POLICY, RetentionTerms


def _none(_: Kit) -> tuple[()]:
    return ()


def _no_deadlines(_: str, __: str, ___: Event, ____: datetime) -> tuple[()]:
    return ()


@dataclass(frozen=True, slots=True)
class Service:
    """A service: its routes, what it reacts to, what it folds, what time brings, its own tables.

    `background` are endless coroutines; `prepare` runs once when the database is reached and before
    any consumer starts; `policies` are the kinds it decides by, with the shape of their terms;
    `log_readers` are the roles that may read its logs; `examples` has one for each form it takes.
    """

    name: str
    router: Callable[[Kit], APIRouter]
    settings: type[ServiceSettings] = ServiceSettings
    reactions: Callable[[Kit], Sequence[Reaction]] = _none
    folds: Callable[[Kit], Sequence[Fold]] = _none
    background: Callable[[Kit], Sequence[Coroutine[Any, Any, None]]] = _none
    prepare: Callable[[Kit], Coroutine[Any, Any, None]] | None = None
    deadlines_of: Callable[[str, str, Event, datetime], Sequence[Deadline]] = _no_deadlines
    timers: Mapping[str, Timer] | None = None
    examples: Path | None = None
    policies: Mapping[str, type[BaseModel]] | None = None
    log_readers: frozenset[str] = frozenset({"service", "auditor", "operator"})

    def every_deadline_of(
        self, organisation: str, stream: str, event: Event, time: datetime
    ) -> Sequence[Deadline]:
        """The service's own deadlines, and the ends of what an erasure could not destroy yet."""
        return [
            *self.deadlines_of(organisation, stream, event, time),
            *erasure_deadlines(organisation, stream, event, time),
        ]

    def every_timer(self, kit: Kit) -> Mapping[str, Timer]:
        """What runs at those deadlines, by purpose."""
        return {**(self.timers or {}), ERASE_AGAIN: erasing_again(kit.keys)}

    def every_policy(self) -> Mapping[str, type[BaseModel]]:
        """The kinds of policy this service takes: its own, and how long it may keep keys."""
        return {**(self.policies or {}), RETENTION_POLICY: RetentionTerms}
