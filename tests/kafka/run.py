"""Runs the tests marked `bus` on an Apache Kafka of our own, started from its published jars."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.embedded.broker import cluster_id
from deploy.embedded.children import last_words, spawn, wait_until
from deploy.embedded.ports import free_port
from tests.servers import groups_work

PROJECT: Final = Path(__file__).parents[2]
LIBRARIES: Final = PROJECT / ".partners" / "kafka-libraries"
CLUSTER: Final = "cGFydG5lcnMtdGVzdC1rYQ"
MEMORY: Final = "-Xmx512m"
READY_SECONDS: Final = 60.0


def main(arguments: Sequence[str]) -> int:
    """Fetch the jars, start the broker, run pytest with it; pytest's exit code."""
    missing = [program for program in ("java", "mvn") if shutil.which(program) is None]
    if missing:
        print(f"make test-kafka needs Java 17 and Maven: {' and '.join(missing)} not found.")
        return 2
    if not (LIBRARIES / "complete").exists():
        _fetch()
    with tempfile.TemporaryDirectory(prefix="partners-kafka-") as folder:
        return _test(Path(folder), arguments)


def _fetch() -> None:
    print("Fetching Apache Kafka through Maven ...", flush=True)
    shutil.rmtree(LIBRARIES, ignore_errors=True)
    command = [
        "mvn",
        "-q",
        "-B",
        "-Dstyle.color=never",
        "-f",
        str(Path(__file__).with_name("pom.xml")),
    ]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={LIBRARIES}"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    (LIBRARIES / "complete").touch()


def _test(folder: Path, arguments: Sequence[str]) -> int:
    port = free_port()
    configuration, log = folder / "server.properties", folder / "kafka.log"
    lines = [f"{name}={value}" for name, value in _properties(folder, port).items()]
    configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")
    java = ["java", MEMORY, "-cp", f"{LIBRARIES}/*"]
    formatting = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER]
    formatting += ["-c", str(configuration)]
    formatted = subprocess.run(formatting, check=False, capture_output=True, text=True)
    if formatted.returncode != 0:
        print(f"Apache Kafka could not format its folder: {formatted.stderr.strip()}")
        return 2
    kafka = spawn(
        [*java, "kafka.Kafka", configuration],
        log=log,
        environment=os.environ,
        on_parent_death=signal.SIGKILL,
    )
    try:
        wait_until(
            lambda: kafka.poll() is not None or groups_work(f"127.0.0.1:{port}"),
            seconds=READY_SECONDS,
            pause=0.2,
        )
        if cluster_id("127.0.0.1", port) != CLUSTER:
            print(f"Apache Kafka did not start: {last_words(log)}")
            return 2
        print(f"Apache Kafka answers on port {port}.", flush=True)
        given = {**os.environ, "PARTNERS_TEST_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}"}
        command = [sys.executable, "-m", "pytest", "-m", "bus", *arguments]
        return subprocess.run(command, check=False, cwd=PROJECT, env=given).returncode
    finally:
        kafka.kill()
        kafka.wait()


def _properties(folder: Path, port: int) -> Mapping[str, str | int]:
    """One node that is broker and controller, for two-second sessions and quick joins."""
    controller = free_port()
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(folder / "data"),
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 500,
        # as the embedded broker does: whoever touches an unknown topic makes it, scattered
        "auto.create.topics.enable": "true",
        "num.partitions": 4,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
