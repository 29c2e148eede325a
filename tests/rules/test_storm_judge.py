"""The judgement over a storm: what came out otherwise, who was told or paid twice."""

from pathlib import Path
from typing import Any

import pytest

from deploy.storm.judge import failures

SENT = b"Message-ID: <one@partners.invalid>\r\nSubject: Paid\r\n\r\nPaid.\r\n"
LINE = "000000,00000000,ADA QUAYE,150.00,99,000000,00000000,TRUST,PARTNERS 9B31CC,16/10/2024\r\n"


def report(due: int = 45_000, duplicates: int = 7, *, verified: bool = True) -> dict[str, Any]:
    """A report of a story that came to this."""
    return {
        "outcome": {
            "money": {"due_pence": due},
            "logs": {"payments.RAJ": {"head": 7, "events": {"PaymentDue": 6}}},
            "audit": {"verified": verified, "difference": "event 3 differs.", "logs": 1},
        },
        "operations": {"duplicates_skipped": duplicates},
    }


def test_what_came_to_the_same_has_no_failure(tmp_path: Path) -> None:
    put(tmp_path, "messages/RAJ/one.eml", SENT)
    put(tmp_path, "payments/RAJ/run.csv", LINE.encode())
    assert list(failures(report(), report(), tmp_path)) == []


@pytest.mark.parametrize(
    ("disturbed", "sentence"),
    [
        (report(due=60_000), "money.due_pence is 60000 in the storm and 45000 without it."),
        (report(duplicates=6), "Only 6 duplicates were skipped, though 7 events were doubled."),
        (report(verified=False), "The trail is not verified: event 3 differs."),
    ],
)
def test_what_differs_is_said(tmp_path: Path, disturbed: dict[str, Any], sentence: str) -> None:
    assert sentence in list(failures(report(), disturbed, tmp_path))


def test_an_email_that_was_sent_twice_is_said(tmp_path: Path) -> None:
    put(tmp_path, "messages/RAJ/one.eml", SENT)
    put(tmp_path, "messages/RAJ/again.eml", SENT)
    assert list(failures(report(), report(), tmp_path)) == [
        "Messages sent twice: 1, the first of them <one@partners.invalid>."
    ]


@pytest.mark.parametrize("files", [{"run.csv": 1, "other.csv": 1}, {"run.csv": 2}])
def test_a_payment_that_stands_twice_is_said(tmp_path: Path, files: dict[str, int]) -> None:
    for name, times in files.items():
        put(tmp_path, f"payments/RAJ/{name}", LINE.encode() * times)
    assert list(failures(report(), report(), tmp_path)) == [
        "Payments that stand in two bank files, or twice in one: 1."
    ]


def put(data: Path, name: str, content: bytes) -> None:
    """A file as the services leave it."""
    file = data / "files" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
