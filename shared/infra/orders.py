"""Keyed commands: sent again, answered again and done once (BYTES, over HTTP)."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg

from shared.infra.database import Connection
from shared.infra.sql import load
from shared.kernel.identifiers import Position, derive

_SQL = load(__file__)
_COMMANDS: Final = uuid5(NAMESPACE_URL, "urn:partners:command")


class KeyUsedForAnotherCommand(Exception):
    """This Idempotency-Key was used for another command. Take a new key for a new command."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True, slots=True)
class Order:
    """A command as a client sent it, with the client's own key for it."""

    organisation: str
    actor: str
    route: str
    key: str
    body: bytes = field(repr=False)
    traceparent: str = ""
    causation: UUID = field(init=False)
    """UUIDv5 of (organisation, actor, route, key): the causation of what it leads to."""

    def __post_init__(self) -> None:
        names = "\n".join((self.organisation, self.actor, self.route, self.key))
        object.__setattr__(self, "causation", uuid5(_COMMANDS, names))

    def derive(self, purpose: str) -> UUID:
        """The identifier of what this command makes for `purpose`."""
        return derive(self.causation, purpose)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command came to: 201 when it wrote something, 200 when all was so already."""

    status: int
    location: str | None
    positions: tuple[Position, ...]
    repeated: bool
    recovered: bool = False
    """Known from its events alone, after a recovery: where its result lies is not."""


async def claim(connection: Connection, order: Order, secret: bytes) -> Answer | None:
    """Take the order's key first of all, waiting for a twin; the earlier answer when it was used.

    Kept is only an HMAC of the body, under a secret that is not in the database.
    """
    digest = hmac.digest(secret, order.body, sha256)
    if await connection.fetchval(_SQL["claim"], order.causation, digest):
        return None
    row = await connection.fetchrow(_SQL["earlier"], order.causation)
    if row is None:
        raise asyncpg.SerializationError("The key was let go of between two looks at it.")
    recovered = row["digest"] is None
    if not recovered and not hmac.compare_digest(row["digest"], digest):
        raise KeyUsedForAnotherCommand
    positions = tuple(Position.parse(text) for text in row["positions"])
    return Answer(row["status"], row["location"], positions, repeated=True, recovered=recovered)


async def complete(connection: Connection, order: Order, answer: Answer) -> None:
    """Note the answer to a command that wrote nothing; the others' is noted by their append."""
    await connection.execute(_SQL["answer"], order.causation, answer.status, answer.location)


async def forget(connection: Connection) -> int:
    """Let go of keys used more than 30 days ago, 10,000 at most; answers how many they were."""
    return int(await connection.fetchval(_SQL["forget"]))
