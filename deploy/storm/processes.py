"""The processes of a running embedded system: found, hurt, and waited for until they work again."""

import asyncio
import os
import resource
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, Final

from deploy.embedded.folder import read_state

LOOK_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 60.0


class NotBack(Exception):
    """Something that was disturbed did not come back to work."""


class Processes:
    """What the supervisor of a data folder says of its children."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def pid(self, name: str) -> int | None:
        """The process of that name now; None while it is being started again."""
        found: int | None = self._told(name).get("pid")
        return found

    def starts(self, name: str) -> int:
        """How often it was started again."""
        return int(self._told(name).get("restarts", 0))

    def ready(self, name: str) -> bool:
        """Whether it works, as far as the supervisor has looked."""
        return bool(self._told(name).get("ready"))

    async def kill(self, name: str) -> None:
        """End a process as a crash does; one that is down is waited for first."""
        starts = self.starts(name)

        async def is_hit() -> bool:
            return self._signalled(name, signal.SIGKILL)

        async def is_started_again() -> bool:
            return self.starts(name) > starts

        await until(is_hit, f"{name} runs")
        await until(is_started_again, f"{name} is started again")

    async def pause(self, name: str, seconds: float) -> None:
        """Stop a process where it is, and let it go on."""
        pid = self.pid(name)
        if pid is None or not self._signalled(name, signal.SIGSTOP):
            return
        try:
            await asyncio.sleep(seconds)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    async def fill_disk(self, name: str, seconds: float) -> None:
        """Let a process and its children write nothing to any file for a while."""
        pid = self.pid(name)
        if pid is not None:
            await full_disk(pid, seconds)

    def _told(self, name: str) -> dict[str, Any]:
        state = read_state(self._folder)
        found: dict[str, Any] = state["processes"].get(name, {}) if state else {}
        return found

    def _signalled(self, name: str, number: signal.Signals) -> bool:
        pid = self.pid(name)
        if pid is None:
            return False
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True


async def full_disk(pid: int, seconds: float) -> None:
    """Let a process and its children write nothing more to any file, as on a full disk."""
    before = {each: _allow(each, 0) for each in _family(pid)}
    try:
        await asyncio.sleep(seconds)
    finally:
        # what was forked meanwhile was forked with the limit
        for each in {*before, *_family(pid)}:
            _allow(each, before.get(pid))


def _family(pid: int) -> list[int]:
    """A process and its children; none when it is gone."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [pid, *map(int, children.split())]


def _allow(pid: int, octets: int | None) -> int | None:
    """Let files of a process grow so far, and answer how far they could before, if it is there."""
    if octets is None:
        return None
    try:
        with _as_owner_of(pid):
            soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (octets, hard))
    except (ProcessLookupError, FileNotFoundError):
        return None
    return soft


@contextmanager
def _as_owner_of(pid: int) -> Iterator[None]:
    """Be the process's user for a moment: in a container root may not limit another's."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    ids = dict(line.split(":", 1) for line in lines)
    user, group = (int(ids[name].split()[0]) for name in ("Uid", "Gid"))
    before = os.getresuid(), os.getresgid()
    if user != os.getuid():
        os.setresgid(group, -1, -1)
        os.setresuid(user, -1, -1)
    try:
        yield
    finally:
        os.setresuid(*before[0])
        os.setresgid(*before[1])


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> float:
    """Look again and again until it holds; answers how many seconds that took."""
    began = monotonic()
    while not await condition():
        if monotonic() - began > PATIENCE_SECONDS:
            raise NotBack(f"After {PATIENCE_SECONDS:.0f} seconds it is still not so that {what}.")
        await asyncio.sleep(LOOK_SECONDS)
    return monotonic() - began
