"""A full disk under the log: who logs goes on, and later the log says that lines are missing."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.infra.logging import PatientStream


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_lines_that_cannot_be_written_stop_nobody_and_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "service.log"
    with file.open("w", buffering=1) as raw:
        stream = PatientStream(raw)
        stream.write("before\n")
        with full_disk():
            with pytest.raises(OSError, match="File too large"):
                raw.write("this fails\n")
            for number in range(3):
                stream.write(f"lost {number}\n")
                stream.flush()
        stream.write("after\n")
        stream.write("and on\n")

    lines = file.read_text().splitlines()
    assert lines[0] == "before"
    assert lines[-3:] == ['{"event": "log-not-written", "times": 3}', "after", "and on"]
