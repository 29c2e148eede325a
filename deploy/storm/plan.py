"""What a storm does and in which order: chosen by a seed, so that it can be had again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    FULL_DATABASE_DISK = "PostgreSQL's disk full"
    REWIND = "consumers moved back to the beginning"
    CUT_DATABASE = "a service cut off from its database"
    CUT_BUS = "every service cut off from the broker"
    CUT_KEYS = "every service cut off from another's log and keys"
    RESTORE = "a database restored from an earlier copy and recovered"
    COPY = "a database copied"
    OUTAGE = "one organisation cut off while others go on"


ALONE: Final = frozenset({Kind.COPY, Kind.RESTORE})
"""Kinds that are done between two steps, with all at rest: who restores sees to it that what was
acknowledged had reached the topic or the auditor, since nobody else keeps it."""
DATABASE_SHARE: Final = 8
"""One kill in so many, and at least one, is PostgreSQL's."""
OTHERS_SHARE: Final = 10
RESTORES_SHARE: Final = 20
LONGEST_PAUSE_SECONDS: Final = 1.0
AGE: Final = timedelta(hours=1)
"""How old a copy is at least when it is restored, in the story's time."""


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
    drills: int = 0
    """Kills, and as many losses of the broker, after the story, each with all else undisturbed."""

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
            # one at every step that concerns several organisations
            Kind.OUTAGE: 0,
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
    trusts: Sequence[str] = ()
    """Deployments that serve one organisation of several."""

    def of(self, kind: Kind) -> Sequence[str]:
        """Those a kind of disturbance chooses from."""
        chosen: Mapping[Kind, Sequence[str]] = {
            Kind.KILL_DATABASE: ["postgres"],
            Kind.FULL_DATABASE_DISK: ["postgres"],
            Kind.BUS_LOSS: ["broker"],
            Kind.CUT_BUS: ["broker"],
            Kind.FULL_DISK: self.writers,
            Kind.CUT_KEYS: self.keepers,
            Kind.RESTORE: self.databases,
            Kind.COPY: self.databases,
            Kind.OUTAGE: self.trusts,
        }
        return chosen.get(kind, self.services)


def plan(
    seed: int,
    strength: Strength,
    moments: Sequence[datetime],
    targets: Targets,
    shared: Sequence[int] = (),
) -> list[Disturbance]:
    """The disturbances in order, spread over the steps of a story, which are at these moments.

    `shared` are the steps at which several organisations' logs are written.
    """
    chance = Random(seed)  # noqa: S311 - nothing secret is chosen
    kinds = [kind for kind, count in strength.counts().items() for _ in range(count)]
    chance.shuffle(kinds)
    # the first step begins when nothing has happened yet, so nothing would be disturbed
    at = sorted(chance.randrange(1, max(2, len(moments))) for _ in kinds)
    planned: list[Disturbance] = []
    copied: set[str] = set()
    for step, kind in zip(at, kinds, strict=True):
        pause = round(chance.uniform(0.0, LONGEST_PAUSE_SECONDS), 2)
        target = chance.choice(targets.of(kind))
        if kind is Kind.RESTORE:
            step = _with_an_hour_before(step, moments)  # noqa: PLW2901 - not before there is one
            if target not in copied:
                # one copy of each: a later restore brings back more
                copied.add(target)
                old = [n for n in range(step) if moments[n] <= moments[step] - AGE]
                planned.append(Disturbance(chance.choice(old or [0]), 0.0, Kind.COPY, target))
        planned.append(Disturbance(step, pause, kind, target))
    if targets.trusts:
        planned += [
            Disturbance(step, 0.0, Kind.OUTAGE, chance.choice(targets.trusts)) for step in shared
        ]
    return sorted(planned, key=lambda one: one.step)


def drills(seed: int, strength: Strength, targets: Targets) -> list[Disturbance]:
    """What is done when the story is over, one after the other: it shows how long each takes."""
    chance = Random(seed)  # noqa: S311 - nothing secret is chosen
    killed = [chance.choice(targets.services) for _ in range(strength.drills)]
    return [
        Disturbance(0, 0.0, kind, target)
        for name in killed
        for kind, target in ((Kind.KILL, name), (Kind.BUS_LOSS, "broker"))
    ]


def _with_an_hour_before(step: int, moments: Sequence[datetime]) -> int:
    """The first step from this one on that is an hour after the beginning of the story."""
    old_enough = (n for n in range(step, len(moments)) if moments[n] >= moments[0] + AGE)
    return next(old_enough, len(moments) - 1)
