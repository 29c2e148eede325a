"""Applies the organisation register: a topic for every log, every policy into its service's log."""

from collections.abc import Sequence
from pathlib import Path

from deploy.demo.neighbours import Neighbours
from shared.infra.bus.access import BusAccess
from shared.infra.bus.topics import make_topics
from shared.infra.register import (
    OrganisationEntry,
    RegisterUnreadable,
    read_policies,
    read_register,
)
from shared.infra.settings import BrokerSettings
from shared.kernel.identifiers import SERVICES, LogName


def chosen(folder: Path, organisations: Sequence[str]) -> list[OrganisationEntry]:
    """The register's entries of these organisations; RegisterUnreadable when one is missing."""
    register = read_register(folder)
    missing = [code for code in organisations if code not in register]
    if missing:
        raise RegisterUnreadable(f"{missing[0]} is not in the organisation register in {folder}.")
    return [register[code] for code in organisations]


async def apply_topics(organisations: Sequence[str], broker: BrokerSettings) -> list[str]:
    """Make the topics of these organisations that are missing, all at once; answers their names.

    Every group that reads them is reassigned once, not once for each.
    """
    names = [str(LogName(service, code)) for code in organisations for service in SERVICES]
    await make_topics(BusAccess.of(broker), names)
    return names


async def apply_policies(
    folder: Path, organisations: Sequence[str], neighbours: Neighbours
) -> list[str]:
    """Have every policy of these organisations adopted; answers a line for each.

    Applying again changes nothing: a version once adopted never changes.
    """
    lines = []
    for entry in chosen(folder, organisations):
        token = neighbours.token("operator", {entry.code: ["operator"]})
        for policy in read_policies(folder, entry):
            form = policy.model_dump(mode="json", exclude={"service"})
            key = f"{entry.code}|{policy.service}|{policy.kind}|{policy.version}"
            _, position = await neighbours.command(
                token, policy.service, entry.code, "/policies", form, key
            )
            lines.append(
                f"{entry.code}: {policy.kind} {policy.version} from {policy.effective_from}"
                f" ({position or 'adopted before'})"
            )
    return lines
