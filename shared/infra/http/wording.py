"""What is wrong with a field, in words that say what to do; a value is never repeated."""

from collections.abc import Iterable, Mapping, Sequence
from re import compile as pattern
from typing import Any, Final

_NAME: Final = pattern(r"[A-Za-z0-9_-]{1,60}")
_DAY: Final = "write a day as 2024-03-05"
_MOMENT: Final = "write a moment with its time zone, as 2024-03-05T14:00:00Z"
_WHOLE: Final = "write a whole number"
_IDENTIFIER: Final = "write an identifier as it was answered, a UUID"
_WORDS: Final[Mapping[str, str]] = {
    "missing": "it is needed",
    "extra_forbidden": "nobody asks for it, leave it out",
    "string_type": "write text",
    "string_too_short": "write at least {min_length} characters",
    "string_too_long": "write at most {max_length} characters",
    "string_pattern_mismatch": "write it in the form the document gives, {pattern}",
    "literal_error": "choose {expected}",
    "enum": "choose {expected}",
    "bool_type": "say true or false",
    "bool_parsing": "say true or false",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "greater_than_equal": "write {ge} or more",
    "less_than_equal": "write {le} or less",
    "uuid_type": _IDENTIFIER,
    "uuid_parsing": _IDENTIFIER,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "timezone_aware": _MOMENT,
    "list_type": "give a list",
    "tuple_type": "give a list",
    "too_short": "give at least {min_length}",
    "too_long": "give at most {max_length}",
    "dict_type": "give an object with fields",
    "model_type": "give an object with fields",
    "model_attributes_type": "give an object with fields",
    "json_invalid": "send JSON",
}
"""By pydantic's kind of error; what is not here keeps pydantic's own words."""


def wrong_fields(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Every field that is not right and why; a place begins with what it is in: body, query ..."""
    return [{"field": _field(error["loc"]), "why": _why(error)} for error in errors]


def _field(place: Sequence[int | str]) -> str:
    inside = [_part(part) for part in place[1:] if part != "[key]"]
    return ".".join(inside) or str(place[0])


def _part(part: int | str) -> str:
    """What a client called something may be anything: it is shown when it looks like a name."""
    return str(part) if _NAME.fullmatch(str(part)) else "(another name)"


def _why(error: Mapping[str, Any]) -> str:
    words = _WORDS.get(error["type"])
    if words is None:
        return str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    return words.format_map(error.get("ctx", {}))
