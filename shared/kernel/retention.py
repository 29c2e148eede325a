"""What an erasure may not destroy yet: holds by retention class, their length from policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from re import compile as pattern
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from shared.kernel.ijson import Json

RETENTION_POLICY: Final = "retention"
"""The kind of the policy whose terms name, for each class that is held, how long and why."""


class HoldTerms(BaseModel):
    """How long values of one class outlast an erasure, and the sentence that says why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    years_after_tax_year: Annotated[int, Field(strict=True, ge=0, le=100)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class RetentionTerms(BaseModel):
    """Policy kind `retention`: the retention classes that are held; all others are destroyed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    application: HoldTerms | None = None
    reference: HoldTerms | None = None
    check: HoldTerms | None = None
    partnership: HoldTerms | None = None
    money: HoldTerms | None = HoldTerms(
        years_after_tax_year=6,
        reason="Records of payments are kept for six years after the end of the tax year.",
    )
    correspondence: HoldTerms | None = None


DEFAULT_TERMS: Final[Mapping[str, Json]] = RetentionTerms().model_dump(mode="json")
"""Used where an organisation has adopted no retention policy."""
_TAX_YEAR = pattern(r"tax-year/(\d{4})-\d{2}")


@dataclass(frozen=True, slots=True)
class Hold:
    """Something is kept until the end of this day (None: not known yet), for this reason."""

    until: date | None
    reason: str


def tax_year_end(on: date) -> date:
    """The last day, 5 April, of the tax year this day lies in."""
    end = date(on.year, 4, 5)
    return end if on <= end else end.replace(year=on.year + 1)


def hold(terms: Mapping[str, Json], retention_class: str, case: str, on: date) -> Hold | None:
    """Whether what is kept under this class and case must outlast an erasure on this day.

    The clock starts at the end of the case's tax year; one that names none ends with the erasure.
    """
    term = terms.get(retention_class)
    if not isinstance(term, dict):
        return None
    named = _TAX_YEAR.fullmatch(case)
    ends_on = date(int(named[1]) + 1, 4, 5) if named else tax_year_end(on)
    until = ends_on.replace(year=ends_on.year + int(str(term["years_after_tax_year"])))
    return Hold(until, str(term["reason"])) if on <= until else None
