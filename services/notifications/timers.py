"""What time brings: a message that could not be sent is tried again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from services.notifications.planning import attempt
from shared.contracts.event import Event
from shared.contracts.notifications import MessageAttemptFailed, MessagePlanned
from shared.infra.deadlines import Due, Timer
from shared.infra.shell import Transaction
from shared.kernel.deadlines import Deadline

SEND: Final = "send"


def deadlines_of(
    organisation: str, stream: str, event: Event, time: datetime
) -> Sequence[Deadline]:
    """When a message is to be tried: what is planned for now is tried at once, without one."""
    match event:
        case MessageAttemptFailed():
            return [Deadline(organisation, stream, SEND, event.retry_at)]
        case MessagePlanned() if event.send_after > time:
            return [Deadline(organisation, stream, SEND, event.send_after)]
        case _:
            return []


async def send(transaction: Transaction, due: Due) -> None:
    """Record the next attempt of a message that is waiting for one."""
    await attempt(transaction, due.organisation, due.stream)


TIMERS: Final[Mapping[str, Timer]] = {SEND: send}
