"""Child processes that never outlive their parent, and that never run a database as root.

Linux only: the kernel is told to signal the child when the *thread* that made it ends, so
children are made from the main thread.
"""

import ctypes
import os
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_SECUREBITS: Final = 28
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_RAISE: Final = 2
SECBIT_NO_SETUID_FIXUP: Final = 4
CAPABILITY_VERSION_3: Final = 0x20080522
CAP_DAC_OVERRIDE: Final = 1
NOBODY: Final = 65534
"""The user and group that stand in for root, which PostgreSQL refuses to run as."""

_libc = ctypes.CDLL(None, use_errno=True)


class EmbeddedFailure(Exception):
    """Something the embedded system needs did not start; the message is for a person."""


def is_root() -> bool:
    """Whether a database has to be run as somebody else."""
    return os.geteuid() == 0


def die_with_parent(parent: int, sent: signal.Signals) -> None:
    """Called in a child: have `sent` sent to it when the process `parent` ends."""
    if _libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(sent), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel does not end children with their parent")
    if os.getppid() != parent:
        os.kill(os.getpid(), sent)


def open_to_all(path: Path) -> bool:
    """Whether every user may pass the folders above the path."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.absolute().parents)


def become_nobody() -> None:
    """Called in a child of root: drop to an ordinary user."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def become_nobody_with_passage() -> None:
    """The same, keeping the capability to pass folders only root may enter.

    For a clone below `/root` or a private temporary folder; a container may forbid it.
    """
    # without this bit access(2) would ignore the capability, and PostgreSQL asks it
    _libc.prctl(PR_SET_SECUREBITS, ctypes.c_ulong(SECBIT_NO_SETUID_FIXUP), 0, 0, 0)
    become_nobody()
    kept = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0)
    if _libc.capset(header, sets) == 0:
        ambient = ctypes.c_ulong(PR_CAP_AMBIENT_RAISE), ctypes.c_ulong(CAP_DAC_OVERRIDE)
        _libc.prctl(PR_CAP_AMBIENT, *ambient, 0, 0)


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    on_parent_death: signal.Signals,
    become: Callable[[], None] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, its output appended to `log`."""
    parent = os.getpid()

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if become is not None:
            become()
        # a change of user clears the death signal, so it is asked for last
        die_with_parent(parent, on_parent_death)

    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=prepare,  # noqa: PLW1509 - only processes without threads come here
        )


def wait_until(condition: Callable[[], bool], *, seconds: float, pause: float = 0.01) -> bool:
    """Look again and again until the condition holds; false when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def last_words(log: Path, lines: int = 3) -> str:
    """The last lines of a log file, for the sentence that says why a start failed."""
    if not log.exists():
        return ""
    text = log.read_text(encoding="utf-8", errors="replace").strip()
    return " | ".join(text.splitlines()[-lines:])
