"""Names that never change: organisations, logs, positions, and identifiers derived from a cause."""

from dataclasses import dataclass
from functools import lru_cache
from re import compile as pattern
from typing import Annotated, Final
from uuid import UUID, uuid5

from pydantic import StringConstraints

SERVICES: Final = (
    "recruitment",
    "engagement",
    "payments",
    "notifications",
    "audit",
    "portal",
)
LARGEST_SEQUENCE: Final = 9_999_999_999
"""`sequence` has ten digits (BYTES)."""
_UUID7_FIXED: Final = 0x7000_8000_0000_0000_0000
_UUID7_FREE: Final = ~0xF000_C000_0000_0000_0000
"""Version 7 in bits 48 to 51 and variant 2 in bits 64 and 65, counted from the left (RFC 9562)."""

_ORGANISATION = r"^([A-Z0-9]{1,9}|[A-Z0-9]+(-[A-Z0-9]+)+)$"
ORGANISATION: Final = pattern(_ORGANISATION)

Organisation = Annotated[str, StringConstraints(pattern=_ORGANISATION, max_length=32)]
"""An ODS code, or a local code with a hyphen, which no ODS code has."""


def is_organisation(code: str) -> bool:
    """Whether this is written as an organisation's code."""
    return len(code) <= 32 and ORGANISATION.fullmatch(code) is not None and "\n" not in code


def derive(cause: UUID, purpose: str) -> UUID:
    """The identifier of what `cause` makes for `purpose`: running again makes the same one."""
    return uuid5(cause, purpose)


def uuid7(at_milliseconds: int, randomness: bytes) -> UUID:
    """A UUID version 7 (RFC 9562) from a Unix time in milliseconds and 10 random bytes."""
    if len(randomness) != 10:
        raise ValueError("A version 7 identifier takes 10 random bytes.")
    value = at_milliseconds << 80 | int.from_bytes(randomness, "big")
    return UUID(int=value & _UUID7_FREE | _UUID7_FIXED)


@lru_cache(maxsize=10_000)
def text_of(identifier: UUID) -> str:
    """An identifier as text, remembered: persons, partners and causes are written again soon."""
    return str(identifier)


@dataclass(frozen=True, slots=True, order=True)
class LogName:
    """One log, which is also its topic: `engagement.RAJ`."""

    service: str
    organisation: str

    def __str__(self) -> str:
        return f"{self.service}.{self.organisation}"

    @property
    def source(self) -> str:
        """The log as a CloudEvents source: `/engagement/RAJ`."""
        return f"/{self.service}/{self.organisation}"

    @classmethod
    def parse(cls, text: str) -> "LogName":
        """Read `engagement.RAJ`; ValueError when it names no possible log."""
        service, _, organisation = text.partition(".")
        if service not in SERVICES or not is_organisation(organisation):
            raise ValueError(f"{text!r} is not the name of a log, such as engagement.RAJ.")
        return cls(service, organisation)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """One place in one log: `engagement.RAJ/42`."""

    log: LogName
    sequence: int

    def __str__(self) -> str:
        return f"{self.log}/{self.sequence}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Read `engagement.RAJ/42`; ValueError when it names no possible place."""
        log, _, number = text.partition("/")
        if not (number.isascii() and number.isdigit() and len(number) <= 10):
            raise ValueError(f"{text!r} is not a position, such as engagement.RAJ/42.")
        return cls(LogName.parse(log), int(number))
