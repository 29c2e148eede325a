"""A small system under the supervisor: started, hurt, stopped, killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.embedded.broker import cluster_id
from deploy.embedded.children import wait_until
from deploy.embedded.folder import read_state
from deploy.embedded.postgres import Postgres
from deploy.embedded.system import http_ready

PROJECT = Path(__file__).parents[2]


class SmallSystem:
    """A supervisor in a process of its own, and what it tells about itself."""

    def __init__(self, folder: Path, *wishes: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.adapters.small_system", str(folder), *wishes],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def state(self) -> dict[str, Any]:
        return read_state(self.folder) or {}

    def pids(self) -> dict[str, int]:
        return {name: told["pid"] for name, told in self.state()["processes"].items()}

    def wait_until_ready(self) -> "SmallSystem":
        assert wait_until(lambda: bool(self.state().get("ready")), seconds=20), self.state()
        return self

    def end(self) -> tuple[int, str]:
        """Wait for its end: the exit code and what was said."""
        said, _ = self.process.communicate(timeout=30)
        return self.process.returncode, said


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh cluster to copy, which is quicker than making one for each test."""
    server = Postgres(tmp_path_factory.mktemp("template") / "postgres", durable=False)
    server.start()
    server.stop()
    return server.folder


@pytest.fixture
def start(tmp_path: Path, cluster: Path) -> Iterator[Callable[..., SmallSystem]]:
    """Starts small systems, by default on one folder; none is left after the test."""
    started: list[SmallSystem] = []

    def start(*wishes: str, folder: Path = tmp_path / "small") -> SmallSystem:
        if not (folder / "postgres").exists():
            folder.mkdir(exist_ok=True)
            subprocess.run(["cp", "-a", cluster, folder / "postgres"], check=True)
        started.append(SmallSystem(folder, *wishes))
        return started[-1]

    yield start
    for system in started:
        system.process.kill()
        system.process.communicate()


def gone(pids: dict[str, int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids.values())


def test_everything_answers_where_the_state_file_says(start: Callable[..., SmallSystem]) -> None:
    state = start().wait_until_ready().state()
    host, _, port = state["bootstrap_servers"].partition(":")
    assert cluster_id(host, int(port)) is not None
    assert all(http_ready(int(url.rpartition(":")[2])) for url in state["urls"].values())
    assert set(state["processes"]) == {"postgres", "broker", "alpha", "beta"}


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(
    start: Callable[..., SmallSystem], request_to_stop: signal.Signals
) -> None:
    system = start().wait_until_ready()
    pids = system.pids()
    system.process.send_signal(request_to_stop)
    assert system.end() == (0, "")
    assert gone(pids)
    assert read_state(system.folder) is None
    assert not (system.folder / "state.json").exists()


def test_nothing_is_left_when_the_supervisor_is_killed(start: Callable[..., SmallSystem]) -> None:
    system = start().wait_until_ready()
    pids = system.pids()
    system.process.kill()
    system.process.wait()
    assert wait_until(lambda: gone(pids), seconds=5), pids
    assert read_state(system.folder) is None


def test_a_service_that_holds_out_is_killed(start: Callable[..., SmallSystem]) -> None:
    system = start("stop=1").wait_until_ready()
    pids = system.pids()
    os.kill(pids["alpha"], signal.SIGSTOP)
    system.process.send_signal(signal.SIGTERM)
    assert system.end() == (0, "")
    assert gone(pids)


def test_a_second_signal_hurries(start: Callable[..., SmallSystem]) -> None:
    system = start().wait_until_ready()
    pids = system.pids()
    os.kill(pids["alpha"], signal.SIGSTOP)
    began = time.monotonic()
    system.process.send_signal(signal.SIGINT)
    beta = int(system.state()["urls"]["beta"].rpartition(":")[2])
    assert wait_until(lambda: not http_ready(beta), seconds=5)
    system.process.send_signal(signal.SIGINT)
    system.end()
    assert gone(pids)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("victim", ["alpha", "broker", "postgres"])
def test_a_dead_child_is_started_again_where_it_was(
    start: Callable[..., SmallSystem], victim: str
) -> None:
    system = start().wait_until_ready()
    before = system.state()
    os.kill(before["processes"][victim]["pid"], signal.SIGKILL)

    def restarted() -> bool:
        told = system.state()["processes"][victim]
        return bool(told["restarts"] == 1 and told["ready"])

    assert wait_until(restarted, seconds=15), system.state()
    after = system.state()
    assert after["processes"][victim]["pid"] != before["processes"][victim]["pid"]
    assert (after["bootstrap_servers"], after["urls"]) == (
        before["bootstrap_servers"],
        before["urls"],
    )
    others = {"alpha", "beta", "broker", "postgres"} - {victim}
    assert all(after["processes"][name]["restarts"] == 0 for name in others)


async def test_a_second_start_finds_the_data_and_the_addresses_of_the_first(
    start: Callable[..., SmallSystem],
) -> None:
    first = start().wait_until_ready()
    told = first.state()
    connection = await asyncpg.connect(told["postgres"])
    await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    await connection.close()
    first.process.send_signal(signal.SIGTERM)
    first.end()

    again = start().wait_until_ready().state()
    assert (again["postgres"], again["urls"]) == (told["postgres"], told["urls"])
    connection = await asyncpg.connect(again["postgres"])
    assert await connection.fetchval("SELECT answer FROM kept") == 42
    await connection.close()


async def test_what_was_committed_survives_the_death_of_the_supervisor(
    start: Callable[..., SmallSystem],
) -> None:
    first = start().wait_until_ready()
    connection = await asyncpg.connect(first.state()["postgres"])
    await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    first.process.kill()
    first.process.wait()
    connection.terminate()

    again = start().wait_until_ready().state()
    connection = await asyncpg.connect(again["postgres"])
    assert await connection.fetchval("SELECT answer FROM kept") == 42
    await connection.close()


def test_a_second_supervisor_is_refused_the_folder(start: Callable[..., SmallSystem]) -> None:
    system = start().wait_until_ready()
    assert start().end() == (
        1,
        f"Partners already runs on {system.folder}: stop it first, or name another folder.\n",
    )
    assert system.state()["ready"]


def test_two_systems_run_side_by_side(start: Callable[..., SmallSystem], tmp_path: Path) -> None:
    one, other = start(), start(folder=tmp_path / "other")
    told = [system.wait_until_ready().state() for system in (one, other)]
    assert told[0]["bootstrap_servers"] != told[1]["bootstrap_servers"]
    assert not set(told[0]["urls"].values()) & set(told[1]["urls"].values())


@pytest.mark.parametrize("code", [0, 3])
def test_the_drivers_end_is_the_systems_end(start: Callable[..., SmallSystem], code: int) -> None:
    ended, said = start(f"drive={code}").end()
    assert ended == code
    assert said.startswith("driven with 127.0.0.1:")


def test_a_driver_is_stopped_with_its_system(start: Callable[..., SmallSystem]) -> None:
    system = start("drive=on").wait_until_ready()
    assert system.process.stdout is not None
    assert system.process.stdout.readline().startswith("driven with")
    system.process.send_signal(signal.SIGINT)
    assert system.end() == (128 + signal.SIGINT, "")


def test_a_port_that_was_asked_for_and_is_taken_is_said(
    start: Callable[..., SmallSystem],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = start(f"port={port}").end()
    assert code == 1
    assert said.startswith(f"Port {port}, which alpha was told to use, is taken: ")


def test_a_service_that_cannot_start_is_named_with_its_last_words(
    start: Callable[..., SmallSystem],
) -> None:
    code, said = start("broken").end()
    assert code == 1
    assert "beta ended 3 times before it was ready" in said


def test_a_failed_preparation_ends_the_start(start: Callable[..., SmallSystem]) -> None:
    code, said = start("unprepared").end()
    assert code == 1
    assert said.startswith("The databases could not be prepared: ")
    assert said.rstrip().endswith("there is no room")


def test_what_a_killed_supervisor_told_is_not_believed(
    start: Callable[..., SmallSystem], tmp_path: Path
) -> None:
    (tmp_path / "small").mkdir()
    left_behind = {"supervisor": 1, "ready": True, "processes": {}}
    (tmp_path / "small" / "state.json").write_text(json.dumps(left_behind), encoding="utf-8")
    system = start()
    assert wait_until(lambda: bool(system.state()), seconds=20)
    assert system.state()["supervisor"] == system.process.pid
