"""Keyed commands: sent again, answered again and done once (BYTES, over HTTP)."""

import hmac
from dataclasses import dataclass, field
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg

from shared.infra.database import Connection
from shared.infra.sql import load
from shared.kernel.identifiers import Position, derive

_SQL = load(__file__)
_ONE_ANSWER: Final = "one_answer_per_command"
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


class AnsweredBefore(Exception):
    """The command was answered before, and how: what is being decided about it is dropped."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(self.__doc__)


class AnsweredMeanwhile(Exception):
    """A twin of the command was answered while this one was being decided about."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True, slots=True)
class Claim:
    """How a command's key is kept: under its causation, with an HMAC of the body and nothing of it.

    The secret of the HMAC is not in the database.
    """

    causation: UUID
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, order: Order, secret: hmac.HMAC) -> "Claim":
        """The claim that this order makes; `secret` is an HMAC-SHA-256 of nothing yet."""
        digest = secret.copy()
        digest.update(order.body)
        return cls(order.causation, digest.digest())

    async def read_stream(
        self, connection: Connection, organisation: str, stream: str
    ) -> list[str]:
        """The bodies of a stream, oldest first, unless the command is answered: AnsweredBefore.

        Raises KeyUsedForAnotherCommand too.
        """
        rows = await connection.fetch(
            _SQL["stream_unless_answered"], organisation, stream, self.causation
        )
        if rows and rows[0]["body"] is None:
            raise AnsweredBefore(self._answer(rows[0]))
        return [row["body"] for row in rows]

    async def look(self, connection: Connection) -> None:
        """Raise AnsweredBefore when the command is answered, or KeyUsedForAnotherCommand."""
        row = await connection.fetchrow(_SQL["answered"], self.causation)
        if row is not None:
            raise AnsweredBefore(self._answer(row))

    async def note(self, connection: Connection, answer: Answer) -> None:
        """Note the answer to a command that wrote nothing; the others' is noted by their write.

        Raises AnsweredMeanwhile.
        """
        try:
            await connection.execute(
                _SQL["note"], self.causation, self.digest, answer.status, answer.location
            )
        except asyncpg.UniqueViolationError as error:
            if is_second_answer(error):
                raise AnsweredMeanwhile from error
            raise

    async def let_go(self, connection: Connection) -> None:
        """Forget the command if it was answered more than 30 days ago."""
        await connection.execute(_SQL["let_go"], self.causation)

    def _answer(self, row: asyncpg.Record) -> Answer:
        recovered = row["digest"] is None
        if not recovered and not hmac.compare_digest(row["digest"], self.digest):
            raise KeyUsedForAnotherCommand
        positions = tuple(map(Position.parse, row["positions"]))
        return Answer(row["status"], row["location"], positions, repeated=True, recovered=recovered)


def is_second_answer(error: asyncpg.PostgresError) -> bool:
    """Whether the database refused to note an answer because the command has one."""
    return getattr(error, "constraint_name", None) == _ONE_ANSWER


async def forget(connection: Connection) -> int:
    """Let go of keys used more than 30 days ago, 10,000 at most; answers how many they were."""
    return int(await connection.fetchval(_SQL["forget"]))
