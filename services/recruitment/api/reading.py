"""An application as it may be read: by its panel, and by whom its opportunity returns it to."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import BaseModel

from services.recruitment.api.asking import Looking, present, reading
from services.recruitment.domain.register import may_be_seen_by
from services.recruitment.domain.selection import PANEL, Panel
from services.recruitment.steps import Journey
from shared.contracts.personal import Sealed
from shared.contracts.recruitment import ApplicationReceived, Channel
from shared.infra.http import guarded_router, unknown
from shared.infra.key_access import SHOWING
from shared.infra.opening import Unavailable
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation
from shared.kernel.moments import Moment

routes = guarded_router("applications")

_FOR_THE_PANEL = ("name", "answers")
_FOR_COORDINATORS = (*_FOR_THE_PANEL, "email", "address", "phone", "support_needs")


class AnswerDocument(BaseModel):
    """A question of the form and what the applicant wrote."""

    question: str
    answer: str


class ApplicationDocument(BaseModel):
    """An expression of interest; `unavailable` says why a part cannot be shown.

    The panel reads the name, so that its members can declare an interest, and the answers alone.
    """

    application: UUID
    campaign: UUID
    opportunities: tuple[UUID, ...]
    channel: Channel
    received_at: Moment
    late: bool
    name: str | None = None
    answers: tuple[AnswerDocument, ...] | None = None
    email: str | None = None
    address: str | None = None
    phone: str | None = None
    support_needs: str | None = None
    unavailable: dict[str, str]


@routes.get("/organisations/{organisation}/applications/{application}")
async def read_application(
    organisation: Organisation,
    application: UUID,
    looking: Annotated[Looking, Depends(reading("coordinator", "panel-member"))],
) -> ApplicationDocument:
    """What the applicant wrote, opened for this reader; each look is recorded first."""

    async def find(transaction: Transaction) -> ApplicationReceived:
        known = await present(transaction, organisation, application)
        panel = await transaction.state(PANEL, organisation, known.panel)
        if not _may_read(looking, known, panel):
            raise unknown()
        return known.state.received

    received = await looking.kit.shell.look(find)
    shown = _FOR_THE_PANEL if looking.role == "panel-member" else _FOR_COORDINATORS
    sealed = {part: value for part in shown if isinstance(value := getattr(received, part), Sealed)}
    opened = await looking.kit.opener.open(
        sealed, SHOWING, organisation=organisation, actor=looking.actor
    )
    away = {part: each.sentence for part, each in opened.items() if isinstance(each, Unavailable)}
    clear = {part: value for part, value in opened.items() if part not in away}
    plain = ("application", "campaign", "opportunities", "channel", "received_at", "late")
    return ApplicationDocument.model_validate(
        {part: getattr(received, part) for part in plain} | clear | {"unavailable": away}
    )


def _may_read(looking: Looking, known: Journey, panel: object) -> bool:
    if looking.role == "panel-member":
        return isinstance(panel, Panel) and panel.may_read(
            known.state.received.application, looking.identity
        )
    applied_for = (known.advert.opportunities[o] for o in known.state.received.opportunities)
    return may_be_seen_by(looking.identity, applied_for)
