"""What a storm goes over: some services twice, and a crossing on every way that may be cut."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random  # noqa: TID251 - a seeded choice, the same at every run
from socket import create_server, socket
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from deploy.embedded.evaluation import Evaluation
from deploy.embedded.forked import ProcessSpec
from deploy.embedded.system import Addresses, System, http_ready
from deploy.storm.crossings import serve_all

REPLICAS: Final = 2


def replicas(evaluation: Evaluation, seed: int) -> list[str]:
    """The deployments that run twice in the storm of this seed."""
    chance = Random(seed)  # noqa: S311 - nothing secret is chosen
    return chance.sample([each.name for each in evaluation.deployments()], REPLICAS)


def second_of(name: str) -> str:
    """The name of a deployment's second process."""
    return f"{name}-second"


def to_database(process: str) -> str:
    """The name of the way from a process to its database."""
    return f"database-of-{process}"


def to_service(deployment: str) -> str:
    """The name of the way on which the others reach a deployment: its log and its keys."""
    return f"way-to-{deployment}"


def cuts_file(evaluation: Evaluation) -> Path:
    """Where the ways that are cut now are written."""
    return evaluation.folder / "cuts"


def prepared(system: System, evaluation: Evaluation, twice: Sequence[str]) -> System:
    """The system with a second process of these deployments, and crossings."""
    names = [each.name for each in evaluation.deployments()]
    processes = [*names, *map(second_of, twice)]

    def specs(addresses: Addresses) -> Sequence[ProcessSpec]:
        targets = {to_database(process): addresses.postgres_port for process in processes}
        targets |= {to_service(name): addresses.ports[name] for name in names}
        # opened before anything else runs: a port only chosen could be taken by then
        entries = entries_for(targets, {*addresses.ports.values(), addresses.postgres_port})
        calm = system.processes(addresses)
        second = [_second(spec, addresses) for spec in calm if spec.name in twice]
        crossed = [_crossed(spec, targets, entries) for spec in (*calm, *second)]
        start = partial(serve_all, entries, targets, cuts_file(evaluation))
        return [ProcessSpec("crossings", start), *crossed]

    ports = dict.fromkeys(map(second_of, twice))
    return replace(system, processes=specs, ports={**system.ports, **ports})


def entries_for(ways: Iterable[str], chosen: Collection[int]) -> dict[str, socket]:
    """A listening socket for each way, on none of the ports that others are yet to listen on."""
    entries: dict[str, socket] = {}
    for way in ways:
        entry = create_server(("127.0.0.1", 0))
        while entry.getsockname()[1] in chosen:
            entry.close()
            entry = create_server(("127.0.0.1", 0))
        entries[way] = entry
    return entries


def _second(spec: ProcessSpec, addresses: Addresses) -> ProcessSpec:
    name = second_of(spec.name)
    port = addresses.ports[name]
    environment = {**spec.environment, "PARTNERS_HTTP_PORT": str(port)}
    return replace(spec, name=name, environment=environment, ready=partial(http_ready, port))


def _crossed(
    spec: ProcessSpec, targets: Mapping[str, int], entries: Mapping[str, socket]
) -> ProcessSpec:
    """The same process, which reaches its database and the other services over crossings."""
    ports = {way: entry.getsockname()[1] for way, entry in entries.items()}
    by_port = {target: ports[way] for way, target in targets.items()}
    database = to_database(spec.name)
    by_port[targets[database]] = ports[database]
    urls: Mapping[str, str] = json.loads(spec.environment["PARTNERS_SERVICE_URLS"])
    crossed = {key: _at(url, by_port) for key, url in urls.items()}
    return replace(
        spec,
        environment={
            **spec.environment,
            "PARTNERS_DATABASE_URL": _at(spec.environment["PARTNERS_DATABASE_URL"], by_port),
            "PARTNERS_SERVICE_URLS": json.dumps(crossed),
        },
    )


def _at(url: str, by_port: Mapping[int, int]) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{host}:{by_port[parts.port or 0]}"))
