"""A story played twice, without a storm and with one, and the judgement over the two."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from deploy.demo.perform import perform
from deploy.demo.report import differences
from deploy.demo.story import Story
from deploy.embedded.evaluation import Evaluation
from deploy.embedded.forked import ProcessSpec
from deploy.embedded.supervisor import Supervisor
from deploy.embedded.system import Addresses, System
from deploy.storm import ground, judge, outages
from deploy.storm.backups import Backups
from deploy.storm.bus import Doubler
from deploy.storm.crossings import Cuts
from deploy.storm.plan import Disturbance, Strength, Targets, drills, plan
from deploy.storm.processes import NotBack, Processes
from deploy.storm.storm import ALLOWED_SECONDS, Done, Place, Storm
from shared.infra.bus.access import BusAccess
from shared.infra.clock import SimulatedClock
from shared.kernel.identifiers import SERVICES

FAILED: Final = 1
TOO_SLOW: Final = 3
"""Exit code: everything held, and something came back later than it must."""
_SHARED_STEP: Final = "records acceptances"
_FILES: Final = ("notifications", "payments")
"""The services that keep files for people."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What storm there is to be; `minutes` is how long the story takes at least."""

    seed: int
    strength: Strength
    minutes: float


def brave(
    story: Story,
    forecast: Forecast,
    folder: Path,
    undisturbed: Mapping[str, Any] | None,
    console: Console,
) -> int:
    """Play the story without the storm, unless there is its report, and with it; the exit code."""
    if undisturbed is None:
        calm = _evaluation("calm", story, folder)
        console.print("[bold]First without a storm.[/]")
        code = _play(calm, partial(perform, calm, story))
        if code != 0:
            console.print("The story fails without any storm; see above.")
            return code
        undisturbed = json.loads((calm.folder / "report.json").read_text(encoding="utf-8"))
    console.print(f"[bold]Now with the storm of seed {forecast.seed}.[/]")
    storm = _evaluation("storm", story, folder)
    twice = ground.replicas(storm, forecast.seed)
    disturbed = partial(_disturbed, storm, story, forecast, twice, console)
    code = _play(storm, disturbed, partial(ground.prepared, evaluation=storm, twice=twice))
    if code != 0:
        console.print(f"[bold red]The story did not survive the storm of seed {forecast.seed}.[/]")
        return code
    return _judge(story, forecast, folder, undisturbed, console)


def _evaluation(name: str, story: Story, folder: Path) -> Evaluation:
    data = folder / name
    data.mkdir(parents=True, exist_ok=True)
    made = Evaluation(name, data.absolute(), story.organisations, simulated_time=True)
    SimulatedClock(made.clock_file).set(story.begins)
    return made


def _play(
    evaluation: Evaluation,
    play: Callable[[Addresses], int],
    prepare: Callable[[System], System] = lambda calm: calm,
) -> int:
    def driver(addresses: Addresses) -> ProcessSpec:
        def run() -> None:
            raise SystemExit(play(addresses))

        return ProcessSpec("driver", run)

    return Supervisor(prepare(evaluation.system(driver))).run()


def _disturbed(
    evaluation: Evaluation,
    story: Story,
    forecast: Forecast,
    twice: Sequence[str],
    console: Console,
    addresses: Addresses,
) -> int:
    """Play the story in the storm, in the driver's process."""
    # its clients lose the broker as meant; that is told by the storm, not by them
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    names = [each.name for each in evaluation.deployments()]
    moments = sorted(step.at for step in story.steps)
    place = _place(evaluation, addresses, twice)
    targets = Targets(
        services=[*names, *map(ground.second_of, twice)],
        writers=_FILES,
        databases=[name for name in names if name != "audit"],
        keepers=names,
        trusts=_trusts(evaluation),
    )
    logs = [f"{service}.{code}" for service in SERVICES for code in evaluation.organisations]
    storm = Storm(
        place=place,
        plan=plan(forecast.seed, forecast.strength, moments, targets, _shared_steps(story)),
        drills=drills(forecast.seed, forecast.strength, targets),
        doubler=Doubler(place.access, logs),
        steps=len(moments),
        seconds=forecast.minutes * 60,
        tell=lambda disturbance: _tell(console, disturbance),
    )
    try:
        code = perform(evaluation, story, addresses, storm)
    except NotBack as failure:
        console.print(f"[bold red]{failure}[/]", highlight=False)
        return FAILED
    notes = {
        "doubled": storm.doubler.doubled,
        "done": [asdict(each) for each in storm.done],
        "outages": [asdict(each) for each in storm.outages],
    }
    (evaluation.folder.parent / "done.json").write_text(json.dumps(notes))
    return code


def _trusts(evaluation: Evaluation) -> list[str]:
    """The deployments that serve one organisation, where there are several organisations."""
    several = len(evaluation.organisations) > 1
    return [e.name for e in evaluation.deployments() if several and len(e.organisations) == 1]


def _shared_steps(story: Story) -> list[int]:
    """The steps at which every trust's engagement service writes: they welcome their partners."""
    by_time = sorted(story.steps, key=lambda step: step.at)
    return [number for number, step in enumerate(by_time) if step.does == _SHARED_STEP]


def _place(evaluation: Evaluation, addresses: Addresses, twice: Sequence[str]) -> Place:
    codes = {code: ["operator"] for code in evaluation.organisations}
    deployments = {each.name: each for each in evaluation.deployments()}
    names = [*deployments, *map(ground.second_of, twice)]
    return Place(
        processes=Processes(evaluation.folder),
        urls={name: addresses.url(name) for name in names},
        deployments=deployments,
        settings={
            name: evaluation.environment(each, addresses) for name, each in deployments.items()
        },
        backups=Backups(addresses.dsn()),
        cuts=Cuts(ground.cuts_file(evaluation)),
        access=BusAccess(
            addresses.bootstrap_servers,
            idempotence=False,
            forgetful=True,
            session_timeout_milliseconds=2_000,
            heartbeat_interval_milliseconds=500,
        ),
        operator=evaluation.issuer().token("storm", codes),
    )


def _judge(
    story: Story, forecast: Forecast, folder: Path, calm: Mapping[str, Any], console: Console
) -> int:
    notes = json.loads((folder / "done.json").read_text())
    found = notes["done"]
    done = [
        Done(Disturbance(**each["disturbance"]), each["back_seconds"], each["alone"])
        for each in found
    ]
    storm = json.loads((folder / "storm" / "report.json").read_text())
    seen = [outages.Outage(**each) for each in notes["outages"]]
    wrong = [
        *differences(story.parts.get("outcome", {}), storm["outcome"]),
        *judge.failures(calm, storm, folder / "storm"),
        *outages.not_shown(seen),
    ]
    slow = list(judge.too_slow(done))
    _show(console, forecast, done, storm)
    console.print(f"{notes['doubled']} records were put on their topics a second time.")
    for each in seen:
        console.print(str(each), highlight=False)
    result = {
        "seed": forecast.seed,
        "strength": asdict(forecast.strength),
        **notes,
        "operations": storm["operations"],
        "failures": wrong,
        "too_slow": slow,
    }
    (folder / "storm.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    for sentence in (*wrong, *slow):
        console.print(f"[bold red]{sentence}[/]", highlight=False)
    if not wrong:
        console.print("[bold green]The story came to the same, and the trail is verified.[/]")
    console.print(f"All of it: {folder / 'storm.json'}", highlight=False)
    return FAILED if wrong else TOO_SLOW if slow else 0


def _show(
    console: Console, forecast: Forecast, done: Sequence[Done], report: Mapping[str, Any]
) -> None:
    table = Table(title=f"The storm of seed {forecast.seed}", title_justify="left")
    for column in ("What was done", "How often", "Back at work, worst", "Worst of all", "Allowed"):
        table.add_column(column, justify="left" if column == "What was done" else "right")
    for kind, count in Counter(each.disturbance.kind for each in done).items():
        ours = [each for each in done if each.disturbance.kind == kind]
        alone = max((each.back_seconds for each in ours if each.alone), default=None)
        allowed = ALLOWED_SECONDS.get(kind)
        table.add_row(
            kind,
            str(count),
            "-" if alone is None else f"{alone:.1f} s",
            f"{max(each.back_seconds for each in ours):.1f} s",
            "" if allowed is None else f"{allowed:.0f} s",
        )
    console.print(table)
    console.print("The first time is of those during which nothing else was disturbed.")
    went = report["operations"]
    console.print(
        f"On the way: {went['duplicates_skipped']} duplicate deliveries skipped, "
        f"{went['gaps_repaired']} gaps repaired, {went['parked']} events parked, "
        f"{went['foreign_records']} foreign records."
    )


def _tell(console: Console, disturbance: Disturbance) -> None:
    console.print(f"[yellow]    {disturbance.kind}: {disturbance.target}[/]", highlight=False)
