"""Runs experiments: rounds in which the contenders take turns, each round begun by the next one."""

import asyncio
import gc
import logging
from collections.abc import Callable, Mapping

import structlog
import uvloop

from deploy.bench.measures import Contender, Experiment, Figures, Outcome, outcomes
from deploy.bench.place import Place
from shared.infra.garbage import settle

Told = Callable[[str], None]


def run(experiment: Experiment, place: Place, told: Told) -> list[Outcome]:
    """All rounds of one experiment; `told` hears of each turn."""
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=quiet)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(experiment, place, told))


async def _run(experiment: Experiment, place: Place, told: Told) -> list[Outcome]:
    rounds = min(place.scale.rounds, experiment.rounds or place.scale.rounds)
    async with experiment.prepare(place) as contenders:
        # as a service does when all is wired; the peer has it too
        settle()
        found = [await _round(contenders, number, told) for number in range(rounds)]
    return outcomes(experiment.targets, found)


async def _round(contenders: Mapping[str, Contender], number: int, told: Told) -> Figures:
    names = list(contenders)
    turn = number % len(names)
    figures: dict[str, float] = {}
    for name in names[turn:] + names[:turn]:
        # what one contender left behind is not the next one's to clear away
        gc.collect()
        found = await contenders[name]()
        told(f"round {number + 1}, " + ", ".join(f"{n} {v:,.4g}" for n, v in found.items()))
        figures |= found
    return figures
