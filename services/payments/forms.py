"""What may be sent to payments: one form per command, and the documents that answer."""

from datetime import date
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from shared.kernel.moments import Moment
from shared.kernel.written import Day, said

Reason: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)
]
Amount: TypeAlias = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReasonForm(_Form):
    """Why; about the payment, never about the person's health or circumstances."""

    reason: Reason


class ReductionForm(_Form):
    """The most the partner will take of a payment."""

    takes_pence: Amount


class BankDetailsForm(_Form):
    """Where a payee wants to be paid."""

    account_name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=70, pattern="[A-Za-z]"),
        said("Write the name of the account, with letters, in at most 70 characters."),
    ]
    sort_code: Annotated[
        str, StringConstraints(pattern=r"^[0-9]{6}$"), said("Write the sort code's six digits.")
    ]
    account_number: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9]{8}$"),
        said("Write the account number's eight digits."),
    ]


class VerificationForm(_Form):
    """Which of the payee's bank details were checked: they are numbered from 1."""

    number: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]


class SignInForm(_Form):
    """The identity of the directory under which the payee signs in."""

    identity: UUID


class RunForm(_Form):
    """A run is paid on this day."""

    pay_on: Day


class RunApprovalForm(_Form):
    """The total you have seen and approve."""

    total_pence: Amount


class SettlementForm(_Form):
    """Lines the bank has paid; without payees, all that are still in flight."""

    settled_on: Day
    payees: Annotated[tuple[UUID, ...], Field(max_length=500)] = ()


class ReturnForm(_Form):
    """A line the bank sent back, with the bank's reason."""

    payee: UUID
    reason: Reason


class ReissueForm(_Form):
    """A returned line to be paid again."""

    payee: UUID


class OpenPaymentDocument(BaseModel):
    """A payment with something to approve or to pay."""

    payment: UUID
    payee: UUID
    person: UUID
    worked_on: date
    wanted_pence: int
    unapproved_pence: int
    payable_pence: int


class PartDocument(BaseModel):
    """What of a payment is in one run, and what the bank has said."""

    run: UUID
    amount_pence: int
    stage: str


class PaymentDocument(BaseModel):
    """One payment as it stands: owed, declined, approved, in runs."""

    payment: UUID
    person: UUID
    payee: UUID
    on: date
    entitled_pence: int
    declined_pence: int
    approved_pence: int
    waiting_pence: int
    parts: list[PartDocument]


class LineDocument(BaseModel):
    """One bank transfer of a run."""

    payee: UUID
    amount_pence: int
    payments: int
    stage: str


class RunDocument(BaseModel):
    """A payment run: the page that is checked before it is approved."""

    run: UUID
    standing: str
    pay_on: date
    total_pence: int
    prepared_by: str
    sha256: str | None
    lines: list[LineDocument]


class PayeeDocument(BaseModel):
    """A payee: whether there are bank details, of which number, and whether they are verified."""

    payee: UUID
    person: UUID
    number: int
    details: str


class BankDetailsDocument(BaseModel):
    """A payee's last bank details, for whoever checks them; each look is recorded."""

    number: int
    account_name: str | None
    sort_code: str | None
    account_number: str | None
    unavailable: str | None


class FileDocument(BaseModel):
    """A file put out for the bank."""

    name: str
    pay_on: date
    octets: int


class ReconciliationDocument(BaseModel):
    """The books in pence as of `position`; `differences` is empty when they balance.

    due = declined + reversed + in_run + waiting; run = settled + returned + in_flight;
    in_run = run - reissued.
    """

    position: str
    as_of: Moment
    balances: bool
    differences: list[str]
    due: int
    declined: int
    reversed: int
    in_run: int
    waiting: int
    approved: int
    run: int
    settled: int
    returned: int
    in_flight: int
    reissued: int
