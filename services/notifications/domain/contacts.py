"""Which event says how a person is reached, and in which of its fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.notifications.domain.contact import LearnContact
from shared.contracts import engagement, payments, recruitment
from shared.contracts.event import Event
from shared.contracts.personal import Clear


@dataclass(frozen=True, slots=True)
class ContactFields:
    """The fields of an event that say who it is and how they are reached."""

    person: str = "person"
    name: str = "name"
    email: str = "email"
    address: str = "address"
    channel: str | None = "contact_channel"


_USUAL: Final = ContactFields()
CONTACTS: Final[Mapping[type[Event], ContactFields]] = {
    recruitment.ApplicationReceived: _USUAL,
    recruitment.PartnerAppointed: _USUAL,
    recruitment.ReferenceRequested: ContactFields(
        "referee", "referee_name", "referee_email", "referee_address", channel=None
    ),
    engagement.PartnerWelcomed: _USUAL,
    engagement.PartnerReappointed: _USUAL,
    payments.PayeeRegistered: _USUAL,
    payments.PayeeParticularsChanged: _USUAL,
}
"""Every event that says how somebody is reached."""
WORDS: Final[Mapping[type[Event], tuple[str, ...]]] = {
    recruitment.ReferenceRequested: ("applicant_name",),
}
"""Personal words that go into a message, by event."""


def personal_fields(event: Event) -> frozenset[str]:
    """The sealed fields that are opened to tell of this event; no others are."""
    fields = CONTACTS.get(type(event))
    contact = (fields.name, fields.email, fields.address) if fields else ()
    return frozenset((*contact, *WORDS.get(type(event), ())))


def contact_in(event: Event, opened: Mapping[str, str], source: str) -> LearnContact | None:
    """How the event says that somebody is reached; None when it says nothing of it."""
    fields = CONTACTS.get(type(event))
    if fields is None:
        return None
    said: Any = event
    return LearnContact(
        person=getattr(said, fields.person),
        channel=getattr(said, fields.channel) if fields.channel else "email",
        source=source,
        name=_clear(opened, fields.name),
        email=_clear(opened, fields.email),
        address=_clear(opened, fields.address),
    )


def _clear(opened: Mapping[str, str], field: str) -> Clear | None:
    value = opened.get(field)
    return None if value is None else Clear(value)
