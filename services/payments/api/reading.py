"""What finance reads: the work list, a payment, a run's check page, the files, the books."""

from datetime import date
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import Depends, Query, Request

from services.payments import files, work_list
from services.payments.api.asking import present
from services.payments.domain.owed import Owed
from services.payments.domain.payee import PAYEE, Payee
from services.payments.domain.payment import PAYMENT
from services.payments.domain.run import RUN
from services.payments.domain.run_states import NoRun, Produced, Sent, State
from services.payments.forms import (
    BankDetailsDocument,
    FileDocument,
    LineDocument,
    OpenPaymentDocument,
    PartDocument,
    PayeeDocument,
    PaymentDocument,
    ReconciliationDocument,
    RunDocument,
)
from shared.contracts.personal import Sealed
from shared.infra.http import Caller, allowed, guarded_router, unknown
from shared.infra.key_access import SHOWING
from shared.infra.kit import Kit
from shared.infra.opening import Unavailable
from shared.infra.shell import Transaction
from shared.kernel.identifiers import LogName, Organisation, Position
from shared.kernel.written import Day, Whole

routes = guarded_router("finance")

_READERS = ("finance-preparer", "finance-approver", "coordinator", "auditor")
_FIRST_DAY, _FIRST_ID = date(1, 1, 1), UUID(int=0)


def _kit(
    request: Request,
    _: Annotated[Caller, Depends(allowed(*_READERS))],
) -> Kit:
    kit: Kit = request.app.state.kit
    return kit


def _kit_of_finance(
    request: Request,
    _: Annotated[Caller, Depends(allowed("finance-preparer", "finance-approver", "auditor"))],
) -> Kit:
    kit: Kit = request.app.state.kit
    return kit


def _kit_and_actor(
    request: Request,
    caller: Annotated[Caller, Depends(allowed("finance-preparer", "finance-approver"))],
) -> tuple[Kit, str]:
    return request.app.state.kit, caller.actor


Reading: TypeAlias = Annotated[Kit, Depends(_kit)]
ReadingFiles: TypeAlias = Annotated[Kit, Depends(_kit_of_finance)]
InFinance: TypeAlias = Annotated[tuple[Kit, str], Depends(_kit_and_actor)]
"""The kit, and who looks: for what is opened and recorded."""


@routes.get("/organisations/{organisation}/payments")
async def list_payments(
    organisation: Organisation,
    kit: Reading,
    after_day: Day = _FIRST_DAY,
    after_payment: UUID = _FIRST_ID,
    limit: Annotated[Whole, Query(ge=1, le=1_000)] = 500,
) -> list[OpenPaymentDocument]:
    """Payments with something to approve or to pay, oldest work first."""
    async with kit.pool.acquire() as connection:
        found = await work_list.open_payments(
            connection, organisation, (after_day, after_payment), limit
        )
    return [OpenPaymentDocument.model_validate(one, from_attributes=True) for one in found]


@routes.get("/organisations/{organisation}/payments/{payment}")
async def read_payment(organisation: Organisation, payment: UUID, kit: Reading) -> PaymentDocument:
    """One payment as it stands."""
    state = await kit.shell.look(lambda t: present(t, PAYMENT, organisation, "payment", payment))
    if not isinstance(state, Owed):
        raise unknown()
    return PaymentDocument(
        payment=state.payment,
        person=state.person,
        payee=state.payee,
        on=state.on,
        entitled_pence=state.entitled_pence,
        declined_pence=state.declined_pence,
        approved_pence=state.approved_pence,
        waiting_pence=state.waiting_pence,
        parts=[PartDocument.model_validate(part, from_attributes=True) for part in state.parts],
    )


@routes.get("/organisations/{organisation}/payees")
async def list_payees(
    organisation: Organisation,
    kit: Reading,
    after: UUID = _FIRST_ID,
    limit: Annotated[Whole, Query(ge=1, le=1_000)] = 1_000,
) -> list[PayeeDocument]:
    """Everybody this organisation pays, and whether they can be paid."""
    async with kit.pool.acquire() as connection:
        found = await work_list.payees(connection, organisation, after, limit)
    return [PayeeDocument.model_validate(one, from_attributes=True) for one in found]


@routes.get("/organisations/{organisation}/payees/{payee}")
async def read_payee(organisation: Organisation, payee: UUID, kit: Reading) -> PayeeDocument:
    """Whether a payee can be paid; never the bank details themselves."""
    state = await kit.shell.look(lambda t: present(t, PAYEE, organisation, "payee", payee))
    if not isinstance(state, Payee):
        raise unknown()
    return PayeeDocument.model_validate(state, from_attributes=True)


@routes.get("/organisations/{organisation}/payees/{payee}/bank-details")
async def read_bank_details(
    organisation: Organisation, payee: UUID, finance: InFinance
) -> BankDetailsDocument:
    """The bank details given last, in clear, to be checked; the look is recorded first."""
    kit, actor = finance

    async def find(transaction: Transaction) -> tuple[int, Sealed | None]:
        state = await present(transaction, PAYEE, organisation, "payee", payee)
        number = state.number if isinstance(state, Payee) else 0
        return number, await files.bank_details(transaction, organisation, payee, number)

    number, sealed = await kit.shell.look(find)
    if sealed is None:
        raise unknown()
    opened = await kit.opener.open(
        {"account": sealed}, SHOWING, organisation=organisation, actor=actor
    )
    account = opened["account"]
    known = account if isinstance(account, dict) else {}
    return BankDetailsDocument(
        number=number,
        account_name=_text(known.get("account_name")),
        sort_code=_text(known.get("sort_code")),
        account_number=_text(known.get("account_number")),
        unavailable=account.sentence if isinstance(account, Unavailable) else None,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


@routes.get("/organisations/{organisation}/payment-runs/{run}")
async def read_run(organisation: Organisation, run: UUID, kit: Reading) -> RunDocument:
    """The check page of a run: every line and the total."""
    state = await kit.shell.look(lambda t: present(t, RUN, organisation, "payment-run", run))
    if isinstance(state, NoRun):
        raise unknown()
    return RunDocument(
        run=state.contents.run,
        standing=type(state).__name__.lower(),
        pay_on=state.contents.pay_on,
        total_pence=state.contents.total_pence,
        prepared_by=state.contents.prepared_by,
        sha256=state.sha256 if isinstance(state, Produced | Sent) else None,
        lines=_lines(state),
    )


def _lines(state: State) -> list[LineDocument]:
    lines: dict[UUID, Any] = {} if isinstance(state, NoRun) else dict(state.contents.lines)
    return [
        LineDocument(
            payee=line.payee,
            amount_pence=line.amount_pence,
            payments=len(line.items),
            stage=state.stage(line.payee) if isinstance(state, Sent) else "waiting",
        )
        for line in lines.values()
    ]


@routes.get("/organisations/{organisation}/payment-files")
async def list_payment_files(organisation: Organisation, kit: ReadingFiles) -> list[FileDocument]:
    """Files put out for the bank that have not expired, the newest day first."""
    return [
        FileDocument(name=file.name, pay_on=file.on, octets=file.octets)
        for file in await files.listed(kit, organisation)
    ]


@routes.get("/organisations/{organisation}/reconciliation")
async def read_reconciliation(organisation: Organisation, kit: Reading) -> ReconciliationDocument:
    """The books, and whether they balance to the penny."""
    async with kit.pool.acquire() as connection:
        sequence, books = await work_list.books_of(connection, organisation)
    differences = list(books.differences())
    return ReconciliationDocument(
        position=str(Position(LogName("payments", organisation), sequence)),
        as_of=kit.clock.now(),
        balances=not differences,
        differences=differences,
        due=books.due,
        declined=books.declined,
        reversed=books.reversed,
        in_run=books.in_run,
        waiting=books.waiting,
        approved=books.approved,
        run=books.run,
        settled=books.settled,
        returned=books.returned,
        in_flight=books.in_flight,
        reissued=books.reissued,
    )
