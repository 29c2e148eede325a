"""The system as somebody at a terminal starts it, and the short story, played once a run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 400
"""For a machine that is several times slower than most."""
SHORT = ROOT / "deploy" / "demo" / "stories" / "two-partners.yaml"


def partners(verb: str, data: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of `partners` on a data folder to its end, which must come in time."""
    try:
        return subprocess.run(
            [sys.executable, "-m", "deploy.cli.main", verb, "--data", data, *arguments],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(data.parent), "COLUMNS": "120"},
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said = b"".join(part for part in (late.stdout, late.stderr) if part).decode()
        pytest.fail(f"partners {verb} took more than {LONGEST_SECONDS} s.\n{said[-4000:]}")


def demo(story: Path, data: Path) -> subprocess.CompletedProcess[str]:
    """Run `partners demo` to its end."""
    return partners("demo", data, "--story", story)


def running(data: Path) -> list[str]:
    """Command lines of processes that mention this data folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(data) in line:
                found.append(line)
    return found


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any], Path]:
    """The short story, played once: what was printed, the report and the data folder."""
    data = tmp_path_factory.mktemp("demo") / "data"
    done = demo(SHORT, data)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout, json.loads((data / "report.json").read_text()), data
