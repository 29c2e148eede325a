"""Events of every service about personal data: who opened it, and what was destroyed."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.event import Event
from shared.contracts.personal import RetentionClass


class PersonalEvent(Event, service="log"):
    """Written by the kit in any service's log."""


class PersonalDataOpened(PersonalEvent):
    """Keys were opened for a purpose: one event per call, in the opener's log.

    Stream `opening/<uuid>`; `keeper` is the service that keeps the keys.
    """

    keys: tuple[UUID, ...]
    keeper: str
    purpose: str


class KeysKept(BaseModel):
    """Keys an erasure may not destroy yet: what is kept, until when (None: not known) and why."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    retention_class: RetentionClass
    case: str
    until: date | None
    reason: str


class SubjectErased(PersonalEvent):
    """A service destroyed what it may of a person's keys; it says what it keeps and why.

    Stream `erasure/<uuid>`, the uuid derived from the request. On `backups_unreadable_on` the last
    key-encryption key that backups of the destroyed keys need is destroyed too.
    """

    person: UUID
    request: str
    destroyed: tuple[UUID, ...]
    kept: tuple[KeysKept, ...]
    backups_unreadable_on: date | None = None
