"""What time brings in recruitment: campaigns open and close, silent referees are reminded."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.recruitment import steps
from services.recruitment.domain.campaign import CAMPAIGN, CloseCampaign, OpenCampaign
from shared.contracts.event import Event
from shared.contracts.recruitment import (
    CampaignPublished,
    ReferenceReminded,
    ReferenceRequested,
)
from shared.infra.deadlines import Due, Timer
from shared.infra.shell import Transaction
from shared.kernel.deadlines import Deadline

OPENING: Final = "campaign-opens"
CLOSING: Final = "campaign-closes"
REMINDING: Final = "reference-reminder"


def deadlines_of(organisation: str, stream: str, event: Event, _: datetime) -> Sequence[Deadline]:
    """The moments an event sets."""
    match event:
        case CampaignPublished():
            moments = [(OPENING, event.opens_at), (CLOSING, event.closes_at)]
        case ReferenceRequested() | ReferenceReminded():
            moments = [(REMINDING, event.remind_at)]
        case _:
            return []
    return [
        Deadline(organisation, stream, purpose, at) for purpose, at in moments if at is not None
    ]


async def open_campaign(transaction: Transaction, due: Due) -> None:
    """Accept expressions of interest from now on."""
    command = OpenCampaign(due.due_at)
    await transaction.decide(CAMPAIGN, due.organisation, due.stream, command, at=due.due_at)


async def close_campaign(transaction: Transaction, due: Due) -> None:
    """What comes from now on is late."""
    command = CloseCampaign(due.due_at, "closing-time")
    await transaction.decide(CAMPAIGN, due.organisation, due.stream, command, at=due.due_at)


async def remind(transaction: Transaction, due: Due) -> None:
    """Ask silent referees again."""
    application = UUID(due.stream.removeprefix("application/"))
    await steps.remind_referees(transaction, due.organisation, application)


TIMERS: Final[Mapping[str, Timer]] = {
    OPENING: open_campaign,
    CLOSING: close_campaign,
    REMINDING: remind,
}
