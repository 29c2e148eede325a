"""Events of notifications, in the log of the organisation the cause stands in.

Streams: `contact/<person>` how a person is reached, `message/<uuid>` one message to one person.
"""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event
from shared.contracts.personal import Personal, held
from shared.kernel.moments import Moment

Attempt = Annotated[int, Field(strict=True, ge=1)]


class NotificationsEvent(Event, service="notifications"):
    """Written by the notifications service."""


class ContactLearned(NotificationsEvent):
    """How a person can be reached; `source` is the stream of the event that said so.

    `channel` is the one the person chose: email or post.
    """

    person: UUID
    channel: str
    source: str
    name: Annotated[Personal | None, held("correspondence")] = None
    email: Annotated[Personal | None, held("correspondence")] = None
    address: Annotated[Personal | None, held("correspondence")] = None


class MessagePlanned(NotificationsEvent):
    """A person is to be told something, once.

    `kind` names what is told, `about` the stream of the cause, `template` the text and its version
    (`outcome-successful/1`). `facts` are the words that go into the text, an object of texts.
    """

    message: UUID
    kind: str
    person: UUID
    about: str
    template: str
    facts: Annotated[Personal, held("correspondence")]
    send_after: Moment


class MessageAttempted(NotificationsEvent):
    """The message is about to be sent: written before, so that no sending goes unrecorded."""

    message: UUID
    attempt: Attempt
    message_id: str
    unanswered_at: Moment


class MessageAttemptFailed(NotificationsEvent):
    """An attempt failed; it is tried again at `retry_at`.

    `reason` is no-contact, unreadable, refused, unreachable or unanswered; `code` the server's
    reply code.
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
    """Every attempt failed: somebody must tell this person another way."""

    message: UUID
    kind: str
    person: UUID
    about: str
    attempt: Attempt
    reason: str
    code: int | None
