"""The bank's file: its columns, its characters, the same bytes every time."""

import csv
from io import StringIO
from types import MappingProxyType

import pytest

from services.payments.domain.bank_file import (
    BankAccount,
    PayeeUnreadable,
    bank_file,
    bank_text,
)
from services.payments.domain.run_states import Contents
from tests.rules.payments.story import OTHER_PAYEE, PAYEE, PREPARER, RUN_ID
from tests.rules.payments.test_run import MINE, ORIGINATOR, PAY_ON, THEIRS, TOTAL

CONTENTS = Contents(
    run=RUN_ID,
    lines=MappingProxyType({PAYEE: MINE, OTHER_PAYEE: THEIRS}),
    pay_on=PAY_ON,
    originator=ORIGINATOR,
    prepared_by=PREPARER,
    total_pence=TOTAL,
)
ACCOUNTS = {
    PAYEE: BankAccount("Amara Okafor", "000000", "00000002"),
    OTHER_PAYEE: BankAccount("Siân O'Neill-Featherstonehaugh", "000000", "00000003"),
}


def test_every_line_has_the_columns_the_bank_software_reads() -> None:
    made = bank_file(CONTENTS, ACCOUNTS)
    rows = sorted(csv.reader(StringIO(made.content.decode("ascii"), newline="")))
    run = RUN_ID.hex[:6].upper()
    credit_from = ["99", "000000", "00000001", "QH8 CREDITORS", f"INVOLVEMENT {run}", "03/04/2024"]
    assert rows == [
        ["000000", "00000002", "AMARA OKAFOR", "150.00", *credit_from],
        ["000000", "00000003", "SIAN ONEILL-FEATHE", "75.00", *credit_from],
    ]
    assert made.content.endswith(b"\r\n")
    assert made.content.count(b"\r\n") == made.line_count == 2
    assert made.total_pence == TOTAL
    assert made.file_name == f"payment-run-{RUN_ID}.csv"


def test_references_and_names_keep_to_the_banks_eighteen_characters() -> None:
    for row in csv.reader(StringIO(bank_file(CONTENTS, ACCOUNTS).content.decode())):
        assert all(6 <= len(row[column]) <= 18 for column in (2, 7, 8))


def test_the_same_run_makes_the_same_bytes_in_any_order() -> None:
    first = bank_file(CONTENTS, ACCOUNTS)
    again = bank_file(CONTENTS, dict(reversed(list(ACCOUNTS.items()))))
    assert first.content == again.content
    assert first.sha256 == again.sha256
    assert len(first.sha256) == 64


def test_without_every_payees_details_no_file_is_made() -> None:
    with pytest.raises(PayeeUnreadable):
        bank_file(CONTENTS, {PAYEE: ACCOUNTS[PAYEE]})


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("Zoë Brontë", "ZOE BRONTE"),
        ("Søren Weiß", "SOREN WEISS"),
        ("Niamh O’Brien", "NIAMH OBRIEN"),
        ("=cmd|' /C calc'!A0", "CMD /C CALC A0"),
        ("-1+1", "1 1"),
        ("Marks & Spencer", "MARKS & SPENCER"),
        ('A, "B"\r\nC', "A B C"),
        ("Łukasz Nowak", "LUKASZ NOWAK"),
    ],
)
def test_names_are_written_in_the_banks_characters(given: str, written: str) -> None:
    assert bank_text(given) == written


def test_bank_details_do_not_show_themselves() -> None:
    assert "00000002" not in repr(ACCOUNTS[PAYEE])
    assert "00000002" not in repr(bank_file(CONTENTS, ACCOUNTS))
