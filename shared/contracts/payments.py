"""Events of payments, in the log of the organisation that pays, which need not be the host.

Streams: `payment/<uuid>` one session of one partner, `payment-day/<uuid>` one person's date,
`payee/<uuid>`, `payment-run/<uuid>`. Amounts are whole pence. Every event that moves money says how
much by itself, so that the books (services/payments/domain/books.py) add up from the events alone.
"""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from shared.contracts.event import Event
from shared.contracts.personal import Personal, held
from shared.kernel.identifiers import Organisation
from shared.kernel.moments import Moment
from shared.kernel.money import Pence

Minutes = Annotated[int, Field(strict=True, ge=0)]
Count = Annotated[int, Field(strict=True, ge=0)]
RoleCategory = Annotated[int, Field(strict=True, ge=1, le=4)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PaymentsEvent(Event, service="payments"):
    """Written by the payments service."""


class Explanation(BaseModel):
    """Why an attendance is worth what it is worth, complete enough to be checked by hand.

    `rule` is one of half-day, full-day, day-limit, expenses-only, category-not-paid,
    activity-not-paid, payments-off, no-time-attended, no-policy. `session_pence` is the session's
    worth before the limit of one full day a date; `cause` is the position of the attendance,
    `recorded_by` who recorded it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    rule: str
    sentence: str
    policy_version: Count | None
    minutes: Minutes
    role_category: RoleCategory
    activity: str
    session_pence: Pence
    cause: str
    recorded_by: str


class SessionReckoned(PaymentsEvent):
    """A session was counted towards its date, or counted again; stream `payment-day/<uuid>`.

    `session` is the stream of what was attended, `meeting/<uuid>` or `activity/<uuid>`.
    `entitled_pence` is None while no policy is in force for the date.
    """

    payment: UUID
    person: UUID
    partner: UUID
    earned_at: Organisation
    session: str
    on: date
    attended_minutes: Minutes
    preparation_minutes: Minutes
    carries_payment: StrictBool
    entitled_pence: Pence | None
    explanation: Explanation


class PaymentDue(PaymentsEvent):
    """A partner is owed an involvement payment for a session; stream `payment/<uuid>`."""

    payment: UUID
    person: UUID
    partner: UUID
    payee: UUID
    earned_at: Organisation
    session: str
    meeting: UUID | None
    on: date
    amount_pence: Pence
    explanation: Explanation


class PaymentNotDue(PaymentsEvent):
    """A session carries no involvement payment, or none is left for its date, and why."""

    payment: UUID
    person: UUID
    partner: UUID
    earned_at: Organisation
    session: str
    meeting: UUID | None
    on: date
    explanation: Explanation


class PaymentUndetermined(PaymentsEvent):
    """Whether a payment is due cannot be said yet; it is decided when the reason has gone."""

    payment: UUID
    person: UUID
    partner: UUID
    earned_at: Organisation
    session: str
    meeting: UUID | None
    on: date
    reason: str
    explanation: Explanation


class PaymentCorrected(PaymentsEvent):
    """What is owed changed: a top-up above zero, a reversal below. It is netted in the next run.

    `amount_pence` is what is owed from now on; of the difference, `declined_difference_pence`
    changes only what the partner has declined. `unapproved_pence` now waits for a second person.
    """

    payment: UUID
    person: UUID
    difference_pence: Pence
    declined_difference_pence: Pence
    amount_pence: Pence
    unapproved_pence: Pence | None = None
    explanation: Explanation


class PaymentDeclined(PaymentsEvent):
    """The partner declined what is still open of a payment."""

    payment: UUID
    person: UUID
    declined_pence: Pence
    declined_by: str


class PaymentReduced(PaymentsEvent):
    """The partner takes no more than a part of a payment and declines the rest.

    Of that part, `unapproved_pence` now waits for a second person.
    """

    payment: UUID
    person: UUID
    declined_pence: Pence
    takes_pence: Pence
    unapproved_pence: Pence | None = None
    declined_by: str


class PaymentApproved(PaymentsEvent):
    """A second person approved `amount_pence` more of a payment; `approved_pence` in all."""

    payment: UUID
    person: UUID
    amount_pence: Pence
    approved_pence: Pence
    approved_by: str
    policy_version: Count


class PaymentRejected(PaymentsEvent):
    """The approver refused what was waiting of a payment, with a reason; it is reversed."""

    payment: UUID
    person: UUID
    amount_pence: Pence
    reason: str
    rejected_by: str


class PaymentPutInRun(PaymentsEvent):
    """This much of the payment is in a run; below zero, a reversal is being netted there."""

    payment: UUID
    person: UUID
    run: UUID
    amount_pence: Pence


class PaymentTakenFromRun(PaymentsEvent):
    """The run was withdrawn before it was sent: the amount is waiting again."""

    payment: UUID
    person: UUID
    run: UUID
    amount_pence: Pence


class PaymentSettled(PaymentsEvent):
    """The bank paid this payment's part of a run's line."""

    payment: UUID
    person: UUID
    run: UUID
    amount_pence: Pence
    settled_on: date


class PaymentReturned(PaymentsEvent):
    """The bank sent this payment's part of a line back."""

    payment: UUID
    person: UUID
    run: UUID
    amount_pence: Pence
    reason: str


class PaymentReissued(PaymentsEvent):
    """A returned payment is waiting again and goes into the next run."""

    payment: UUID
    person: UUID
    run: UUID
    amount_pence: Pence


class PayeeRegistered(PaymentsEvent):
    """The paying body knows whom it pays and keeps name and address for its money records.

    Stream `payee/<uuid>`, one per person and paying organisation.
    """

    payee: UUID
    person: UUID
    contact_channel: str
    source: str
    name: Annotated[Personal | None, held("money")] = None
    email: Annotated[Personal | None, held("money")] = None
    address: Annotated[Personal | None, held("money")] = None


class PayeeParticularsChanged(PaymentsEvent):
    """The payee's name, address or channel as given anew; `source` is the position that gave it."""

    payee: UUID
    person: UUID
    contact_channel: str
    source: str
    name: Annotated[Personal | None, held("money")] = None
    email: Annotated[Personal | None, held("money")] = None
    address: Annotated[Personal | None, held("money")] = None


class PayeeSignInLinked(PaymentsEvent):
    """The payee signs in as this identity, and so can never approve their own money."""

    payee: UUID
    person: UUID
    identity: UUID
    linked_by: str


class PayeeDetailsGiven(PaymentsEvent):
    """Bank details were given, the payee's `number`-th; they are paid to only when verified.

    `account` holds account_name, sort_code and account_number.
    """

    payee: UUID
    person: UUID
    number: Count
    account: Annotated[Personal, held("money")]
    given_by: str


class PayeeDetailsVerified(PaymentsEvent):
    """A second person checked the payee's bank details."""

    payee: UUID
    person: UUID
    number: Count
    verified_by: str


class PayeeDetailsDoubted(PaymentsEvent):
    """The details must be verified again, or replaced, before anything more is paid to them."""

    payee: UUID
    person: UUID
    number: Count
    reason: str


class Originator(BaseModel):
    """The account a run is paid from, as the policy in force had it when the run was frozen."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    sort_code: str
    account_number: str
    reference: str


class RunItem(BaseModel):
    """One payment's part of a line."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    payment: UUID
    amount_pence: Pence


class RunLine(BaseModel):
    """One bank transfer: a payee, the details it goes to, and the payments it nets."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    payee: UUID
    person: UUID
    details_number: Count
    amount_pence: Pence
    items: tuple[RunItem, ...]


class LeftOut(BaseModel):
    """A payee with money open who is not in the run, and why.

    `reason` is no-verified-details, nothing-after-corrections or run-is-full.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    payee: UUID
    person: UUID
    amount_pence: Pence
    reason: str


class PaymentRunFrozen(PaymentsEvent):
    """The selection of a run is fixed: nothing joins or leaves it; stream `payment-run/<uuid>`."""

    run: UUID
    pay_on: date
    originator: Originator
    policy_version: Count
    lines: tuple[RunLine, ...]
    left_out: tuple[LeftOut, ...]
    line_count: Count
    total_pence: Pence
    prepared_by: str


class PaymentRunApproved(PaymentsEvent):
    """A second person approved the run's totals."""

    run: UUID
    line_count: Count
    total_pence: Pence
    approved_by: str


class PaymentRunWithdrawn(PaymentsEvent):
    """The run was given up before it was sent; its payments wait again."""

    run: UUID
    total_pence: Pence
    reason: str
    withdrawn_by: str


class PaymentFileProduced(PaymentsEvent):
    """The file for the bank was written: its control totals and the SHA-256 of its bytes."""

    run: UUID
    format: str
    file_name: str
    line_count: Count
    total_pence: Pence
    octets: Count
    sha256: Sha256
    produced_by: str


class PaymentRunSent(PaymentsEvent):
    """The file was handed to the bank."""

    run: UUID
    sent_by: str
    sent_at: Moment


class RunLineSettled(PaymentsEvent):
    """The bank paid a line of the run; the payments in it say so in their own streams."""

    run: UUID
    payee: UUID
    person: UUID
    amount_pence: Pence
    settled_on: date


class RunLineReturned(PaymentsEvent):
    """The bank sent a line back; `was_settled` when it had been paid before."""

    run: UUID
    payee: UUID
    person: UUID
    amount_pence: Pence
    was_settled: StrictBool
    reason: str


class RunLineReissued(PaymentsEvent):
    """A returned line was released: its payments go into the next run."""

    run: UUID
    payee: UUID
    person: UUID
    amount_pence: Pence
    reissued_by: str
