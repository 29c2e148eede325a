"""The JSON Schemas of events, and what may change under a number: optional fields may be added.

Anything else is the next number. `python -m shared.infra.schema_files` writes them down.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shared.contracts.event import Event

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_WORDS: Final = ("title", "description")
"""What a schema may say differently without meaning something else."""


def schema_of(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's `data`."""
    schema = event.model_json_schema(by_alias=True)
    return {"$schema": _DIALECT, "$id": event.schema_name(), **schema}


def text_of(event: type[Event]) -> str:
    """A schema file's whole text."""
    return json.dumps(schema_of(event), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def incompatible(published: Mapping[str, Any], proposed: Mapping[str, Any]) -> Sequence[str]:
    """Why `proposed` may not stand under the number of `published`; nothing when it may."""
    return list(_objects(published, proposed, published, proposed, ""))


def _objects(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    old_root: Mapping[str, Any],
    new_root: Mapping[str, Any],
    at: str,
) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    required = set(new.get("required", ()))
    for name in sorted(required - set(old.get("required", ()))):
        yield f"{at}{name} has become required"
    for name in sorted(set(old.get("required", ())) - required):
        yield f"{at}{name} is required no longer"
    for name, was in before.items():
        if name not in after:
            yield f"{at}{name} is gone"
        else:
            yield from _values(was, after[name], old_root, new_root, f"{at}{name}")
    plain_old = {k: v for k, v in old.items() if k not in ("properties", "required", *_META)}
    plain_new = {k: v for k, v in new.items() if k not in ("properties", "required", *_META)}
    if plain_old != plain_new:
        yield f"{at or 'the event '}is of another shape"


_META: Final = ("$schema", "$id", "$defs", *_WORDS)


def _values(
    old: Any, new: Any, old_root: Mapping[str, Any], new_root: Mapping[str, Any], at: str
) -> Iterator[str]:
    was, now = _resolved(old, old_root), _resolved(new, new_root)
    if isinstance(was, dict) and isinstance(now, dict):
        if "properties" in was and "properties" in now:
            yield from _objects(was, now, old_root, new_root, f"{at}.")
            return
        for key in sorted((was.keys() | now.keys()) - set(_WORDS)):
            if key not in was or key not in now:
                yield f"{at} has another {key}"
            else:
                yield from _values(was[key], now[key], old_root, new_root, at)
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for one, other in zip(was, now, strict=True):
            yield from _values(one, other, old_root, new_root, at)
    elif was != now:
        yield f"{at} was {json.dumps(was)} and is {json.dumps(now)}"


def _resolved(schema: Any, root: Mapping[str, Any]) -> Any:
    if isinstance(schema, dict) and "$ref" in schema:
        name = str(schema["$ref"]).removeprefix("#/$defs/")
        return root["$defs"][name]
    return schema
