"""E-mails as .eml files and letters as text files, each once by its Message-ID."""

import asyncio

from services.notifications.delivery.mail import compose
from services.notifications.delivery.outgoing import Outgoing
from shared.infra.folders import DatedFolder
from shared.kernel.moments import london_date


class MailFolder:
    """Writes e-mails that any mail program opens."""

    def __init__(self, folder: DatedFolder, mail_from: str) -> None:
        self._folder = folder
        self._mail_from = mail_from

    async def deliver(self, outgoing: Outgoing) -> None:
        """Write the e-mail; the same attempt again changes nothing."""
        mail = compose(outgoing, self._mail_from)
        await _put(self._folder, outgoing, f"{outgoing.message}.eml", mail.as_bytes())


class LetterFolder:
    """Writes letters for somebody to print and post."""

    def __init__(self, folder: DatedFolder) -> None:
        self._folder = folder

    async def deliver(self, outgoing: Outgoing) -> None:
        """Write the letter; the same attempt again changes nothing."""
        on = london_date(outgoing.attempted_at)
        lines = [
            "LETTER to be printed and posted",
            f"Reference: {outgoing.message_id}",
            "",
            *([outgoing.name] if outgoing.name else []),
            *(line.strip() for line in outgoing.to.splitlines()),
            "",
            f"{on.day} {on:%B %Y}",
            "",
            outgoing.text.subject,
            "",
            outgoing.text.body,
        ]
        await _put(self._folder, outgoing, f"{outgoing.message}.txt", "\n".join(lines).encode())


async def _put(folder: DatedFolder, outgoing: Outgoing, name: str, content: bytes) -> None:
    on = london_date(outgoing.attempted_at)
    await asyncio.to_thread(folder.put, outgoing.organisation, on, name, content)
