"""The demonstration as somebody at a terminal sees it: a whole story, and stories that go wrong."""

from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.conftest import SHORT, demo, running

# three apply, two by e-mail and one by post; the one by post and one other are appointed
MESSAGES = {
    "acknowledgement": 3,
    "activation": 2,
    "appointment": 2,
    "interview": 2,
    "interview-offer": 2,
    "meeting-invitation": 4,
    "offer": 2,
    "outcome": 3,
    "payment-approved": 4,
    "payment-due": 4,
    "payment-settled": 2,
    "reference-request": 4,
    "seat-offer": 2,
    "welcome": 2,
}


def test_everybody_who_applied_was_told(played: tuple[str, dict[str, Any], Path]) -> None:
    _, report, _ = played
    applications = report["outcome"]["applications"]
    assert applications == {
        "received": 3,
        "late": 0,
        "admitted": 0,
        "withdrawn": 0,
        "successful": 2,
        "unsuccessful": 1,
        "untold": 0,
    }


def test_the_partners_were_paid_what_the_policy_says(
    played: tuple[str, dict[str, Any], Path],
) -> None:
    _, report, _ = played
    outcome = report["outcome"]
    # two partners, exactly four hours (a half day) and one minute more (a full day)
    assert outcome["attendances"] == 4
    assert outcome["money"]["due_pence"] == 2 * (7_500 + 15_000)
    assert outcome["money"]["settled_pence"] == outcome["money"]["approved_pence"] == 45_000
    assert outcome["money"]["balances"]
    assert outcome["partners"] == {"active": 2, "by_organisation": {"RAJ": {"active": 2}}}


def test_every_message_was_sent_once(played: tuple[str, dict[str, Any], Path]) -> None:
    _, report, data = played
    assert report["outcome"]["messages"] == MESSAGES
    mails = list(data.glob("files/messages/**/*.eml"))
    letters = list(data.glob("files/letters/**/*.*"))
    assert len(mails) + len(letters) == sum(MESSAGES.values())
    identifiers = {message_from_bytes(mail.read_bytes())["Message-ID"] for mail in mails}
    assert len(identifiers) == len(mails)


def test_the_trail_is_verified(played: tuple[str, dict[str, Any], Path]) -> None:
    _, report, _ = played
    outcome = report["outcome"]
    assert outcome["audit"]["verified"]
    assert outcome["audit"]["logs"] == len(outcome["logs"]) == 6
    for name, log in outcome["logs"].items():
        assert log["head"] == sum(log["events"].values()), name


def test_nothing_personal_lies_in_clear_in_any_log(
    played: tuple[str, dict[str, Any], Path],
) -> None:
    """The database files themselves are searched: names, addresses, account numbers."""
    _, _, data = played
    files = [file for file in (data / "postgres").rglob("*") if file.is_file()]
    assert len(files) > 1_000
    for file in files:
        content = file.read_bytes()
        for personal in (b"Cleo Marsh", b"cleo.marsh@example.org", b"3 Sample Road"):
            assert personal not in content, file


def test_what_is_printed_can_be_read_without_the_code(
    played: tuple[str, dict[str, Any], Path],
) -> None:
    printed, _, _ = played
    for words in ("Two partners for one trust", "Verified:", "Applications", "Money, by who pays"):
        assert words in printed
    assert "£450.00" in printed


def test_nothing_is_left_running(played: tuple[str, dict[str, Any], Path]) -> None:
    _, _, data = played
    assert running(data) == []


STORIES = {
    "is not YAML": ("title: [", "is not YAML"),
    "has no part": ("title: A story\n", "has no part 'begins'"),
}


@pytest.mark.parametrize(("text", "sentence"), STORIES.values(), ids=STORIES.keys())
def test_a_story_that_cannot_be_read_says_why(tmp_path: Path, text: str, sentence: str) -> None:
    story = tmp_path / "story.yaml"
    story.write_text(text)
    done = demo(story, tmp_path / "data")
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_verb_nobody_knows_is_said_with_its_step(tmp_path: Path) -> None:
    story = tmp_path / "story.yaml"
    story.write_text(SHORT.read_text().replace("does: convenes the panel", "does: summons them"))
    done = demo(story, tmp_path / "data")
    assert done.returncode == 1
    said = " ".join((done.stdout + done.stderr).split())
    assert "Step 8 (Ben Castle summons them" in said
    assert running(tmp_path / "data") == []
