"""`partners bench`: how fast it is, beside its peers and beside what the machine allows."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.target import DATA
from deploy.embedded.children import EmbeddedFailure

if TYPE_CHECKING:
    from deploy.bench.measures import Experiment

app = typer.Typer(help="How fast it is, beside its peers and what the machine allows.")
TARGET_MISSED = 3
"""Exit code: everything was measured, and a target was missed."""


@app.callback(invoke_without_command=True)
def bench(
    context: typer.Context,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this measure; may be given again.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="How many rounds.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A little of each, to see it work.")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option(
            help="Keep the run on this page, such as docs/bench.md, and as .json beside it."
        ),
    ] = None,
    note: Annotated[str, typer.Option(help="What to say on the page beside the figures.")] = "",
    out: Annotated[Path, typer.Option(help="Where the figures are written.")] = Path("bench.json"),
) -> None:
    """Measure, show a table, write bench.json.

    Ends with 3 when a target is missed, or a measure is much worse than in docs/bench.json.
    """
    if context.invoked_subcommand:
        return
    from dataclasses import replace

    experiments = _chosen(only or [])
    from deploy.bench import kept
    from deploy.bench.place import FULL, QUICK, place
    from deploy.bench.run import run
    from deploy.bench.table import console, machine, sentence, show, write, write_page
    from shared.infra.clock import SystemClock

    scale = QUICK if quick else FULL
    scale = replace(scale, rounds=rounds or scale.rounds)
    screen, found = console(), []
    with place(DATA / "bench", scale) as here:
        screen.print(machine(), highlight=False)
        for experiment in experiments:
            screen.print(f"\n[bold]{experiment.title}[/]")
            found += run(experiment, here, lambda said: screen.print(f"  {said}", highlight=False))
    screen.print()
    show(found, screen)
    write(found, out)
    worse = [] if quick else list(kept.fallen(found, kept.read(kept.KEPT)))
    if page:
        write_page(found, page, SystemClock().now().date(), note)
        write(found, page.with_suffix(".json"))
    if missed := [each for each in found if not each.met]:
        screen.print(f"\n{sentence(missed)}", highlight=False)
    if worse:
        screen.print(f"\n{' '.join(worse)}", highlight=False)
    if missed or worse:
        raise SystemExit(TARGET_MISSED)


@app.command()
def profile(
    name: Annotated[str, typer.Argument(help="The measure to look into.")],
    quick: Annotated[bool, typer.Option("--quick", help="A little of it.")] = False,
) -> None:
    """Print a table of where the time of a measure goes."""
    experiment = _chosen([name])[0]
    from deploy.bench.place import FULL, QUICK, place
    from deploy.bench.profile import profile as look

    with place(DATA / "bench", QUICK if quick else FULL) as here:
        print(look(experiment, here), end="")


def _chosen(names: Sequence[str]) -> "list[Experiment]":
    try:
        from deploy.bench.experiments import UnknownMeasure, chosen
    except ModuleNotFoundError as missing:
        raise EmbeddedFailure(
            f"The bench compares with {missing.name}, which comes with `make setup`."
        ) from None
    try:
        return chosen(names)
    except UnknownMeasure as unknown:
        raise EmbeddedFailure(str(unknown)) from None
