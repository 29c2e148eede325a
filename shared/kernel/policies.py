"""Policies are data: immutable versions, each in force from a date, adopted in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from shared.kernel.decider import Refused
from shared.kernel.ijson import Json


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """What an organisation decides by from a date on."""

    kind: str
    version: int
    effective_from: date
    terms: Mapping[str, Json] = field(hash=False)


@dataclass(frozen=True, slots=True)
class AdoptPolicy:
    """Take this version into the organisation's own log."""

    kind: str
    version: int
    effective_from: date
    terms: Mapping[str, Json] = field(hash=False)


Adopted: TypeAlias = tuple[PolicyVersion, ...]
"""Every version of one policy, oldest first."""


class PolicyVersionChanged(Refused):
    """An adopted policy version never changes. Adopt the change as the next version."""


class PolicyVersionOutOfOrder(Refused):
    """Policy versions are adopted one after the other, counted from 1; adopt the next one."""


class PolicyBackdated(Refused):
    """A policy version takes effect on or after the day of the one before; give a later day."""


def adopt(adopted: Adopted, command: AdoptPolicy) -> Sequence[PolicyVersion]:
    """The version to add, or none when exactly this one was adopted before."""
    version = PolicyVersion(command.kind, command.version, command.effective_from, command.terms)
    if 1 <= version.version <= len(adopted):
        if adopted[version.version - 1] != version:
            raise PolicyVersionChanged(f"Version {version.version} stands as it was adopted.")
        return []
    if version.version != len(adopted) + 1:
        raise PolicyVersionOutOfOrder(f"The next one is version {len(adopted) + 1}.")
    if adopted and version.effective_from < adopted[-1].effective_from:
        raise PolicyBackdated(
            f"Version {len(adopted)} took effect on {adopted[-1].effective_from.isoformat()}."
        )
    return [version]


def in_force(adopted: Adopted, on: date) -> PolicyVersion | None:
    """The version a decision about this business date uses; None before the first."""
    begun = [version for version in adopted if version.effective_from <= on]
    return begun[-1] if begun else None
