"""What is this record? Told from its bytes, its log and the number awaited."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared.contracts.envelope import Cause, Draft, compose, read
from shared.contracts.log import NumberLost
from shared.infra.bus.recognition import (
    Ahead,
    Doubtful,
    Duplicate,
    Foreign,
    Incoming,
    Next,
    recognise,
)
from shared.kernel.identifiers import LogName

LOG = LogName("engagement", "RAJ")
AT = datetime(2024, 3, 5, 14, tzinfo=UTC)
ID = UUID("018e0d6e-0000-7000-8000-000000000001")


def body(sequence: int, log: LogName = LOG) -> bytes:
    cause = Cause(ID, ID, "system/test", "00-1")
    draft = Draft(log, "note/1", 1, NumberLost(reason="x"), ID, AT, cause)
    stamp = f',"sequence":"{sequence:010}","recordedtime":"2024-03-05T14:00:00.000000Z"}}'
    return (compose(draft)[:-1] + stamp).encode()


def test_the_number_awaited_is_next() -> None:
    assert recognise(Incoming(0, body(6)), LOG, 5) == Next(read(body(6)))


@pytest.mark.parametrize("number", [1, 4, 5])
def test_a_number_at_or_below_the_watermark_is_a_duplicate(number: int) -> None:
    assert recognise(Incoming(0, body(number)), LOG, 5) == Duplicate(number, body(number))


@pytest.mark.parametrize("number", [7, 999_999])
def test_a_number_beyond_the_next_is_ahead(number: int) -> None:
    assert recognise(Incoming(0, body(number)), LOG, 5) == Ahead(number, body(number))


def test_an_event_of_another_log_is_foreign() -> None:
    other = body(6, LogName("engagement", "RQ8"))
    assert isinstance(recognise(Incoming(0, other), LOG, 5), Foreign)


def test_another_partition_is_foreign_whatever_it_holds() -> None:
    assert isinstance(recognise(Incoming(1, body(6)), LOG, 5), Foreign)


def test_a_record_without_a_value_is_foreign() -> None:
    assert isinstance(recognise(Incoming(0, None), LOG, 5), Foreign)


def test_what_is_larger_than_any_body_is_foreign_without_being_read() -> None:
    assert isinstance(recognise(Incoming(0, b"{" * 5_000_000), LOG, 5), Foreign)


def without(name: str) -> bytes:
    found = json.loads(body(6))
    del found[name]
    return json.dumps(found, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"\xef\xbb\xbf" + body(6),
        body(6) + b"\n",
        without("sequence"),
        without("recordedtime"),
        without("data"),
        body(6).replace(b'"0000000006"', b'"6"'),
        body(6).replace(b'"0000000006"', b"6"),
        body(6).replace(b'"reason":"x"', b'"reason":1.5'),
        body(6).replace(b'"reason":"x"', b'"reason":"\\u0000"'),
        body(6).replace(b'"specversion":"1.0"', b'"specversion":"0.3"'),
    ],
)
def test_what_cannot_be_read_is_looked_up_at_the_number_awaited(value: bytes) -> None:
    finding = recognise(Incoming(0, value), LOG, 5)
    assert isinstance(finding, Doubtful)
    assert (finding.sequence, finding.value) == (6, value)


def test_what_cannot_be_read_is_looked_up_at_the_number_its_header_hints_at() -> None:
    finding = recognise(Incoming(0, b"{}", b"0000000042"), LOG, 5)
    assert isinstance(finding, Doubtful)
    assert finding.sequence == 42


@pytest.mark.parametrize("hint", [b"42", b"-000000042", b"0000000000", b"\xff", b""])
def test_a_hint_that_is_no_number_of_ours_is_ignored(hint: bytes) -> None:
    finding = recognise(Incoming(0, b"{}", hint), LOG, 5)
    assert isinstance(finding, Doubtful)
    assert finding.sequence == 6


def test_the_body_decides_and_not_the_header() -> None:
    assert isinstance(recognise(Incoming(0, body(6), b"0000000042"), LOG, 5), Next)
