"""Time as the system writes it: UTC moments with six digits, London's wall clock, months."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from re import compile as pattern
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

LONDON = ZoneInfo("Europe/London")
_WRITTEN = pattern(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z", flags=0)


@lru_cache(maxsize=64)
def format_moment(moment: datetime) -> str:
    """`2024-03-05T14:00:00.000000Z`: always UTC, always six digits (BYTES)."""
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone.")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_moment(text: str) -> datetime:
    """Read a moment exactly as `format_moment` writes it; ValueError for any other form."""
    if not _WRITTEN.fullmatch(text):
        raise ValueError("A moment is written YYYY-MM-DDTHH:MM:SS.ffffffZ, in UTC.")
    return datetime.fromisoformat(text)


def london(on: date, at: time) -> datetime:
    """The UTC moment of a London wall-clock time; in the repeated hour of October, the first."""
    return datetime.combine(on, at, tzinfo=LONDON).astimezone(UTC)


def london_date(moment: datetime) -> date:
    """The calendar day in London at this moment."""
    return moment.astimezone(LONDON).date()


def last_day(first: date, months: int) -> date:
    """The last day of a stretch of whole months: 18 months from 1 April end on 30 September.

    Where the month has no such day, on its last: a month from 31 January ends on 29 February 2024.
    """
    month = first.month - 1 + months
    year, month = first.year + month // 12, month % 12 + 1
    days = monthrange(year, month)[1]
    if first.day > days:
        return date(year, month, days)
    return date(year, month, first.day) - timedelta(days=1)


def _read(value: object) -> datetime:
    if isinstance(value, str):
        return parse_moment(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    raise ValueError("A moment needs a date, a time and a time zone.")


Moment = Annotated[
    datetime,
    BeforeValidator(_read),
    PlainSerializer(format_moment, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{_WRITTEN.pattern}$"}),
]
"""A stored moment: an aware UTC datetime in Python, the fixed text of BYTES in JSON."""
