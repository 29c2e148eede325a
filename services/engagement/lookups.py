"""What API, consumers and timers read alike before they ask a decider."""

from datetime import date
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from services.engagement.domain.committee import (
    COMMITTEE,
    CommitteeUnknown,
    Constituted,
    NotConstituted,
)
from services.engagement.domain.partner import PARTNER
from services.engagement.domain.policies import (
    CommitteeTerms,
    InForce,
    OnboardingTerms,
    TermTerms,
)
from services.engagement.domain.standing import Standing, standing
from services.engagement.domain.terms import TERMS
from shared.infra.shell import Transaction
from shared.kernel.identifiers import derive
from shared.kernel.moments import london_date

TermsT = TypeVar("TermsT", bound=BaseModel)


def partner_of(person: UUID, organisation: str) -> UUID:
    """The partner a person is in an organisation: one, however often they are appointed."""
    return derive(person, f"partner/{organisation}")


def today(transaction: Transaction) -> date:
    """The day in London on which this is decided."""
    return london_date(transaction.now)


async def onboarding_policy(
    transaction: Transaction, organisation: str
) -> InForce[OnboardingTerms] | None:
    """The onboarding policy of today."""
    return await _in_force(transaction, organisation, "onboarding", OnboardingTerms)


async def term_policy(transaction: Transaction, organisation: str) -> InForce[TermTerms] | None:
    """The term policy of today."""
    return await _in_force(transaction, organisation, "term", TermTerms)


async def committee_policy(
    transaction: Transaction, organisation: str
) -> InForce[CommitteeTerms] | None:
    """The committee policy of today."""
    return await _in_force(transaction, organisation, "committee", CommitteeTerms)


async def _in_force(
    transaction: Transaction, organisation: str, kind: str, shape: type[TermsT]
) -> InForce[TermsT] | None:
    found = await transaction.policy(organisation, kind, today(transaction))
    if found is None:
        return None
    return InForce(found.version, shape.model_validate(found.terms))


async def standing_of(
    transaction: Transaction, organisation: str, partner: UUID, on: date
) -> Standing:
    """The partner as of that day; refused when nobody was welcomed under this identifier."""
    return standing(
        await transaction.state(PARTNER, organisation, f"partner/{partner}"),
        await transaction.state(TERMS, organisation, f"terms/{partner}"),
        on,
    )


async def committee_of(transaction: Transaction, organisation: str, committee: UUID) -> Constituted:
    """The committee; refused when none was constituted under this identifier."""
    state = await transaction.state(COMMITTEE, organisation, f"committee/{committee}")
    if isinstance(state, NotConstituted):
        raise CommitteeUnknown
    return state
