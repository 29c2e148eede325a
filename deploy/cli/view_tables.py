"""An organisation's views as tables for people: London's days and times, pounds, plain words."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

from rich.table import Table

from shared.kernel.moments import LONDON, london_date, parse_moment
from shared.kernel.money import pounds

Found: TypeAlias = Mapping[str, Any]


def tables(document: Found) -> Sequence[Table]:
    """The tables of one view's document."""
    return _TABLES[document["view"]](document)


def _table(title: str, document: Found, *columns: str, right: tuple[str, ...] = ()) -> Table:
    when = f", {_day(document['on'])}" if document.get("on") else ""
    known = f", as known at {_time(document['as_of'])}" if document["as_of"] else ""
    table = Table(title=f"{document['organisation']}: {title}{when}{known}", title_justify="left")
    for column in columns:
        # a number that is cut short would be another number
        table.add_column(
            column, justify="right" if column in right else "left", no_wrap=column in right
        )
    return table


def _sums(title: str, document: Found, rows: Mapping[str, str]) -> Table:
    """A table of one line for each sum, which no terminal is too narrow for."""
    table = _table(title, document, "", "Sum", right=("Sum",))
    table.show_header = False
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _attention(found: Found) -> list[Table]:
    table = _table("what waits on whom", found, "What", "About", "Whose turn", "Since", "Due")
    for row in found["waiting"]:
        table.add_row(
            _words(row["kind"]),
            _who(row),
            _words(row["turn"]),
            _day(row["since"]),
            _day(row["due_on"]),
        )
    return [table]


def _pipeline(found: Found) -> list[Table]:
    counts = ("received", "late", "withdrawn", "successful", "unsuccessful", "untold")
    campaigns = [
        _sums(
            f"campaign {row['title'] or ''}",
            found,
            {"Stage": row["stage"], "Closes": _time(row["closes_at"])}
            | {name.capitalize(): str(row[name]) for name in counts},
        )
        for row in found["campaigns"]
    ] or [_table("campaigns", found, "Campaign")]
    applications = _table(
        "applications", found, "Who", "Received", "Late", "Stage", "Since", "Told"
    )
    for row in found["applications"]:
        applications.add_row(
            _who(row),
            _time(row["received_at"]),
            _yes(row["late"]),
            _words(row["stage"]),
            _day(row["since"]),
            _yes(row["told"]),
        )
    return [*campaigns, applications]


def _roster(found: Found) -> list[Table]:
    columns = ("Who", "Status", "Since", "Term ends", "Paid by", "Training", "Still open")
    table = _table("partners", found, *columns)
    for row in found["partners"]:
        table.add_row(
            _who(row),
            _words(row["status"]),
            _day(row["since"]),
            _day(row["term_ends_on"]),
            row["payer"] or "",
            f"{row['training_done']} of {row['training_required']}",
            ", ".join(_words(item) for item in row["still_open"]),
        )
    return [table]


def _compliance(found: Found) -> list[Table]:
    numbers = ("Minimum", "Seated", "Trained", "Overdue")
    columns = ("Committee", "Safety", *numbers, "Enough", "Not since")
    committees = _table("committees", found, *columns, right=numbers)
    for row in found["committees"]:
        committees.add_row(
            row["name"],
            _yes(row["safety_related"]),
            *(str(row[name]) for name in ("minimum_partners", "seated", "trained", "overdue")),
            "yes" if row["enough"] else "NO",
            _day(row["not_since"]),
        )
    names = {row["committee"]: row["name"] for row in found["committees"]}
    members = _table("who sits where", found, "Committee", "Who", "Since", "Courses lacking")
    for row in found["members"]:
        lacking = ", ".join(_words(course) for course in row["courses_lacking"])
        members.add_row(names.get(row["committee"], ""), _who(row), _day(row["seated_on"]), lacking)
    return [committees, members]


def _calendar(found: Found) -> list[Table]:
    numbers = ("Invited", "Accepted", "Apologies", "Attended")
    table = _table("meetings", found, "Meeting", "When", "Where", "Stage", *numbers, right=numbers)
    for row in found["meetings"]:
        table.add_row(
            row["title"],
            _time(row["starts_at"]),
            row["venue"] or _words(row["format"]),
            row["stage"],
            *(str(row[name.lower()]) for name in numbers),
        )
    return [table]


def _money(found: Found) -> list[Table]:
    sums = ("due", "declined", "reversed", "waiting", "in_run", "settled", "returned", "in_flight")
    amounts = {_words(n).capitalize(): pounds(found["totals"][f"{n}_pence"]) for n in sums}
    totals = _sums("money", found, amounts | {"Balances": "yes" if found["balances"] else "NO"})
    each = ("due", "approved", "settled")
    heads = tuple(name.capitalize() for name in each)
    columns = ("Who", "Earned", "At", "Why", *heads, "Stands")
    payments = _table("payments", found, *columns, right=heads)
    for row in found["payments"]:
        payments.add_row(
            _who(row),
            _day(row["earned_on"]),
            row["earned_at"] or "",
            _words((row["explanation"] or {}).get("rule", row["standing"])),
            *(pounds(row[f"{name}_pence"]) for name in each),
            _words(row["standing"]),
        )
    return [totals, payments]


_TABLES: Final[Mapping[str, Callable[[Found], list[Table]]]] = {
    "attention": _attention,
    "pipeline": _pipeline,
    "roster": _roster,
    "compliance": _compliance,
    "calendar": _calendar,
    "money": _money,
}


def _words(code: str) -> str:
    return code.replace("-", " ").replace("_", " ").replace("/", ": ")


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _who(row: Found) -> str:
    if row["name"] or not row["unavailable"]:
        return row["name"] or ""
    return f"({row['unavailable']['name']})"


def _day(text: str | None) -> str:
    """`6 February 2024`, of a day or of a moment's day in London."""
    if text is None:
        return ""
    day = (
        date.fromisoformat(text)
        if len(text) == len("2024-02-06")
        else london_date(parse_moment(text))
    )
    return f"{day.day} {day:%B %Y}"


def _time(text: str | None) -> str:
    """`6 February 2024, 5:01pm`, in London."""
    if text is None:
        return ""
    at = parse_moment(text).astimezone(LONDON)
    return f"{_day(text)}, {at.hour % 12 or 12}:{at:%M}{'am' if at.hour < 12 else 'pm'}"
