"""I-JSON (RFC 7493) as BYTES narrows it: read strictly, write on one line."""

import json
from json.encoder import encode_basestring
from typing import Any, Final, TypeAlias, cast
from unicodedata import is_normalized

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
LARGEST_INTEGER: Final = 2**53 - 1
_encode: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class NotIJson(ValueError):
    """The text is not a JSON object as this system stores it."""


def _no_fractions(_: str) -> int:
    raise NotIJson("Numbers are whole: write any other as text.")


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > LARGEST_INTEGER:
        raise NotIJson("A number is larger than 2^53 - 1.")
    return int(text)


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotIJson("A member is there twice: give each name once.")
    return found


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise NotIJson("Text must not contain U+0000.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise NotIJson("Text must not contain half of a surrogate pair.") from None
        if not is_normalized("NFC", text):
            raise NotIJson("Text must be in Unicode normalisation form C.")


def check(value: object) -> None:
    """Refuse, with NotIJson, a value that has no I-JSON form of ours; looks at every depth."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        match item:
            case None | bool():
                pass
            case str():
                _check_text(item)
            case int():
                if abs(item) > LARGEST_INTEGER:
                    raise NotIJson("A number is larger than 2^53 - 1.")
            case list() | tuple():
                waiting.extend(item)
            case dict():
                waiting.extend(item.keys())
                waiting.extend(item.values())
            case _:
                raise NotIJson(f"A value of kind {type(item).__name__} has no place in an event.")


def loads(raw: bytes | str) -> Json:
    """Read one JSON value; NotIJson says in a sentence what is wrong with it."""
    try:
        text = raw.decode("utf-8", "strict") if isinstance(raw, bytes) else raw
        value = json.loads(
            text,
            object_pairs_hook=_members,
            parse_int=_whole,
            parse_float=_no_fractions,
            parse_constant=_no_fractions,
        )
    except UnicodeDecodeError:
        raise NotIJson("The text is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise NotIJson(f"The text is not JSON: {error.msg} at character {error.pos}.") from None
    except RecursionError:
        raise NotIJson("The text is nested too deeply.") from None
    if not is_plain(text):
        check(value)
    return cast(Json, value)


def is_plain(text: str) -> bool:
    """Whether JSON text shows as it stands that every string in it is fit: most bodies do.

    It says nothing of names and numbers.
    """
    # one character is found much faster than two
    if "\\" in text and "\\u" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return is_normalized("NFC", text)


def loads_object(raw: bytes | str) -> dict[str, Any]:
    """Read one JSON object on one line with no white space around it, as a stored body is."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    if not text.startswith("{") or not text.endswith("}") or "\n" in text or "\r" in text:
        raise NotIJson("A body is one JSON object on one line, with nothing around it.")
    value = loads(raw)
    if not isinstance(value, dict):
        raise NotIJson("A body is one JSON object.")
    return value


def dumps(value: object) -> str:
    """Write a checked value on one line, without spaces, in its own characters."""
    if type(value) is str:
        _check_text(value)
        return encode_basestring(value)
    check(value)
    return _encode(value)


quoted: Final = encode_basestring
"""A string as `dumps` writes it, not checked: `is_plain` tells it of the whole."""
