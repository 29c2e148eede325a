"""Moments, identifiers, positions and money are written in one way only."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.identifiers import LogName, Position, derive, is_organisation, uuid7
from shared.kernel.moments import format_moment, last_day, london, london_date, parse_moment
from shared.kernel.money import pounds


@given(st.datetimes(timezones=st.timezones()))
def test_a_moment_is_utc_with_six_digits_and_reads_back(moment: datetime) -> None:
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return
    text = format_moment(moment)
    assert len(text) == 27
    assert text.endswith("Z")
    assert parse_moment(text) == moment.astimezone(UTC)


def test_a_whole_second_still_has_six_digits() -> None:
    assert format_moment(datetime(2024, 3, 5, 14, tzinfo=UTC)) == "2024-03-05T14:00:00.000000Z"


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05T14:00:00Z",
        "2024-03-05T14:00:00.000000+00:00",
        "2024-03-05 14:00:00.000000Z",
        "2024-03-05T14:00:00.0000000Z",
        "2024-13-05T14:00:00.000000Z",
        "2024-03-05T14:00:00.000000Z\n",
        "٢024-03-05T14:00:00.000000Z",
    ],
)
def test_a_moment_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_moment(text)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        format_moment(datetime(2024, 3, 5))  # noqa: DTZ001 - what is to be refused


def test_five_in_london_is_five_utc_in_winter_and_four_in_summer() -> None:
    assert london(date(2024, 2, 6), time(17)) == datetime(2024, 2, 6, 17, tzinfo=UTC)
    assert london(date(2024, 7, 2), time(17)) == datetime(2024, 7, 2, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        (date(2024, 4, 1), 18, date(2025, 9, 30)),
        (date(2024, 3, 18), 18, date(2025, 9, 17)),
        (date(2024, 12, 15), 12, date(2025, 12, 14)),
        (date(2024, 8, 28), 18, date(2026, 2, 27)),
        (date(2024, 8, 29), 18, date(2026, 2, 28)),
        (date(2024, 8, 31), 18, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
    ],
)
def test_whole_months_are_counted_to_their_last_day(first: date, months: int, last: date) -> None:
    assert last_day(first, months) == last


def test_the_london_date_changes_at_londons_midnight() -> None:
    assert london_date(datetime(2024, 7, 1, 23, 30, tzinfo=UTC)) == date(2024, 7, 2)


@pytest.mark.parametrize("code", ["RAJ", "QH8", "A", "123456789", "L-PROVIDE", "A-B-C"])
def test_organisation_codes(code: str) -> None:
    assert is_organisation(code)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "raj",
        "1234567890",
        "RAJ\n",
        "RAJ.QH8",
        "-RAJ",
        "RAJ-",
        "L--P",
        "RÄJ",
        "R J",
        "L-" + "A" * 40,
    ],
)
def test_what_is_no_organisation_code(code: str) -> None:
    assert not is_organisation(code)


def test_positions_read_as_they_are_written() -> None:
    position = Position(LogName("engagement", "L-PROVIDE"), 42)
    assert str(position) == "engagement.L-PROVIDE/42"
    assert Position.parse(str(position)) == position
    assert position.log.source == "/engagement/L-PROVIDE"


@pytest.mark.parametrize(
    "text",
    [
        "engagement.RAJ",
        "engagement.RAJ/",
        "engagement.RAJ/-1",
        "engagement.RAJ/４",
        "ward.RAJ/1",
        "engagement.raj/1",
        "engagement.RAJ/12345678901",
    ],
)
def test_what_is_no_position(text: str) -> None:
    with pytest.raises(ValueError):
        Position.parse(text)


def test_a_derived_identifier_is_the_same_again_and_another_for_another_purpose() -> None:
    cause = UUID("018e0d2c-5d6a-7c4e-8f00-0123456789ab")
    assert derive(cause, "payment") == derive(cause, "payment") != derive(cause, "message")
    assert derive(cause, "payment").version == 5


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_version_7_identifier_carries_its_time_first(
    milliseconds: int, randomness: bytes
) -> None:
    made = uuid7(milliseconds, randomness)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert int.from_bytes(made.bytes[:6], "big") == milliseconds


def test_pence_are_written_for_people() -> None:
    assert [pounds(p) for p in (7_500, 0, 123_456_789, -5)] == [
        "£75.00",
        "£0.00",
        "£1,234,567.89",
        "-£0.05",
    ]


def test_a_moment_elsewhere_is_the_same_moment() -> None:
    there = datetime(2024, 3, 5, 16, tzinfo=timezone(timedelta(hours=2)))
    assert format_moment(there) == "2024-03-05T14:00:00.000000Z"
