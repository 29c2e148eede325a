"""Whether an organisation knows a person already: keyed hashes of normalised values.

The written rule. Two e-mail addresses are the same when they are equal in Unicode form NFKC,
without white space around them, in lower case as `casefold` makes it. Surname, birth date and
postcode count together: the surname in form NFKD, in lower case, letters only (marks go); the date
in ISO form; the postcode in form NFKC, in capitals, letters and digits only. Values are compared
within one organisation: another's people are not found.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Final
from unicodedata import normalize
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.infra.database import Connection
from shared.infra.sql import load

_SQL = load(__file__)
_PURPOSE: Final = b"partners-known-1"


@dataclass(frozen=True, slots=True)
class Traits:
    """What a person tells that others rarely share. It does not show itself."""

    email: str | None = field(default=None, repr=False)
    surname: str | None = field(default=None, repr=False)
    birth_date: date | None = field(default=None, repr=False)
    postcode: str | None = field(default=None, repr=False)

    def normalised(self) -> list[str]:
        """What is compared, each headed by its kind; empty when too little is told."""
        found = []
        if self.email and (email := normalise_email(self.email)):
            found.append(f"email\n{email}")
        if self.surname and self.birth_date and self.postcode:
            surname, postcode = normalise_surname(self.surname), normalise_postcode(self.postcode)
            if surname and postcode:
                found.append(f"person\n{surname}\n{self.birth_date.isoformat()}\n{postcode}")
        return found


def normalise_email(text: str) -> str:
    """An address as it is compared."""
    return normalize("NFKC", text).strip().casefold()


def normalise_surname(text: str) -> str:
    """A surname as it is compared: `O'Brién-Smith` is `obriensmith`."""
    return "".join(c for c in normalize("NFKD", text).casefold() if c.isalpha())


def normalise_postcode(text: str) -> str:
    """A postcode as it is compared: `ss1 2ab` is `SS12AB`."""
    return "".join(c for c in normalize("NFKC", text).upper() if c.isalnum())


class KnownPersons:
    """The keyed hashes in schema `keys`."""

    def __init__(self, secret: bytes) -> None:
        """Derive the hashes' key from a secret that lies outside the database and never changes."""
        derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
        self._key = derivation.derive(secret)

    async def remember(
        self, connection: Connection, organisation: str, person: UUID, traits: Traits
    ) -> None:
        """Know this person by these traits from now on."""
        if hashes := self._hashes(organisation, traits):
            await connection.execute(_SQL["remember"], organisation, person, hashes)

    async def recall(
        self, connection: Connection, organisation: str, traits: Traits
    ) -> Sequence[UUID]:
        """The persons known by one of these traits, in the order of their ids."""
        hashes = self._hashes(organisation, traits)
        rows = await connection.fetch(_SQL["recall"], organisation, hashes) if hashes else []
        return [row["person"] for row in rows]

    async def forget(self, connection: Connection, organisation: str, person: UUID) -> None:
        """Know this person no more."""
        await connection.execute(_SQL["forget"], organisation, person)

    def _hashes(self, organisation: str, traits: Traits) -> list[bytes]:
        return [
            hmac.digest(self._key, f"{organisation}\n{text}".encode(), sha256)
            for text in traits.normalised()
        ]
