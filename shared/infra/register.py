"""The organisation register: files of codes, names, regions and policies, read by every service."""

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.kernel.identifiers import Organisation


class RegisterUnreadable(ValueError):
    """A file of the organisation register is not right."""


class PolicyFile(BaseModel):
    """One version of one policy, as an organisation adopts it in one service's log."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    kind: str
    version: int
    effective_from: date
    terms: dict[str, Any]


class OrganisationEntry(BaseModel):
    """One organisation. `valid_to` is its last day, absent while it exists."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Organisation
    name: str
    kind: Literal["icb", "trust", "community-interest-company", "other"]
    region: str
    valid_from: date
    valid_to: date | None = None
    note: str = ""
    policies: tuple[str, ...] = ()
    """Files of the folder `policies`, without their ending, in the order they are adopted."""


def read_register(folder: Path) -> Mapping[str, OrganisationEntry]:
    """Every organisation by code; RegisterUnreadable names the file and the field that is wrong."""
    entries = {}
    for file in sorted(folder.glob("*.toml")):
        entry = _read(file, OrganisationEntry)
        if entry.code in entries:
            raise RegisterUnreadable(f"{file.name}: {entry.code} is in the register twice.")
        entries[entry.code] = entry
    return entries


def read_policies(folder: Path, entry: OrganisationEntry) -> list[PolicyFile]:
    """The policies this organisation adopts, in order."""
    return [_read(folder / "policies" / f"{name}.toml", PolicyFile) for name in entry.policies]


def _read(file: Path, model: type[Any]) -> Any:
    try:
        return model.model_validate(tomllib.loads(file.read_text()))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RegisterUnreadable(f"{file.name} cannot be read: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RegisterUnreadable(f"{file.name}: {where}: {first['msg']}.") from None
