"""What an embedded system is made of: the description that the supervisor starts."""

import http.client
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.embedded.forked import ProcessSpec


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything listens, known once the ports are chosen."""

    postgres_port: int
    bootstrap_servers: str
    ports: Mapping[str, int]
    """The HTTP port of each process by its name."""

    @classmethod
    def told(cls, state: Mapping[str, Any]) -> "Addresses":
        """The addresses of the running system that told this about itself."""
        ports = {name: urlsplit(url).port or 0 for name, url in state["urls"].items()}
        return cls(urlsplit(state["postgres"]).port or 0, state["bootstrap_servers"], ports)

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        """A database of the system under one of its roles; a superuser unless named."""
        return f"postgresql://{user}@127.0.0.1:{self.postgres_port}/{database}"

    def url(self, name: str) -> str:
        """Where the process of that name answers HTTP."""
        return f"http://127.0.0.1:{self.ports[name]}"


def _nothing(_addresses: Addresses) -> None:
    return


def _to_stderr(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class System:
    """PostgreSQL, a broker and processes on one data folder."""

    name: str
    folder: Path
    processes: Callable[[Addresses], Sequence[ProcessSpec]]
    """Imports what the processes need, while `prepare` runs: they are forked after both."""
    ports: Mapping[str, int | None] = field(default_factory=dict)
    """The HTTP ports by process name; None takes a free one, last time's where it can."""
    postgres_port: int | None = None
    broker_port: int | None = None
    durable: bool = True
    prepare: Callable[[Addresses], None] = _nothing
    """Run to its end in a child, before the processes start: databases, migrations."""
    driver: Callable[[Addresses], ProcessSpec] | None = None
    """Started when all are ready; its end is the end of the system, its exit code the system's."""
    announce: Callable[[Addresses], None] = _nothing
    """Called once when all are ready."""
    say: Callable[[str], None] = _to_stderr
    """Given a sentence for the person who watches."""
    ready_seconds: float = 60.0
    stop_seconds: float = 10.0
    """How long services, the broker and the database are each given before they are killed."""


def http_ready(port: int) -> bool:
    """Whether the service on this port says it is ready to work."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
