"""Every event ever published still parses, and fits the schema it names."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from shared.contracts.catalogue import every_event
from shared.contracts.envelope import read
from shared.contracts.event import CATALOGUE
from shared.infra.schema_files import FOLDER as SCHEMAS
from tests.contracts.samples import FOLDER, body_of, file_of

EVENTS = every_event()
SAMPLES = sorted(FOLDER.glob("*.json"))


def _body(file: Path) -> str:
    return file.read_text().removesuffix("\n")


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_a_stored_sample_is_still_read(file: Path) -> None:
    recorded = read(_body(file))
    event = recorded.event()
    assert f"{recorded.type}.{recorded.schema_version}" == file.stem
    assert type(event) is CATALOGUE[recorded.type]


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_a_stored_sample_fits_its_schema(file: Path) -> None:
    recorded = read(_body(file))
    service = CATALOGUE[recorded.type].service
    stored = SCHEMAS / service / f"{recorded.type}.{recorded.schema_version}.json"
    schema = json.loads(stored.read_text())
    assert schema["$id"] == json.loads(recorded.body)["dataschema"]
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
        recorded.data
    )


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_event_has_a_sample_of_its_newest_number(event: type) -> None:
    assert file_of(event).exists(), "Run python -m tests.contracts.samples."


def test_an_event_of_today_is_written_as_its_sample_was() -> None:
    """The writer composes what the samples hold, but for optional fields added since."""
    for event in EVENTS:
        stored, today = json.loads(_body(file_of(event))), json.loads(body_of(event))
        added = today["data"].keys() - stored["data"].keys()
        assert not added & {name for name, f in event.model_fields.items() if f.is_required()}
        assert stored.keys() == today.keys()


def test_all_modules_of_the_contracts_are_known() -> None:
    assert len(EVENTS) > 100
    assert {event.service for event in EVENTS} == {
        "engagement",
        "log",
        "notifications",
        "payments",
        "recruitment",
    }
