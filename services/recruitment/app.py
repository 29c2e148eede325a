"""What recruitment is made of."""

from pathlib import Path

from services.recruitment import api, consumers, timers
from services.recruitment.domain.policies import RoleDescriptionTerms, SelectionTerms
from shared.infra.service import Service

SERVICE = Service(
    name="recruitment",
    router=api.router,
    examples=Path(__file__).parent / "examples.json",
    reactions=consumers.reactions,
    deadlines_of=timers.deadlines_of,
    timers=timers.TIMERS,
    policies={"selection": SelectionTerms, "role-description": RoleDescriptionTerms},
)
