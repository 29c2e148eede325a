"""What `make up` costs: seconds to be ready, memory and processor time at rest."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from time import perf_counter
from typing import Final

from deploy.bench.measures import Contender, Experiment, Figures, Target
from deploy.bench.place import Place
from deploy.bench.system import running

SETTLED_SECONDS: Final = 10.0
"""After which nothing is left of the start."""
_GIBIBYTE: Final = 2**30


@asynccontextmanager
async def _prepare(place: Place) -> AsyncIterator[Mapping[str, Contender]]:
    numbers = count(1)

    async def up() -> Figures:
        async with running(place.folder / f"up-{next(numbers)}") as system:
            await asyncio.sleep(SETTLED_SECONDS)
            used, begun = system.cpu_seconds(), perf_counter()
            await asyncio.sleep(SETTLED_SECONDS)
            return {
                "ready": system.seconds,
                "memory": system.memory_octets() / _GIBIBYTE,
                "cores": (system.cpu_seconds() - used) / (perf_counter() - begun),
            }

    yield {"ours": up}


EXPERIMENT: Final = Experiment(
    name="up",
    title="`make up` on a new data folder: seconds to ready, GiB and cores at rest",
    targets=(
        Target("ready", "ready", "seconds", at_most=15),
        Target("memory", "memory", "GiB", at_most=1.2),
    ),
    prepare=_prepare,
)
