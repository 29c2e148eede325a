"""Where time comes from: the system's clock, or a simulated one that its owner moves."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from shared.kernel.moments import format_moment, parse_moment


class Clock(Protocol):
    """Business and system time of events. Retries, leases and timeouts use real time instead."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class SimulatedClock:
    """A moment in a small file that one owner replaces and every process reads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """The moment in the file; FileNotFoundError until the owner has set one."""
        return parse_moment(self._path.read_text(encoding="ascii").strip())

    def set(self, moment: datetime) -> None:
        """Move to this moment, atomically for every reader; ValueError when it is back in time."""
        if self._path.exists() and moment < self.now():
            raise ValueError("A simulated clock never goes back.")
        waiting = self._path.with_suffix(f".{os.getpid()}")
        waiting.write_text(format_moment(moment), encoding="ascii")
        waiting.replace(self._path)
