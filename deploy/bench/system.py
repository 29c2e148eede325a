"""`make up` as a person starts it: how long that takes, and what all its processes use."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from deploy.embedded.folder import read_state

READY_SECONDS: Final = 120.0
STOP_SECONDS: Final = 40.0
_LOOK_SECONDS: Final = 0.02
_TICKS: Final = 100
"""Clock ticks a second in /proc, on every Linux that runs Python."""


class NotRunning(RuntimeError):
    """The system did not start."""


@dataclass(frozen=True, slots=True)
class System:
    """A running system and how many seconds it took to be ready."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    seconds: float

    @property
    def state(self) -> dict[str, Any]:
        """What it tells of itself."""
        state = read_state(self.folder)
        if state is None:
            raise NotRunning(f"The system on {self.folder} has ended.")
        return state

    def memory_octets(self) -> int:
        """What all its processes take, a page that some share counted once."""
        return sum(_pss_octets(pid) for pid in family(self.process.pid))

    def cpu_seconds(self) -> float:
        """What its living processes have used so far."""
        return sum(_cpu_seconds(pid) for pid in family(self.process.pid))


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[System]:
    """`partners up` on a new data folder, stopped after."""
    command = [sys.executable, "-m", "deploy.cli.main", "up", "--data", str(folder)]
    begun = perf_counter()
    with (folder.parent / f"{folder.name}.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: ASYNC220
    try:
        await _ready(folder, process, begun + READY_SECONDS)
        yield System(folder, process, perf_counter() - begun)
    finally:
        process.send_signal(signal.SIGINT)
        await asyncio.to_thread(process.wait, STOP_SECONDS)


async def _ready(folder: Path, process: "subprocess.Popen[bytes]", until: float) -> None:
    while True:
        state = read_state(folder)
        if state and state["ready"]:
            return
        if process.poll() is not None or perf_counter() > until:
            raise NotRunning(f"The system did not start; see {folder.name}.log.")
        await asyncio.sleep(_LOOK_SECONDS)


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the name, state first; nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    return sum(map(int, fields[11:13])) / _TICKS if fields else 0.0


def _pss_octets(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (
        next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) * 1024
    )
