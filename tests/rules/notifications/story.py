"""People and moments that the rules of notifications are shown with."""

from datetime import UTC, datetime
from uuid import UUID

PERSON = UUID("5e1f0000-0000-4000-8000-000000000001")
REFEREE = UUID("5e1f0000-0000-4000-8000-000000000002")
PARTNER = UUID("5e1f0000-0000-4000-8000-000000000003")
MESSAGE_ID = UUID("5e1f0000-0000-5000-8000-000000000004")
THING = UUID("5e1f0000-0000-4000-8000-000000000005")
OTHER = UUID("5e1f0000-0000-4000-8000-000000000006")
NOW = datetime(2024, 2, 6, 17, 0, tzinfo=UTC)
NAMES = {"RAJ": "Mid and South Essex NHS Foundation Trust", "QH8": "NHS Mid and South Essex ICB"}
