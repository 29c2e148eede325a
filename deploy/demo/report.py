"""The result of a performance, read from the services' APIs only: a document, and tables."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from deploy.demo.neighbours import Neighbours
from shared.kernel.identifiers import SERVICES
from shared.kernel.money import pounds

_PAGE: Final = 1_000
_BOOKS: Final = (
    "due",
    "declined",
    "reversed",
    "in_run",
    "waiting",
    "approved",
    "run",
    "settled",
    "returned",
    "in_flight",
    "reissued",
)


async def outcome(
    neighbours: Neighbours, token: str, organisations: Sequence[str], audit: Mapping[str, Any]
) -> dict[str, Any]:
    """What the story came to: the same for every undisturbed and every disturbed performance."""
    logs = {
        f"{service}.{code}": await _events(neighbours, token, service, code)
        for service in SERVICES
        for code in organisations
    }
    views = await asyncio.gather(*(_views(neighbours, token, code) for code in organisations))
    books = await asyncio.gather(*(_books(neighbours, token, code) for code in organisations))
    return {
        "logs": {
            name: {"head": len(events), "events": _types(events)} for name, events in logs.items()
        },
        "applications": _applications(views),
        "partners": _partners(views),
        "meetings": {
            "held": _engagement_events(logs, "MeetingHeld"),
            "cancelled": _engagement_events(logs, "MeetingCancelled"),
        },
        "attendances": _engagement_events(logs, "MeetingAttended"),
        "money": {
            **{f"{name}_pence": sum(book[name] for book in books) for name in _BOOKS},
            "balances": all(book["balances"] for book in books),
            "by_organisation": dict(zip(organisations, books, strict=True)),
        },
        "messages": _messages(logs),
        "audit": audit,
    }


def differences(stated: Any, found: Any, where: str = "outcome") -> list[str]:
    """Where the outcome is not what the story states; what it does not state may be anything."""
    if not isinstance(stated, Mapping):
        if stated == found:
            return []
        return [f"{where}: the story says {stated}, and it came to {found}"]
    known = found if isinstance(found, Mapping) else {}
    return [
        each
        for name, value in stated.items()
        for each in differences(value, known.get(name), f"{where}, {name}")
    ]


def operations(documents: Sequence[Mapping[str, Any]], seconds: float) -> dict[str, Any]:
    """What the services went through: this differs from one performance to the next."""
    counts: Counter[str] = Counter()
    for document in documents:
        counts.update(document["counts"])
    return {**counts, "seconds": round(seconds, 1)}


async def _events(
    neighbours: Neighbours, token: str, service: str, organisation: str
) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while True:
        page = await neighbours.lines(
            token, service, organisation, f"/log/{organisation}", after=len(events), limit=_PAGE
        )
        events += [json.loads(line) for line in page]
        if len(page) < _PAGE:
            return events


async def _views(neighbours: Neighbours, token: str, organisation: str) -> dict[str, Any]:
    place = f"/organisations/{organisation}/views"
    pipeline, roster = await asyncio.gather(
        *(
            neighbours.get(token, "portal", organisation, f"{place}/{name}", names=False)
            for name in ("pipeline", "roster")
        )
    )
    return {"pipeline": pipeline, "roster": roster}


async def _books(neighbours: Neighbours, token: str, organisation: str) -> dict[str, Any]:
    path = f"/organisations/{organisation}/reconciliation"
    book = await neighbours.get(token, "payments", organisation, path)
    return {name: book[name] for name in (*_BOOKS, "balances")}


def _types(events: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return dict(sorted(Counter(event["type"] for event in events).items()))


def _applications(views: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    campaigns = [campaign for view in views for campaign in view["pipeline"]["campaigns"]]
    names = ("received", "late", "admitted", "withdrawn", "successful", "unsuccessful", "untold")
    return {name: sum(campaign[name] for campaign in campaigns) for name in names}


def _partners(views: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found = {
        view["roster"]["organisation"]: Counter(row["status"] for row in view["roster"]["partners"])
        for view in views
    }
    return {
        "active": sum(statuses["active"] for statuses in found.values()),
        "by_organisation": {code: dict(statuses) for code, statuses in found.items()},
    }


def _engagement_events(logs: Mapping[str, Sequence[Mapping[str, Any]]], kind: str) -> int:
    return sum(
        event["type"] == kind
        for name, events in logs.items()
        if name.startswith("engagement.")
        for event in events
    )


def _messages(logs: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, int]:
    kinds = Counter(
        event["data"]["kind"]
        for name, events in logs.items()
        if name.startswith("notifications.")
        for event in events
        if event["type"] == "MessageSent"
    )
    return dict(sorted(kinds.items()))


# For people


def show(
    console: Console,
    title: str,
    result: Mapping[str, Any],
    names: Mapping[str, str],
    refusals: Sequence[tuple[str, str]],
) -> None:
    """Print what the story came to, for somebody who has not seen the code."""
    found, went = result["outcome"], result["operations"]
    console.rule(f"[bold]{title}")
    console.print(_applications_table(found["applications"]))
    console.print(_organisations_table(found, names))
    console.print(_money_table(found["money"]["by_organisation"], names))
    console.print(_messages_table(found["messages"]))
    if refusals:
        console.print(_refusals_table(refusals))
    console.print(_logs_table(found["logs"], names))
    _say_proof(console, found["audit"])
    console.print(
        f"On the way: {went['duplicates_skipped']} duplicate deliveries skipped, "
        f"{went['gaps_repaired']} gaps repaired, {went['parked']} events parked, "
        f"{went['foreign_records']} foreign records, in {went['seconds']} seconds."
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def _applications_table(applications: Mapping[str, int]) -> Table:
    table = _table("Applications", *(name.capitalize() for name in applications))
    table.columns[0].justify = "right"
    table.add_row(*map(str, applications.values()))
    return table


def _organisations_table(found: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    table = _table(
        "Partners and meetings", "Organisation", "Active partners", "Meetings held", "Attendances"
    )
    for code, statuses in found["partners"]["by_organisation"].items():
        events = found["logs"][f"engagement.{code}"]["events"]
        table.add_row(
            names.get(code, code),
            str(statuses.get("active", 0)),
            str(events.get("MeetingHeld", 0)),
            str(events.get("MeetingAttended", 0)),
        )
    return table


def _money_table(books: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> Table:
    table = _table("Money, by who pays", "", *(names.get(code, code) for code in books))
    for name in ("due", "declined", "reversed", "waiting", "run", "returned", "settled"):
        title = "in runs" if name == "run" else name
        table.add_row(title.capitalize(), *(pounds(book[name]) for book in books.values()))
    table.add_row("Balances", *("yes" if book["balances"] else "NO" for book in books.values()))
    return table


def _messages_table(messages: Mapping[str, int]) -> Table:
    table = _table("Messages sent, each once", "About", "Sent")
    for kind, sent in messages.items():
        table.add_row(kind.replace("-", " "), str(sent))
    return table


def _refusals_table(refusals: Sequence[tuple[str, str]]) -> Table:
    table = Table(title="What the rules refused", title_justify="left", title_style="bold")
    table.add_column("What the person read")
    for _, sentence in refusals:
        table.add_row(sentence)
    return table


def _logs_table(logs: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> Table:
    codes = list(dict.fromkeys(name.partition(".")[2] for name in logs))
    table = _table("Events in each log", "Service", *(names.get(code, code) for code in codes))
    for service in SERVICES:
        table.add_row(service, *(str(logs[f"{service}.{code}"]["head"]) for code in codes))
    return table


def _say_proof(console: Console, audit: Mapping[str, Any]) -> None:
    if audit["verified"]:
        console.print(
            f"[bold green]Verified:[/] {audit['events']} events in {audit['logs']} logs are the "
            "same in the services' copies and the auditor's copies, and under "
            f"{audit['checkpoints']} signed checkpoints."
        )
    else:
        console.print(f"[bold red]Not verified:[/] {audit['difference']}")
