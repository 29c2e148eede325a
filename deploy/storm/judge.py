"""Whether a story came to the same in a storm, and nobody was paid or told twice."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any, Final

from deploy.storm.storm import ALLOWED_SECONDS, Done

OPENED: Final = "PersonalDataOpened"
"""Each opening is recorded, also one by a process that was killed before it made use of it."""


def failures(
    undisturbed: Mapping[str, Any], disturbed: Mapping[str, Any], data: Path
) -> Iterator[str]:
    """What does not hold, a sentence each."""
    yield from _differences(
        "", comparable(undisturbed["outcome"]), comparable(disturbed["outcome"])
    )
    duplicates, events = disturbed["operations"]["duplicates_skipped"], found_events(disturbed)
    if duplicates < events:
        yield f"Only {duplicates} duplicates were skipped, though {events} events were doubled."
    if not disturbed["outcome"]["audit"]["verified"]:
        yield f"The trail is not verified: {disturbed['outcome']['audit']['difference']}"
    told = told_twice(data)
    if told:
        yield f"Messages sent twice: {len(told)}, the first of them {told[0]}."
    paid = paid_twice(data)
    if paid:
        yield f"Payments that stand in two bank files, or twice in one: {len(paid)}."


def too_slow(done: Sequence[Done]) -> Iterator[str]:
    """What came back to work later than it must, though nothing else was disturbed meanwhile."""
    for each in done:
        allowed = ALLOWED_SECONDS.get(each.disturbance.kind)
        if allowed is not None and each.alone and each.back_seconds > allowed:
            yield (
                f"{each.disturbance.kind}, {each.disturbance.target}: back at work after "
                f"{each.back_seconds} seconds, {allowed:.0f} are allowed."
            )


def comparable(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """An outcome without what depends on real time: how often was signed, how often opened."""
    logs = {
        name: {kind: count for kind, count in log["events"].items() if kind != OPENED}
        for name, log in outcome["logs"].items()
    }
    audit = {"verified": outcome["audit"]["verified"], "logs": outcome["audit"]["logs"]}
    return {**outcome, "logs": logs, "audit": audit}


def found_events(report: Mapping[str, Any]) -> int:
    """How many events all logs have."""
    return sum(log["head"] for log in report["outcome"]["logs"].values())


def told_twice(data: Path) -> list[str]:
    """The Message-IDs that stand in more than one e-mail."""
    mails = [
        message_from_bytes(file.read_bytes(), policy=SMTP)
        for file in sorted((data / "files").rglob("*.eml"))
    ]
    return _twice(str(mail["Message-ID"]) for mail in mails)


def paid_twice(data: Path) -> list[str]:
    """The payment lines that stand more than once in the bank files."""
    lines = [
        line
        for file in sorted((data / "files" / "payments").rglob("*.csv"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    return _twice(iter(lines))


def _twice(names: Iterator[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _differences(place: str, wanted: Any, found: Any) -> Iterator[str]:
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for name in sorted({*wanted, *found}):
            inner = f"{place}.{name}" if place else name
            yield from _differences(inner, wanted.get(name), found.get(name))
    elif wanted != found:
        yield (f"{place} is {json.dumps(found)} in the storm and {json.dumps(wanted)} without it.")
