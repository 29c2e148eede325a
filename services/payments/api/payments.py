"""Payments over HTTP: declined, reduced, approved, rejected."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

from fastapi import Response

from services.payments.api.asking import Asked, Judging, Speaking, present
from services.payments.domain import people
from services.payments.domain.owed import Owed
from services.payments.domain.payment import (
    PAYMENT,
    ApprovePayment,
    Command,
    DeclinePayment,
    ReducePayment,
    RejectPayment,
)
from services.payments.forms import ReasonForm, ReductionForm
from services.payments.ledger import identities, policy_today
from shared.infra.http import Empty, guarded_router, unknown
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation

routes = guarded_router("payments")

_PAYMENT = "/organisations/{organisation}/payments/{payment}"
_Making: TypeAlias = Callable[[Transaction, frozenset[UUID]], Awaitable[Command]]


@routes.post(f"{_PAYMENT}/decline", status_code=201, response_class=Response)
async def decline_payment(
    organisation: Organisation, payment: UUID, _: Empty, asked: Speaking
) -> Response:
    """Decline what is still open of a payment."""

    async def command(_: Transaction, payee_identities: frozenset[UUID]) -> Command:
        _must_be_their_own(asked, payee_identities)
        return DeclinePayment(asked.order.actor)

    return await _decide(asked, organisation, payment, command)


@routes.post(f"{_PAYMENT}/reduction", status_code=201, response_class=Response)
async def reduce_payment(
    organisation: Organisation, payment: UUID, form: ReductionForm, asked: Speaking
) -> Response:
    """Take less of a payment."""

    async def command(_: Transaction, payee_identities: frozenset[UUID]) -> Command:
        _must_be_their_own(asked, payee_identities)
        return ReducePayment(asked.order.actor, form.takes_pence)

    return await _decide(asked, organisation, payment, command)


@routes.post(f"{_PAYMENT}/approval", status_code=201, response_class=Response)
async def approve_payment(
    organisation: Organisation, payment: UUID, _: Empty, asked: Judging
) -> Response:
    """Approve what is waiting of a payment, as a second person."""

    async def command(transaction: Transaction, payee_identities: frozenset[UUID]) -> Command:
        policy = await policy_today(transaction, organisation)
        limits = policy.terms.approval_limits_pence
        return ApprovePayment(
            by=asked.order.actor,
            limit_pence=limits.get(people.role_of(asked.order.actor)),
            policy_version=policy.version,
            payee_identities=payee_identities,
        )

    return await _decide(asked, organisation, payment, command)


@routes.post(f"{_PAYMENT}/rejection", status_code=201, response_class=Response)
async def reject_payment(
    organisation: Organisation, payment: UUID, form: ReasonForm, asked: Judging
) -> Response:
    """Reject what is waiting of a payment, with a reason."""

    async def command(_: Transaction, payee_identities: frozenset[UUID]) -> Command:
        return RejectPayment(asked.order.actor, form.reason, payee_identities)

    return await _decide(asked, organisation, payment, command)


def _must_be_their_own(asked: Asked, payee_identities: frozenset[UUID]) -> None:
    """A partner sees no payment but those of the payee whose sign-in is theirs."""
    actor = asked.order.actor
    if people.role_of(actor) == "partner" and not people.is_one_of(actor, payee_identities):
        raise unknown()


async def _decide(asked: Asked, organisation: str, payment: UUID, making: _Making) -> Response:
    async def work(transaction: Transaction) -> str:
        state = await present(transaction, PAYMENT, organisation, "payment", payment)
        payees = [state.payee] if isinstance(state, Owed) else []
        command = await making(transaction, await identities(transaction, organisation, payees))
        await transaction.decide(PAYMENT, organisation, f"payment/{payment}", command)
        return f"/organisations/{organisation}/payments/{payment}"

    return await asked.answer(work)
