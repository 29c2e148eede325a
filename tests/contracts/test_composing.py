"""Bodies are written the quick way where that is sure to be I-JSON; it writes the same bytes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from shared.contracts.catalogue import every_event
from shared.contracts.envelope import Cause, Draft, compose, read
from shared.contracts.event import Event
from shared.contracts.log import NumberLost
from shared.contracts.numbers import holds_whole_numbers
from shared.contracts.policies import PolicyAdopted
from shared.kernel.identifiers import LogName
from shared.kernel.ijson import LARGEST_INTEGER, NotIJson, dumps, loads_object
from tests.contracts.samples import body_of

DRAFT = Draft(
    log=LogName("engagement", "RAJ"),
    stream="note/1",
    version=1,
    event=NumberLost(reason="Nobody kept it."),
    id=UUID(int=1),
    time=datetime(2024, 3, 5, 14, tzinfo=UTC),
    cause=Cause(
        UUID(int=3),
        UUID(int=2),
        "system/engagement",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ),
)


class Measured(Event, service="tests"):
    """What no event of ours may hold, and what it may."""


class FractionMeasured(Measured):
    """A fraction."""

    fraction: float


class CountMeasured(Measured):
    """A count."""

    count: int
    parts: Mapping[str, int] | None = None


@pytest.mark.parametrize("kind", every_event(), ids=lambda kind: kind.__name__)
def test_the_same_bytes_as_written_with_care(kind: type[Event]) -> None:
    event = read(body_of(kind)).event()
    body = compose(replace(DRAFT, event=event))
    assert body.endswith(f',"data":{dumps(event.model_dump(mode="json", by_alias=True))}}}')
    assert dumps(loads_object(body)) == body


@pytest.mark.parametrize(
    "text", ['"\\ \t\n\r\b\f/\x7f\x1f', "é £ 漢 \U0001f600 \u2028", "</script>"]
)
def test_every_character_is_written_as_json_does(text: str) -> None:
    event = NumberLost(reason=text)
    body = compose(replace(DRAFT, event=event, stream=f"note/{text}"))
    assert body.endswith(f',"data":{dumps(event.model_dump(mode="json"))}}}')
    assert f'"subject":{dumps({"a": f"note/{text}"})[5:-1]},' in body


@pytest.mark.parametrize(
    "event",
    [
        NumberLost(reason="nul\x00"),
        NumberLost(reason="e\u0301"),
        FractionMeasured(fraction=0.5),
        FractionMeasured(fraction=float("nan")),
        CountMeasured(count=LARGEST_INTEGER + 1),
        CountMeasured(count=-LARGEST_INTEGER - 1),
        CountMeasured(count=1, parts={"a": LARGEST_INTEGER + 1}),
        PolicyAdopted(
            kind="term", policy_version=1, effective_from=date(2024, 1, 1), terms={"months": 1.5}
        ),
    ],
    ids=str,
)
def test_what_is_no_i_json_is_refused_either_way(event: Event) -> None:
    with pytest.raises(NotIJson):
        compose(replace(DRAFT, event=event))


def test_an_envelope_that_is_no_i_json_is_refused() -> None:
    cause = replace(DRAFT.cause, traceparent="\x00")
    with pytest.raises(NotIJson):
        compose(replace(DRAFT, cause=cause))


def test_which_events_may_be_written_the_quick_way() -> None:
    assert holds_whole_numbers(NumberLost(reason="x"))
    assert not holds_whole_numbers(CountMeasured(count=1))
    quick = [kind for kind in every_event() if holds_whole_numbers(read(body_of(kind)).event())]
    assert len(quick) > 0.9 * len(every_event())
