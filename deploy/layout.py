"""Which deployments an installation has: one process and one database each."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

import services
from shared.infra.migrations import KIT, Module

if TYPE_CHECKING:
    from shared.infra.service import Service

SHARED_SERVICES: Final = ("recruitment", "payments", "notifications", "audit", "portal")
"""Services of which one deployment serves all organisations; engagement has one per trust."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One running service: its name, which service it is, and the organisations it serves."""

    name: str
    service: str
    organisations: tuple[str, ...]

    @property
    def database(self) -> str:
        """The name of its database, from which its roles take theirs."""
        return self.name.replace("-", "_")

    def load(self) -> "Service":
        """The service itself, imported."""
        return service_named(self.service)

    def modules(self) -> list[Module]:
        """The migrations its database needs: the kit's, and the service's own when it has any."""
        own = Path(services.__path__[0]) / self.service / "migrations"
        return [KIT, *([(self.service, own)] if own.is_dir() else [])]


def service_named(name: str) -> "Service":
    """The `SERVICE` of services/<name>/app.py."""
    service: Service = import_module(f"services.{name}.app").SERVICE
    return service


def deployments(organisations: Sequence[str]) -> list[Deployment]:
    """One deployment of every shared service, and one engagement service for each organisation."""
    codes = tuple(sorted(organisations))
    shared = [Deployment(name, name, codes) for name in SHARED_SERVICES]
    own = [Deployment(f"engagement-{code.lower()}", "engagement", (code,)) for code in codes]
    return [*shared[:1], *own, *shared[1:]]
