"""What notifications does when the other services' events arrive."""

from collections.abc import Mapping, Sequence

from services.notifications.domain.contact import CONTACT, ForgetContact
from services.notifications.domain.contacts import CONTACTS, contact_in, personal_fields
from services.notifications.domain.telling import TELLINGS, Said, tellings
from services.notifications.planning import plan
from services.notifications.sending import Sender, record_outcome
from shared.contracts.envelope import Recorded
from shared.contracts.personal import Sealed
from shared.contracts.recruitment import ErasureRequested
from shared.infra.bus.handling import Handler, React, Reaction
from shared.infra.erasure import erasing
from shared.infra.key_access import WRITING
from shared.infra.kit import Kit
from shared.infra.opening import Opened
from shared.infra.sealing import sealed_in
from shared.infra.shell import Transaction


def reactions(kit: Kit) -> Sequence[Reaction]:
    """What is heard from each service, and the sending of what was attempted."""
    telling = Handler(_telling(kit), _personal, WRITING)
    sending = Handler(record_outcome, sealed_in, WRITING, Sender.of(kit).send)
    # in one consumer with what it erases, so that nothing older is learned after it
    erasure = {"ErasureRequested": Handler(_erasing(kit))}
    return [
        Reaction("notifications.recruitment", "recruitment", _of("recruitment", telling) | erasure),
        Reaction("notifications.engagement", "engagement", _of("engagement", telling)),
        Reaction("notifications.payments", "payments", _of("payments", telling)),
        Reaction("notifications.sending", "notifications", {"MessageAttempted": sending}),
    ]


def _of(service: str, telling: Handler) -> dict[str, Handler]:
    heard = {*CONTACTS, *TELLINGS}
    return {event.__name__: telling for event in heard if event.service == service}


def _personal(recorded: Recorded) -> Mapping[str, Sealed]:
    wanted = personal_fields(recorded.event())
    return {at: value for at, value in sealed_in(recorded).items() if at in wanted}


def _telling(kit: Kit) -> React:
    names = {code: entry.name for code, entry in kit.register.items()}

    async def tell(
        transaction: Transaction, recorded: Recorded, opened: Mapping[str, Opened]
    ) -> None:
        event, organisation = recorded.event(), recorded.log.organisation
        words = {name: text for name, value in opened.items() if (text := _text(value))}
        learned = contact_in(event, words, str(recorded.position))
        if learned:
            stream = f"contact/{learned.person}"
            await transaction.decide(CONTACT, organisation, stream, learned)
        for telling in tellings(Said(event, words, names)):
            sender = kit.settings.installation
            await plan(transaction, organisation, recorded.stream, telling, sender)

    return tell


def _text(value: Opened) -> str | None:
    """A value as text, an address by its lines; None for what cannot be had."""
    match value:
        case str():
            return value
        case list():
            return "\n".join(str(part) for part in value)
        case dict():
            return "\n".join(str(part) for part in value.values())
        case _:
            return None


def _erasing(kit: Kit) -> React:
    erase = erasing(kit.keys)

    async def react(
        transaction: Transaction, recorded: Recorded, opened: Mapping[str, Opened]
    ) -> None:
        await erase(transaction, recorded, opened)
        event, organisation = recorded.event(), recorded.log.organisation
        if isinstance(event, ErasureRequested):
            for person in (event.person, *event.linked):
                forget = ForgetContact(person, str(recorded.position))
                await transaction.decide(CONTACT, organisation, f"contact/{person}", forget)

    return react
