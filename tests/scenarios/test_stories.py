"""What the stories state as their outcome, worked out from their steps as a person would."""

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.report import differences
from deploy.demo.story import Step, Story, as_day, as_moment, as_time, read_story
from shared.kernel.money import pounds

ROOT = Path(__file__).parents[2]
STORIES = sorted((ROOT / "deploy" / "demo" / "stories").glob("*.yaml"))
MAIN = read_story(ROOT / "deploy" / "demo" / "stories" / "mid-and-south-essex.yaml")
PAGE = (ROOT / "docs" / "stories.md").read_text()
HALF, FULL, FOUR_HOURS = 7_500, 15_000, 240
PAID_CATEGORY = 4

each_story = pytest.mark.parametrize("file", STORIES, ids=lambda file: file.stem)


def steps(story: Story, does: str) -> list[Step]:
    """The steps that do this and are not refused."""
    return [s for s in story.steps if s.does == does and not s.refused_because]


def minutes(step: Step, begins: Any, ends: Any) -> int:
    """From one time of day to another."""
    first, last = as_time(begins, step), as_time(ends, step)
    return (last.hour - first.hour) * 60 + last.minute - first.minute


def worth(length: int) -> int:
    """Up to and including four hours is a half day."""
    return HALF if length <= FOUR_HOURS else FULL


def attendances(story: Story) -> list[tuple[str, date, str, int]]:
    """Who was where on which day for how long, as it was first recorded."""
    seats = {s.need("name"): s.names("seats") for s in steps(story, "constitutes a committee")}
    return [
        (who, as_day(row["on"], step), step.need("committee"), minutes(step, *there))
        for step in steps(story, "schedules meetings")
        for row in step.need("meetings")
        if not row.get("cancelled")
        for who in seats[step.need("committee")]
        if who not in row.get("apologies", {})
        for there in [row.get("part", {}).get(who, (row["from"], row["to"]))]
    ]


def due(story: Story, *, corrected: bool) -> int:
    """What all of it is worth: paid committees only, and at most one full day a date."""
    paid = {
        s.need("name")
        for s in steps(story, "constitutes a committee")
        if s.need("role category") == PAID_CATEGORY
    }
    true_length = {
        (s.need("of"), s.day("on"), s.need("committee")): minutes(s, s.need("from"), s.need("to"))
        for s in steps(story, "corrects an attendance")
    }
    dates: dict[tuple[str, date], int] = defaultdict(int)
    for who, on, committee, length in attendances(story):
        if committee in paid:
            known = true_length.get((who, on, committee), length) if corrected else length
            dates[who, on] += worth(known)
    return sum(min(pence, FULL) for pence in dates.values())


@each_story
def test_the_money_a_story_states_is_what_its_meetings_are_worth(file: Path) -> None:
    story = read_story(file)
    money = story.parts["outcome"]["money"]
    at_first, in_the_end = due(story, corrected=False), due(story, corrected=True)
    declined = HALF * len(steps(story, "declines a payment"))
    assert money["due_pence"] == at_first
    assert money.get("reversed_pence", 0) == at_first - in_the_end
    assert money.get("declined_pence", 0) == declined
    assert money["settled_pence"] == in_the_end - declined
    assert money.get("run_pence", in_the_end) == money["settled_pence"] + money.get(
        "returned_pence", 0
    )


@each_story
def test_the_people_a_story_states_are_those_who_apply(file: Path) -> None:
    story = read_story(file)
    stated = story.parts["outcome"]
    applied = steps(story, "applies")
    [published] = steps(story, "publishes the campaign")
    [decided] = steps(story, "decides the outcomes")
    closes_at = as_moment(published.need("closes"), "closes")
    reserve = decided.may("reserve", {})
    assert stated["applications"] == {
        **stated["applications"],
        "received": len(applied),
        "late": sum(s.at > closes_at for s in applied),
        "successful": len(decided.need("successful")),
        "unsuccessful": len(decided.names("unsuccessful")) + len(reserve),
    }
    assert stated["partners"]["active"] == len(decided.need("successful"))
    assert stated["attendances"] == len(attendances(story))
    rows = [row for s in steps(story, "schedules meetings") for row in s.need("meetings")]
    cancelled = sum("cancelled" in row for row in rows)
    assert stated["meetings"] == {"held": len(rows) - cancelled, "cancelled": cancelled}


def test_the_main_story_is_as_large_as_the_programme() -> None:
    assert len(steps(MAIN, "applies")) >= 14
    months: dict[str, list[date]] = defaultdict(list)
    for step in steps(MAIN, "schedules meetings"):
        body = next(iter(MAIN.staff[step.who]["is"]))
        months[body] += [
            as_day(row["on"], step) for row in step.need("meetings") if not row.get("cancelled")
        ]
    assert set(months) == {"QH8", "RAJ", "L-PROVIDE"}
    for days in months.values():
        assert len(days) >= 4
        assert {day.month for day in days} == {4, 5, 6}


def test_the_page_has_the_totals_the_main_story_states() -> None:
    _, _, worked_out = PAGE.partition("## What the main story comes to")
    for name, pence in MAIN.parts["outcome"]["money"].items():
        assert pounds(pence) in worked_out, name
    for number in (*MAIN.parts["outcome"]["applications"].values(), 17, 32):
        assert str(number) in worked_out


def test_an_outcome_that_is_not_as_stated_is_said_with_both_numbers() -> None:
    stated = {"money": {"due_pence": 100}, "attendances": 4}
    assert differences(stated, {"money": {"due_pence": 100, "more": 1}, "attendances": 4}) == []
    assert differences(stated, {"money": {"due_pence": 99}, "attendances": 4}) == [
        "outcome, money, due_pence: the story says 100, and it came to 99"
    ]
    assert differences(stated, {"attendances": 4}) == [
        "outcome, money, due_pence: the story says 100, and it came to None"
    ]
