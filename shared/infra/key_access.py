"""Who may open what for which purpose, and the answer to `POST /keys/{organisation}/open`."""

from base64 import b64encode
from collections.abc import Mapping, Set
from typing import Annotated, Final, Literal, TypeAlias, get_args
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.personal import RETENTION_CLASSES, RetentionClass
from shared.infra.database import Connection
from shared.infra.keys import Keys, NoWrappingKey

Purpose: TypeAlias = Literal[
    "welcoming a partner", "paying a partner", "writing a message", "showing to a person"
]
WELCOMING: Final = "welcoming a partner"
"""A service takes over what it needs of an appointed person, to seal its own."""
PAYING: Final = "paying a partner"
"""The body that pays takes over whom it pays, or writes a bank file."""
WRITING: Final = "writing a message"
"""A message to the person, or to their coordinator, is written."""
SHOWING: Final = "showing to a person"
"""A person who may see it is shown it."""
PURPOSES: Final[tuple[str, ...]] = get_args(Purpose)
MOST_KEYS: Final = 500
"""So many keys may be asked for in one call (BYTES)."""
SYSTEM: Final = "system"
"""Actors `system/<service>` have the role `service`."""

_Classes: TypeAlias = frozenset[RetentionClass]
_ALL: Final[_Classes] = frozenset(RETENTION_CLASSES)
_OWN: Final[_Classes] = frozenset({"application", "partnership", "money", "correspondence"})
_PAID: Final[_Classes] = frozenset({"partnership", "money"})

_ALLOWED: Final[Mapping[tuple[str, str], _Classes]] = {
    ("service", WELCOMING): frozenset({"application", "partnership"}),
    ("service", PAYING): _PAID,
    ("service", WRITING): _ALL,
    ("coordinator", SHOWING): _ALL - {"money"},
    ("panel-member", SHOWING): frozenset({"application"}),
    ("lead-contact", SHOWING): frozenset({"partnership", "correspondence"}),
    ("finance-preparer", SHOWING): _PAID,
    ("finance-approver", SHOWING): _PAID,
    # their own data: the service that shows it sees to that
    ("applicant", SHOWING): _OWN,
    ("partner", SHOWING): _OWN,
}
_log = structlog.get_logger()


class OpenKeys(BaseModel):
    """What a service asks of the service that keeps the keys, and on whose behalf."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MOST_KEYS)]
    purpose: Purpose
    actor: Annotated[str, Field(pattern=r"^[a-z-]+/[a-z0-9-]+$", max_length=100)]


class OpenedKeys(BaseModel):
    """Keys in base64 by their ids; an id in none of the three was never kept here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    opened: dict[UUID, str] = Field(repr=False)
    erased: tuple[UUID, ...] = ()
    refused: tuple[UUID, ...] = ()


def role_of(actor: str, roles: Set[str]) -> str | None:
    """The role a call is judged by: a service may speak for its actor, a person only for itself."""
    named = actor.partition("/")[0]
    if "service" in roles:
        return "service" if named == SYSTEM else named
    return named if named in roles else None


async def serve_keys(
    connection: Connection, keys: Keys, organisation: str, asked: OpenKeys, roles: Set[str]
) -> OpenedKeys:
    """The keys of this organisation that a bearer with these roles may have.

    Raises NoWrappingKey when one cannot be unwrapped here.
    """
    classes = _ALLOWED.get((role_of(asked.actor, roles) or "", asked.purpose), frozenset())
    found = await keys.find(connection, organisation, asked.keys)
    opened: dict[UUID, str] = {}
    erased: list[UUID] = []
    refused: list[UUID] = []
    for key_id, key in found.items():
        if key.holder.retention_class not in classes:
            refused.append(key_id)
        elif key.wrapped is None:
            erased.append(key_id)
        else:
            opened[key_id] = b64encode(keys.unwrap(key)).decode()
    if refused:
        _log.warning("keys refused", organisation=organisation, keys=len(refused))
    return OpenedKeys(opened=opened, erased=tuple(erased), refused=tuple(refused))


__all__ = [
    "MOST_KEYS",
    "PAYING",
    "PURPOSES",
    "SHOWING",
    "WELCOMING",
    "WRITING",
    "NoWrappingKey",
    "OpenKeys",
    "OpenedKeys",
    "Purpose",
    "role_of",
    "serve_keys",
]
