"""What recruitment is made of."""

from services.recruitment import api, consumers, timers
from services.recruitment.domain.policies import RoleDescriptionTerms, SelectionTerms
from shared.infra.service import Service

SERVICE = Service(
    name="recruitment",
    router=api.router,
    reactions=consumers.reactions,
    deadlines_of=timers.deadlines_of,
    timers=timers.TIMERS,
    policies={"selection": SelectionTerms, "role-description": RoleDescriptionTerms},
)
