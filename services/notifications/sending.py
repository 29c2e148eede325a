"""Sending what an attempt says, after it was recorded and before its outcome is."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import structlog

from services.notifications.delivery.folder import LetterFolder, MailFolder
from services.notifications.delivery.outgoing import Delivery, Outgoing, Undeliverable
from services.notifications.delivery.smtp import MailServer
from services.notifications.domain.message import MESSAGE, RecordFailure, RecordSent, UnderWay
from services.notifications.domain.text import write
from services.notifications.planning import terms_today
from services.notifications.settings import NotificationsSettings, notifications_settings
from services.notifications.texts import texts
from shared.contracts.envelope import Recorded
from shared.contracts.notifications import MessageAttempted
from shared.infra.folders import DatedFolder
from shared.infra.kit import Kit
from shared.infra.opening import Opened
from shared.infra.shell import Transaction
from shared.kernel.ijson import Json

_OUTCOME: Final = "outcome"
_REMEMBERED: Final = 1_000
_log = structlog.get_logger()


def mail_folder(settings: NotificationsSettings) -> DatedFolder:
    """Where e-mails are put when they are not sent."""
    return DatedFolder(settings.files_folder / "messages")


def letter_folder(settings: NotificationsSettings) -> DatedFolder:
    """Where letters are put, to be printed and posted."""
    return DatedFolder(settings.files_folder / "letters")


class Sender:
    """Sends recorded attempts; remembers the last ones, should the transaction after one fail."""

    def __init__(self, kit: Kit, deliveries: Mapping[str, Delivery]) -> None:
        self._kit = kit
        self._deliveries = deliveries
        self._outcomes: dict[tuple[UUID, int], Json] = {}

    @classmethod
    def of(cls, kit: Kit) -> "Sender":
        """The ways out that the settings name."""
        settings = notifications_settings(kit)
        mail: Delivery = (
            MailServer(settings)
            if settings.mail_adapter == "smtp"
            else MailFolder(mail_folder(settings), settings.mail_from)
        )
        return cls(kit, {"email": mail, "post": LetterFolder(letter_folder(settings))})

    async def send(self, recorded: Recorded, opened: Mapping[str, Opened]) -> dict[str, Opened]:
        """Send, unless this attempt has its outcome; answers what came of it."""
        event = _attempted(recorded)
        organisation, stream = recorded.log.organisation, recorded.stream
        state = await self._kit.shell.look(lambda t: t.state(MESSAGE, organisation, stream))
        if not isinstance(state, UnderWay) or state.attempt != event.attempt:
            return {}
        tried = (event.message, event.attempt)
        if tried not in self._outcomes:
            while len(self._outcomes) >= _REMEMBERED:
                del self._outcomes[next(iter(self._outcomes))]
            self._outcomes[tried] = await self._deliver(recorded, event, opened)
        return {_OUTCOME: self._outcomes[tried]}

    async def _deliver(
        self, recorded: Recorded, event: MessageAttempted, opened: Mapping[str, Opened]
    ) -> Json:
        outcome: dict[str, Json] = {}
        try:
            await self._deliveries[event.channel].deliver(self._outgoing(recorded, event, opened))
        except Undeliverable as error:
            outcome = {"reason": error.reason, "code": error.code, "final": error.final}
        _log.info(
            "message sent" if not outcome else "message not sent",
            organisation=recorded.log.organisation,
            message=str(event.message),
            kind=event.kind,
            channel=event.channel,
            attempt=event.attempt,
            **outcome,
        )
        return outcome

    def _outgoing(
        self, recorded: Recorded, event: MessageAttempted, opened: Mapping[str, Opened]
    ) -> Outgoing:
        facts = opened.get("facts")
        to = opened.get("email" if event.channel == "email" else "address")
        name = opened.get("name")
        if not isinstance(facts, dict) or not isinstance(to, str):
            # erased since the attempt was recorded
            raise Undeliverable("unreadable", final=True)
        organisation = recorded.log.organisation
        known = self._kit.register.get(organisation)
        sender_name = known.name if known else organisation
        words = {key: str(value) for key, value in facts.items()}
        greeted = name if isinstance(name, str) else None
        template = texts().by_reference[event.template]
        return Outgoing(
            message=event.message,
            message_id=event.message_id,
            organisation=organisation,
            sender_name=sender_name,
            attempted_at=recorded.recorded_at,
            text=write(template, {**words, "organisation": sender_name}, greeted),
            to=to,
            name=greeted,
        )


async def record_outcome(
    transaction: Transaction, recorded: Recorded, opened: Mapping[str, Opened]
) -> None:
    """Record what came of an attempt."""
    event, organisation = _attempted(recorded), recorded.log.organisation
    outcome = opened.get(_OUTCOME)
    if not isinstance(outcome, dict):
        return
    if not outcome:
        command: RecordSent | RecordFailure = RecordSent(event.attempt)
    else:
        code = outcome["code"]
        command = RecordFailure(
            attempt=event.attempt,
            reason=str(outcome["reason"]),
            code=code if isinstance(code, int) else None,
            final=outcome["final"] is True,
            now=transaction.now,
            terms=await terms_today(transaction, organisation),
        )
    await transaction.decide(MESSAGE, organisation, recorded.stream, command)


def _attempted(recorded: Recorded) -> MessageAttempted:
    event = recorded.event()
    if not isinstance(event, MessageAttempted):
        raise TypeError(f"{recorded.type} is no attempt.")
    return event
