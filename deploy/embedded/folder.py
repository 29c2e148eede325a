"""The data folder of an embedded system: its lock, its ports and the file that tells its state."""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.embedded.children import EmbeddedFailure
from deploy.embedded.ports import free_port, is_free


class DataFolder:
    """One folder belongs to one running system."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"
        self._lock: int | None = None

    def claim(self) -> None:
        """Take the folder for as long as this process lives, or say that somebody has it."""
        self.logs.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        if not _locked(lock):
            os.close(lock)
            raise EmbeddedFailure(
                f"Partners already runs on {self.path}: stop it first, or name another folder."
            )

        # the owner's number tells this run's state file from one that a killed run left
        os.truncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        self._lock = lock

    def release(self) -> None:
        """Give the folder back; nothing runs on it any more."""
        (self.path / "state.json").unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def choose_ports(self, wanted: Mapping[str, int | None]) -> dict[str, int]:
        """A port for each name: the one asked for, else the one of last time, else a free one."""
        remembered = _read(self.path / "ports.json") or {}
        chosen: dict[str, int] = {}
        for name, port in wanted.items():
            if port is not None and not is_free(port):
                raise EmbeddedFailure(
                    f"Port {port}, which {name} was told to use, is taken: "
                    "stop what uses it, or set another."
                )
            chosen[name] = port or _again_or_new(remembered.get(name), set(chosen.values()))
        self._write("ports.json", chosen)
        return chosen

    def tell(self, state: Mapping[str, Any]) -> None:
        """Write down what runs where, for the other commands; replaced as a whole."""
        self._write("state.json", {"supervisor": os.getpid(), **state})

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        aside = self.path / f"{name}.new"
        aside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        aside.replace(self.path / name)


def read_state(path: Path) -> dict[str, Any] | None:
    """What the system on this folder told about itself; nothing when none runs there."""
    state = _read(path / "state.json")
    if state is None or not (path / "lock").exists():
        return None
    with (path / "lock").open("r+") as lock:
        if _locked(lock.fileno()) or lock.read() != str(state["supervisor"]):
            return None
    return state


def _locked(descriptor: int) -> bool:
    """Whether the lock could be taken; it belongs to a process, not to its children."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _again_or_new(remembered: int | None, taken: set[int]) -> int:
    if remembered is not None and remembered not in taken and is_free(remembered):
        return remembered
    port = free_port()
    while port in taken:
        port = free_port()
    return port


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return content
