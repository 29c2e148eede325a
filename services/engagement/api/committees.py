"""Committees and their seats over HTTP."""

from uuid import UUID

from fastapi import Response

from services.engagement.api.asking import Coordinating, present, sealed
from services.engagement.diaries import enter
from services.engagement.domain.committee import (
    COMMITTEE,
    Command,
    ConstituteCommittee,
    DeclineSeat,
    OfferSeat,
    TakeSeat,
    VacateSeat,
)
from services.engagement.domain.standing import Standing
from services.engagement.forms import CommitteeForm, PartnerForm, SeatForm, VacatedSeatForm
from services.engagement.lookups import committee_policy, standing_of, today
from shared.contracts.engagement import RequiredTraining
from shared.infra.http import guarded_router
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation

routes = guarded_router("committees")

_COMMITTEES = "/organisations/{organisation}/committees"
_COMMITTEE = f"{_COMMITTEES}/{{committee}}"


@routes.post(_COMMITTEES, status_code=201, response_class=Response)
async def constitute_committee(
    organisation: Organisation, form: CommitteeForm, asked: Coordinating
) -> Response:
    """Set up a committee that partners sit on."""
    committee = asked.order.derive("committee")

    async def work(transaction: Transaction) -> str:
        command = ConstituteCommittee(
            committee=committee,
            name=form.name,
            kind=form.kind,
            safety_related=form.safety_related,
            reason_for_involvement=form.reason_for_involvement,
            role_category=form.role_category,
            places=form.places,
            minimum_partners=form.minimum_partners,
            required_training=tuple(
                RequiredTraining(course=one.course, required_by=one.required_by)
                for one in form.required_training
            ),
            lead_contact=form.lead_contact,
            on=form.constituted_on or today(transaction),
            policy=await committee_policy(transaction, organisation),
        )
        await transaction.decide(COMMITTEE, organisation, f"committee/{committee}", command)
        return _location(organisation, committee)

    return await asked.answer(work)


@routes.post(f"{_COMMITTEE}/offers", status_code=201, response_class=Response)
async def offer_seat(
    organisation: Organisation, committee: UUID, form: PartnerForm, asked: Coordinating
) -> Response:
    """Offer a place to a partner and hold it for them."""

    async def work(transaction: Transaction) -> str:
        partner = await _standing(transaction, organisation, committee, form.partner)
        command = OfferSeat(asked.order.derive("seat"), partner, today(transaction))
        return await _decide(transaction, organisation, committee, command)

    return await asked.answer(work)


@routes.post(f"{_COMMITTEE}/seats", status_code=201, response_class=Response)
async def take_seat(
    organisation: Organisation, committee: UUID, form: SeatForm, asked: Coordinating
) -> Response:
    """Seat a partner who accepted the offer, with the interest they declare."""

    async def work(transaction: Transaction) -> str:
        partner = await _standing(transaction, organisation, committee, form.partner)
        command = TakeSeat(partner, today(transaction), sealed(form.conflict))
        return await _decide(transaction, organisation, committee, command)

    return await asked.answer(work)


@routes.post(f"{_COMMITTEE}/declined-offers", status_code=201, response_class=Response)
async def decline_seat(
    organisation: Organisation, committee: UUID, form: PartnerForm, asked: Coordinating
) -> Response:
    """Free a place whose offer was declined or is taken back."""

    async def work(transaction: Transaction) -> str:
        command = DeclineSeat(form.partner, today(transaction))
        return await _decide(transaction, organisation, committee, command)

    return await asked.answer(work)


@routes.post(f"{_COMMITTEE}/vacated-seats", status_code=201, response_class=Response)
async def vacate_seat(
    organisation: Organisation, committee: UUID, form: VacatedSeatForm, asked: Coordinating
) -> Response:
    """Let a partner leave a seat."""

    async def work(transaction: Transaction) -> str:
        command = VacateSeat(
            partner=form.partner,
            on=form.vacated_on or today(transaction),
            cause=form.cause,
            reason=sealed(form.reason),
        )
        return await _decide(transaction, organisation, committee, command)

    return await asked.answer(work)


def _location(organisation: str, committee: UUID) -> str:
    return f"/organisations/{organisation}/committees/{committee}"


async def _standing(
    transaction: Transaction, organisation: str, committee: UUID, partner: UUID
) -> Standing:
    """The partner, asked for after the committee: what the path names comes first."""
    await present(transaction, COMMITTEE, organisation, "committee", committee)
    return await standing_of(transaction, organisation, partner, today(transaction))


async def _decide(
    transaction: Transaction, organisation: str, committee: UUID, command: Command
) -> str:
    await present(transaction, COMMITTEE, organisation, "committee", committee)
    events = await transaction.decide(COMMITTEE, organisation, f"committee/{committee}", command)
    await enter(transaction, organisation, events)
    return _location(organisation, committee)
