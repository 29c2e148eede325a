"""The file of a run: made from what was frozen, recorded with its hash, put out for the bank.

The same run makes the same bytes each time. Bank details are in clear in the file and nowhere else.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

import structlog

from services.payments.domain.bank_file import FORMAT, BankAccount, BankFile, bank_file
from services.payments.domain.run import RUN, NoSuchRun, ProduceFile, RunNotApproved, RunWithdrawn
from services.payments.domain.run_states import Contents, Frozen, NoRun, Withdrawn
from services.payments.ledger import follow
from services.payments.settings import payments_settings
from shared.contracts.envelope import read
from shared.contracts.payments import PayeeDetailsGiven
from shared.contracts.personal import Sealed
from shared.infra import log
from shared.infra.folders import DatedFolder, PutOut
from shared.infra.http.problems import away
from shared.infra.key_access import PAYING
from shared.infra.kit import Kit
from shared.infra.opening import Opened, Unavailable
from shared.infra.shell import Answer, Order, Transaction
from shared.kernel.moments import london_date

_EXPIRE_EVERY_SECONDS: Final = 3600.0
_log = structlog.get_logger()


def folder(kit: Kit) -> DatedFolder:
    """Where files for the bank are put out."""
    return DatedFolder(payments_settings(kit).files_folder / "payments")


async def produce(kit: Kit, order: Order, run: UUID) -> Answer:
    """Make the file of an approved run; a run whose file exists gets the same file again."""
    contents, sealed = await kit.shell.look(lambda t: _frozen_details(t, order.organisation, run))
    opened = await kit.opener.open(
        sealed, PAYING, organisation=order.organisation, actor=order.actor
    )
    if any(isinstance(value, Unavailable) and not value.for_ever for value in opened.values()):
        raise away("The keeper of bank details")
    made = bank_file(contents, _accounts(opened))

    async def work(transaction: Transaction) -> str:
        await follow(transaction, order.organisation, run, _command(made, order.actor))
        return f"/organisations/{order.organisation}/payment-runs/{run}"

    answer = await kit.shell.handle(order, work)
    await asyncio.to_thread(
        folder(kit).put, order.organisation, contents.pay_on, made.file_name, made.content
    )
    return answer


async def listed(kit: Kit, organisation: str) -> list[PutOut]:
    """The files put out for this organisation that have not expired."""
    return await asyncio.to_thread(folder(kit).listed, organisation)


async def expire_for_ever(kit: Kit) -> None:
    """Remove files whose time is over, for every organisation served here."""
    days = timedelta(days=payments_settings(kit).payment_files_days)
    while True:
        before = london_date(kit.clock.now()) - days
        for organisation in kit.organisations:
            removed = await asyncio.to_thread(folder(kit).expire, organisation, before)
            if removed:
                _log.info("bank files expired", organisation=organisation, days=removed)
        await asyncio.sleep(_EXPIRE_EVERY_SECONDS)


async def _frozen_details(
    transaction: Transaction, organisation: str, run: UUID
) -> tuple[Contents, dict[str, Sealed]]:
    """What a run pays, and the sealed bank details it was frozen with, by payee."""
    state = await transaction.state(RUN, organisation, f"payment-run/{run}")
    if isinstance(state, NoRun):
        raise NoSuchRun
    if isinstance(state, Withdrawn):
        raise RunWithdrawn
    if isinstance(state, Frozen):
        raise RunNotApproved
    sealed = {}
    for line in state.contents.lines.values():
        details = await bank_details(transaction, organisation, line.payee, line.details_number)
        if details is not None:
            sealed[str(line.payee)] = details
    return state.contents, sealed


async def bank_details(
    transaction: Transaction, organisation: str, payee: UUID, number: int
) -> Sealed | None:
    """A payee's bank details of this number, sealed; None when there are none."""
    bodies = await log.read_stream(await transaction.begin(), organisation, f"payee/{payee}")
    for event in (read(body).event() for body in bodies):
        if isinstance(event, PayeeDetailsGiven) and event.number == number:
            # what is read back from a log is sealed
            return cast(Sealed, event.account)
    return None


def _accounts(opened: Mapping[str, Opened]) -> dict[UUID, BankAccount]:
    return {
        UUID(payee): BankAccount(
            account_name=str(account["account_name"]),
            sort_code=str(account["sort_code"]),
            account_number=str(account["account_number"]),
        )
        for payee, account in opened.items()
        if isinstance(account, dict)
    }


def _command(made: BankFile, actor: str) -> ProduceFile:
    return ProduceFile(
        format=FORMAT,
        file_name=made.file_name,
        line_count=made.line_count,
        total_pence=made.total_pence,
        octets=len(made.content),
        sha256=made.sha256,
        by=actor,
    )
