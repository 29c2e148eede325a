"""What leaves, whichever way it goes, and what may come of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.notifications.domain.text import Text


class Undeliverable(Exception):
    """An attempt failed: why, the server's reply code if it gave one, and whether that is final."""

    def __init__(self, reason: str, code: int | None = None, *, final: bool = False) -> None:
        self.reason = reason
        self.code = code
        self.final = final
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one person, in clear only on its way out.

    `to` is an e-mail or a postal address. `attempted_at` is the moment of the recorded attempt, so
    that the same attempt makes the same bytes.
    """

    message: UUID
    message_id: str
    organisation: str
    sender_name: str
    attempted_at: datetime
    text: Text
    to: str = field(repr=False)
    name: str | None = field(repr=False)


class Delivery(Protocol):
    """One way out."""

    async def deliver(self, outgoing: Outgoing) -> None:
        """Let it go, or raise Undeliverable."""
        ...
