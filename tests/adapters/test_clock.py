"""Clocks and new identifiers."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.infra.clock import SimulatedClock, SystemClock
from shared.infra.identifiers import new_event_id, new_person_id, new_stream_id, new_traceparent

AT = datetime(2024, 3, 6, 9, 12, 44, 120331, tzinfo=UTC)


def test_the_system_clock_gives_utc() -> None:
    before = datetime.now(UTC)

    now = SystemClock().now()

    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)


def test_a_simulated_clock_stands_where_its_owner_put_it_for_every_reader(tmp_path: Path) -> None:
    owner, reader = SimulatedClock(tmp_path / "clock"), SimulatedClock(tmp_path / "clock")

    owner.set(AT)
    assert reader.now() == AT
    owner.set(AT + timedelta(days=1))
    assert reader.now() == AT + timedelta(days=1)
    assert [path.name for path in tmp_path.iterdir()] == ["clock"]


def test_a_simulated_clock_never_goes_back(tmp_path: Path) -> None:
    clock = SimulatedClock(tmp_path / "clock")
    clock.set(AT)

    with pytest.raises(ValueError, match="never goes back"):
        clock.set(AT - timedelta(microseconds=1))

    assert clock.now() == AT


def test_events_and_streams_have_version_seven_by_time_and_persons_version_four() -> None:
    earlier, later = new_event_id(AT), new_event_id(AT + timedelta(milliseconds=1))

    assert earlier.version == new_stream_id(AT).version == 7
    assert earlier < later
    assert earlier.int >> 80 == int(AT.timestamp() * 1000)
    assert new_event_id(AT) != earlier
    assert new_person_id().version == 4


def test_a_trace_of_our_own_is_written_as_the_standard_says() -> None:
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", new_traceparent())
