"""Which event tells whom what: the whole list, one entry for each kind of event."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

from services.notifications.domain.wording import day, from_to, moment, title, words
from shared.contracts import engagement, payments, recruitment
from shared.contracts.event import Event
from shared.kernel.money import pounds


@dataclass(frozen=True, slots=True)
class Telling:
    """A person is told something of a kind, with a template's words and these facts in them."""

    kind: str
    person: UUID
    template: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """What an event says, and what stands around it.

    `opened` are personal words of the event in clear; `names` the names of organisations by code.
    """

    event: Any
    opened: Mapping[str, str]
    names: Mapping[str, str]

    def name(self, code: str) -> str:
        """An organisation's name; its code where the register does not know it."""
        return self.names.get(code, code)


Tell: TypeAlias = Callable[[Said], Sequence[Telling]]


def tellings(said: Said) -> Sequence[Telling]:
    """Who is told what by this event; nothing for events that tell nobody."""
    tell = TELLINGS.get(type(said.event))
    return tell(said) if tell else ()


def _simply(kind: str, **facts: Callable[[Any], str]) -> Tell:
    """The event's person is told, with a template of the same name."""

    def tell(said: Said) -> Sequence[Telling]:
        found = {name: fact(said.event) for name, fact in facts.items()}
        return [Telling(kind, said.event.person, kind, found)]

    return tell


# Recruitment


def _received(said: Said) -> Sequence[Telling]:
    event = said.event
    template = "acknowledgement-late" if event.late else "acknowledgement"
    facts = {"received": moment(event.received_at)}
    return [Telling("acknowledgement", event.person, template, facts)]


def _outcome(said: Said) -> Sequence[Telling]:
    event = said.event
    if event.successful:
        template, facts = "outcome-successful", {"next_steps": event.next_steps}
    elif event.reserve_until is not None:
        template, facts = "outcome-reserve", {"until": day(event.reserve_until)}
    else:
        template, facts = "outcome-unsuccessful", {}
    return [Telling("outcome", event.person, template, facts)]


def _offer(said: Said) -> Sequence[Telling]:
    event = said.event
    facts = {
        "host": said.name(event.host),
        "starts": day(event.term_starts_on),
        "ends": day(event.term_ends_on),
        "next_steps": event.next_steps,
    }
    return [Telling("offer", event.person, "offer", facts)]


def _reference_requested(said: Said) -> Sequence[Telling]:
    facts = {"applicant": said.opened.get("applicant_name", "somebody who named you")}
    return [Telling("reference-request", said.event.referee, "reference-request", facts)]


def _reference_reminded(said: Said) -> Sequence[Telling]:
    return [Telling("reference-reminder", said.event.referee, "reference-reminder", {})]


def _appointed(said: Said) -> Sequence[Telling]:
    event = said.event
    template = "appointment" if event.carries_payment else "appointment-expenses"
    facts = {
        "role": title(event.role_family),
        "host": said.name(event.host),
        "payer": said.name(event.payer),
        "starts": day(event.term_starts_on),
        "ends": day(event.term_ends_on),
    }
    return [Telling("appointment", event.person, template, facts)]


# Engagement


def _invited(said: Said) -> Sequence[Telling]:
    event = said.event
    payment = "carries an involvement payment" if event.carries_payment else "pays expenses only"
    facts = {
        "title": event.title,
        "when": from_to(event.starts_at, event.ends_at),
        "where": _where(event),
        "payment": payment,
    }
    return [Telling("meeting-invitation", event.person, "meeting-invitation", facts)]


def _where(event: engagement.PartnerInvited) -> str:
    parts = {
        "How": words(event.format),
        "Where": event.venue,
        "Access": event.access_notes,
        "To join": event.joining,
    }
    return "\n".join(f"{name}: {said}" for name, said in parts.items() if said)


def _seat_offered(said: Said) -> Sequence[Telling]:
    # an offer of before its committee's name was in it
    facts = {"committee": said.event.committee_name or "a committee"}
    return [Telling("seat-offer", said.event.person, "seat-offer", facts)]


def _cancelled(said: Said) -> Sequence[Telling]:
    event = said.event
    facts = {"when": moment(event.starts_at), "reason": event.reason}
    return [
        Telling("meeting-cancelled", one.person, "meeting-cancelled", facts)
        for one in event.expected
    ]


# Payments


def _corrected(said: Said) -> Sequence[Telling]:
    event = said.event
    if event.difference_pence == event.declined_difference_pence:
        return []
    more = event.difference_pence > 0
    facts = {
        "change": f"{pounds(abs(event.difference_pence))} {'more' if more else 'less'}",
        "amount": pounds(event.amount_pence),
        "explanation": event.explanation.sentence,
    }
    return [Telling("payment-corrected", event.person, "payment-corrected", facts)]


def _details_given(said: Said) -> Sequence[Telling]:
    if said.event.number == 1:
        return []
    return [Telling("bank-details-changed", said.event.person, "bank-details-changed", {})]


TELLINGS: Final[Mapping[type[Event], Tell]] = {
    recruitment.ApplicationReceived: _received,
    recruitment.ApplicationAdmitted: _simply("admission"),
    recruitment.ApplicationWithdrawn: _simply("withdrawal"),
    recruitment.InterviewOffered: _simply("interview-offer"),
    recruitment.InterviewArranged: _simply(
        "interview",
        when=lambda event: moment(event.starts_at),
        where=lambda event: event.place,
        how=lambda event: words(event.format),
    ),
    recruitment.OutcomeDecided: _outcome,
    recruitment.OfferMade: _offer,
    recruitment.OfferDeclined: _simply("offer-declined"),
    recruitment.ReferenceRequested: _reference_requested,
    recruitment.ReferenceReminded: _reference_reminded,
    recruitment.PartnerAppointed: _appointed,
    engagement.PartnerWelcomed: _simply("welcome", role=lambda event: title(event.role_family)),
    engagement.PartnerActivated: _simply("activation"),
    engagement.TrainingExpiring: _simply(
        "training-expiring",
        course=lambda event: words(event.course),
        last_day=lambda event: day(event.expires_on),
    ),
    engagement.TrainingExpired: _simply(
        "training-expired",
        course=lambda event: words(event.course),
        last_day=lambda event: day(event.expires_on),
    ),
    engagement.TermEnding: _simply("term-ending", last_day=lambda event: day(event.ends_on)),
    engagement.TermExtended: _simply(
        "term-extended",
        previous_last_day=lambda event: day(event.previous_ends_on),
        last_day=lambda event: day(event.ends_on),
    ),
    engagement.SeatOffered: _seat_offered,
    engagement.PartnerInvited: _invited,
    engagement.ApologiesSent: _simply("apology-received"),
    engagement.MeetingCancelled: _cancelled,
    payments.PaymentDue: _simply(
        "payment-due",
        amount=lambda event: pounds(event.amount_pence),
        explanation=lambda event: event.explanation.sentence,
    ),
    payments.PaymentCorrected: _corrected,
    payments.PaymentDeclined: _simply(
        "payment-declined", amount=lambda event: pounds(event.declined_pence)
    ),
    payments.PaymentReduced: _simply(
        "payment-reduced", amount=lambda event: pounds(event.takes_pence)
    ),
    payments.PaymentApproved: _simply(
        "payment-approved", amount=lambda event: pounds(event.amount_pence)
    ),
    payments.PaymentRejected: _simply(
        "payment-rejected",
        amount=lambda event: pounds(event.amount_pence),
        reason=lambda event: event.reason,
    ),
    payments.RunLineSettled: _simply(
        "payment-settled",
        amount=lambda event: pounds(event.amount_pence),
        paid_on=lambda event: day(event.settled_on),
    ),
    payments.RunLineReturned: _simply(
        "payment-returned",
        amount=lambda event: pounds(event.amount_pence),
        reason=lambda event: event.reason,
    ),
    payments.RunLineReissued: _simply(
        "payment-reissued", amount=lambda event: pounds(event.amount_pence)
    ),
    payments.PayeeDetailsGiven: _details_given,
}
"""Every event that tells somebody something."""
