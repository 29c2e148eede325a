"""What other aggregates need to know of a partner when they decide."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.engagement.domain.partner import Active, State, known
from services.engagement.domain.terms import Terms


@dataclass(frozen=True, slots=True)
class Standing:
    """A partner as of one day: who pays, whether the role is paid, whether they take part."""

    partner: UUID
    person: UUID
    payer: str
    carries_payment: bool
    takes_part: bool


def standing(partner: State, terms: Terms, on: date) -> Standing:
    """Active today and in term on that day; refused when nobody was welcomed."""
    who = known(partner).profile
    return Standing(
        partner=who.partner,
        person=who.person,
        payer=who.payer,
        carries_payment=who.carries_payment,
        takes_part=isinstance(partner, Active) and terms.in_term(on),
    )
