"""What a storm says of one organisation's outage: felt by its own log, and by no other's."""

from collections.abc import Mapping
from typing import Any

from deploy.storm.outages import Watch, not_shown


def operations(heads: Mapping[str, int], marks: Mapping[str, int]) -> list[dict[str, Any]]:
    """What services say: the heads of two logs, and how far one consumer has applied them."""
    return [
        {
            "logs": [{"log": log, "head": head} for log, head in heads.items()],
            "consumers": [
                {"consumer": "notifications", "log": log, "watermark": at}
                for log, at in marks.items()
            ],
        }
    ]


BEFORE = operations(
    {"engagement.QH8": 4, "engagement.RAJ": 4}, {"engagement.QH8": 4, "engagement.RAJ": 4}
)
HEADS = {"engagement.QH8": 6, "engagement.RAJ": 7}


def test_a_log_that_waits_while_another_goes_on_is_what_should_be_seen() -> None:
    now = operations(HEADS, {"engagement.QH8": 6, "engagement.RAJ": 4})
    seen = Watch("RAJ", BEFORE).compare(now, 3.0)
    assert seen.waiting == {"notifications of engagement.RAJ": 3}
    assert seen.went_on == {"notifications of engagement.QH8": 2}
    assert list(not_shown([seen])) == []


def test_another_organisations_log_that_waits_too_is_a_failure() -> None:
    now = operations(HEADS, {"engagement.QH8": 5, "engagement.RAJ": 4})
    [held_up, unseen] = not_shown([Watch("RAJ", BEFORE).compare(now, 10.0)])
    assert "notifications of engagement.QH8 stood 1 events back" in held_up
    assert unseen.startswith("No outage of one organisation was seen")


def test_an_outage_that_nobody_felt_shows_nothing() -> None:
    now = operations(HEADS, {"engagement.QH8": 6, "engagement.RAJ": 7})
    [unseen] = not_shown([Watch("RAJ", BEFORE).compare(now, 10.0)])
    assert unseen.startswith("No outage of one organisation was seen")
