"""Planning a message and its next attempt, in the transaction that has the reason for it."""

from services.notifications.domain.contact import (
    CONTACT,
    Contact,
    Forgotten,
    Unknown,
    case_of,
)
from services.notifications.domain.message import (
    MESSAGE,
    AttemptMessage,
    GivenUp,
    NotGivenUp,
    PlanMessage,
    RetryMessage,
    Waiting,
)
from services.notifications.domain.policy import MESSAGES, MessagesTerms
from services.notifications.domain.telling import Telling
from services.notifications.texts import texts
from shared.contracts.personal import Clear
from shared.infra.shell import Transaction
from shared.kernel.moments import london_date


async def plan(
    transaction: Transaction, organisation: str, about: str, telling: Telling, sender: str
) -> None:
    """Plan what an event tells somebody, once; nothing for a person who asked to be forgotten.

    `sender` is the name behind the @ of Message-IDs.
    """
    person = telling.person
    contact = await transaction.state(CONTACT, organisation, f"contact/{person}")
    if isinstance(contact, Forgotten):
        return
    message = transaction.derive(f"{telling.kind} to {person}")
    command = PlanMessage(
        message=message,
        message_id=f"<{message}@{sender}>",
        kind=telling.kind,
        person=person,
        about=about,
        template=texts().current(telling.template),
        case=case_of(contact.episode if isinstance(contact, Contact) else 1),
        facts=Clear(dict(telling.facts)),
        send_after=transaction.now,
    )
    stream = f"message/{message}"
    await transaction.decide(MESSAGE, organisation, stream, command)
    await attempt(transaction, organisation, stream)


async def attempt(transaction: Transaction, organisation: str, stream: str) -> None:
    """Record the next attempt of a message, if it is waiting for one."""
    state = await transaction.state(MESSAGE, organisation, stream)
    if isinstance(state, Waiting):
        contact = await _contact(transaction, organisation, state)
        command = AttemptMessage(
            contact=contact if isinstance(contact, Contact) else None,
            now=transaction.now,
            terms=await terms_today(transaction, organisation),
            forgotten=isinstance(contact, Forgotten),
        )
        await transaction.decide(MESSAGE, organisation, stream, command)


async def retry(transaction: Transaction, organisation: str, stream: str) -> None:
    """Record another attempt of a message that was given up; refused for any other."""
    state = await transaction.state(MESSAGE, organisation, stream)
    if not isinstance(state, GivenUp):
        raise NotGivenUp
    contact = await _contact(transaction, organisation, state)
    command = RetryMessage(
        contact=contact if isinstance(contact, Contact) else None,
        now=transaction.now,
        terms=await terms_today(transaction, organisation),
        forgotten=isinstance(contact, Forgotten),
    )
    await transaction.decide(MESSAGE, organisation, stream, command)


async def terms_today(transaction: Transaction, organisation: str) -> MessagesTerms:
    """The organisation's policy for messages, or the defaults."""
    found = await transaction.policy(organisation, MESSAGES, london_date(transaction.now))
    return MessagesTerms.model_validate(found.terms) if found else MessagesTerms()


async def _contact(
    transaction: Transaction, organisation: str, state: Waiting | GivenUp
) -> Unknown | Contact | Forgotten:
    return await transaction.state(CONTACT, organisation, f"contact/{state.plan.person}")
