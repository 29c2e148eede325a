"""Values as people and clients write them, each with the sentence that helps when they did not."""

from collections.abc import Callable
from datetime import date, datetime
from re import ASCII
from re import compile as pattern
from typing import Annotated, Final, TypeAlias, TypeVar

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ValidationError, WrapValidator

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2199
_DAY: Final = pattern(r"\d{4}-\d{2}-\d{2}", ASCII)
_MOMENT: Final = pattern(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", ASCII
)

_DIGITS: Final = pattern(r"-?\d{1,20}", ASCII)

T = TypeVar("T")
Dated = TypeVar("Dated", bound=date)


def said(sentence: str) -> WrapValidator:
    """Say this sentence of a value that is not right, in place of the library's words."""

    def check(value: object, handler: Callable[[object], T]) -> T:
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(sentence) from None

    return WrapValidator(check)


def between(first_year: int, last_year: int = LAST_YEAR) -> AfterValidator:
    """Refuse years nobody can have meant; some of them have no day in every time zone."""

    def check(value: Dated) -> Dated:
        if not first_year <= value.year <= last_year:
            raise ValueError(f"The year must be between {first_year} and {last_year}.")
        return value

    return AfterValidator(check)


def _day(value: object) -> object:
    """A text of digits alone would be taken for seconds since 1970."""
    if isinstance(value, str):
        return value if _DAY.fullmatch(value) else ""
    return value if type(value) is date else None


def _moment(value: object) -> object:
    if isinstance(value, str):
        return value if _MOMENT.fullmatch(value) else ""
    return value if isinstance(value, datetime) else None


def _digits(value: object) -> object:
    """The library would take 1_000 and 1.0 for whole numbers."""
    return "" if isinstance(value, str) and not _DIGITS.fullmatch(value) else value


Whole: TypeAlias = Annotated[int, BeforeValidator(_digits), said("Write a whole number in digits.")]
"""A whole number as an address has it."""
AnyDay: TypeAlias = Annotated[date, BeforeValidator(_day), said("Write a day, such as 2024-03-05.")]
Day: TypeAlias = Annotated[AnyDay, between(FIRST_YEAR)]
"""A day of the programme's time."""
When: TypeAlias = Annotated[
    AwareDatetime,
    BeforeValidator(_moment),
    said("Write a moment with its time zone, such as 2024-03-05T14:00:00Z."),
    between(FIRST_YEAR),
]
"""A moment of the programme's time, in any time zone."""
