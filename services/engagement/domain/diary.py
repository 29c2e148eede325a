"""What one partner is part of: committees, and sessions with a flag where two overlap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

from services.engagement.domain.session import Session
from shared.contracts.engagement import (
    CommitteeEntered,
    CommitteeStruckOut,
    SessionEntered,
    SessionStruckOut,
)
from shared.kernel.decider import Decider
from shared.kernel.moments import london_date

# Commands


@dataclass(frozen=True, slots=True)
class EnterSession:
    """The partner was at this meeting between these times."""

    partner: UUID
    person: UUID
    meeting: UUID
    attended_from: datetime
    attended_to: datetime


@dataclass(frozen=True, slots=True)
class StrikeOutSession:
    """The partner was not at this meeting after all."""

    partner: UUID
    person: UUID
    meeting: UUID


@dataclass(frozen=True, slots=True)
class EnterCommittee:
    """The partner is offered a seat there or sits there."""

    partner: UUID
    person: UUID
    committee: UUID


@dataclass(frozen=True, slots=True)
class StrikeOutCommittee:
    """The partner no longer has to do with it."""

    partner: UUID
    person: UUID
    committee: UUID


Command: TypeAlias = EnterSession | StrikeOutSession | EnterCommittee | StrikeOutCommittee
DiaryEvent: TypeAlias = SessionEntered | SessionStruckOut | CommitteeEntered | CommitteeStruckOut

# State


@dataclass(frozen=True, slots=True)
class Diary:
    """The partner's sessions by meeting, and the committees with a seat or an offer for them."""

    sessions: Mapping[UUID, Session] = field(default_factory=dict)
    committees: frozenset[UUID] = frozenset()


# Rules


def decide(state: Diary, command: Command) -> Sequence[DiaryEvent]:
    """Enter or strike out. Nothing is refused: what happened is written down."""
    match command:
        case EnterSession():
            return _enter(state, command)
        case StrikeOutSession():
            return _strike_out(state, command)
        case EnterCommittee(partner, person, committee):
            if committee in state.committees:
                return []
            return [CommitteeEntered(partner=partner, person=person, committee=committee)]
        case StrikeOutCommittee(partner, person, committee):
            if committee not in state.committees:
                return []
            return [CommitteeStruckOut(partner=partner, person=person, committee=committee)]
        case _:
            assert_never(command)


def _enter(state: Diary, command: EnterSession) -> Sequence[DiaryEvent]:
    session = Session(command.attended_from, command.attended_to)
    if state.sessions.get(command.meeting) == session:
        return []
    overlaps = (
        meeting
        for meeting, other in state.sessions.items()
        if meeting != command.meeting and session.overlaps(other)
    )
    return [
        SessionEntered(
            partner=command.partner,
            person=command.person,
            meeting=command.meeting,
            on=london_date(session.start),
            attended_from=session.start,
            attended_to=session.end,
            overlaps=tuple(sorted(overlaps)),
        )
    ]


def _strike_out(state: Diary, command: StrikeOutSession) -> Sequence[DiaryEvent]:
    session = state.sessions.get(command.meeting)
    if session is None:
        return []
    return [
        SessionStruckOut(
            partner=command.partner,
            person=command.person,
            meeting=command.meeting,
            on=london_date(session.start),
        )
    ]


def evolve(state: Diary, event: DiaryEvent) -> Diary:
    """What an event makes of this diary."""
    match event:
        case CommitteeEntered():
            return replace(state, committees=state.committees | {event.committee})
        case CommitteeStruckOut():
            return replace(state, committees=state.committees - {event.committee})
        case SessionEntered():
            session = Session(event.attended_from, event.attended_to)
            return replace(state, sessions={**state.sessions, event.meeting: session})
        case SessionStruckOut():
            rest = {m: s for m, s in state.sessions.items() if m != event.meeting}
            return replace(state, sessions=rest)


DIARY: Decider[Diary, Command, DiaryEvent] = Decider(Diary(), decide, evolve)
