"""One personal value sealed or opened, and the places in an event where sealed values may stand.

The layout is fixed in BYTES, sealed values; `sealed: 1` names it and AES-256-GCM together.
"""

from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, cached_property
from os import urandom
from types import NoneType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias, get_args, get_origin
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel

from shared.contracts.envelope import Draft, Recorded
from shared.contracts.personal import Clear, RetentionClass, Sealed, held
from shared.kernel.identifiers import LogName, text_of
from shared.kernel.ijson import Json, NotIJson, dumps, loads

LAYOUT: Final = "partners-seal-1"
_IV_OCTETS: Final = 12
_URLSAFE: Final = bytes.maketrans(b"+/", b"-_")
_BLOCK_OCTETS: Final = 64
"""A plaintext is padded to a multiple of this, so that its length says little."""
_BARE: Final = frozenset({str, int, bool, UUID, date, datetime, NoneType})
"""Types of fields that are never looked into: pydantic lets nothing personal stand there."""
_PERSONAL: Final = (Clear, Sealed)
_MISSING: Final = object()


class CannotSeal(ValueError):
    """The event's declarations do not allow a personal value where one stands."""


class CannotOpen(ValueError):
    """The sealed value is damaged, or its key is another's."""


class Holder(NamedTuple):
    """Whose key a value takes: one key for each person, organisation, class and case."""

    organisation: str
    person: UUID
    retention_class: RetentionClass
    case: str


class At(NamedTuple):
    """Where a value was first written: log, event, and place in its data."""

    log: LogName
    event: UUID
    pointer: str

    def __str__(self) -> str:
        return f"{self.log.service}.{self.log.organisation} {text_of(self.event)} {self.pointer}"

    @classmethod
    def parse(cls, text: str) -> "At":
        """Read `payments.QH8 <event id> /account`; CannotOpen when it is none."""
        try:
            log, event, pointer = text.split(" ")
            return cls(LogName.parse(log), UUID(event), pointer)
        except ValueError:
            raise CannotOpen("A sealed value does not say where it was first written.") from None


class Place(NamedTuple):
    """A value in clear inside a draft, where it stands (`/name`) and whose key it takes."""

    pointer: str
    holder: Holder
    clear: Clear


@dataclass(frozen=True)
class PersonKey:
    """A person's key, ready to seal with."""

    id: UUID
    holder: Holder
    cipher: AESGCM = field(repr=False)

    @classmethod
    def of(cls, key_id: UUID, holder: Holder, key: bytes) -> "PersonKey":
        """The key of this id and these octets, and whose it is."""
        return cls(key_id, holder, AESGCM(key))

    @cached_property
    def members(self) -> Mapping[str, Json]:
        """What every value sealed under it says of it."""
        holder = self.holder
        return {
            "sealed": 1,
            "key": str(self.id),
            "person": str(holder.person),
            "class": holder.retention_class,
            "case": holder.case,
        }

    @cached_property
    def bound(self) -> str:
        """What every value sealed under it is bound to."""
        holder = self.holder
        return _bound(self.id, holder.person, holder.retention_class, holder.case)


def seal(value: Json, key: PersonKey, at: At) -> dict[str, Json]:
    """Encrypt one value under a person's key; answers a `Sealed` as it is written."""
    plaintext = dumps(value).encode()
    plaintext += b" " * (-len(plaintext) % _BLOCK_OCTETS)
    iv, written_at = urandom(_IV_OCTETS), str(at)
    sealed = key.cipher.encrypt(iv, plaintext, _associated(key.bound, written_at))
    return {**key.members, "at": written_at, "iv": _encode(iv), "ct": _encode(sealed)}


def unseal(sealed: Sealed, key: bytes) -> Json:
    """Decrypt one value; CannotOpen when anything about it was changed."""
    bound = _bound(sealed.key, sealed.person, sealed.retention_class, sealed.case)
    associated = _associated(bound, sealed.at)
    try:
        plaintext = AESGCM(key).decrypt(_decode(sealed.iv), _decode(sealed.ct), associated)
        return loads(plaintext)
    except (InvalidTag, NotIJson, ValueError):
        raise CannotOpen("A sealed value was changed, or is under another key.") from None


def _bound(key: UUID, person: UUID, retention_class: str, case: str) -> str:
    return f"{LAYOUT}\n{text_of(key)}\n{text_of(person)}\n{retention_class}\n{case}"


def _associated(bound: str, at: str) -> bytes:
    return f"{bound}\n{at}".encode()


def _encode(octets: bytes) -> str:
    return b2a_base64(octets, newline=False).translate(_URLSAFE, b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


# Places in events

_Owners: TypeAlias = tuple[BaseModel, ...]
"""The models a value stands in, the innermost first."""
_Visit: TypeAlias = Callable[[Clear | Sealed, held | None, _Owners, str], None]


def places(draft: Draft) -> list[Place]:
    """The values in clear of a draft; CannotSeal when one, or a sealed one, may not stand there."""
    found: list[Place] = []

    def visit(value: Clear | Sealed, declared: held | None, owners: _Owners, pointer: str) -> None:
        if declared is None:
            raise CannotSeal(f"{_name(draft, pointer)} is not declared to hold personal values.")
        if isinstance(value, Clear):
            found.append(Place(pointer, _holder(draft, declared, owners, pointer), value))
        else:
            check_copy(value, declared, draft.log, draft.id)

    _walk(draft.event, None, (), "", visit)
    return found


def sealed_in(recorded: Recorded) -> dict[str, Sealed]:
    """The sealed values of an event by their places (`name`, `answers/0`), fit to be opened.

    Raises CannotOpen for one that was brought from elsewhere, and what `recorded.event()` raises.
    """
    found: dict[str, Sealed] = {}

    def visit(value: Clear | Sealed, declared: held | None, _: _Owners, at: str) -> None:
        if isinstance(value, Sealed) and declared is not None:
            try:
                check_copy(value, declared, recorded.log, recorded.id)
            except CannotSeal as error:
                raise CannotOpen(str(error)) from None
            found[at.removeprefix("/")] = value

    _walk(recorded.event(), None, (), "", visit)
    return found


def check_copy(value: Sealed, declared: held, log: LogName, event: UUID) -> None:
    """Refuse, with CannotSeal, a sealed value that may not stand in this event's field (BYTES)."""
    at = At.parse(value.at)
    if at.log != log:
        raise CannotSeal("Nothing sealed is copied into another log: open it and seal it there.")
    if at.event != event and not declared.copy:
        raise CannotSeal("A value sealed by another event stands in a field that is not a copy.")
    if value.retention_class != declared.retention_class:
        raise CannotSeal("A sealed value stands in a field of another retention class.")


def _holder(draft: Draft, declared: held, owners: _Owners, pointer: str) -> Holder:
    person = _member(owners, declared.person)
    if not isinstance(person, UUID):
        raise CannotSeal(f"{_name(draft, pointer)} does not say whose it is.")
    case = draft.stream
    if declared.case is not None:
        named = _member(owners, declared.case)
        case = f"{declared.case}/{text_of(named)}" if isinstance(named, UUID) else str(named or "")
    if not case or not case.isprintable():
        raise CannotSeal(f"{_name(draft, pointer)} does not say which case it belongs to.")
    return Holder(draft.log.organisation, person, declared.retention_class, case)


def _member(owners: _Owners, name: str) -> object:
    for owner in owners:
        found = getattr(owner, name, _MISSING)
        if found is not _MISSING:
            return found
    return None


def _name(draft: Draft, pointer: str) -> str:
    return f"{type(draft.event).__name__} {pointer}"


def _walk(value: Any, declared: held | None, owners: _Owners, at: str, visit: _Visit) -> None:
    """Visit every personal value in a value, in the order in which they are written."""
    kind: type = type(value)
    if kind in _PERSONAL:
        visit(value, declared, owners, at)
    # asked of the class, once: whether something is a model takes long to say
    elif (fields := _declarations(kind)) is not None:
        inside = (value, *owners)
        for name, pointer, declaration in fields:
            _walk(getattr(value, name), declaration, inside, at + pointer, visit)
    elif isinstance(value, tuple | list):
        for number, item in enumerate(value):
            _walk(item, declared, owners, f"{at}/{number}", visit)
    elif isinstance(value, dict):
        for key, item in value.items():
            _walk(item, declared, owners, f"{at}/{key}", visit)


@cache
def _declarations(kind: type) -> tuple[tuple[str, str, held | None], ...] | None:
    """Name, pointer and declaration of each field in which a personal value can stand.

    None for what is no model.
    """
    if not issubclass(kind, BaseModel):
        return None
    return tuple(
        (name, f"/{declared.serialization_alias or name}", _declared(kind, name, declared))
        for name, declared in kind.model_fields.items()
        if _may_hold(declared.annotation)
    )


def _may_hold(annotation: Any) -> bool:
    """Whether a value so annotated may be or contain a personal one; yes where nobody knows."""
    if annotation in _BARE or get_origin(annotation) is Literal:
        return False
    if annotation in (Clear, Sealed):
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(_may_hold(each.annotation) for each in annotation.model_fields.values())
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _may_hold(parts[0])
    return not parts or any(_may_hold(part) for part in parts if part is not Ellipsis)


def _declared(model: type[BaseModel], name: str, declared: Any) -> held | None:
    found = {item for item in declared.metadata if isinstance(item, held)}
    found |= _held_in(declared.annotation)
    if len(found) > 1:
        raise CannotSeal(f"{model.__name__}.{name} is declared under two keys.")
    return next(iter(found), None)


def _held_in(annotation: Any) -> set[held]:
    here = {item for item in getattr(annotation, "__metadata__", ()) if isinstance(item, held)}
    return here.union(*(_held_in(part) for part in get_args(annotation)))
