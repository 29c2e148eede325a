"""How long what class of data outlasts an erasure."""

from datetime import date

import pytest

from shared.contracts.personal import RETENTION_CLASSES
from shared.kernel.retention import DEFAULT_TERMS, Hold, RetentionTerms, hold, tax_year_end

WHY = "Records of payments are kept for six years after the end of the tax year."


@pytest.mark.parametrize(
    ("on", "end"),
    [
        (date(2024, 4, 5), date(2024, 4, 5)),
        (date(2024, 4, 6), date(2025, 4, 5)),
        (date(2024, 12, 31), date(2025, 4, 5)),
        (date(2025, 1, 1), date(2025, 4, 5)),
    ],
)
def test_a_tax_year_ends_on_5_april(on: date, end: date) -> None:
    assert tax_year_end(on) == end


@pytest.mark.parametrize(
    ("case", "on", "expected"),
    [
        ("tax-year/2023-24", date(2024, 6, 1), Hold(date(2030, 4, 5), WHY)),
        ("tax-year/2023-24", date(2030, 4, 5), Hold(date(2030, 4, 5), WHY)),
        ("tax-year/2023-24", date(2030, 4, 6), None),
        (
            "payee/018d7f00-0000-7000-8000-00000000000a",
            date(2024, 6, 1),
            Hold(date(2031, 4, 5), WHY),
        ),
    ],
)
def test_money_is_held_for_six_years_after_the_tax_year(
    case: str, on: date, expected: Hold | None
) -> None:
    assert hold(DEFAULT_TERMS, "money", case, on) == expected


def test_what_the_policy_does_not_name_is_not_held() -> None:
    assert hold(DEFAULT_TERMS, "application", "application/1", date(2024, 6, 1)) is None
    assert hold({}, "money", "tax-year/2023-24", date(2024, 6, 1)) is None


def test_the_policy_knows_every_retention_class() -> None:
    assert tuple(RetentionTerms.model_fields) == RETENTION_CLASSES
