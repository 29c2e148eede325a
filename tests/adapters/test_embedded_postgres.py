"""The PostgreSQL server we run ourselves."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded.children import (
    CAP_DAC_OVERRIDE,
    NOBODY,
    EmbeddedFailure,
    open_to_all,
    wait_until,
)
from deploy.embedded.ports import free_port
from deploy.embedded.postgres import Postgres, binary

OWNER = """
import sys, time
from pathlib import Path
from deploy.embedded.postgres import Postgres, binary
server = Postgres(Path(sys.argv[1]), durable=False)
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A folder nobody but its owner may enter, as a clone in root's home is."""
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def server(private: Path) -> Iterator[Postgres]:
    server = Postgres(private / "postgres", durable=False)
    yield server
    server.stop()


async def ask(server: Postgres, question: str) -> object:
    connection = await asyncpg.connect(server.dsn())
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_it_keeps_its_data_over_a_restart(server: Postgres) -> None:
    server.start()
    await ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    assert not server.alive()
    server.start()
    assert await ask(server, "SELECT answer FROM kept") == 42


async def test_what_was_committed_survives_a_crash_at_the_same_address(private: Path) -> None:
    server = Postgres(private / "postgres")
    server.start()
    port = server.port
    await ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    server.kill()
    server.start()
    assert server.port == port
    assert await ask(server, "SELECT answer FROM kept") == 42
    server.stop()


async def test_text_is_utf_8_ordered_by_code_point_and_time_is_utc(server: Postgres) -> None:
    server.start()
    assert await ask(server, "SHOW server_encoding") == "UTF8"
    assert await ask(server, "SHOW timezone") == "UTC"
    assert await ask(server, "SELECT 'Z' < 'a' AND 'z' < 'é'") is True


@pytest.mark.parametrize("durable", [True, False])
async def test_only_tests_give_up_durability(private: Path, durable: bool) -> None:
    server = Postgres(private / "postgres", durable=durable)
    server.start()
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        assert await ask(server, f"SHOW {name}") == ("on" if durable else "off")
    server.stop()


def test_it_listens_on_loopback_only(server: Postgres) -> None:
    server.start()
    listening = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()
    addresses = {line.split()[1] for line in listening if line.split()[3] == "0A"}
    assert {a for a in addresses if a.endswith(f":{server.port:04X}")} == {
        f"0100007F:{server.port:04X}"
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_runs_it_as_nobody_below_folders_only_root_may_enter(
    server: Postgres, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = binary("postgres").parents[2]
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), private / name)
    programs = private / package.name / "pginstall" / "bin"
    monkeypatch.setattr("deploy.embedded.postgres.binary", lambda name: programs / name)
    server.start()
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    assert f"Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}" in status
    assert f"CapEff:\t{1 << CAP_DAC_OVERRIDE:016x}" in status
    assert server.folder.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(
    os.geteuid() != 0 or not open_to_all(binary("postgres")),
    reason="only root has to become somebody else, and may keep what a private clone needs",
)
def test_root_gives_up_all_it_may_where_everybody_may_enter() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder) / "postgres", durable=False)
        server.start()
        status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
        server.stop()
    assert "CapEff:\t0000000000000000" in status


def test_it_shuts_down_cleanly_when_its_owner_is_killed(private: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(private / "postgres")],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.communicate()
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists(), seconds=10)
    log = (private / "postgres.log").read_text(encoding="utf-8")
    assert log.rstrip().endswith("database system is shut down")


def test_a_taken_port_is_said(private: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = Postgres(private / "postgres", port=port, durable=False)
        with pytest.raises(EmbeddedFailure, match=f"did not start on port {port}"):
            server.start()
    assert not server.alive()


def test_a_second_server_on_the_same_data_is_refused(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start()
    monkeypatch.setattr("deploy.embedded.postgres.STOP_SECONDS", 0.2)
    with pytest.raises(EmbeddedFailure, match="Another PostgreSQL server still uses the data"):
        Postgres(server.folder, durable=False).start()
    assert server.alive()


@pytest.mark.parametrize("left_behind", ["", "{not_postgres}\n/elsewhere\n"])
def test_a_pid_file_that_was_left_behind_is_no_hindrance(
    server: Postgres, left_behind: str
) -> None:
    server.start()
    server.kill()
    pid_file = server.folder / "postmaster.pid"
    pid_file.write_text(left_behind.format(not_postgres=os.getpid()), encoding="utf-8")
    server.start()


def test_an_interrupted_initdb_is_made_again(server: Postgres) -> None:
    unfinished = server.folder.with_name("postgres.new")
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n", encoding="ascii")
    server.start()


def test_stopping_insists(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    server.start()
    assert server.pid
    os.kill(server.pid, signal.SIGSTOP)
    monkeypatch.setattr("deploy.embedded.postgres.STOP_SECONDS", 0.2)
    server.stop()
    assert not server.alive()


def test_a_free_port_lost_to_somebody_else_is_chosen_again(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Postgres(private / "postgres", durable=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1], free_port()])
        monkeypatch.setattr("deploy.embedded.postgres.free_port", lambda: next(ports))
        server.start()
        assert server.port != taken.getsockname()[1]
    server.stop()
