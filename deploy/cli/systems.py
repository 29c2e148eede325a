"""`partners up` and `partners demo`: the whole system on this machine."""

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.target import DATA
from deploy.embedded.children import EmbeddedFailure
from deploy.embedded.folder import DataFolder

if TYPE_CHECKING:
    from deploy.embedded.evaluation import Evaluation
    from deploy.embedded.system import Addresses

STORY = Path(__file__).parents[1] / "demo" / "stories" / "mid-and-south-essex.yaml"
Ports = Annotated[
    list[str] | None,
    typer.Option(
        "--port",
        metavar="NAME=NUMBER",
        help="A port of your choice, such as recruitment=8001, postgres=5433 or kafka=9092; "
        "may be given several times. All others are free ones.",
    ),
]


def demo(
    story: Annotated[Path, typer.Option(help="The story to play; see docs/stories.md.")] = STORY,
    data: Annotated[
        Path, typer.Option(help="Where the demonstration keeps its data; emptied at the start.")
    ] = DATA / "demo",
    port: Ports = None,
) -> None:
    """Play a story on a fresh system in simulated time, print what came of it, stop everything."""
    from deploy.demo.neighbours import StoryFailed
    from deploy.demo.story import read_story

    try:
        told = read_story(story)
    except StoryFailed as failure:
        raise EmbeddedFailure(str(failure)) from None
    from deploy.demo.perform import perform
    from deploy.embedded.evaluation import Evaluation
    from deploy.embedded.forked import ProcessSpec
    from deploy.embedded.supervisor import Supervisor
    from shared.infra.clock import SimulatedClock

    evaluation = Evaluation("demo", data.absolute(), told.organisations, simulated_time=True)
    evaluation = replace(evaluation, ports=_chosen(port, evaluation))
    make_empty(data)
    SimulatedClock(evaluation.clock_file).set(told.begins)
    print(f"Starting {len(evaluation.deployments())} services, PostgreSQL and a Kafka broker.")

    def driver(addresses: "Addresses") -> ProcessSpec:
        def play() -> None:
            raise SystemExit(perform(evaluation, told, addresses))

        return ProcessSpec("driver", play)

    raise SystemExit(Supervisor(evaluation.system(driver)).run())


def up(
    data: Annotated[
        Path, typer.Option(help="Where the system keeps its data, over restarts too.")
    ] = DATA / "up",
    port: Ports = None,
) -> None:
    """Start the whole system and stay until Ctrl-C; the data is kept."""
    from deploy.embedded.evaluation import Evaluation
    from deploy.embedded.supervisor import Supervisor

    evaluation = Evaluation("up", data.absolute())
    evaluation = replace(evaluation, ports=_chosen(port, evaluation))
    raise SystemExit(Supervisor(evaluation.system(announce=partial(_announce, evaluation))).run())


def _chosen(given: list[str] | None, evaluation: "Evaluation") -> dict[str, int]:
    """The ports somebody chose, by name."""
    known = [*(each.name for each in evaluation.deployments()), "postgres", "kafka"]
    chosen: dict[str, int] = {}
    for wish in given or ():
        name, _, number = wish.partition("=")
        if name not in known:
            raise EmbeddedFailure(f"There is no {name} to choose a port for: {', '.join(known)}.")
        if not (number.isdecimal() and 1 <= int(number) <= 65_535):
            raise EmbeddedFailure(f"{wish} is not a port: say {name}=8001, for example.")
        chosen[name] = int(number)
    return chosen


def _announce(evaluation: "Evaluation", addresses: "Addresses") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Partners is running", title_justify="left", title_style="bold")
    table.add_column("Service")
    table.add_column("Organisations")
    table.add_column("Listens at")
    for each in evaluation.deployments():
        table.add_row(each.name, ", ".join(each.organisations), addresses.url(each.name))
    table.add_row("PostgreSQL", "", f"127.0.0.1:{addresses.postgres_port}")
    table.add_row("Kafka", "", addresses.bootstrap_servers)
    console = Console()
    console.print(table)
    console.print(
        "`partners organisations apply` adopts the policies; `partners token` makes a token; "
        "Ctrl-C stops everything.",
        highlight=False,
    )


def make_empty(data: Path) -> None:
    """Take the folder, so that no running system loses its data, and empty it."""
    folder = DataFolder(data)
    folder.claim()
    try:
        for inside in data.iterdir():
            if inside.name != "lock":
                shutil.rmtree(inside) if inside.is_dir() else inside.unlink()
    finally:
        folder.release()
