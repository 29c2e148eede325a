"""Processes forked from this one after it has imported everything: they share its memory."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path

from deploy.embedded.children import die_with_parent


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What a child runs: `start` is called in it, and it ends when `start` returns."""

    name: str
    start: Callable[[], None]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] = _always
    """Asked in the supervisor until it says yes, after every start."""


class Forked:
    """One child process of a spec; its output goes to `log`, or where ours goes without one."""

    def __init__(self, spec: ProcessSpec, log: Path | None = None) -> None:
        self.spec = spec
        self.log = log
        self.pid: int | None = None
        self.exit_code: int | None = None

    def start(self) -> None:
        """Fork; only a process without threads may do it."""
        parent, before = (
            os.getpid(),
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()),
        )
        sys.stdout.flush()
        sys.stderr.flush()
        self.exit_code = None
        self.pid = os.fork()
        if self.pid == 0:
            self._live(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def alive(self) -> bool:
        """Whether the child runs; when it has ended, its exit code is kept."""
        if self.pid is None or self.exit_code is not None:
            return False
        ended, status = os.waitpid(self.pid, os.WNOHANG)
        if ended:
            self.exit_code = os.waitstatus_to_exitcode(status)
        return not ended

    def terminate(self) -> None:
        """Ask the child to finish."""
        if self.alive() and self.pid:
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End the child at once."""
        if self.alive() and self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self.exit_code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def wait(self) -> int:
        """Wait for the end of the child and return its exit code; below zero is a signal."""
        if self.alive() and self.pid:
            self.exit_code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.exit_code or 0

    def _live(self, parent: int) -> None:
        code = 1
        try:
            self._settle(parent)
            self.spec.start()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException:  # noqa: BLE001 - the last frame of a process: nothing is above it
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            # what the parent registered to do at its own exit is not the child's to do
            os._exit(code)

    def _settle(self, parent: int) -> None:
        """Leave the parent's terminal and signals behind."""
        os.setsid()
        # nobody is left to insist when the supervisor is killed, so children are not asked politely
        die_with_parent(parent, signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        _redirect(Path(os.devnull), os.O_RDONLY, 0)
        if self.log is not None:
            for descriptor in (1, 2):
                _redirect(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, descriptor)
            if isinstance(sys.stdout, TextIOWrapper):
                # what was printed stands before the error that came after it
                sys.stdout.reconfigure(line_buffering=True)
        os.environ.update(self.spec.environment)  # noqa: TID251 - what the child will read


def _redirect(path: Path, flags: int, descriptor: int) -> None:
    opened = os.open(path, flags, 0o644)
    os.dup2(opened, descriptor)
    os.close(opened)
