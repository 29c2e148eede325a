"""Dates, times and names as people read them."""

from datetime import date, datetime

from shared.kernel.moments import LONDON


def day(on: date) -> str:
    """`Tuesday 6 February 2024`."""
    return f"{on:%A} {on.day} {on:%B %Y}"


def clock_time(moment: datetime) -> str:
    """`5pm` or `9.30am`, in London."""
    local = moment.astimezone(LONDON)
    minutes = f".{local:%M}" if local.minute else ""
    return f"{local.hour % 12 or 12}{minutes}{'am' if local.hour < 12 else 'pm'}"


def moment(at: datetime) -> str:
    """`5pm on Tuesday 6 February 2024`."""
    return f"{clock_time(at)} on {day(at.astimezone(LONDON).date())}"


def from_to(starts_at: datetime, ends_at: datetime) -> str:
    """`Monday 4 March 2024, 10am to 12.30pm`."""
    on = day(starts_at.astimezone(LONDON).date())
    return f"{on}, {clock_time(starts_at)} to {clock_time(ends_at)}"


def words(code: str) -> str:
    """`face to face` for `face-to-face`."""
    return code.replace("-", " ")


def title(code: str) -> str:
    """`Patient Safety Partner` for `patient-safety-partner`."""
    return " ".join(word.capitalize() for word in code.split("-"))
