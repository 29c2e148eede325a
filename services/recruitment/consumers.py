"""What recruitment does when events arrive: who was sent the outcome has been told."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.recruitment.appointing import Appointing
from services.recruitment.domain.application import APPLICATION, Decided, RecordTold
from shared.contracts.envelope import Recorded, read
from shared.contracts.notifications import MessageSent
from shared.contracts.recruitment import OutcomeDecided
from shared.infra import log
from shared.infra.bus.handling import Handler, Reaction
from shared.infra.erasure import erasing
from shared.infra.kit import Kit
from shared.infra.opening import Opened
from shared.infra.shell import Transaction

_ABOUT = "application/"


async def record_told(
    transaction: Transaction, recorded: Recorded, _: Mapping[str, Opened]
) -> None:
    """An outcome went out: its applicant has been told, unless the outcome has changed since."""
    event = recorded.event()
    if not isinstance(event, MessageSent):
        raise TypeError(f"{recorded.type} is no message.")
    if event.kind != "outcome" or not event.about.startswith(_ABOUT):
        return
    organisation, stream = recorded.log.organisation, event.about
    state = await transaction.state(APPLICATION, organisation, stream)
    if not isinstance(state, Decided):
        return
    decision = await _decision(transaction, organisation, stream, recorded.correlation_id)
    if decision is not None:
        command = RecordTold("message", decision)
        await transaction.decide(APPLICATION, organisation, stream, command)


async def _decision(
    transaction: Transaction, organisation: str, stream: str, correlation: UUID
) -> int | None:
    """Which decision a message told: the one with the same correlation."""
    for body in await log.read_stream(await transaction.begin(), organisation, stream):
        earlier = read(body)
        if earlier.type == OutcomeDecided.__name__ and earlier.correlation_id == correlation:
            event = earlier.event()
            return event.decision if isinstance(event, OutcomeDecided) else None
    return None


def reactions(kit: Kit) -> Sequence[Reaction]:
    """Messages sent; and, in one consumer, last steps before appointments and erasures."""
    appointing = Appointing(kit).handler()
    last_steps = ("OfferMade", "OfferAccepted", "ReferenceJudged", "CheckDecided")
    return [
        Reaction("recruitment.told", "notifications", {"MessageSent": Handler(record_told)}),
        Reaction(
            "recruitment.people",
            "recruitment",
            {
                **dict.fromkeys(last_steps, appointing),
                "ErasureRequested": Handler(erasing(kit.keys)),
            },
        ),
    ]
