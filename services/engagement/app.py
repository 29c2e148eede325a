"""What engagement is made of."""

from pathlib import Path

from services.engagement import api, consumers, timers
from services.engagement.domain.policies import CommitteeTerms, OnboardingTerms, TermTerms
from shared.infra.service import Service

SERVICE = Service(
    name="engagement",
    router=api.router,
    examples=Path(__file__).parent / "examples.json",
    reactions=consumers.reactions,
    deadlines_of=timers.deadlines_of,
    timers=timers.TIMERS,
    policies={"onboarding": OnboardingTerms, "term": TermTerms, "committee": CommitteeTerms},
)
