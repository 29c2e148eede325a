"""The short story in a storm: killed and lost at any moment, it comes to the same."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.scenarios.conftest import SHORT, partners, running

SEED: Final = "7"
HELD: Final = (0, 3)
"""3: something was back at work late; how late is for `make storm` to say, on an idle machine."""


@pytest.fixture(scope="module")
def storm(
    played: tuple[str, dict[str, Any], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Path]:
    """One storm: its result and its data folder."""
    data = tmp_path_factory.mktemp("storm") / "data"
    arguments: list[str | Path] = ["--story", SHORT, "--undisturbed", played[2] / "report.json"]
    done = partners("storm", data, *arguments, "--seed", SEED, "--drills", "0")
    assert done.returncode in HELD, done.stdout[-4000:] + done.stderr[-2000:]
    return json.loads((data / "storm.json").read_text()), data


def test_without_a_storm_the_story_comes_to_something(
    played: tuple[str, dict[str, Any], Path],
) -> None:
    """What the storm is compared with; a test of its own: each has its time."""
    assert played[1]["outcome"]["audit"]["verified"]


def test_ten_kills_and_a_lost_bus_change_nothing(storm: tuple[dict[str, Any], Path]) -> None:
    result, _ = storm
    kinds = [one["disturbance"]["kind"] for one in result["done"]]
    killed = ("a service killed", "PostgreSQL killed")
    assert sum(kinds.count(kind) for kind in killed) >= 10
    assert kinds.count("the broker lost with everything in it") >= 1
    assert result["failures"] == []


def test_one_organisations_outage_holds_up_no_others_log(tmp_path: Path) -> None:
    story = SHORT.with_name("two-organisations.yaml")
    quiet = ["--seed", SEED, "--kills", "0", "--bus-losses", "0", "--drills", "0"]
    done = partners("storm", tmp_path / "data", "--story", story, *quiet)
    assert done.returncode in HELD, done.stdout[-4000:] + done.stderr[-2000:]
    result = json.loads((tmp_path / "data" / "storm.json").read_text())
    [outage] = result["outages"]
    assert "notifications.engagement" in {at.partition(" of ")[0] for at in outage["waiting"]}
    assert outage["went_on"]
    assert not outage["held_up"]


def test_nothing_is_left_running_after_a_storm(storm: tuple[dict[str, Any], Path]) -> None:
    assert running(storm[1]) == []
