"""One whole stored body of every event ever published: what must be readable for ever.

`python -m tests.contracts.samples` writes those that are missing. One that is there never changes.
"""

import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from shared.contracts.catalogue import every_event
from shared.contracts.envelope import Cause, Draft, compose
from shared.contracts.event import Event
from shared.contracts.personal import held
from shared.contracts.schemas import schema_of
from shared.kernel.identifiers import SERVICES, LogName

FOLDER: Final = Path(__file__).with_name("samples")
_ROOT: Final = UUID("9f4c6f3e-2f0a-5c11-8a55-51d0c0ffee00")
_AT: Final = datetime(2024, 2, 6, 17, tzinfo=UTC)
_WRITTEN: Final = "2024-02-06T17:00:00.000000Z"
_TEXTS: Final = (
    "example",
    "QH8",
    _WRITTEN,
    "a" * 64,
    "A" * 16,
    "12-34-56",
    "training/example",
    "application/9f4c6f3e-2f0a-5c11-8a55-51d0c0ffee01",
)
"""The first of these that fits a pattern is used."""


def file_of(event: type[Event]) -> Path:
    """Where the sample of an event's newest number stands."""
    return FOLDER / f"{event.__name__}.{event.version}.json"


def body_of(event: type[Event]) -> str:
    """A whole stamped body, made from the event's schema: always the same."""
    schema = schema_of(event)
    data = _object(schema, schema.get("$defs", {}), event.__name__)
    service = event.service if event.service in SERVICES else "recruitment"
    log, stream = LogName(service, "QH8"), f"example/{uuid5(_ROOT, event.__name__)}"
    identifier = uuid5(_ROOT, f"{event.__name__} event")
    for name, field in event.model_fields.items():
        declared = [each for each in field.metadata if isinstance(each, held)]
        if declared and isinstance(data.get(name), dict):
            at = f"{log} {identifier} /{name}"
            data[name] |= {"class": declared[0].retention_class, "case": stream, "at": at}
    draft = Draft(
        log=log,
        stream=stream,
        version=1,
        event=event.model_validate(data),
        id=identifier,
        time=_AT,
        cause=Cause(
            uuid5(_ROOT, "causation"),
            uuid5(_ROOT, "correlation"),
            f"coordinator/{uuid5(_ROOT, 'actor')}",
            "00-" + "1" * 32 + "-" + "2" * 16 + "-01",
        ),
    )
    return f'{compose(draft)[:-1]},"sequence":"0000000002","recordedtime":"{_WRITTEN}"}}'


def _object(schema: Mapping[str, Any], defs: Mapping[str, Any], at: str) -> dict[str, Any]:
    found = {
        name: _value(inner, defs, f"{at}.{name}")
        for name, inner in schema.get("properties", {}).items()
    }
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        found["example"] = _value(others, defs, f"{at}.example")
    return found


def _value(schema: Mapping[str, Any], defs: Mapping[str, Any], at: str) -> Any:
    if "$ref" in schema:
        return _value(defs[schema["$ref"].removeprefix("#/$defs/")], defs, at)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _value(next(s for s in schema["anyOf"] if s.get("type") != "null"), defs, at)
    kinds: Mapping[str, Callable[[], Any]] = {
        "object": lambda: _object(schema, defs, at),
        "array": lambda: [_value(schema["items"], defs, at)],
        "integer": lambda: max(2, schema.get("minimum", 0)),
        "boolean": lambda: True,
        "string": lambda: _text(schema, at),
    }
    return kinds[schema["type"]]()


def _text(schema: Mapping[str, Any], at: str) -> str:
    match schema.get("format"):
        case "uuid":
            return str(uuid5(_ROOT, at.rpartition(".")[2]))
        case "date":
            return "2024-02-06"
        case "date-time":
            return _WRITTEN
        case _:
            pattern = schema.get("pattern", "")
            return next(text for text in _TEXTS if re.search(pattern, text))


def main() -> int:
    """Write what is missing."""
    FOLDER.mkdir(exist_ok=True)
    for event in every_event():
        file = file_of(event)
        if not file.exists():
            file.write_text(body_of(event) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
