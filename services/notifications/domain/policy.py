"""How often and how long sending is tried: terms of the policy `messages`."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

MESSAGES: Final = "messages"
"""The kind of the policy."""

Minutes = Annotated[int, Field(strict=True, ge=1, le=10_080)]


class MessagesTerms(BaseModel):
    """Terms of the policy `messages`; these defaults hold where none is adopted.

    After each failed attempt the next is made so many minutes later; then it is given up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    retry_minutes: Annotated[tuple[Minutes, ...], Field(max_length=20)] = (5, 60, 720)

    def retry_at(self, attempt: int, now: datetime) -> datetime | None:
        """When to try again after this attempt, counted from 1; None: not again."""
        if attempt > len(self.retry_minutes):
            return None
        return now + timedelta(minutes=self.retry_minutes[attempt - 1])
