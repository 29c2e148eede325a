"""What every part of a running service is given: database, clock, shell, keys, neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from shared.infra.bus.sources import Sources
from shared.infra.clock import Clock
from shared.infra.keys import Keys
from shared.infra.metrics import Metrics
from shared.infra.opening import Opener
from shared.infra.register import OrganisationEntry
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Shell


@dataclass(frozen=True, slots=True)
class Kit:
    """One running service. `organisations` are the codes it serves, sorted."""

    service: str
    settings: ServiceSettings
    pool: asyncpg.Pool
    clock: Clock
    shell: Shell
    keys: Keys
    opener: Opener
    sources: Sources
    metrics: Metrics
    register: Mapping[str, OrganisationEntry]

    @property
    def deployment(self) -> str:
        """The name of this deployment; Kafka group ids end with it."""
        return self.settings.deployment

    @property
    def organisations(self) -> tuple[str, ...]:
        """The organisations served here."""
        return self.settings.organisations
