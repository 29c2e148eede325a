"""Applications over HTTP: received by each channel, admitted, withdrawn, decided, told."""

from datetime import datetime
from uuid import UUID

from fastapi import Response

from services.recruitment import steps
from services.recruitment.api.asking import (
    Applying,
    Asked,
    Coordinating,
    Either,
    present_campaign,
    sealed,
)
from services.recruitment.domain.application import (
    APPLICATION,
    AdmitApplication,
    RecordTold,
    WithdrawApplication,
)
from services.recruitment.domain.campaign import CAMPAIGN, Running
from services.recruitment.domain.register import ReceiveApplication
from services.recruitment.forms import (
    ApplicationForm,
    OptionalReasonForm,
    OutcomeForm,
    ReasonForm,
    ReceivedApplicationForm,
    ToldForm,
)
from services.recruitment.steps import Verdict
from shared.contracts.personal import Clear
from shared.contracts.recruitment import Channel
from shared.infra.http import guarded_router
from shared.infra.identifiers import new_person_id
from shared.infra.known_persons import Traits
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation

routes = guarded_router("applications")

_CAMPAIGN = "/organisations/{organisation}/campaigns/{campaign}"
_APPLICATION = "/organisations/{organisation}/applications/{application}"


@routes.post(f"{_CAMPAIGN}/applications", status_code=201, response_class=Response)
async def apply(
    organisation: Organisation,  # noqa: ARG001 - in the order
    campaign: UUID,
    form: ApplicationForm,
    asked: Applying,
) -> Response:
    """Apply online, now. Sent again by the same person, it is the same application."""
    return await _receive(asked, campaign, form, "online", None)


@routes.post(f"{_CAMPAIGN}/applications/received", status_code=201, response_class=Response)
async def enter_application(
    organisation: Organisation,  # noqa: ARG001 - in the order
    campaign: UUID,
    form: ReceivedApplicationForm,
    asked: Coordinating,
) -> Response:
    """Enter what came by e-mail or post, with the moment it was received."""
    return await _receive(asked, campaign, form, form.channel, form.received.moment())


async def _receive(
    asked: Asked,
    campaign: UUID,
    form: ApplicationForm,
    channel: Channel,
    received_at: datetime | None,
) -> Response:
    organisation = asked.order.organisation

    async def work(transaction: Transaction) -> str:
        await present_campaign(transaction, organisation, campaign)
        command = ReceiveApplication(
            application=asked.order.derive("application"),
            person=await _recognise(asked, transaction, campaign, form),
            opportunities=form.opportunities,
            channel=channel,
            received_at=received_at or transaction.now,
            now=transaction.now,
            name=Clear(form.name),
            contact_channel=form.contact_channel,
            answers=Clear([answer.model_dump() for answer in form.answers]),
            email=sealed(form.email),
            address=sealed(form.address),
            phone=sealed(form.phone),
            support_needs=sealed(form.support_needs),
            heard_through=form.heard_through,
            confirms_age=form.confirms_age,
            staff_of=form.staff_of,
            account=asked.identity if channel == "online" else None,
        )
        application = await steps.receive(transaction, organisation, campaign, command)
        return f"/organisations/{organisation}/applications/{application}"

    return await asked.answer(work)


async def _recognise(
    asked: Asked, transaction: Transaction, campaign: UUID, form: ApplicationForm
) -> UUID:
    """Who this is: known by keyed hashes, whoever applied here already first; or somebody new."""
    organisation, known = asked.order.organisation, asked.kit.keys.known
    traits = Traits(
        email=form.email,
        surname=form.surname,
        birth_date=form.birth_date,
        postcode=form.postcode,
    )
    found = await known.recall(await transaction.begin(), organisation, traits)
    state = await transaction.state(CAMPAIGN, organisation, f"campaign/{campaign}")
    applied = state.register.applications if isinstance(state, Running) else {}
    person = next(
        (each for each in found if each in applied), found[0] if found else new_person_id()
    )
    await known.remember(await transaction.begin(), organisation, person, traits)
    return person


@routes.post(f"{_APPLICATION}/admission", status_code=201, response_class=Response)
async def admit_application(
    organisation: Organisation,  # noqa: ARG001 - in the order
    application: UUID,
    form: ReasonForm,
    asked: Coordinating,
) -> Response:
    """Consider a late application all the same."""
    return await asked.to(APPLICATION, application, AdmitApplication(Clear(form.reason)))


@routes.post(f"{_APPLICATION}/withdrawal", status_code=201, response_class=Response)
async def withdraw_application(
    organisation: Organisation,  # noqa: ARG001 - in the order
    application: UUID,
    form: OptionalReasonForm,
    asked: Either,
) -> Response:
    """Withdraw an application."""
    return await asked.to(APPLICATION, application, WithdrawApplication(sealed(form.reason)))


@routes.post(f"{_APPLICATION}/outcome", status_code=201, response_class=Response)
async def decide_outcome(
    organisation: Organisation, application: UUID, form: OutcomeForm, asked: Coordinating
) -> Response:
    """Decide, or change, the outcome."""
    verdict = Verdict(
        successful=form.successful,
        opportunity=form.opportunity,
        next_steps=form.next_steps,
        reasons=sealed(form.reasons),
        reserve_until=form.reserve_until,
    )
    return await asked.on_application(
        application, lambda t: steps.decide_outcome(t, organisation, application, verdict)
    )


@routes.post(f"{_APPLICATION}/told", status_code=201, response_class=Response)
async def record_told(
    organisation: Organisation,  # noqa: ARG001 - in the order
    application: UUID,
    form: ToldForm,
    asked: Coordinating,
) -> Response:
    """Record that the applicant was told the outcome by somebody."""
    return await asked.to(APPLICATION, application, RecordTold(form.how))
