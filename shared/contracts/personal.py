"""Personal values inside events: in clear only until the shell seals them (BYTES)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    WrapSerializer,
)
from pydantic_core import CoreSchema, core_schema

from shared.kernel.ijson import Json

RetentionClass: TypeAlias = Literal[
    "application", "reference", "check", "partnership", "money", "correspondence"
]
RETENTION_CLASSES: Final[tuple[RetentionClass, ...]] = (
    "application",
    "reference",
    "check",
    "partnership",
    "money",
    "correspondence",
)


class NotSealed(ValueError):
    """A personal value in clear must be sealed before its event is written."""


class Clear:
    """A personal value a decider was given. It has no JSON form and does not show itself.

    Not a dataclass on purpose: pydantic would write one where it does not expect it.
    """

    __slots__ = ("value",)
    __match_args__ = ("value",)
    value: Json

    def __init__(self, value: Json) -> None:
        object.__setattr__(self, "value", value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("A personal value does not change.")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Clear) and self.value == other.value

    def __hash__(self) -> int:
        return hash(repr(self.value))

    def __repr__(self) -> str:
        return "Clear()"

    def __reduce__(self) -> tuple[type["Clear"], tuple[Json]]:
        return Clear, (self.value,)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.is_instance_schema(cls)


class Sealed(BaseModel):
    """A personal value under a key per person, organisation, retention class and case.

    `iv` and `ct` are base64url without padding; `at` says where the value was first written.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    sealed: Literal[1] = 1
    key: UUID
    person: UUID
    retention_class: RetentionClass = Field(alias="class", serialization_alias="class")
    case: str
    at: str
    iv: str = Field(pattern=r"^[A-Za-z0-9_-]{16}$")
    ct: str = Field(pattern=r"^[A-Za-z0-9_-]+$")


Written: TypeAlias = tuple[Clear, Mapping[str, Json]]
"""A value in clear, and what is written in its place."""


def _write(
    value: Clear | Sealed,
    write: SerializerFunctionWrapHandler,
    info: SerializationInfo[Iterator[Written] | None],
) -> Any:
    """Take the next of what was sealed: pydantic comes by in the order of the fields."""
    if not isinstance(value, Clear):
        return write(value)
    clear, sealed = next(info.context or iter(()), (None, None))
    if clear is not value:
        raise NotSealed("A personal value in clear must be sealed before its event is written.")
    return sealed


Personal = Annotated[
    Clear | Sealed,
    WrapSerializer(_write),
    WithJsonSchema(Sealed.model_json_schema(by_alias=True)),
]
"""The type of a personal field; `held` says whose key: `Annotated[Personal, held("money")]`."""


@dataclass(frozen=True, slots=True)
class held:  # noqa: N801 - reads as a word beside the field it describes
    """How a field is kept: its class, the data fields naming person and case, whether a copy.

    Without `case` the case is the event's stream. A copy may hold a value sealed by another
    event of the same log.
    """

    retention_class: RetentionClass
    person: str = "person"
    case: str | None = None
    copy: bool = False
