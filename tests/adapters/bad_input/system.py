"""Every service for QH8 and RAJ in simulated time until it is told to stop: `system.py FOLDER`."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg

from deploy.embedded.children import wait_until
from deploy.embedded.evaluation import Evaluation
from deploy.embedded.folder import read_state
from deploy.embedded.issuer import EvaluationIssuer
from deploy.embedded.supervisor import Supervisor
from shared.infra.clock import SimulatedClock

START: Final = datetime(2024, 1, 8, 9, 0, tzinfo=UTC)
ORGANISATIONS: Final = ("QH8", "RAJ")
"""RAJ is asked; QH8 is served too, so that one can ask with the other's token."""
SERVICES: Final = {
    "recruitment": "recruitment",
    "engagement": "engagement-raj",
    "payments": "payments",
    "notifications": "notifications",
    "audit": "audit",
    "portal": "portal",
}
"""The deployment that serves RAJ, of each service."""


def evaluation(folder: Path) -> Evaluation:
    """The system on this folder."""
    return Evaluation("bad input", folder, ORGANISATIONS, simulated_time=True, durable=False)


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """Where everything answers."""

    folder: Path
    urls: dict[str, str]
    postgres: str

    @property
    def clock(self) -> SimulatedClock:
        """The clock of every service."""
        return SimulatedClock(evaluation(self.folder).clock_file)

    @property
    def issuer(self) -> EvaluationIssuer:
        """The issuer whose tokens are taken."""
        return evaluation(self.folder).issuer()

    def url(self, service: str) -> str:
        """Where a service answers for RAJ."""
        return self.urls[SERVICES[service]]

    def database(self, service: str) -> str:
        """The superuser's address of a service's database."""
        name = SERVICES[service].replace("-", "_")
        return urlsplit(self.postgres)._replace(path=f"/{name}").geturl()

    def fetch(self, service: str, query: str, *values: object) -> list[Any]:
        """Rows of a service's database."""

        async def ask() -> list[Any]:
            connection = await asyncpg.connect(self.database(service))
            try:
                return list(await connection.fetch(query, *values))
            finally:
                await connection.close()

        return asyncio.run(ask())


@contextmanager
def running(folder: Path) -> Iterator[RunningSystem]:
    """The system as processes of its own, ready; ended after."""
    process = Popen([sys.executable, "-m", __name__, str(folder)])
    try:

        def ready() -> bool:
            state = read_state(folder)
            return process.poll() is not None or (state is not None and state["ready"])

        assert wait_until(ready, seconds=90, pause=0.1)
        state = read_state(folder)
        assert state is not None, "the system ended before it was ready"
        yield RunningSystem(folder, state["urls"], state["postgres"])
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    the_system = evaluation(Path(sys.argv[1]))
    the_system.folder.mkdir(parents=True, exist_ok=True)
    SimulatedClock(the_system.clock_file).set(START)
    sys.exit(Supervisor(the_system.system()).run())
