"""The processes of a running embedded system: found, hurt, and waited for until they work again."""

import asyncio
import os
import resource
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
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
        """Let a process write nothing more to any file, as on a full disk, for a while."""
        pid = self.pid(name)
        if pid is None:
            return
        with suppress(ProcessLookupError):
            soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
            try:
                await asyncio.sleep(seconds)
            finally:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))

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


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> float:
    """Look again and again until it holds; answers how many seconds that took."""
    began = monotonic()
    while not await condition():
        if monotonic() - began > PATIENCE_SECONDS:
            raise NotBack(f"After {PATIENCE_SECONDS:.0f} seconds it is still not so that {what}.")
        await asyncio.sleep(LOOK_SECONDS)
    return monotonic() - began
