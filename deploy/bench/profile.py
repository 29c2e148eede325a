"""Where the time of a measure goes: a table of functions and of whose they are."""

import asyncio
import cProfile
import pstats
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import uvloop

from deploy.bench.measures import Experiment
from deploy.bench.place import Place

_LINES: Final = 40
_Row: TypeAlias = tuple[float, int, str]


def profile(experiment: Experiment, place: Place) -> str:
    """One turn of ours under the profiler, after one to warm up: seconds, calls, place."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(_rows(experiment, place))
    whole = sum(row[0] for row in rows) or 1.0
    owners: dict[str, float] = {}
    for seconds, _, where in rows:
        owner = _owner(where)
        owners[owner] = owners.get(owner, 0.0) + seconds
    lines = [f"# {experiment.title}: {whole:.2f} s under the profiler", "", "share  whose"]
    lines += [f"{share / whole:5.1%}  {owner}" for owner, share in _largest(owners)]
    lines += ["", "share  seconds     calls  function (its own time)"]
    lines += [
        f"{seconds / whole:5.1%}  {seconds:7.3f}  {calls:8,}  {where}"
        for seconds, calls, where in sorted(rows, reverse=True)[:_LINES]
    ]
    return "\n".join(lines) + "\n"


async def _rows(experiment: Experiment, place: Place) -> list[_Row]:
    async with experiment.prepare(place) as contenders:
        ours = contenders[experiment.ours]
        await ours()
        profiler = cProfile.Profile()
        profiler.enable()
        await ours()
        profiler.disable()
    stats: Mapping[tuple[str, int, str], tuple[int, int, float, float, object]]
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    return [
        (own, calls, f"{_short(file)}:{line} {name}" if line else name)
        for (file, line, name), (_, calls, own, _, _) in stats.items()
    ]


def _short(file: str) -> str:
    """The file as its package has it."""
    for root in ("site-packages/", "python3.11/", f"{Path.cwd()}/"):
        file = file.rpartition(root)[2]
    return file


def _owner(where: str) -> str:
    """The package a function belongs to; `waiting` for what the loop and the sockets take."""
    if ":" not in where:
        return "built in"
    parts = where.split("/")
    return "/".join(parts[:2]) if parts[0] in ("shared", "services") else parts[0].split(":")[0]


def _largest(owners: Mapping[str, float]) -> Iterable[tuple[str, float]]:
    return sorted(owners.items(), key=lambda each: -each[1])[:12]
