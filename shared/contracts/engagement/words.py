"""Words and small values that engagement's events are written with."""

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.event import Event
from shared.contracts.personal import Personal, held

Code: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""A word of a list that policy or the domain may lengthen: `face-to-face`, `document-review`."""

Item: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)?$")
]
"""Something to be done before a partner is active: `income-advice`, `training/patient-safety`."""

Version: TypeAlias = Annotated[int, Field(strict=True, ge=1)]
Count: TypeAlias = Annotated[int, Field(strict=True, ge=0)]
Minutes: TypeAlias = Annotated[int, Field(strict=True, ge=0)]
RoleCategory: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=4)]
"""1 open engagement, 2 one-off workshop, 3 working group, 4 strategic: board or committee."""

Kept: TypeAlias = Annotated[Personal, held("partnership", case="partner")]
KeptIfGiven: TypeAlias = Annotated[Personal | None, held("partnership", case="partner")]
"""Under the key of the partnership, `partner/<partner>`, in whatever stream the event stands."""


class EngagementEvent(Event, service="engagement"):
    """Written by engagement."""


class EngagementValue(BaseModel):
    """Part of an event of engagement."""

    model_config = ConfigDict(frozen=True, extra="ignore")
