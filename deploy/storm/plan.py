"""What a storm does and in which order: chosen by a seed, so that it can be had again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random  # noqa: TID251 - a seeded choice, the same at every run
from typing import Final


class Kind(StrEnum):
    """A kind of disturbance, in the words of the report."""

    KILL = "a service killed"
    KILL_DATABASE = "PostgreSQL killed"
    BUS_LOSS = "the broker lost with everything in it"
    PAUSE = "a service paused past its lease"
    FULL_DISK = "a service's disk full"
    REWIND = "consumers moved back to the beginning"
    CUT_DATABASE = "a service cut off from its database"
    CUT_BUS = "every service cut off from the broker"
    CUT_KEYS = "every service cut off from another's log and keys"
    RESTORE = "a database restored from an earlier copy and recovered"
    COPY = "a database copied"


ALONE: Final = frozenset({Kind.COPY, Kind.RESTORE})
"""Kinds that are done between two steps, with all at rest: who restores sees to it that what was
acknowledged had reached the topic or the auditor, since nobody else keeps it."""
DATABASE_SHARE: Final = 8
"""One kill in so many, and at least one, is PostgreSQL's."""
OTHERS_SHARE: Final = 10
RESTORES_SHARE: Final = 20
LONGEST_PAUSE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something done to `target` while the story plays step `step`, after a pause."""

    step: int
    pause_seconds: float
    kind: Kind
    target: str


@dataclass(frozen=True, slots=True)
class Strength:
    """How much there is in a storm; of the kinds that are not named, a share of the kills."""

    kills: int
    bus_losses: int

    def counts(self) -> Mapping[Kind, int]:
        """How often each kind is done."""
        databases = -(-self.kills // DATABASE_SHARE)
        named = {
            Kind.KILL: self.kills - databases,
            Kind.KILL_DATABASE: databases,
            Kind.BUS_LOSS: self.bus_losses,
            Kind.RESTORE: -(-self.kills // RESTORES_SHARE),
            # one comes before each restore
            Kind.COPY: 0,
        }
        others = -(-self.kills // OTHERS_SHARE)
        return {kind: named.get(kind, others) for kind in Kind}


@dataclass(frozen=True, slots=True)
class Targets:
    """Who may be disturbed: every process of a service, those that keep files, databases."""

    services: Sequence[str]
    writers: Sequence[str]
    databases: Sequence[str]
    keepers: Sequence[str]
    """Deployments whose logs and keys others read."""

    def of(self, kind: Kind) -> Sequence[str]:
        """Those a kind of disturbance chooses from."""
        match kind:
            case Kind.KILL_DATABASE:
                return ["postgres"]
            case Kind.BUS_LOSS | Kind.CUT_BUS:
                return ["broker"]
            case Kind.FULL_DISK:
                return self.writers
            case Kind.CUT_KEYS:
                return self.keepers
            case Kind.RESTORE | Kind.COPY:
                return self.databases
            case _:
                return self.services


def plan(seed: int, strength: Strength, steps: int, targets: Targets) -> list[Disturbance]:
    """The disturbances in order, spread over the steps of a story."""
    chance = Random(seed)  # noqa: S311 - nothing secret is chosen
    kinds = [kind for kind, count in strength.counts().items() for _ in range(count)]
    chance.shuffle(kinds)
    # the first step begins when nothing has happened yet, so nothing would be disturbed
    at = sorted(chance.randrange(1, max(2, steps)) for _ in kinds)
    planned: list[Disturbance] = []
    for step, kind in zip(at, kinds, strict=True):
        pause = round(chance.uniform(0.0, LONGEST_PAUSE_SECONDS), 2)
        target = chance.choice(targets.of(kind))
        if kind is Kind.RESTORE:
            planned.append(Disturbance(chance.randrange(step), 0.0, Kind.COPY, target))
        planned.append(Disturbance(step, pause, kind, target))
    return sorted(planned, key=lambda one: one.step)
