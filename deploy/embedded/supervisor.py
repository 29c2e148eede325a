"""Starts an embedded system, keeps it running, and leaves nothing behind when it ends.

One plain process without threads: it forks, and the kernel ends its children with it.
"""

import gc
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

from deploy.embedded.broker import Broker
from deploy.embedded.children import EmbeddedFailure, last_words, wait_until
from deploy.embedded.folder import DataFolder
from deploy.embedded.forked import Forked, ProcessSpec
from deploy.embedded.postgres import Postgres
from deploy.embedded.system import Addresses, System

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 10.0
DEATHS_BEFORE_READY: Final = 3
"""A process that ends so often without ever being ready will not be ready by trying on."""
LOOK_SECONDS: Final = 0.1
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Somebody asked the supervisor to end the system."""

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number


class Child(Protocol):
    """What the supervisor keeps running: the database, the broker, a forked process."""

    @property
    def pid(self) -> int | None:
        """Its process, once started."""

    def start(self) -> None:
        """Start it, or start it again where it was."""

    def alive(self) -> bool:
        """Whether it runs."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it now."""


@dataclass(slots=True)
class _Kept:
    name: str
    child: Child
    log: Path
    spec: ProcessSpec | None = None
    ready: bool = False
    deaths: int = 0
    restarts: int = 0
    start_again_at: float | None = None


class Supervisor:
    """One system, from the first process started to the last one gone."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._folder = DataFolder(system.folder)
        self._kept: list[_Kept] = []
        self._driver: Forked | None = None
        self._addresses: Addresses

    def run(self) -> int:
        """Run the system to its end; the driver's exit code, or 0 for a system that was stopped."""
        before = {number: signal.signal(number, _request_stop) for number in STOP_SIGNALS}
        try:
            self._folder.claim()
            try:
                return self._run()
            except StopRequested as stop:
                return 128 + stop.number if self._system.driver else 0
            finally:
                self._stop()
                self._folder.release()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _run(self) -> int:
        addresses = self._addresses = self._start_servers()
        # the databases are made while this process imports what its children will share
        preparing = self._start_preparing(addresses)
        try:
            specs = self._system.processes(addresses)
            self._wait_until_prepared(preparing)
        finally:
            preparing.kill()
        if len(list(Path("/proc/self/task").iterdir())) > 1:
            raise EmbeddedFailure("The supervisor has threads, which no child would inherit.")
        # what is collected now need not be touched, hence copied, in every child
        gc.collect()
        gc.freeze()
        for spec in specs:
            log = self._folder.logs / f"{spec.name}.log"
            self._keep(_Kept(spec.name, Forked(spec, log), log, spec))
        self._wait_until_ready()
        self._system.announce(addresses)
        if self._system.driver:
            self._driver = Forked(self._system.driver(addresses))
            self._driver.start()
        while self._driver is None or self._driver.alive():
            self._tend()
            time.sleep(LOOK_SECONDS)
        return _as_exit_status(self._driver.exit_code or 0)

    def _start_servers(self) -> Addresses:
        system, folder = self._system, self._folder
        wanted = {"postgres": system.postgres_port, "broker": system.broker_port, **system.ports}
        ports = folder.choose_ports(wanted)
        postgres = Postgres(
            folder.path / "postgres",
            log=folder.logs / "postgres.log",
            port=ports.pop("postgres"),
            durable=system.durable,
            settings={"max_connections": "200"},
        )
        broker = Broker(folder.logs / "broker.log", port=ports.pop("broker"))
        self._keep(_Kept("postgres", postgres, postgres.log))
        self._keep(_Kept("broker", broker, broker.log))
        return Addresses(postgres.port or 0, broker.bootstrap_servers, ports)

    def _start_preparing(self, addresses: Addresses) -> Forked:
        prepare, log = self._system.prepare, self._folder.logs / "prepare.log"
        child = Forked(ProcessSpec("prepare", lambda: prepare(addresses)), log)
        child.start()
        return child

    def _wait_until_prepared(self, child: Forked) -> None:
        if child.wait() != 0:
            log = self._folder.logs / "prepare.log"
            raise EmbeddedFailure(f"The databases could not be prepared: {last_words(log, 1)}")

    def _keep(self, kept: _Kept) -> None:
        self._kept.append(kept)
        kept.child.start()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._system.ready_seconds
        while waiting := [kept for kept in self._kept if not kept.ready]:
            self._tend()
            for kept in waiting:
                if kept.deaths >= DEATHS_BEFORE_READY:
                    raise EmbeddedFailure(
                        f"{kept.name} ended {kept.deaths} times before it was ready; "
                        f"its log {kept.log} ends: {last_words(kept.log, 1)}"
                    )
            if time.monotonic() > deadline:
                names = ", ".join(kept.name for kept in waiting)
                raise EmbeddedFailure(
                    f"Not ready after {self._system.ready_seconds:.0f} seconds: {names}; "
                    f"see the logs in {self._folder.logs}."
                )
            time.sleep(LOOK_SECONDS)

    def _tend(self) -> None:
        """Start again what has ended, each after its pause; ask the others if they are ready."""
        before = [(kept.child.pid, kept.ready) for kept in self._kept]
        for kept in self._kept:
            if kept.child.alive():
                self._greet(kept)
            elif kept.start_again_at is None:
                self._mourn(kept)
            elif time.monotonic() >= kept.start_again_at:
                self._start_again(kept)
        if before != [(kept.child.pid, kept.ready) for kept in self._kept]:
            self._tell()

    def _greet(self, kept: _Kept) -> None:
        if not kept.ready:
            kept.ready = kept.spec is None or kept.spec.ready()

    def _mourn(self, kept: _Kept) -> None:
        # one that had come to work is not in a circle: it is started again after the first pause
        kept.deaths = 1 if kept.ready else kept.deaths + 1
        kept.ready = False
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (kept.deaths - 1), LONGEST_PAUSE_SECONDS)
        kept.start_again_at = time.monotonic() + pause
        self._system.say(f"{kept.name} has ended; it is started again in {pause:.1f} seconds.")

    def _start_again(self, kept: _Kept) -> None:
        kept.start_again_at = None
        kept.restarts += 1
        try:
            kept.child.start()
        except EmbeddedFailure as failure:
            self._system.say(str(failure))

    def _tell(self) -> None:
        self._folder.tell(
            {
                "name": self._system.name,
                "ready": all(kept.ready for kept in self._kept),
                "postgres": self._addresses.dsn(),
                "bootstrap_servers": self._addresses.bootstrap_servers,
                "urls": {name: self._addresses.url(name) for name in self._addresses.ports},
                "processes": {
                    kept.name: {
                        "pid": kept.child.pid,
                        "ready": kept.ready,
                        "restarts": kept.restarts,
                    }
                    for kept in self._kept
                },
            }
        )

    def _stop(self) -> None:
        """End services, then the broker, then the database; a second signal hurries."""
        driver: list[Child] = [self._driver] if self._driver else []
        services = [kept.child for kept in self._kept if kept.spec is not None]
        servers = [kept.child for kept in reversed(self._kept) if kept.spec is None]
        try:
            for children in (driver, services, *([server] for server in servers)):
                _end(children, self._system.stop_seconds)
        except StopRequested:
            for child in (*driver, *services, *servers):
                child.kill()
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _end(children: Sequence[Child], seconds: float) -> None:
    """Ask all, wait for all, and insist on the rest."""
    for child in children:
        child.terminate()
    wait_until(lambda: not any(child.alive() for child in children), seconds=seconds)
    for child in children:
        child.kill()


def _as_exit_status(code: int) -> int:
    """The shell's way to say that a signal ended it."""
    return 128 - code if code < 0 else code


def _request_stop(number: int, _frame: FrameType | None) -> None:
    raise StopRequested(number)
