"""The published schemas: equal to the classes, and changed only by adding optional fields."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.catalogue import every_event, page
from shared.contracts.event import Event
from shared.contracts.recruitment import OfferMade
from shared.contracts.schemas import incompatible, schema_of, text_of
from shared.infra.schema_files import FOLDER, PAGE, file_of, write

EVENTS = every_event()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_the_schema_on_disk_is_the_class(event: type[Event]) -> None:
    assert file_of(event).read_text() == text_of(event), "Run python -m shared.infra.schema_files."


def test_the_page_of_events_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "Run python -m shared.infra.schema_files."


def test_what_is_published_is_not_written_over(tmp_path: Path) -> None:
    assert write(tmp_path) == []
    stored = file_of(OfferMade, tmp_path)
    published = _changed(remark=TEXT)
    stored.write_text(json.dumps(published))
    [refusal] = write(tmp_path)
    assert refusal.startswith("OfferMade 1 is published and may not change: remark is gone.")
    assert json.loads(stored.read_text()) == published


def test_no_schema_is_left_of_an_event_that_is_gone() -> None:
    newest = {(event.service, event.__name__): event.version for event in EVENTS}
    for file in FOLDER.rglob("*.json"):
        name, number = file.stem.rsplit(".", 1)
        assert 1 <= int(number) <= newest[file.parent.name, name], file.name


def _changed(**properties: Any) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(json.dumps(schema_of(OfferMade)))
    for name, value in properties.items():
        if value is None:
            del schema["properties"][name]
        else:
            schema["properties"][name] = value
    return schema


TEXT = {"type": "string"}


def test_an_optional_field_may_be_added_and_a_description_changed() -> None:
    schema = _changed(remark={"anyOf": [TEXT, {"type": "null"}], "default": None})
    schema["description"] = "Said better."
    assert incompatible(schema_of(OfferMade), schema) == []


def test_a_new_required_field_needs_the_next_number() -> None:
    schema = _changed(remark=TEXT)
    schema["required"].append("remark")
    assert incompatible(schema_of(OfferMade), schema) == ["remark has become required"]


def test_a_field_that_becomes_required_or_optional_needs_the_next_number() -> None:
    schema = _changed()
    schema["required"].remove("host")
    assert incompatible(schema_of(OfferMade), schema) == ["host is required no longer"]
    assert incompatible(schema, schema_of(OfferMade)) == ["host has become required"]


def test_a_removed_field_needs_the_next_number() -> None:
    schema = _changed(next_steps=None)
    schema["required"].remove("next_steps")
    reasons = incompatible(schema_of(OfferMade), schema)
    assert "next_steps is gone" in reasons


@pytest.mark.parametrize(
    "host", [{"type": "integer"}, {"type": "string"}, {"enum": ["QH8"]}, {"type": ["string"]}]
)
def test_another_type_or_bound_needs_the_next_number(host: dict[str, Any]) -> None:
    reasons = incompatible(schema_of(OfferMade), _changed(host=host))
    assert reasons
    assert all(reason.startswith("host") for reason in reasons)


def _nested(**inner: Any) -> dict[str, Any]:
    part = {"type": "object", "properties": {"minutes": {"type": "integer"}} | inner}
    return {
        "$defs": {"Part": part},
        "type": "object",
        "properties": {"parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}}},
    }


def test_the_same_holds_inside_of_parts() -> None:
    assert incompatible(_nested(), _nested(remark=TEXT)) == []
    assert incompatible(_nested(remark=TEXT), _nested()) == ["parts.remark is gone"]
    assert incompatible(_nested(), _nested(minutes=TEXT)) == [
        'parts.minutes was "integer" and is "string"'
    ]


def test_a_wider_list_of_values_needs_the_next_number() -> None:
    def channel(*values: str) -> dict[str, Any]:
        return {"type": "object", "properties": {"by": {"enum": list(values), "type": "string"}}}

    assert incompatible(channel("post"), channel("post", "fax")) == [
        'by was ["post"] and is ["post", "fax"]'
    ]


CHARACTERISTICS = (
    "age",
    "belief",
    "disability",
    "disadvantage",
    "ethnicity",
    "gender",
    "marital",
    "maternity",
    "orientation",
    "pregnancy",
    "race",
    "religion",
    "sex",
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_no_event_asks_for_a_protected_characteristic(event: type[Event]) -> None:
    """Equality answers are counters, never part of an event (DESIGN 7)."""
    words = {word for name in _names(schema_of(event)) for word in name.split("_")}
    # that the applicant confirms to be old enough is eligibility, not monitoring
    words -= {"age"} if "confirms_age" in event.model_fields else set()
    assert not words & set(CHARACTERISTICS)


def _names(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {name for each in schema for name in _names(each)}
    if not isinstance(schema, dict):
        return set()
    inner = {name for each in schema.values() for name in _names(each)}
    return inner | set(schema.get("properties", {}))
