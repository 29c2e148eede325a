"""What one partner did when: sessions that overlap are flagged, since both cannot be true."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

from services.engagement.domain.session import Session
from shared.contracts.engagement import SessionEntered, SessionStruckOut
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


Command: TypeAlias = EnterSession | StrikeOutSession
DiaryEvent: TypeAlias = SessionEntered | SessionStruckOut

# State


@dataclass(frozen=True, slots=True)
class Diary:
    """The partner's sessions by meeting."""

    sessions: Mapping[UUID, Session] = field(default_factory=dict)


# Rules


def decide(state: Diary, command: Command) -> Sequence[DiaryEvent]:
    """Enter or strike out a session. Nothing is refused: what happened is written down."""
    match command:
        case EnterSession():
            return _enter(state, command)
        case StrikeOutSession():
            return _strike_out(state, command)
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
    sessions = {m: s for m, s in state.sessions.items() if m != event.meeting}
    if isinstance(event, SessionEntered):
        sessions[event.meeting] = Session(event.attended_from, event.attended_to)
    return replace(state, sessions=sessions)


DIARY: Decider[Diary, Command, DiaryEvent] = Decider(Diary(), decide, evolve)
