"""Whether an event can hold no number but I-JSON's: whole, and within 2^53 - 1."""

from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel

from shared.contracts.personal import Clear, Sealed
from shared.kernel.ijson import LARGEST_INTEGER

_WITHOUT_NUMBERS: Final = frozenset({str, bool, UUID, date, datetime, NoneType, Clear, Sealed})


def holds_whole_numbers(event: BaseModel) -> bool:
    """Whether its class shows that every number in it is fit to be written as it is.

    False where only a look at the values tells: fractions, numbers deeper inside, anything at all.
    """
    names = _numbers(type(event))
    if not names:
        return names is not None
    return all(abs(getattr(event, name) or 0) <= LARGEST_INTEGER for name in names)


@cache
def _numbers(model: type[BaseModel]) -> tuple[str, ...] | None:
    """The fields that are whole numbers; None when others may hold some."""
    fields = {name: field.annotation for name, field in model.model_fields.items()}
    whole = tuple(name for name, annotation in fields.items() if _is_whole(annotation))
    rest = (annotation for name, annotation in fields.items() if name not in whole)
    return whole if all(map(_has_none, rest)) else None


def _is_whole(annotation: Any) -> bool:
    """`int`, perhaps constrained, perhaps absent."""
    if get_origin(annotation) is Annotated:
        return _is_whole(get_args(annotation)[0])
    if get_origin(annotation) is UnionType or get_origin(annotation) is Union:
        return all(part is NoneType or _is_whole(part) for part in get_args(annotation))
    return annotation is int


def _has_none(annotation: Any) -> bool:
    """Whether no number can stand there."""
    if annotation in _WITHOUT_NUMBERS:
        return True
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return all(isinstance(part, str | bool) for part in parts)
    if origin is Annotated:
        return _has_none(parts[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _numbers(annotation) == ()
    return bool(parts) and all(_has_none(part) for part in parts if part is not Ellipsis)
