"""The keys of persons that this service keeps: made, wrapped, found, destroyed, sealed under."""

import json
from base64 import b64decode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from os import urandom
from typing import Final, Self
from uuid import UUID, uuid4

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.contracts.envelope import Draft
from shared.contracts.personal import RetentionClass
from shared.infra.clock import Clock
from shared.infra.database import Connection
from shared.infra.key_memory import KeyMemory
from shared.infra.known_persons import KnownPersons
from shared.infra.sealing import At, Holder, PersonKey, places, seal
from shared.infra.settings import ServiceSettings
from shared.infra.sql import load
from shared.infra.unit import Unit
from shared.kernel.decider import Refused

_SQL = load(__file__)
_KEY_OCTETS: Final = 32
_IV_OCTETS: Final = 12
_REWRAP_BATCH: Final = 1_000


class PersonErasedInThisCase(Refused):
    """The data of this person in this case was erased and cannot be added to; open a new case."""


class NoWrappingKey(RuntimeError):
    """A key is wrapped by a key-encryption key that this service has not been given."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A person's key as the database has it; `wrapped` is None once it is destroyed."""

    key: UUID
    holder: Holder
    wrapping: str
    wrapped: bytes | None


@dataclass(frozen=True, slots=True)
class KeptKey:
    """What is kept of a person: never the key itself."""

    key: UUID
    retention_class: RetentionClass
    case: str
    made_at: datetime
    wrapping_used_from: datetime


@dataclass(frozen=True, slots=True)
class Wrapping:
    """A key-encryption key's name, since when it is used, and how many keys it wraps."""

    name: str
    first_used_at: datetime
    keys: int


class KeyEncryptionKeys:
    """The keys outside every database that wrap the keys inside; the newest wraps what is new."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Take the keys by name, the newest last; ValueError when they are not 32 bytes each."""
        if not keys or any(len(key) != _KEY_OCTETS for key in keys.values()):
            raise ValueError("Key-encryption keys are 32 bytes each, and there is at least one.")
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self.newest = list(keys)[-1]

    @classmethod
    def parse(cls, text: str) -> "KeyEncryptionKeys":
        """Read the setting: a JSON object of name to base64 of 32 bytes, the newest last."""
        try:
            found = json.loads(text)
            return cls({name: b64decode(key, validate=True) for name, key in found.items()})
        except (ValueError, TypeError, AttributeError):
            # the value is a secret: nothing of it goes into the message or its chain
            raise ValueError(
                "The key-encryption keys must be a JSON object of names to base64 of 32 bytes."
            ) from None

    def wrap(self, key: bytes, key_id: UUID, holder: Holder) -> bytes:
        """The key under the newest key-encryption key, bound to its id and holder."""
        iv = urandom(_IV_OCTETS)
        return iv + self._ciphers[self.newest].encrypt(iv, key, _bound(key_id, holder))

    def unwrap(self, found: WrappedKey) -> bytes:
        """The key itself; NoWrappingKey when it cannot be had with the key-encryption keys here."""
        cipher = self._ciphers.get(found.wrapping)
        if cipher is None or found.wrapped is None:
            raise NoWrappingKey(f"The key-encryption key {found.wrapping} is not here.")
        iv, wrapped = found.wrapped[:_IV_OCTETS], found.wrapped[_IV_OCTETS:]
        try:
            return cipher.decrypt(iv, wrapped, _bound(found.key, found.holder))
        except InvalidTag:
            raise NoWrappingKey(
                f"The key {found.key} is not what {found.wrapping} wrapped for its holder."
            ) from None


def _bound(key_id: UUID, holder: Holder) -> bytes:
    parts = (holder.organisation, str(holder.person), holder.retention_class, holder.case)
    return "\n".join(("partners-wrap-1", str(key_id), *parts)).encode()


class Keys:
    """This service's keys, through the functions of schema `keys`."""

    def __init__(self, wrapping: KeyEncryptionKeys, known: KnownPersons, clock: Clock) -> None:
        self._wrapping = wrapping
        self._clock = clock
        self._memory = KeyMemory()
        self.known = known

    @classmethod
    def of(cls, settings: ServiceSettings, clock: Clock) -> Self:
        """What the settings say of the keys outside the database."""
        return cls(
            KeyEncryptionKeys.parse(settings.key_encryption_keys.get_secret_value()),
            KnownPersons(settings.directory_secret.get_secret_value().encode()),
            clock,
        )

    async def seal(
        self, unit: Unit, drafts: Sequence[Draft], relied_on: set[UUID] | None = None
    ) -> None:
        """Seal every personal value of the drafts; new keys are made in this unit.

        Keys that are remembered are relied on, and named in `relied_on`, only where it is given:
        who writes must see in the same transaction that they are still there.
        Raises CannotSeal where a personal value may not stand and PersonErasedInThisCase.
        """
        found = [(draft, place) for draft in drafts for place in places(draft)]
        holders = {place.holder for _, place in found}
        if not holders:
            return
        keys: dict[Holder, PersonKey] = {}
        if relied_on is not None:
            keys = self._memory.keys_of(holders)
            relied_on.update(key.id for key in keys.values())
        if missing := [holder for holder in holders if holder not in keys]:
            keys |= await self.obtain(unit, missing)
        for draft, (pointer, holder, clear) in found:
            at = At(draft.log, draft.id, pointer)
            draft.sealed.append((clear, seal(clear.value, keys[holder], at)))

    def forget(self, keys: Collection[UUID]) -> None:
        """Remember these keys no longer: they are not here any more."""
        self._memory.forget(keys)

    async def obtain(self, unit: Unit, holders: Sequence[Holder]) -> dict[Holder, PersonKey]:
        """The key of each of these holders, each named once; made where there is none yet."""
        rows = await self._held(unit.connection, holders)
        if len(rows) == len(holders):
            found = self._opened(holders, rows, {})
            self._memory.keep(found)
            return found
        made = [(uuid4(), AESGCM.generate_key(256)) for _ in holders]
        connection = await unit.begin()
        rows = await connection.fetch(
            _SQL["obtain"],
            *_columns(holders),
            [key_id for key_id, _ in made],
            [
                self._wrapping.wrap(key, key_id, holder)
                for (key_id, key), holder in zip(made, holders, strict=True)
            ],
            self._wrapping.newest,
            self._clock.now(),
        )
        return self._opened(holders, rows, dict(made))

    async def _held(
        self, connection: Connection, holders: Sequence[Holder]
    ) -> list[asyncpg.Record]:
        """The keys that are there; most events have one holder, and arrays cost more."""
        if len(holders) > 1:
            return await connection.fetch(_SQL["held"], *_columns(holders))
        return await connection.fetch(_SQL["held_by"], *holders[0])

    def _opened(
        self,
        holders: Sequence[Holder],
        rows: Sequence[asyncpg.Record],
        offered: Mapping[UUID, bytes],
    ) -> dict[Holder, PersonKey]:
        keys = {}
        for row, holder in zip(rows, holders, strict=True):
            if row["wrapped"] is None:
                raise PersonErasedInThisCase
            wrapped = WrappedKey(row["key"], holder, row["wrapping"], row["wrapped"])
            octets = offered.get(row["key"]) or self._wrapping.unwrap(wrapped)
            keys[holder] = PersonKey.of(row["key"], holder, octets)
        return keys

    async def find(
        self, connection: Connection, organisation: str, asked: Sequence[UUID]
    ) -> dict[UUID, WrappedKey]:
        """What is known of these keys of an organisation; an id that is missing was never here."""
        rows = await connection.fetch(_SQL["find"], organisation, list(asked))
        return {row["key"]: _wrapped_key(row) for row in rows}

    def unwrap(self, found: WrappedKey) -> bytes:
        """The key itself; NoWrappingKey when its key-encryption key is not here."""
        return self._wrapping.unwrap(found)

    async def of_person(
        self, connection: Connection, organisation: str, person: UUID
    ) -> list[KeptKey]:
        """What this organisation keeps here of a person and has not destroyed."""
        rows = await connection.fetch(_SQL["of_person"], organisation, person)
        return [
            KeptKey(
                row["key"],
                row["retention_class"],
                row["case_name"],
                row["made_at"],
                row["wrapping_used_from"],
            )
            for row in rows
        ]

    async def destroy(
        self, connection: Connection, organisation: str, condemned: Sequence[UUID]
    ) -> list[UUID]:
        """Destroy these keys of an organisation for ever; answers those that were still there."""
        rows = await connection.fetch(
            _SQL["destroy"], organisation, list(condemned), self._clock.now()
        )
        return sorted(row["destroyed"] for row in rows)

    async def rewrap(self, connection: Connection) -> int:
        """Put every key under the newest key-encryption key, some at a time; answers how many.

        After it nothing live needs the older ones, which may be destroyed when their time has come.
        """
        total = 0
        while rows := await connection.fetch(
            _SQL["to_rewrap"], self._wrapping.newest, _REWRAP_BATCH
        ):
            found = [_wrapped_key(row) for row in rows]
            changed = await connection.fetchval(
                _SQL["rewrap"],
                [key.key for key in found],
                [key.wrapping for key in found],
                [self._wrapping.wrap(self.unwrap(key), key.key, key.holder) for key in found],
                self._wrapping.newest,
                self._clock.now(),
            )
            total += changed
        return total

    async def wrappings(self, connection: Connection) -> list[Wrapping]:
        """The key-encryption keys this database knows of, oldest first."""
        return [
            Wrapping(row["name"], row["first_used_at"], row["keys"])
            for row in await connection.fetch(_SQL["wrappings"])
        ]


def _columns(
    holders: Sequence[Holder],
) -> tuple[list[str], list[UUID], list[RetentionClass], list[str]]:
    """The holders as the functions take them."""
    return (
        [holder.organisation for holder in holders],
        [holder.person for holder in holders],
        [holder.retention_class for holder in holders],
        [holder.case for holder in holders],
    )


def _wrapped_key(row: asyncpg.Record) -> WrappedKey:
    holder = Holder(row["organisation"], row["person"], row["retention_class"], row["case_name"])
    return WrappedKey(row["key"], holder, row["wrapping"], row["wrapped"])
