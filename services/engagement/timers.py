"""What time brings: training about to expire or expired, terms about to end or over."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from services.engagement.diaries import free_seats
from services.engagement.domain.onboarding import ONBOARDING, ReviewTraining
from services.engagement.domain.partner import PARTNER, NotWelcomed, StandDownPartner
from services.engagement.domain.terms import TERMS, ReviewTerm
from shared.contracts.engagement import TermExtended, TermStarted, TrainingCompleted
from shared.contracts.event import Event
from shared.infra.deadlines import Due, Timer
from shared.infra.shell import Transaction
from shared.kernel.deadlines import Deadline
from shared.kernel.moments import london, london_date

TRAINING_REVIEW: Final = "training-review"
TERM_REVIEW: Final = "term-review"
TERM_ENDED: Final = "term-ended"
"""Why a partner stands down when the last term is over."""


def deadlines_of(organisation: str, stream: str, event: Event, _: datetime) -> Sequence[Deadline]:
    """The days, each from its first moment in London, on which an event wants to be looked at."""
    match event:
        case TrainingCompleted(expires_on=date() as last):
            return _deadlines(organisation, stream, TRAINING_REVIEW, event.remind_on, last)
        case TermStarted() | TermExtended():
            return _deadlines(organisation, stream, TERM_REVIEW, event.remind_on, event.ends_on)
        case _:
            return []


def _deadlines(
    organisation: str, stream: str, purpose: str, reminders: Iterable[date], last: date
) -> list[Deadline]:
    days = (*reminders, last + timedelta(days=1))
    return [Deadline(organisation, stream, purpose, london(day, time())) for day in days]


async def review_training(transaction: Transaction, due: Due) -> None:
    """Remind of courses that are about to expire; note those that have."""
    command = ReviewTraining(london_date(due.due_at))
    await transaction.decide(ONBOARDING, due.organisation, due.stream, command)


async def review_term(transaction: Transaction, due: Due) -> None:
    """Remind of a term's end; with the last, the partner stands down and all seats are free."""
    on = london_date(due.due_at)
    await transaction.decide(TERMS, due.organisation, due.stream, ReviewTerm(on))
    state = await transaction.state(TERMS, due.organisation, due.stream)
    if state.open_terms():
        return
    partner = UUID(due.stream.removeprefix("terms/"))
    known = await transaction.state(PARTNER, due.organisation, f"partner/{partner}")
    if isinstance(known, NotWelcomed):
        return
    command = StandDownPartner(max(term.ends_on for term in state.terms), TERM_ENDED)
    await transaction.decide(PARTNER, due.organisation, f"partner/{partner}", command)
    await free_seats(transaction, due.organisation, partner, on)


TIMERS: Final[Mapping[str, Timer]] = {TRAINING_REVIEW: review_training, TERM_REVIEW: review_term}
