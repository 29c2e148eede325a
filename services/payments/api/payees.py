"""Payees over HTTP: bank details given, verified by a second person, doubted."""

from uuid import UUID

from fastapi import Response

from services.payments.api.asking import Approving, Asked, Entering, Preparing, present
from services.payments.domain.payee import (
    PAYEE,
    Command,
    DoubtDetails,
    GiveDetails,
    LinkSignIn,
    VerifyDetails,
)
from services.payments.forms import BankDetailsForm, ReasonForm, SignInForm, VerificationForm
from shared.contracts.personal import Clear
from shared.infra.http import guarded_router
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation

routes = guarded_router("payees")

_PAYEE = "/organisations/{organisation}/payees/{payee}"


@routes.post(f"{_PAYEE}/bank-details", status_code=201, response_class=Response)
async def give_bank_details(
    organisation: Organisation, payee: UUID, form: BankDetailsForm, asked: Entering
) -> Response:
    """Enter the bank details a payee gave; they are paid to when a second person verified them."""
    account = Clear(form.model_dump())
    return await _decide(asked, organisation, payee, GiveDetails(account, asked.order.actor))


@routes.post(f"{_PAYEE}/bank-details/verification", status_code=201, response_class=Response)
async def verify_bank_details(
    organisation: Organisation, payee: UUID, form: VerificationForm, asked: Approving
) -> Response:
    """Say, as a second person, that the bank details of this number are the payee's."""
    return await _decide(asked, organisation, payee, VerifyDetails(form.number, asked.order.actor))


@routes.post(f"{_PAYEE}/bank-details/doubt", status_code=201, response_class=Response)
async def doubt_bank_details(
    organisation: Organisation, payee: UUID, form: ReasonForm, asked: Preparing
) -> Response:
    """Stop paying to these bank details until they are verified again or replaced."""
    return await _decide(asked, organisation, payee, DoubtDetails(form.reason))


@routes.post(f"{_PAYEE}/sign-ins", status_code=201, response_class=Response)
async def link_sign_in(
    organisation: Organisation, payee: UUID, form: SignInForm, asked: Entering
) -> Response:
    """Say under which identity the payee signs in, so that they never approve their own money."""
    return await _decide(asked, organisation, payee, LinkSignIn(form.identity, asked.order.actor))


async def _decide(asked: Asked, organisation: str, payee: UUID, command: Command) -> Response:
    async def work(transaction: Transaction) -> str:
        await present(transaction, PAYEE, organisation, "payee", payee)
        await transaction.decide(PAYEE, organisation, f"payee/{payee}", command)
        return f"/organisations/{organisation}/payees/{payee}"

    return await asked.answer(work)
