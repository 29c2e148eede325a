"""Selection over HTTP: the panel, its scores, the shortlist, the interview."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from services.recruitment import steps
from services.recruitment.api.asking import (
    Coordinating,
    PanelMember,
    Scoring,
    present,
    present_campaign,
    sealed,
)
from services.recruitment.domain.application import APPLICATION
from services.recruitment.domain.assessment import (
    ArrangeInterview,
    RecordInterview,
    ShortlistApplicant,
)
from services.recruitment.domain.selection import PANEL, DeclareInterest, NoPanel, ReplaceMember
from services.recruitment.forms import (
    InterestForm,
    InterviewForm,
    InterviewRecordForm,
    PanelForm,
    ReplacementForm,
    ScoresForm,
    ShortlistForm,
)
from shared.contracts.personal import Clear
from shared.infra.http import Empty, guarded_router, unknown
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation

routes = guarded_router("selection")

_CAMPAIGN = "/organisations/{organisation}/campaigns/{campaign}"
_APPLICATION = "/organisations/{organisation}/applications/{application}"


@routes.post(f"{_CAMPAIGN}/panel", status_code=201, response_class=Response)
async def convene_panel(
    organisation: Organisation, campaign: UUID, form: PanelForm, asked: Coordinating
) -> Response:
    """Name the members who shortlist."""

    async def work(transaction: Transaction) -> str:
        await present_campaign(transaction, organisation, campaign)
        await steps.convene(transaction, organisation, campaign, form.members)
        return f"/organisations/{organisation}/campaigns/{campaign}/panel"

    return await asked.answer(work)


@routes.post(f"{_CAMPAIGN}/panel/replacements", status_code=201, response_class=Response)
async def replace_panel_member(
    organisation: Organisation, campaign: UUID, form: ReplacementForm, asked: Coordinating
) -> Response:
    """Put somebody else in a member's place."""

    async def work(transaction: Transaction) -> str:
        await present_campaign(transaction, organisation, campaign)
        command = ReplaceMember(form.left, form.joined)
        await transaction.decide(PANEL, organisation, f"panel/{campaign}", command)
        return f"/organisations/{organisation}/campaigns/{campaign}/panel"

    return await asked.answer(work)


@routes.post(f"{_APPLICATION}/interests", status_code=201, response_class=Response)
async def declare_interest(
    organisation: Organisation, application: UUID, form: InterestForm, asked: Scoring
) -> Response:
    """Declare an interest in an applicant, and score them no more."""
    command = DeclareInterest(application, asked.identity, Clear(form.interest))

    async def step(transaction: Transaction) -> None:
        known = await present(transaction, organisation, application)
        await transaction.decide(PANEL, organisation, known.panel, command)

    return await asked.on_application(application, step)


@routes.post(f"{_APPLICATION}/scores", status_code=201, response_class=Response)
async def score_application(
    organisation: Organisation, application: UUID, form: ScoresForm, asked: Scoring
) -> Response:
    """Score every criterion on the content of the form alone."""
    return await asked.on_application(
        application,
        lambda t: steps.score(t, organisation, application, asked.identity, form.scores),
    )


class ScoresDocument(BaseModel):
    """The scores the reader may see, by member; how many are still to come."""

    scores: Mapping[UUID, Mapping[str, int]]
    outstanding: int


@routes.get(f"{_APPLICATION}/scores")
async def read_scores(
    organisation: Organisation, application: UUID, looking: PanelMember
) -> ScoresDocument:
    """One's own scores, and everybody's when all are in."""

    async def find(transaction: Transaction) -> ScoresDocument:
        known = await present(transaction, organisation, application)
        panel = await transaction.state(PANEL, organisation, known.panel)
        if isinstance(panel, NoPanel) or looking.identity not in panel.members:
            raise unknown()
        return ScoresDocument(
            scores=panel.visible_scores(application, looking.identity),
            outstanding=len(panel.outstanding(application)),
        )

    return await looking.kit.shell.look(find)


@routes.post(f"{_APPLICATION}/shortlisting", status_code=201, response_class=Response)
async def shortlist_application(
    organisation: Organisation, application: UUID, form: ShortlistForm, asked: Coordinating
) -> Response:
    """Record the panel's decision."""
    command = ShortlistApplicant(form.shortlisted, Clear(form.reasons))
    return await asked.on_application(
        application, lambda t: steps.shortlist(t, organisation, application, command)
    )


@routes.post(f"{_APPLICATION}/interview-offer", status_code=201, response_class=Response)
async def offer_interview(
    organisation: Organisation, application: UUID, _: Empty, asked: Coordinating
) -> Response:
    """Invite to an informal interview."""
    interview = asked.order.derive("interview")
    return await asked.on_application(
        application, lambda t: steps.offer_interview(t, organisation, application, interview)
    )


@routes.post(f"{_APPLICATION}/interview", status_code=201, response_class=Response)
async def arrange_interview(
    organisation: Organisation,  # noqa: ARG001 - in the order
    application: UUID,
    form: InterviewForm,
    asked: Coordinating,
) -> Response:
    """Agree, or change, when and where the interview is."""
    command = ArrangeInterview(form.format, form.starts.moment(), form.place, sealed(form.support))
    return await asked.to(APPLICATION, application, command)


@routes.post(f"{_APPLICATION}/interview-record", status_code=201, response_class=Response)
async def record_interview(
    organisation: Organisation, application: UUID, form: InterviewRecordForm, asked: Coordinating
) -> Response:
    """Record that the interview was held and what came of it."""

    async def step(transaction: Transaction) -> None:
        command = RecordInterview(form.recommended, Clear(form.reasons), transaction.now)
        stream = f"application/{application}"
        await transaction.decide(APPLICATION, organisation, stream, command)

    return await asked.on_application(application, step)
