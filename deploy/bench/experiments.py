"""Everything the bench measures, in the order it is measured."""

from collections.abc import Sequence
from typing import Final

from deploy.bench import latency, rebuilding, relaying, resting, verifying, writing
from deploy.bench.measures import Experiment

EXPERIMENTS: Final[Sequence[Experiment]] = (
    *writing.EXPERIMENTS,
    relaying.EXPERIMENT,
    rebuilding.EXPERIMENT,
    verifying.EXPERIMENT,
    latency.EXPERIMENT,
    resting.EXPERIMENT,
)


class UnknownMeasure(LookupError):
    """There is no measure of this name."""

    def __init__(self, name: str) -> None:
        names = ", ".join(experiment.name for experiment in EXPERIMENTS)
        super().__init__(f"There is no measure called {name}. These can be measured: {names}.")


def chosen(names: Sequence[str]) -> list[Experiment]:
    """The experiments of these names, which may also be those of targets; all without names."""
    known = {experiment.name: experiment for experiment in EXPERIMENTS}
    for experiment in EXPERIMENTS:
        known |= dict.fromkeys((target.name for target in experiment.targets), experiment)
    for name in names:
        if name not in known:
            raise UnknownMeasure(name)
    wanted = [known[name] for name in names] or list(EXPERIMENTS)
    return list({experiment.name: experiment for experiment in wanted}.values())
