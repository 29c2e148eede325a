"""Keeps each partner's diary in the same transaction as what meetings and committees decide."""

from collections.abc import Iterable
from datetime import date
from typing import Final
from uuid import UUID

from services.engagement.domain.committee import (
    COMMITTEE,
    Constituted,
    DeclineSeat,
    Offered,
    Taken,
    VacateSeat,
)
from services.engagement.domain.diary import (
    DIARY,
    Command,
    EnterCommittee,
    EnterSession,
    StrikeOutCommittee,
    StrikeOutSession,
)
from shared.contracts.engagement import (
    AttendanceCorrected,
    MeetingAttended,
    SeatDeclined,
    SeatOffered,
    SeatTaken,
    SeatVacated,
)
from shared.contracts.event import Event
from shared.infra.shell import Transaction

STOOD_DOWN: Final = "stood-down"
"""Why a seat is vacated when its partner leaves the role."""


async def enter(transaction: Transaction, organisation: str, events: Iterable[Event]) -> None:
    """Enter in the diaries of the partners concerned what has just happened."""
    for event in events:
        command = _entry(event)
        if command is not None:
            stream = f"diary/{command.partner}"
            await transaction.decide(DIARY, organisation, stream, command)


def _entry(event: Event) -> Command | None:
    match event:
        case MeetingAttended() | AttendanceCorrected(attended=True):
            return EnterSession(
                partner=event.partner,
                person=event.person,
                meeting=event.meeting,
                attended_from=event.attended_from,
                attended_to=event.attended_to,
            )
        case AttendanceCorrected():
            return StrikeOutSession(event.partner, event.person, event.meeting)
        case SeatOffered() | SeatTaken():
            return EnterCommittee(event.partner, event.person, event.committee)
        case SeatDeclined() | SeatVacated():
            return StrikeOutCommittee(event.partner, event.person, event.committee)
        case _:
            return None


async def free_seats(transaction: Transaction, organisation: str, partner: UUID, on: date) -> None:
    """Free every place held for a partner who leaves: no committee may count on them."""
    diary = await transaction.state(DIARY, organisation, f"diary/{partner}")
    for committee in sorted(diary.committees):
        stream = f"committee/{committee}"
        state = await transaction.state(COMMITTEE, organisation, stream)
        held = state.holdings.get(partner) if isinstance(state, Constituted) else None
        match held:
            case Offered():
                command: DeclineSeat | VacateSeat = DeclineSeat(partner, on)
            case Taken():
                command = VacateSeat(partner, on, STOOD_DOWN)
            case _:
                continue
        events = await transaction.decide(COMMITTEE, organisation, stream, command)
        await enter(transaction, organisation, events)
