"""Which running system a command speaks to, and with whose token."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deploy.embedded.children import EmbeddedFailure
from deploy.embedded.folder import read_state

if TYPE_CHECKING:
    from deploy.embedded.evaluation import Evaluation
    from deploy.embedded.issuer import EvaluationIssuer
    from deploy.embedded.system import Addresses
    from shared.infra.settings import BrokerSettings

DATA: Final = Path(".partners")
_SYSTEMS: Final = ("up", "demo", "storm")
_NOTHING_RUNS: Final = (
    "No system runs here: start one with `make up`, or set PARTNERS_SERVICE_URLS and "
    "PARTNERS_TOKEN to speak to one that runs elsewhere."
)


@dataclass(frozen=True, slots=True)
class Target:
    """A running system: where its services answer, and how to get a token for it."""

    urls: Mapping[str, str]
    organisations: tuple[str, ...]
    issuer: "EvaluationIssuer | None"
    given_token: str
    bootstrap_servers: str
    """Where its broker answers; empty when nobody said."""

    @classmethod
    def find(cls) -> "Target":
        """The system the environment names, else the embedded one that runs below `.partners`.

        Raises EmbeddedFailure with what to do when there is neither.
        """
        if urls := os.environ.get("PARTNERS_SERVICE_URLS"):  # noqa: TID251 - a command's own setting
            given = os.environ.get("PARTNERS_TOKEN", "")  # noqa: TID251
            codes = os.environ.get("PARTNERS_ORGANISATIONS", "")  # noqa: TID251
            broker = os.environ.get("PARTNERS_BOOTSTRAP_SERVERS", "")  # noqa: TID251
            organisations = tuple(filter(None, codes.split(",")))
            return cls(json.loads(urls), organisations, None, given, broker)
        for folder, state in _running():
            from deploy.embedded.issuer import EvaluationIssuer

            found = json.loads((folder / "services.json").read_text())
            issuer = EvaluationIssuer(folder / "identity")
            organisations = tuple(found["organisations"])
            return cls(found["urls"], organisations, issuer, "", state["bootstrap_servers"])
        raise EmbeddedFailure(_NOTHING_RUNS)

    def url_of(self, service: str, organisation: str) -> str | None:
        """Where that service answers for that organisation; None when nobody said."""
        found = self.urls.get(f"{service}/{organisation}") or self.urls.get(service)
        return found and found.replace("{organisation}", organisation.lower()).rstrip("/")

    def urls_of(self, services: Sequence[str]) -> dict[str, str]:
        """Where these services answer, by service and organisation; only those somebody told of."""
        found = {(s, o): self.url_of(s, o) for s in services for o in self.organisations}
        return {f"{service}/{code}": url for (service, code), url in found.items() if url}

    def broker(self) -> "BrokerSettings | None":
        """How its broker is reached: the environment says, or the embedded system does."""
        from shared.infra.settings import BrokerSettings

        if not self.bootstrap_servers:
            return None
        if self.issuer is None:
            return BrokerSettings()
        return BrokerSettings(bootstrap_servers=self.bootstrap_servers, embedded=True)

    def token(self, subject: str, roles: Sequence[str], organisations: Sequence[str] = ()) -> str:
        """A bearer token: the one given, or in evaluation one made for these roles."""
        if self.issuer is None:
            return self.given_token
        codes = organisations or self.organisations
        return self.issuer.token(subject, {code: list(roles) for code in codes})


def embedded() -> "tuple[Evaluation, Addresses] | None":
    """The embedded system that runs below `.partners`, and where its parts listen."""
    from deploy.embedded.evaluation import Evaluation
    from deploy.embedded.system import Addresses

    for folder, state in _running():
        found = json.loads((folder / "services.json").read_text())
        simulated = (folder / "clock").exists()
        evaluation = Evaluation(
            state["name"],
            folder.absolute(),
            tuple(found["organisations"]),
            simulated_time=simulated,
        )
        return evaluation, Addresses.told(state)
    return None


def _running() -> Iterator[tuple[Path, dict[str, Any]]]:
    for name in _SYSTEMS:
        if (state := read_state(DATA / name)) is not None:
            yield DATA / name, state
