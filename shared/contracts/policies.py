"""The event by which a policy enters a deciding service's own log, in stream `policy/<kind>`."""

from datetime import date
from typing import Any

from shared.contracts.event import Event


class PolicyEvent(Event, service="log"):
    """Written by any service that decides by a policy."""


class PolicyAdopted(PolicyEvent):
    """From this date on the organisation decides by these terms, until a later version."""

    kind: str
    policy_version: int
    effective_from: date
    terms: dict[str, Any]
