"""Partners and their terms over HTTP: activation, breaks, standing down, terms."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

from fastapi import Response

from services.engagement.api.asking import Asked, Coordinating, present, sealed
from services.engagement.diaries import free_seats
from services.engagement.domain.partner import (
    PARTNER,
    ActivatePartner,
    Command,
    PausePartner,
    ResumePartner,
    StandDownPartner,
    known,
)
from services.engagement.domain.terms import TERMS, EndTerms, ExtendTerm, ReviewTerm, StartTerm
from services.engagement.forms import ExtensionForm, ReasonForm, StandingDownForm, TermForm
from services.engagement.lookups import onboarding_policy, term_policy, today
from shared.contracts.personal import Clear
from shared.infra.http import Empty, guarded_router
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation

routes = guarded_router("partners")

_PARTNER = "/organisations/{organisation}/partners/{partner}"

_Making: TypeAlias = Callable[[Transaction], Awaitable[Command]]


@routes.post(f"{_PARTNER}/activation", status_code=201, response_class=Response)
async def activate_partner(
    organisation: Organisation, partner: UUID, _: Empty, asked: Coordinating
) -> Response:
    """Make a partner active whose onboarding is complete."""

    async def command(transaction: Transaction) -> Command:
        return ActivatePartner(
            on=today(transaction),
            policy=await onboarding_policy(transaction, organisation),
            in_term=await _in_term(transaction, organisation, partner),
        )

    return await _decide(asked, organisation, partner, command)


@routes.post(f"{_PARTNER}/pauses", status_code=201, response_class=Response)
async def pause_partner(
    organisation: Organisation, partner: UUID, form: ReasonForm, asked: Coordinating
) -> Response:
    """Let an active partner take a break."""

    async def command(transaction: Transaction) -> Command:
        return PausePartner(today(transaction), sealed(form.reason))

    return await _decide(asked, organisation, partner, command)


@routes.post(f"{_PARTNER}/resumptions", status_code=201, response_class=Response)
async def resume_partner(
    organisation: Organisation, partner: UUID, _: Empty, asked: Coordinating
) -> Response:
    """End a break."""

    async def command(transaction: Transaction) -> Command:
        in_term = await _in_term(transaction, organisation, partner)
        return ResumePartner(today(transaction), in_term)

    return await _decide(asked, organisation, partner, command)


@routes.post(f"{_PARTNER}/standing-down", status_code=201, response_class=Response)
async def stand_down_partner(
    organisation: Organisation, partner: UUID, form: StandingDownForm, asked: Coordinating
) -> Response:
    """Let a partner leave the role; the term ends with it, and every seat is free again."""

    async def command(transaction: Transaction) -> Command:
        stream, on = f"terms/{partner}", today(transaction)
        await transaction.decide(TERMS, organisation, stream, ReviewTerm(on))
        if (await transaction.state(TERMS, organisation, stream)).open_terms():
            end = EndTerms(on, form.cause, sealed(form.reason))
            await transaction.decide(TERMS, organisation, stream, end)
        await free_seats(transaction, organisation, partner, on)
        return StandDownPartner(on, form.cause, sealed(form.reason))

    return await _decide(asked, organisation, partner, command)


@routes.post(f"{_PARTNER}/terms", status_code=201, response_class=Response)
async def start_term(
    organisation: Organisation, partner: UUID, form: TermForm, asked: Coordinating
) -> Response:
    """Begin a term by hand, for an appointment that was set aside or came from elsewhere."""

    async def work(transaction: Transaction) -> str:
        state = await present(transaction, PARTNER, organisation, "partner", partner)
        command = StartTerm(
            term=asked.order.derive("term"),
            partner=partner,
            person=known(state).profile.person,
            appointment=form.appointment,
            starts_on=form.starts_on,
            ends_on=form.ends_on,
            today=today(transaction),
            policy=await term_policy(transaction, organisation),
        )
        await transaction.decide(TERMS, organisation, f"terms/{partner}", command)
        return location(organisation, partner)

    return await asked.answer(work)


@routes.post(f"{_PARTNER}/extensions", status_code=201, response_class=Response)
async def extend_term(
    organisation: Organisation, partner: UUID, form: ExtensionForm, asked: Coordinating
) -> Response:
    """Let the running term go on to a later day."""

    async def work(transaction: Transaction) -> str:
        await present(transaction, PARTNER, organisation, "partner", partner)
        command = ExtendTerm(
            ends_on=form.ends_on,
            reason=Clear(form.reason),
            today=today(transaction),
            policy=await term_policy(transaction, organisation),
        )
        await transaction.decide(TERMS, organisation, f"terms/{partner}", command)
        return location(organisation, partner)

    return await asked.answer(work)


def location(organisation: str, partner: UUID) -> str:
    """Where a partner is found."""
    return f"/organisations/{organisation}/partners/{partner}"


async def _decide(asked: Asked, organisation: str, partner: UUID, making: _Making) -> Response:
    async def work(transaction: Transaction) -> str:
        await present(transaction, PARTNER, organisation, "partner", partner)
        command = await making(transaction)
        await transaction.decide(PARTNER, organisation, f"partner/{partner}", command)
        return location(organisation, partner)

    return await asked.answer(work)


async def _in_term(transaction: Transaction, organisation: str, partner: UUID) -> bool:
    terms = await transaction.state(TERMS, organisation, f"terms/{partner}")
    return terms.in_term(today(transaction))
