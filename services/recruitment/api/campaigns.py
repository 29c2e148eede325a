"""Campaigns over HTTP: drafted, described, published, closed, completed."""

from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from services.recruitment import steps
from services.recruitment.api.asking import (
    Asked,
    Coordinating,
    Coordinator,
    present_campaign,
    sealed,
)
from services.recruitment.domain.campaign import (
    CAMPAIGN,
    CancelCampaign,
    CloseCampaign,
    CompleteCampaign,
    NoCampaign,
    PromoteCampaign,
)
from services.recruitment.domain.drafting import (
    DecideDbsLevel,
    DescribeOpportunity,
    Draft,
    DraftCampaign,
    NameContact,
)
from services.recruitment.domain.policies import RoleDescriptionTerms
from services.recruitment.forms import (
    CampaignForm,
    ContactForm,
    DbsLevelForm,
    OpportunityForm,
    PromotionForm,
    PublicationForm,
    ReasonForm,
)
from shared.contracts.personal import Clear
from shared.contracts.recruitment import AdditionalInformation, RoleDescription
from shared.infra.http import Empty, Problem, guarded_router, unknown
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation
from shared.kernel.moments import london_date

routes = guarded_router("campaigns")

_CAMPAIGNS = "/organisations/{organisation}/campaigns"
_CAMPAIGN = f"{_CAMPAIGNS}/{{campaign}}"
_OPPORTUNITY = f"{_CAMPAIGN}/opportunities/{{opportunity}}"


@routes.post(_CAMPAIGNS, status_code=201, response_class=Response)
async def draft_campaign(
    organisation: Organisation, form: CampaignForm, asked: Coordinating
) -> Response:
    """Start preparing a campaign led by this organisation."""
    campaign = asked.order.derive("campaign")
    command = DraftCampaign(
        campaign=campaign,
        lead=organisation,
        title=form.title,
        summary=form.summary,
        what_happens_next=form.what_happens_next,
        role_family=form.role_family,
    )
    naming = _naming(asked, form.contact)

    async def work(transaction: Transaction) -> str:
        stream = f"campaign/{campaign}"
        await transaction.decide(CAMPAIGN, organisation, stream, command)
        await transaction.decide(CAMPAIGN, organisation, stream, naming)
        return f"/organisations/{organisation}/campaigns/{campaign}"

    return await asked.answer(work)


def _naming(asked: Asked, form: ContactForm) -> NameContact:
    return NameContact(
        contact=form.contact or asked.order.derive("contact"),
        name=Clear(form.name),
        job_title=form.job_title,
        email=sealed(form.email),
        phone=sealed(form.phone),
        address=sealed(form.address),
    )


@routes.post(f"{_CAMPAIGN}/contact", status_code=201, response_class=Response)
async def name_contact(
    organisation: Organisation,  # noqa: ARG001 - in the order
    campaign: UUID,
    form: ContactForm,
    asked: Coordinating,
) -> Response:
    """Change whom people may ask."""
    return await asked.on_campaign(campaign, _naming(asked, form))


@routes.post(f"{_CAMPAIGN}/opportunities", status_code=201, response_class=Response)
async def add_opportunity(
    organisation: Organisation, campaign: UUID, form: OpportunityForm, asked: Coordinating
) -> Response:
    """Describe one more opportunity; blank parts may wait until publication."""
    opportunity = asked.order.derive("opportunity")
    command = _describing(asked, opportunity, form)

    async def work(transaction: Transaction) -> str:
        await present_campaign(transaction, organisation, campaign)
        await transaction.decide(CAMPAIGN, organisation, f"campaign/{campaign}", command)
        return f"/organisations/{organisation}/campaigns/{campaign}/opportunities/{opportunity}"

    return await asked.answer(work)


def _describing(asked: Asked, opportunity: UUID, form: OpportunityForm) -> DescribeOpportunity:
    if form.host not in asked.kit.organisations:
        raise Problem(422, "malformed", "The field host is not right: it is not served here.")
    payer = form.payer or form.host
    if payer not in asked.kit.register:
        raise Problem(422, "malformed", "The field payer is not right: it is not registered.")
    return DescribeOpportunity(
        opportunity=opportunity,
        host=form.host,
        payer=payer,
        carries_payment=form.carries_payment,
        description=RoleDescription.model_validate(form.description.model_dump()),
        applications_seen_by=form.applications_seen_by,
    )


@routes.post(_OPPORTUNITY, status_code=201, response_class=Response)
async def describe_opportunity(
    organisation: Organisation,
    campaign: UUID,
    opportunity: UUID,
    form: OpportunityForm,
    asked: Coordinating,
) -> Response:
    """Describe an opportunity anew."""
    command = _describing(asked, opportunity, form)

    async def work(transaction: Transaction) -> str:
        await _present_opportunity(transaction, organisation, campaign, opportunity)
        await transaction.decide(CAMPAIGN, organisation, f"campaign/{campaign}", command)
        return f"/organisations/{organisation}/campaigns/{campaign}/opportunities/{opportunity}"

    return await asked.answer(work)


async def _present_opportunity(
    transaction: Transaction, organisation: str, campaign: UUID, opportunity: UUID
) -> None:
    state = await transaction.state(CAMPAIGN, organisation, f"campaign/{campaign}")
    match state:
        case NoCampaign():
            raise unknown()
        case Draft(described=known):
            found = opportunity in known
        case _:
            found = opportunity in state.advert.opportunities
    if not found:
        raise unknown()


@routes.post(f"{_OPPORTUNITY}/dbs-level", status_code=201, response_class=Response)
async def decide_dbs_level(
    organisation: Organisation,
    campaign: UUID,
    opportunity: UUID,
    form: DbsLevelForm,
    asked: Coordinating,
) -> Response:
    """Decide which disclosure check the role needs, or none."""
    command = DecideDbsLevel(
        opportunity=opportunity,
        level=form.level,
        patient_contact=form.patient_contact,
        fee_basis=form.fee_basis,
        reason=form.reason,
    )

    async def work(transaction: Transaction) -> str:
        await _present_opportunity(transaction, organisation, campaign, opportunity)
        await transaction.decide(CAMPAIGN, organisation, f"campaign/{campaign}", command)
        return f"/organisations/{organisation}/campaigns/{campaign}/opportunities/{opportunity}"

    return await asked.answer(work)


@routes.post(f"{_CAMPAIGN}/publication", status_code=201, response_class=Response)
async def publish_campaign(
    organisation: Organisation, campaign: UUID, form: PublicationForm, asked: Coordinating
) -> Response:
    """Advertise a complete campaign; the refusal names every part that is missing."""
    opens_at = form.opens.moment()
    closes_at = form.closes.moment() if form.closes else None

    async def work(transaction: Transaction) -> str:
        await present_campaign(transaction, organisation, campaign)
        await steps.publish(transaction, organisation, campaign, opens_at, closes_at)
        return f"/organisations/{organisation}/campaigns/{campaign}"

    return await asked.answer(work)


@routes.post(f"{_CAMPAIGN}/promotions", status_code=201, response_class=Response)
async def promote_campaign(
    organisation: Organisation,  # noqa: ARG001 - in the order
    campaign: UUID,
    form: PromotionForm,
    asked: Coordinating,
) -> Response:
    """Record where the campaign was made known."""
    return await asked.on_campaign(campaign, PromoteCampaign(form.where, form.on))


@routes.post(f"{_CAMPAIGN}/closing", status_code=201, response_class=Response)
async def close_campaign(
    organisation: Organisation, campaign: UUID, _: Empty, asked: Coordinating
) -> Response:
    """Close a campaign that rolls."""

    async def work(transaction: Transaction) -> str:
        await present_campaign(transaction, organisation, campaign)
        command = CloseCampaign(transaction.now, "coordinator")
        await transaction.decide(CAMPAIGN, organisation, f"campaign/{campaign}", command)
        return f"/organisations/{organisation}/campaigns/{campaign}"

    return await asked.answer(work)


@routes.post(f"{_CAMPAIGN}/completion", status_code=201, response_class=Response)
async def complete_campaign(
    organisation: Organisation,  # noqa: ARG001 - in the order
    campaign: UUID,
    _: Empty,
    asked: Coordinating,
) -> Response:
    """Complete a campaign in which everybody has been told."""
    return await asked.on_campaign(campaign, CompleteCampaign())


@routes.post(f"{_CAMPAIGN}/cancellation", status_code=201, response_class=Response)
async def cancel_campaign(
    organisation: Organisation,  # noqa: ARG001 - in the order
    campaign: UUID,
    form: ReasonForm,
    asked: Coordinating,
) -> Response:
    """Give a campaign up."""
    return await asked.on_campaign(campaign, CancelCampaign(form.reason))


class RoleDescriptionDocument(BaseModel):
    """The template with the organisation's standard statements, to be completed and edited."""

    description: RoleDescription


@routes.get("/organisations/{organisation}/role-description")
async def read_role_description(
    organisation: Organisation, looking: Coordinator
) -> RoleDescriptionDocument:
    """What an advert starts from."""

    async def find(transaction: Transaction) -> RoleDescriptionTerms:
        on = london_date(transaction.now)
        found = await transaction.policy(organisation, "role-description", on)
        terms = {} if found is None else dict(found.terms)
        return RoleDescriptionTerms.model_validate(terms)

    terms = await looking.kit.shell.look(find)
    promises = AdditionalInformation(
        expenses=terms.expenses, lead_contact=terms.lead_contact, induction=terms.induction
    )
    return RoleDescriptionDocument(
        description=RoleDescription(
            who_can_apply=terms.who_can_apply,
            key_requirements=terms.key_requirements,
            questions=terms.questions,
            equal_opportunities_statement=terms.equal_opportunities_statement,
            additional_information=promises,
        )
    )
