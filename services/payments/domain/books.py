"""The reconciliation: every penny that is due can be found again, at every moment.

What is due is declined, reversed, in a run or waiting; what is in runs is settled, returned or in
flight. Payments and runs keep their own side of it: that the sides agree is checked, not assumed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import reduce

from shared.contracts.event import Event
from shared.contracts.payments import (
    PaymentApproved,
    PaymentCorrected,
    PaymentDeclined,
    PaymentDue,
    PaymentPutInRun,
    PaymentReduced,
    PaymentReissued,
    PaymentRejected,
    PaymentRunFrozen,
    PaymentRunWithdrawn,
    PaymentTakenFromRun,
    RunLineReissued,
    RunLineReturned,
    RunLineSettled,
)


@dataclass(frozen=True, slots=True)
class Books:
    """Totals in pence.

    `waiting` is below zero where more was reversed than is still to be paid. `in_run` is the
    payments' side, `run` the runs' own total; what was reissued is in `run` and not in `in_run`.
    """

    due: int = 0
    declined: int = 0
    reversed: int = 0
    in_run: int = 0
    waiting: int = 0
    approved: int = 0
    run: int = 0
    settled: int = 0
    returned: int = 0
    in_flight: int = 0
    reissued: int = 0

    def __add__(self, other: "Books") -> "Books":
        return Books(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Books)))

    def differences(self) -> tuple[str, ...]:
        """The sentences of the reconciliation that do not hold; none when the books balance."""
        sides = {
            "due = declined + reversed + in a run + waiting": self.due
            - (self.declined + self.reversed + self.in_run + self.waiting),
            "run = settled + returned + in flight": self.run
            - (self.settled + self.returned + self.in_flight),
            "in a run = run - reissued": self.in_run - (self.run - self.reissued),
        }
        return tuple(f"{name}: {by} pence apart" for name, by in sides.items() if by)


def reconcile(events: Iterable[Event]) -> Books:
    """The books after these events of one organisation's log, whatever else is among them."""
    return reduce(lambda books, event: books + posting(event), events, Books())


def posting(event: Event) -> Books:
    """What one event adds to the books."""
    return _of_payment(event) or _of_run(event) or Books()


def _of_payment(event: Event) -> Books | None:
    match event:
        case PaymentDue(amount_pence=pence):
            found = Books(due=pence, waiting=pence)
        case PaymentCorrected():
            found = _of_correction(event)
        case PaymentDeclined(declined_pence=pence) | PaymentReduced(declined_pence=pence):
            found = Books(declined=pence, waiting=-pence)
        case PaymentApproved(amount_pence=pence):
            found = Books(approved=pence)
        case PaymentRejected(amount_pence=pence):
            found = Books(reversed=pence, waiting=-pence)
        case PaymentPutInRun(amount_pence=pence):
            found = Books(in_run=pence, waiting=-pence)
        case PaymentTakenFromRun(amount_pence=pence) | PaymentReissued(amount_pence=pence):
            found = Books(in_run=-pence, waiting=pence)
        case _:
            return None
    return found


def _of_correction(event: PaymentCorrected) -> Books:
    difference, declined = event.difference_pence, event.declined_difference_pence
    return Books(
        due=max(difference, 0),
        reversed=max(-difference, 0),
        declined=declined,
        waiting=difference - declined,
    )


def _of_run(event: Event) -> Books | None:
    match event:
        case PaymentRunFrozen(total_pence=pence):
            found = Books(run=pence, in_flight=pence)
        case PaymentRunWithdrawn(total_pence=pence):
            found = Books(run=-pence, in_flight=-pence)
        case RunLineSettled(amount_pence=pence):
            found = Books(settled=pence, in_flight=-pence)
        case RunLineReturned(amount_pence=pence, was_settled=True):
            found = Books(returned=pence, settled=-pence)
        case RunLineReturned(amount_pence=pence):
            found = Books(returned=pence, in_flight=-pence)
        case RunLineReissued(amount_pence=pence):
            found = Books(reissued=pence)
        case _:
            return None
    return found
