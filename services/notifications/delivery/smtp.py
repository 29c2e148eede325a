"""E-mails over SMTP, one connection each; what the server answers decides what comes next."""

import aiosmtplib

from services.notifications.delivery.mail import compose
from services.notifications.delivery.outgoing import Outgoing, Undeliverable
from services.notifications.settings import NotificationsSettings

_PERMANENT = 500


class MailServer:
    """Hands e-mails to the organisation's mail server."""

    def __init__(self, settings: NotificationsSettings) -> None:
        self._settings = settings

    async def deliver(self, outgoing: Outgoing) -> None:
        """Hand it over. A refusal of 500 and above is final (RFC 5321); all else may pass."""
        settings = self._settings
        password = settings.smtp_password
        try:
            await aiosmtplib.send(
                compose(outgoing, settings.mail_from),
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_username,
                password=password.get_secret_value() if password else None,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                timeout=settings.smtp_timeout_seconds,
            )
        except aiosmtplib.SMTPAuthenticationError as error:
            # ours to put right, not the recipient's
            raise Undeliverable("unreachable", error.code) from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = max((one.code for one in error.recipients), default=None)
            raise _refused(code) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refused(error.code) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Undeliverable("unreachable") from error


def _refused(code: int | None) -> Undeliverable:
    return Undeliverable("refused", code, final=code is not None and code >= _PERMANENT)
