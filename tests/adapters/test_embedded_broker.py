"""The broker we run ourselves."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.embedded.broker import Broker, cluster_id
from deploy.embedded.children import EmbeddedFailure, wait_until
from deploy.embedded.ports import free_port

OWNER = """
import sys, time
from pathlib import Path
from deploy.embedded.broker import Broker
broker = Broker(Path(sys.argv[1]))
broker.start()
print(broker.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path / "broker.log")
    broker.start()
    yield broker
    broker.stop()


async def test_it_takes_records(broker: Broker) -> None:
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
        confirmed = await producer.send_and_wait("engagement.RAJ", b"body", partition=0)
    assert confirmed.offset == 0


def test_it_listens_on_loopback_only(broker: Broker) -> None:
    listening = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()
    addresses = {line.split()[1] for line in listening if line.split()[3] == "0A"}
    assert {a for a in addresses if a.endswith(f":{broker.port:04X}")} == {
        f"0100007F:{broker.port:04X}"
    }


def test_another_broker_on_the_port_is_not_taken_for_ours(broker: Broker, tmp_path: Path) -> None:
    first = cluster_id("127.0.0.1", broker.port)
    second = Broker(tmp_path / "second.log", port=broker.port)
    with pytest.raises(EmbeddedFailure, match=f"did not start on port {broker.port}"):
        second.start()
    assert not second.alive()
    assert cluster_id("127.0.0.1", broker.port) == first


def test_what_our_environment_says_does_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_ENGINE", "s3://nowhere/")
    monkeypatch.setenv("CLUSTER_ID", "somebody-elses")
    broker = Broker(tmp_path / "broker.log")
    broker.start()
    assert cluster_id("127.0.0.1", broker.port) != "somebody-elses"
    assert Path(f"/proc/{broker.pid}/environ").read_bytes() == b""
    broker.stop()


def test_it_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "broker.log")],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.communicate()
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists(), seconds=5)


def test_nobody_answers_on_a_free_port(broker: Broker) -> None:
    broker.kill()
    assert cluster_id("127.0.0.1", broker.port) is None


def test_a_free_port_lost_to_somebody_else_is_chosen_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Broker(tmp_path / "second.log")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1], free_port()])
        monkeypatch.setattr("deploy.embedded.broker.free_port", lambda: next(ports))
        server.start()
        assert server.port != taken.getsockname()[1]
    server.stop()
