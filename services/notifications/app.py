"""What notifications is made of."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any, Final

from services.notifications import api, consumers, timers
from services.notifications.domain.policy import MESSAGES, MessagesTerms
from services.notifications.sending import letter_folder, mail_folder
from services.notifications.settings import NotificationsSettings, notifications_settings
from shared.infra.kit import Kit
from shared.infra.service import Service
from shared.kernel.moments import london_date

_EXPIRE_EVERY_SECONDS: Final = 3600.0


async def _expire_for_ever(kit: Kit) -> None:
    """Remove e-mails and letters whose time is over."""
    settings = notifications_settings(kit)
    days = timedelta(days=settings.message_files_days)
    while True:
        before = london_date(kit.clock.now()) - days
        for folder in (mail_folder(settings), letter_folder(settings)):
            for organisation in kit.organisations:
                await asyncio.to_thread(folder.expire, organisation, before)
        await asyncio.sleep(_EXPIRE_EVERY_SECONDS)


def _background(kit: Kit) -> Sequence[Coroutine[Any, Any, None]]:
    return [_expire_for_ever(kit)]


SERVICE: Final = Service(
    name="notifications",
    router=api.router,
    settings=NotificationsSettings,
    reactions=consumers.reactions,
    background=_background,
    deadlines_of=timers.deadlines_of,
    timers=timers.TIMERS,
    policies={MESSAGES: MessagesTerms},
)
