"""What the bench compares: contenders that take turns, the figures they give, and the targets."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeAlias

from deploy.bench.place import Place

Figures: TypeAlias = Mapping[str, float]
"""Named figures of one turn: a rate, a latency, an amount."""
Contender: TypeAlias = Callable[[], Awaitable[Figures]]


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on the ratio of two figures, or, without `theirs`, on the figure itself.

    Without a bound it explains another: it is shown, and held only against the run kept.
    """

    name: str
    ours: str
    unit: str
    theirs: str | None = None
    against: str = ""
    at_least: float | None = None
    at_most: float | None = None

    def allows(self, ratio: float) -> bool:
        """Whether the bound is kept."""
        return (self.at_least is None or ratio >= self.at_least) and (
            self.at_most is None or ratio <= self.at_most
        )

    @property
    def bound(self) -> str:
        """The bound in words; nothing where there is none."""
        if self.at_least is not None:
            return f"at least {self.at_least}"
        return "" if self.at_most is None else f"at most {self.at_most}"

    @property
    def bounded(self) -> bool:
        """Whether it can be missed."""
        return self.at_least is not None or self.at_most is not None


@dataclass(frozen=True, slots=True)
class Experiment:
    """Contenders on one set-up; `prepare` makes it and names them in the order of the first round.

    `ours` is the contender that `partners bench profile` looks into.
    """

    name: str
    title: str
    targets: Sequence[Target]
    prepare: Callable[[Place], AbstractAsyncContextManager[Mapping[str, Contender]]]
    ours: str = "ours"
    rounds: int | None = None
    """How many rounds at most, for what changes little and takes long."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of a figure over all rounds, and its extremes."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Spread":
        """The spread of at least one figure."""
        return cls(median(figures), min(figures), max(figures))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one target."""

    target: Target
    ours: Spread
    theirs: Spread | None
    rounds: int

    @property
    def ratio(self) -> float:
        """Ours to theirs; the figure itself where nothing stands beside it."""
        return self.ours.median / (self.theirs.median if self.theirs else 1.0)

    @property
    def met(self) -> bool:
        """Whether the target's bound is kept."""
        return self.target.allows(self.ratio)

    def document(self) -> dict[str, Any]:
        """The outcome as a program reads it."""
        bounds = {"at_least": self.target.at_least, "at_most": self.target.at_most}
        theirs = self.theirs
        return {
            "name": self.target.name,
            "against": self.target.against,
            "ours": _figure(self.ours.median),
            "theirs": theirs and _figure(theirs.median),
            "unit": self.target.unit,
            "ratio": _figure(self.ratio),
            **{name: bound for name, bound in bounds.items() if bound is not None},
            "met": self.met,
            "rounds": self.rounds,
            "ours_spread": [_figure(self.ours.least), _figure(self.ours.most)],
            "theirs_spread": theirs and [_figure(theirs.least), _figure(theirs.most)],
        }


def outcomes(targets: Sequence[Target], rounds: Sequence[Figures]) -> list[Outcome]:
    """What the rounds say about each target."""
    return [
        Outcome(
            target,
            Spread.of([figures[target.ours] for figures in rounds]),
            Spread.of([figures[target.theirs] for figures in rounds]) if target.theirs else None,
            len(rounds),
        )
        for target in targets
    ]


def _figure(value: float) -> float:
    """Four digits that count."""
    return float(f"{value:.4g}")
