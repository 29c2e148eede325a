"""What every event class is, and the catalogue of them all by name."""

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, Final, TypeAlias

from pydantic import BaseModel, ConfigDict

from shared.kernel.ijson import Json

Upcaster: TypeAlias = Callable[[dict[str, Json]], dict[str, Json]]


class Event(BaseModel):
    """Something that happened. A direct subclass is a service's family; those below are its events.

    Readers ignore unknown members. `version` is the number in `dataschema`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: ClassVar[str]
    version: ClassVar[int] = 1

    def __init_subclass__(cls, *, service: str | None = None, version: int = 1) -> None:
        super().__init_subclass__()
        if service is not None:
            cls.service = service
        cls.version = version

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        if Event in cls.__bases__:
            return
        if cls.__name__ in CATALOGUE:
            raise TypeError(f"Two events are called {cls.__name__}; a name belongs to one service.")
        CATALOGUE[cls.__name__] = cls

    @classmethod
    @cache
    def schema_name(cls) -> str:
        """The value of `dataschema`, which is the `$id` of the JSON Schema."""
        return f"urn:partners:schema:{cls.service}:{cls.__name__}:{cls.version}"


CATALOGUE: Final[dict[str, type[Event]]] = {}
"""Every event class imported so far, by type name."""

_UPCASTERS: Final[dict[tuple[str, int], Upcaster]] = {}


def upcaster(type_name: str, from_version: int) -> Callable[[Upcaster], Upcaster]:
    """Register the pure function that lifts `data` of one schema number to the next."""

    def register(function: Upcaster) -> Upcaster:
        if (type_name, from_version) in _UPCASTERS:
            raise TypeError(f"{type_name} {from_version} already has an upcaster.")
        _UPCASTERS[type_name, from_version] = function
        return function

    return register


def upcast(type_name: str, version: int, data: dict[str, Json]) -> dict[str, Json]:
    """Lift `data` written under `version` to the newest number of its class."""
    newest = CATALOGUE[type_name].version
    for number in range(version, newest):
        data = _UPCASTERS[type_name, number](data)
    return data
