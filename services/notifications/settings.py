"""What notifications is told from outside, besides what every service is told."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from shared.infra.kit import Kit
from shared.infra.settings import ServiceSettings


class NotificationsSettings(ServiceSettings):
    """How messages leave, and for how long those in folders are kept."""

    files_folder: Path
    """Where files for people are put: e-mails in `messages`, letters in `letters`, by day."""
    message_files_days: int = Field(default=35, ge=1)
    """How long e-mails and letters are kept in their folders."""
    mail_adapter: Literal["folder", "smtp"] = "folder"
    """`folder` writes .eml files for evaluation, `smtp` sends them."""
    mail_from: str = Field(default="partners@example.org", pattern=r"^[^@\s]+@[^@\s]+$")
    """The address messages come from; the name beside it is the organisation's."""
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_timeout_seconds: float = Field(default=20.0, gt=0)

    @model_validator(mode="after")
    def _smtp_has_a_host(self) -> Self:
        if self.mail_adapter == "smtp" and not self.smtp_host:
            raise ValueError("PARTNERS_SMTP_HOST must name the mail server.")
        return self


def notifications_settings(kit: Kit) -> NotificationsSettings:
    """The settings of this service, which the runtime read as its class says."""
    if not isinstance(kit.settings, NotificationsSettings):
        raise TypeError("Notifications runs with its own settings.")
    return kit.settings
