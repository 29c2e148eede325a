"""What payments is told from outside, besides what every service is told."""

from pathlib import Path

from pydantic import Field

from shared.infra.kit import Kit
from shared.infra.settings import ServiceSettings


class PaymentsSettings(ServiceSettings):
    """Where bank files are put, and for how long."""

    files_folder: Path
    """Where files for people are put: those for the bank in `payments`, by organisation and day."""
    payment_files_days: int = Field(default=35, ge=1)
    """How long after its day of payment a file for the bank is kept."""


def payments_settings(kit: Kit) -> PaymentsSettings:
    """The settings of this service, which the runtime read as its class says."""
    if not isinstance(kit.settings, PaymentsSettings):
        raise TypeError("Payments runs with its own settings.")
    return kit.settings
