"""Onboarding over HTTP: the plan, each item done or waived, training completed."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

from fastapi import Response

from services.engagement.api.asking import Asked, Coordinating, present, sealed
from services.engagement.api.partners import location
from services.engagement.domain.checklist import OnboardingRecord
from services.engagement.domain.onboarding import (
    ONBOARDING,
    Command,
    CompleteTraining,
    PlanOnboarding,
    RecordOnboarding,
    WaiveItem,
)
from services.engagement.domain.partner import Profile, known
from services.engagement.forms import (
    AccessNeedsForm,
    AcknowledgementForm,
    ConfidentialityForm,
    IncomeAdviceForm,
    InterestsForm,
    ItemForm,
    LeadContactForm,
    TrainingForm,
    WaiverForm,
)
from services.engagement.lookups import onboarding_policy, today
from shared.contracts.engagement import (
    AccessNeedsRecorded,
    ConfidentialityAgreed,
    IncomeAdviceGiven,
    InterestsDeclared,
    LeadContactNominated,
    NolanPrinciplesAcknowledged,
    OnboardingItemDone,
)
from shared.contracts.personal import Clear
from shared.infra.http import Empty, guarded_router
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation

routes = guarded_router("onboarding")

_PARTNER = "/organisations/{organisation}/partners/{partner}"

_Making: TypeAlias = Callable[[Transaction, Profile], Awaitable[Command]]
_Recording: TypeAlias = Callable[[UUID, UUID], OnboardingRecord]
"""The record of an item, given partner and person."""


@routes.post(f"{_PARTNER}/onboarding-plan", status_code=201, response_class=Response)
async def plan_onboarding(
    organisation: Organisation, partner: UUID, _: Empty, asked: Coordinating
) -> Response:
    """Set down what today's policy asks of this partner before being active."""

    async def command(transaction: Transaction, _: Profile) -> Command:
        return PlanOnboarding(await onboarding_policy(transaction, organisation))

    return await _decide(asked, organisation, partner, command)


@routes.post(f"{_PARTNER}/onboarding-items", status_code=201, response_class=Response)
async def complete_onboarding_item(
    organisation: Organisation, partner: UUID, form: ItemForm, asked: Coordinating
) -> Response:
    """Tick off an item that has no record of its own."""
    return await _record(
        asked,
        organisation,
        partner,
        lambda partner, person: OnboardingItemDone(
            partner=partner,
            person=person,
            item=form.item,
            done_on=form.done_on,
            note=sealed(form.note),
        ),
    )


@routes.post(f"{_PARTNER}/waivers", status_code=201, response_class=Response)
async def waive_onboarding_item(
    organisation: Organisation, partner: UUID, form: WaiverForm, asked: Coordinating
) -> Response:
    """Let a partner go without an item, with a reason and the name of who decided it."""

    async def command(_: Transaction, __: Profile) -> Command:
        return WaiveItem(form.item, Clear(form.reason), Clear(form.waived_by))

    return await _decide(asked, organisation, partner, command)


@routes.post(f"{_PARTNER}/lead-contact", status_code=201, response_class=Response)
async def nominate_lead_contact(
    organisation: Organisation, partner: UUID, form: LeadContactForm, asked: Coordinating
) -> Response:
    """Name the person the partner turns to."""
    return await _record(
        asked,
        organisation,
        partner,
        lambda partner, person: LeadContactNominated(
            partner=partner,
            person=person,
            lead_contact=form.lead_contact,
            name=Clear(form.name),
            email=sealed(form.email),
            nominated_on=form.nominated_on,
        ),
    )


@routes.post(f"{_PARTNER}/income-advice", status_code=201, response_class=Response)
async def give_income_advice(
    organisation: Organisation, partner: UUID, form: IncomeAdviceForm, asked: Coordinating
) -> Response:
    """Record that the partner was advised to declare payments as income."""
    return await _record(
        asked,
        organisation,
        partner,
        lambda partner, person: IncomeAdviceGiven(
            partner=partner,
            person=person,
            given_on=form.given_on,
            means=form.means,
            statement=form.statement,
        ),
    )


@routes.post(f"{_PARTNER}/confidentiality-agreement", status_code=201, response_class=Response)
async def agree_confidentiality(
    organisation: Organisation, partner: UUID, form: ConfidentialityForm, asked: Coordinating
) -> Response:
    """Record that the confidentiality agreement was signed."""
    return await _record(
        asked,
        organisation,
        partner,
        lambda partner, person: ConfidentialityAgreed(
            partner=partner, person=person, signed_on=form.signed_on, document=form.document
        ),
    )


@routes.post(f"{_PARTNER}/nolan-principles", status_code=201, response_class=Response)
async def acknowledge_nolan_principles(
    organisation: Organisation, partner: UUID, form: AcknowledgementForm, asked: Coordinating
) -> Response:
    """Record that the seven principles of public life were acknowledged."""
    return await _record(
        asked,
        organisation,
        partner,
        lambda partner, person: NolanPrinciplesAcknowledged(
            partner=partner, person=person, acknowledged_on=form.acknowledged_on
        ),
    )


@routes.post(f"{_PARTNER}/interests", status_code=201, response_class=Response)
async def declare_interests(
    organisation: Organisation, partner: UUID, form: InterestsForm, asked: Coordinating
) -> Response:
    """Replace the partner's entry in the register of interests."""
    return await _record(
        asked,
        organisation,
        partner,
        lambda partner, person: InterestsDeclared(
            partner=partner,
            person=person,
            declared_on=form.declared_on,
            any_interest=form.interests is not None,
            interests=sealed(form.interests),
        ),
    )


@routes.post(f"{_PARTNER}/access-needs", status_code=201, response_class=Response)
async def record_access_needs(
    organisation: Organisation, partner: UUID, form: AccessNeedsForm, asked: Coordinating
) -> Response:
    """Record what the partner needs to take part, and how papers should come."""
    return await _record(
        asked,
        organisation,
        partner,
        lambda partner, person: AccessNeedsRecorded(
            partner=partner,
            person=person,
            recorded_on=form.recorded_on,
            paper_format=form.paper_format,
            needs=sealed(form.needs),
        ),
    )


@routes.post(f"{_PARTNER}/training", status_code=201, response_class=Response)
async def complete_training(
    organisation: Organisation, partner: UUID, form: TrainingForm, asked: Coordinating
) -> Response:
    """Record a completed course; its expiry follows the policy unless the certificate says."""

    async def command(transaction: Transaction, _: Profile) -> Command:
        return CompleteTraining(
            course=form.course,
            provider=form.provider,
            mode=form.mode,
            completed_on=form.completed_on,
            expires_on=form.expires_on,
            today=today(transaction),
            policy=await onboarding_policy(transaction, organisation),
        )

    return await _decide(asked, organisation, partner, command)


async def _record(
    asked: Asked, organisation: str, partner: UUID, recording: _Recording
) -> Response:
    async def command(transaction: Transaction, who: Profile) -> Command:
        return RecordOnboarding(recording(who.partner, who.person), today(transaction))

    return await _decide(asked, organisation, partner, command)


async def _decide(asked: Asked, organisation: str, partner: UUID, making: _Making) -> Response:
    async def work(transaction: Transaction) -> str:
        state = await present(transaction, ONBOARDING, organisation, "partner", partner)
        command = await making(transaction, known(state).profile)
        await transaction.decide(ONBOARDING, organisation, f"partner/{partner}", command)
        return location(organisation, partner)

    return await asked.answer(work)
