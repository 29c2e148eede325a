"""`partners storm`: a story played while everything under it is disturbed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from deploy.cli.target import DATA
from deploy.embedded.children import EmbeddedFailure

STORY = Path(__file__).parents[1] / "demo" / "stories" / "two-partners.yaml"


def storm(
    story: Annotated[Path, typer.Option(help="The story to play; see docs/stories.md.")] = STORY,
    seed: Annotated[
        int | None, typer.Option(help="Chooses what is done and in which order; else by chance.")
    ] = None,
    kills: Annotated[int, typer.Option(help="Services and PostgreSQL killed (SIGKILL).")] = 10,
    bus_losses: Annotated[int, typer.Option(help="The broker lost with all in it.")] = 1,
    drills: Annotated[
        int,
        typer.Option(
            help="Kills and losses of the broker after the story, one at a time, to be timed."
        ),
    ] = 3,
    undisturbed: Annotated[
        Path | None,
        typer.Option(help="A report of the story without a storm; else it is played."),
    ] = None,
    minutes: Annotated[float, typer.Option(help="How long the story takes at least.")] = 0.0,
    data: Annotated[Path, typer.Option(help="Where the data is kept; emptied at the start.")] = DATA
    / "storm",
) -> None:
    """Play a story without a storm and in one, and compare what came of it.

    Ends with 0 when it came to the same and everything was back at work in time, 3 when something
    took too long, 1 when anything else does not hold.
    """
    from secrets import randbelow  # noqa: TID251 - a seed, which is printed

    from rich.console import Console

    from deploy.cli.systems import make_empty
    from deploy.demo.neighbours import StoryFailed
    from deploy.demo.story import read_story
    from deploy.storm.plan import Strength
    from deploy.storm.weather import Forecast, brave

    try:
        told = read_story(story)
    except StoryFailed as failure:
        raise EmbeddedFailure(str(failure)) from None
    # read first: it may lie in the folder that is emptied
    report = None if undisturbed is None else _report(undisturbed)
    make_empty(data)
    strength = Strength(kills, bus_losses, drills)
    forecast = Forecast(randbelow(1_000_000) if seed is None else seed, strength, minutes)
    raise SystemExit(brave(told, forecast, data.absolute(), report, Console()))


def _report(file: Path) -> Mapping[str, Any]:
    """The report of a story that was played before."""
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EmbeddedFailure(f"{file} cannot be read as a story's report: {error}") from None
    if not isinstance(report, dict) or not {"outcome", "operations"} <= report.keys():
        raise EmbeddedFailure(f"{file} is no report that a story left.")
    return cast(Mapping[str, Any], report)
