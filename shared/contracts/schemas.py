"""JSON Schemas of all events, written to `schemas/<service>/<Type>.<number>.json`.

`python -m shared.contracts.schemas` writes them and docs/events.md. What has been published under a
number does not change: only optional fields may be added. Anything else is the next number.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from shared.contracts.catalogue import every_event, page
from shared.contracts.event import Event

FOLDER: Final = Path(__file__).with_name("schemas")
PAGE: Final = Path(__file__).parents[2] / "docs" / "events.md"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_WORDS: Final = ("title", "description")
"""What a schema may say differently without meaning something else."""


def schema_of(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's `data`."""
    schema = event.model_json_schema(by_alias=True)
    return {"$schema": _DIALECT, "$id": event.schema_name(), **schema}


def file_of(event: type[Event], folder: Path = FOLDER) -> Path:
    """Where the schema of an event stands."""
    return folder / event.service / f"{event.__name__}.{event.version}.json"


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


def write(folder: Path = FOLDER) -> Sequence[str]:
    """Write every schema that may be written; answers why the others may not."""
    refused: list[str] = []
    for event in every_event():
        file, text = file_of(event, folder), text_of(event)
        reasons = (
            incompatible(json.loads(file.read_text()), json.loads(text)) if file.exists() else ()
        )
        if reasons:
            refused.append(
                f"{event.__name__} {event.version} is published and may not change: "
                f"{'; '.join(reasons)}. Give it the next number, and an upcaster. "
                f"Was it never published? Then delete {file.name} and its sample first."
            )
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return refused


def main() -> int:
    """Write schemas and page, and say what was refused."""
    refused = write()
    PAGE.write_text(page())
    for sentence in refused:
        sys.stderr.write(f"{sentence}\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
