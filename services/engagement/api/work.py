"""Activities outside meetings and contributions over HTTP."""

from uuid import UUID

from fastapi import Response

from services.engagement.api.asking import Hosting, present, sealed
from services.engagement.domain.activity import ACTIVITY, RecordActivity
from services.engagement.domain.contribution import (
    CONTRIBUTION,
    AnswerContribution,
    RecordContribution,
)
from services.engagement.domain.meeting import MEETING, MeetingUnknown, NotScheduled
from services.engagement.forms import ActivityForm, AnswerForm, ContributionForm
from services.engagement.lookups import committee_of, standing_of, today
from shared.contracts.personal import Clear
from shared.infra.http import guarded_router
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation

routes = guarded_router("work")

_CONTRIBUTIONS = "/organisations/{organisation}/contributions"


@routes.post("/organisations/{organisation}/activities", status_code=201, response_class=Response)
async def record_activity(
    organisation: Organisation, form: ActivityForm, asked: Hosting
) -> Response:
    """Record work a partner did outside meetings."""
    activity = asked.order.derive("activity")

    async def work(transaction: Transaction) -> str:
        if form.committee is not None:
            await committee_of(transaction, organisation, form.committee)
        command = RecordActivity(
            activity=activity,
            partner=await standing_of(transaction, organisation, form.partner, form.on),
            activity_kind=form.activity_kind,
            role_category=form.role_category,
            carries_payment=form.carries_payment,
            on=form.on,
            minutes=form.minutes,
            today=today(transaction),
            committee=form.committee,
            evidence=sealed(form.evidence),
        )
        await transaction.decide(ACTIVITY, organisation, f"activity/{activity}", command)
        return f"/organisations/{organisation}/activities/{activity}"

    return await asked.answer(work)


@routes.post(_CONTRIBUTIONS, status_code=201, response_class=Response)
async def record_contribution(
    organisation: Organisation, form: ContributionForm, asked: Hosting
) -> Response:
    """Record what a partner raised."""
    contribution = asked.order.derive("contribution")

    async def work(transaction: Transaction) -> str:
        partner = await standing_of(transaction, organisation, form.partner, form.on)
        await _check_place(transaction, organisation, form)
        command = RecordContribution(
            contribution=contribution,
            partner=partner.partner,
            person=partner.person,
            on=form.on,
            today=today(transaction),
            raised=Clear(form.raised),
            meeting=form.meeting,
            committee=form.committee,
        )
        stream = f"contribution/{contribution}"
        await transaction.decide(CONTRIBUTION, organisation, stream, command)
        return _location(organisation, contribution)

    return await asked.answer(work)


@routes.post(f"{_CONTRIBUTIONS}/{{contribution}}/answers", status_code=201, response_class=Response)
async def answer_contribution(
    organisation: Organisation, contribution: UUID, form: AnswerForm, asked: Hosting
) -> Response:
    """Record what was answered or changed because of a contribution."""

    async def work(transaction: Transaction) -> str:
        await present(transaction, CONTRIBUTION, organisation, "contribution", contribution)
        command = AnswerContribution(form.on, form.changed, Clear(form.answer))
        stream = f"contribution/{contribution}"
        await transaction.decide(CONTRIBUTION, organisation, stream, command)
        return _location(organisation, contribution)

    return await asked.answer(work)


def _location(organisation: str, contribution: UUID) -> str:
    return f"/organisations/{organisation}/contributions/{contribution}"


async def _check_place(transaction: Transaction, organisation: str, form: ContributionForm) -> None:
    """A meeting or committee that is named must exist."""
    if form.committee is not None:
        await committee_of(transaction, organisation, form.committee)
    if form.meeting is not None:
        meeting = await transaction.state(MEETING, organisation, f"meeting/{form.meeting}")
        if isinstance(meeting, NotScheduled):
            raise MeetingUnknown
