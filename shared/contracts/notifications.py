"""Events of notifications, in the log of the organisation the cause stands in.

Streams: `contact/<person>` how a person is reached, `message/<uuid>` one message to one person.
"""

from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event
from shared.contracts.personal import Personal, held
from shared.kernel.moments import Moment

Attempt: TypeAlias = Annotated[int, Field(strict=True, ge=1)]
Kept: TypeAlias = Annotated[Personal | None, held("correspondence", case="case")]
Copied: TypeAlias = Annotated[Personal | None, held("correspondence", case="case", copy=True)]


class NotificationsEvent(Event, service="notifications"):
    """Written by the notifications service."""


class ContactLearned(NotificationsEvent):
    """How a person can be reached.

    `channel` is the one the person chose; `source` is the position of the event that said so.
    """

    person: UUID
    case: str
    channel: str
    source: str
    name: Kept = None
    email: Kept = None
    address: Kept = None


class ContactForgotten(NotificationsEvent):
    """The person asked to be erased: nothing is sent to them until they are in contact again."""

    person: UUID
    request: str


class MessagePlanned(NotificationsEvent):
    """A person is to be told something, once.

    `kind` names what is told, `about` the stream of the cause, `template` the text and its version
    (`outcome-successful/1`). `facts` are the words that go into the text, an object of texts.
    """

    message: UUID
    message_id: str
    kind: str
    person: UUID
    about: str
    template: str
    case: str
    facts: Kept
    send_after: Moment


class MessageAttempted(NotificationsEvent):
    """The message is about to be sent: written before, so that no sending goes unrecorded.

    Holds all that is sent, as the person could be reached at that moment.
    """

    message: UUID
    kind: str
    person: UUID
    about: str
    template: str
    case: str
    attempt: Attempt
    channel: str
    message_id: str
    facts: Copied
    name: Copied = None
    email: Copied = None
    address: Copied = None


class MessageAttemptFailed(NotificationsEvent):
    """An attempt failed; it is tried again at `retry_at`.

    `reason` is no-contact, refused or unreachable; `code` is the server's reply code.
    """

    message: UUID
    attempt: Attempt
    reason: str
    code: int | None
    retry_at: Moment


class MessageSent(NotificationsEvent):
    """The message went out by this channel."""

    message: UUID
    kind: str
    person: UUID
    about: str
    channel: str
    attempt: Attempt
    message_id: str


class MessageFailed(NotificationsEvent):
    """It was given up: somebody must tell this person another way.

    Not where `reason` is forgotten or unreadable: they asked to be erased. Else it is no-contact,
    bad-address, refused or unreachable.
    """

    message: UUID
    kind: str
    person: UUID
    about: str
    attempt: Attempt
    reason: str
    code: int | None
