"""The file for bank software: one CSV line a payment, the same bytes every time it is made.

Columns as PayGate publishes them: destination sort code, account and name, amount in pounds,
transaction code, originating sort code, account and name, reference, date. No header line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from re import sub
from typing import Final
from unicodedata import combining, normalize
from uuid import UUID

from services.payments.domain.run_states import Contents
from shared.contracts.payments import RunLine
from shared.kernel.decider import Refused

FORMAT: Final = "bank-csv-1"
_CREDIT: Final = "99"
_LONGEST_NAME: Final = 18
_PLAIN_LETTERS: Final = str.maketrans(
    {"Ł": "L", "Ø": "O", "Đ": "D", "Ð": "D", "Þ": "TH", "Æ": "AE", "Œ": "OE", "ẞ": "SS", "İ": "I"}
    | dict.fromkeys("'’‘`", "")
)
"""Letters that Unicode does not take apart into a plain one and a mark; apostrophes go."""


class PayeeUnreadable(Refused):
    """A payee's bank details cannot be read, so no file is made: withdraw the run."""


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where money goes; in clear only while a file is being made."""

    account_name: str = field(repr=False)
    sort_code: str = field(repr=False)
    account_number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BankFile:
    """The file's bytes and its control totals."""

    file_name: str
    content: bytes = field(repr=False)
    line_count: int
    total_pence: int

    @property
    def sha256(self) -> str:
        """The hash of the bytes, as 64 hexadecimal digits."""
        return sha256(self.content).hexdigest()


def bank_file(contents: Contents, accounts: Mapping[UUID, BankAccount]) -> BankFile:
    """Make a run's file; `accounts` holds each payee's account of the number frozen in the run."""
    lines = sorted(contents.lines.values(), key=lambda line: line.payee)
    if any(line.payee not in accounts for line in lines):
        raise PayeeUnreadable
    rows = [_row(contents, line, accounts[line.payee]) for line in lines]
    return BankFile(
        file_name=f"payment-run-{contents.run}.csv",
        content="".join(f"{','.join(row)}\r\n" for row in rows).encode("ascii"),
        line_count=len(rows),
        total_pence=sum(line.amount_pence for line in lines),
    )


def _row(contents: Contents, line: RunLine, account: BankAccount) -> Sequence[str]:
    originator = contents.originator
    return (
        account.sort_code,
        account.account_number,
        bank_text(account.account_name),
        f"{line.amount_pence // 100}.{line.amount_pence % 100:02d}",
        _CREDIT,
        originator.sort_code,
        originator.account_number,
        bank_text(originator.name),
        f"{originator.reference} {contents.run.hex[:6].upper()}",
        f"{contents.pay_on:%d/%m/%Y}",
    )


def bank_text(text: str) -> str:
    """At most 18 of the characters banks take: A-Z 0-9 . & / - and space, in capitals.

    What begins like a formula cannot, since a field never begins with a sign.
    """
    capitals = text.upper().translate(_PLAIN_LETTERS)
    plain = "".join(c for c in normalize("NFKD", capitals) if not combining(c))
    allowed = sub(r"[^A-Z0-9.&/ -]", " ", plain)
    return sub(r" +", " ", allowed).strip(" -./&")[:_LONGEST_NAME].rstrip()
