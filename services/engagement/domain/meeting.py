"""One meeting: scheduled, invited to, answered, cancelled; once held, see attendance.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from services.engagement.domain.session import Attendance, Session, TimesInWrongOrder
from services.engagement.domain.standing import Standing
from shared.contracts.engagement import (
    ApologiesSent,
    AttendanceCorrected,
    ExpectedPartner,
    InvitationAccepted,
    MeetingAttended,
    MeetingCancelled,
    MeetingHeld,
    MeetingScheduled,
    PartnerInvited,
)
from shared.contracts.personal import Clear
from shared.kernel.decider import Decider, Refused
from shared.kernel.moments import LONDON, london_date

# Commands


@dataclass(frozen=True, slots=True)
class ScheduleMeeting:
    """A meeting that partners are wanted at."""

    meeting: UUID
    committee: UUID | None
    title: str
    starts_at: datetime
    ends_at: datetime
    format: str
    role_category: int
    activity_kind: str
    carries_payment: bool
    venue: str | None = None
    access_notes: str | None = None
    joining: str | None = None


@dataclass(frozen=True, slots=True)
class InvitePartner:
    """Ask a partner to come."""

    partner: Standing


@dataclass(frozen=True, slots=True)
class AcceptInvitation:
    """The partner means to come."""

    partner: UUID
    now: datetime


@dataclass(frozen=True, slots=True)
class SendApologies:
    """The partner cannot come."""

    partner: UUID
    now: datetime
    reason: Clear | None = None


@dataclass(frozen=True, slots=True)
class CancelMeeting:
    """The organisation calls the meeting off."""

    reason: str
    now: datetime


Command: TypeAlias = (
    ScheduleMeeting | InvitePartner | AcceptInvitation | SendApologies | CancelMeeting
)
MeetingEvent: TypeAlias = (
    MeetingScheduled
    | PartnerInvited
    | InvitationAccepted
    | ApologiesSent
    | MeetingCancelled
    | MeetingHeld
    | MeetingAttended
    | AttendanceCorrected
)

# State

Answer: TypeAlias = Literal["none", "accepted", "apologies"]


@dataclass(frozen=True, slots=True)
class Invitation:
    """A partner asked to come: who pays them, whether they are paid, what they answered."""

    person: UUID
    payer: str
    carries_payment: bool
    answer: Answer = "none"


@dataclass(frozen=True, slots=True)
class NotScheduled:
    """No meeting was scheduled under this identifier."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A meeting still to come, or not yet recorded as held."""

    announced: MeetingScheduled
    invitations: Mapping[UUID, Invitation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A meeting that was called off."""


@dataclass(frozen=True, slots=True)
class Held:
    """A meeting that took place, and who is known to have been there."""

    announced: MeetingScheduled
    invitations: Mapping[UUID, Invitation]
    session: Session
    attendances: Mapping[UUID, Attendance] = field(default_factory=dict)


State: TypeAlias = NotScheduled | Scheduled | Cancelled | Held

# Rules


class MeetingUnknown(Refused):
    """Only a meeting that was scheduled can be acted on; schedule it first."""


class MeetingWasCancelled(Refused):
    """Nothing more happens at a cancelled meeting; schedule another one."""


class VenueMissing(Refused):
    """A meeting people go to needs a venue; say where it takes place."""


class PartnerCannotBeInvited(Refused):
    """Invite only an active partner, to a meeting on a day on which their term runs."""


class NotInvited(Refused):
    """This is for partners who were invited to the meeting; invite the partner first."""


class MeetingHasStarted(Refused):
    """An invitation is answered before the meeting starts; now record who was there instead."""


class MeetingWasHeld(Refused):
    """The meeting is recorded as held; correct a partner's attendance instead."""


def decide(state: State, command: Command) -> Sequence[MeetingEvent]:
    """What a command does to this meeting."""
    if isinstance(command, ScheduleMeeting):
        return _schedule(state, command)
    if isinstance(command, CancelMeeting):
        return [] if isinstance(state, Cancelled) else _cancel(not_cancelled(state), command)
    state = not_cancelled(state)
    match command:
        case InvitePartner():
            return _invite(state, command.partner)
        case AcceptInvitation():
            return _accept(state, command)
        case SendApologies():
            return _apologise(state, command)
        case _:
            assert_never(command)


def not_cancelled(state: State) -> Scheduled | Held:
    """The meeting; refused when it was never scheduled or is cancelled."""
    if isinstance(state, NotScheduled):
        raise MeetingUnknown
    if isinstance(state, Cancelled):
        raise MeetingWasCancelled
    return state


def _schedule(state: State, command: ScheduleMeeting) -> Sequence[MeetingEvent]:
    if not isinstance(state, NotScheduled):
        return []
    if command.ends_at <= command.starts_at:
        raise TimesInWrongOrder
    if command.format != "remote" and not (command.venue or "").strip():
        raise VenueMissing
    return [
        MeetingScheduled(
            meeting=command.meeting,
            committee=command.committee,
            title=command.title,
            on=london_date(command.starts_at),
            starts_at=command.starts_at,
            ends_at=command.ends_at,
            time_zone=LONDON.key,
            format=command.format,
            venue=command.venue,
            access_notes=command.access_notes,
            joining=command.joining,
            role_category=command.role_category,
            activity_kind=command.activity_kind,
            carries_payment=command.carries_payment,
        )
    ]


def _invite(state: Scheduled | Held, partner: Standing) -> Sequence[MeetingEvent]:
    if partner.partner in state.invitations:
        return []
    if not partner.takes_part:
        raise PartnerCannotBeInvited
    meeting = state.announced
    return [
        PartnerInvited(
            meeting=meeting.meeting,
            committee=meeting.committee,
            partner=partner.partner,
            person=partner.person,
            payer=partner.payer,
            title=meeting.title,
            on=meeting.on,
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            time_zone=meeting.time_zone,
            format=meeting.format,
            venue=meeting.venue,
            access_notes=meeting.access_notes,
            joining=meeting.joining,
            carries_payment=meeting.carries_payment and partner.carries_payment,
        )
    ]


def invitation_of(state: Scheduled | Held, partner: UUID) -> Invitation:
    """The partner's invitation; refused without one."""
    invitation = state.invitations.get(partner)
    if invitation is None:
        raise NotInvited
    return invitation


def _accept(state: Scheduled | Held, command: AcceptInvitation) -> Sequence[MeetingEvent]:
    invitation = invitation_of(state, command.partner)
    if invitation.answer == "accepted":
        return []
    _refuse_late_answer(state, command.now)
    return [
        InvitationAccepted(
            meeting=state.announced.meeting,
            partner=command.partner,
            person=invitation.person,
        )
    ]


def _apologise(state: Scheduled | Held, command: SendApologies) -> Sequence[MeetingEvent]:
    invitation = invitation_of(state, command.partner)
    if invitation.answer == "apologies":
        return []
    _refuse_late_answer(state, command.now)
    return [
        ApologiesSent(
            meeting=state.announced.meeting,
            partner=command.partner,
            person=invitation.person,
            reason=command.reason,
        )
    ]


def _refuse_late_answer(state: Scheduled | Held, now: datetime) -> None:
    if now >= state.announced.starts_at or isinstance(state, Held):
        raise MeetingHasStarted


def _cancel(state: Scheduled | Held, command: CancelMeeting) -> Sequence[MeetingEvent]:
    if isinstance(state, Held):
        raise MeetingWasHeld
    meeting = state.announced
    return [
        MeetingCancelled(
            meeting=meeting.meeting,
            committee=meeting.committee,
            on=meeting.on,
            starts_at=meeting.starts_at,
            minutes=Session(meeting.starts_at, meeting.ends_at).minutes,
            cancelled_at=command.now,
            reason=command.reason,
            role_category=meeting.role_category,
            activity_kind=meeting.activity_kind,
            carries_payment=meeting.carries_payment,
            expected=_expected(state.invitations),
        )
    ]


def _expected(invitations: Mapping[UUID, Invitation]) -> tuple[ExpectedPartner, ...]:
    return tuple(
        ExpectedPartner(
            partner=partner,
            person=invitation.person,
            payer=invitation.payer,
            carries_payment=invitation.carries_payment,
            accepted=invitation.answer == "accepted",
        )
        for partner, invitation in invitations.items()
        if invitation.answer != "apologies"
    )


def evolve(state: State, event: MeetingEvent) -> State:  # noqa: PLR0911 - one way out an event
    """What an event makes of this meeting."""
    if isinstance(event, MeetingScheduled):
        return Scheduled(event)
    if not isinstance(state, Scheduled | Held):
        return state
    match event:
        case MeetingCancelled():
            return Cancelled()
        case MeetingHeld():
            return Held(
                state.announced, state.invitations, Session(event.started_at, event.ended_at)
            )
        case MeetingAttended() | AttendanceCorrected():
            return _after_attendance(state, event)
        case PartnerInvited():
            invitation = Invitation(event.person, event.payer, event.carries_payment)
            return _with(state, event.partner, invitation)
        case InvitationAccepted() | ApologiesSent():
            known = state.invitations.get(event.partner)
            accepted = isinstance(event, InvitationAccepted)
            if known is None:
                return state
            answer: Answer = "accepted" if accepted else "apologies"
            return _with(state, event.partner, replace(known, answer=answer))


def _with(state: Scheduled | Held, partner: UUID, invitation: Invitation) -> State:
    return replace(state, invitations={**state.invitations, partner: invitation})


def _after_attendance(
    state: Scheduled | Held, event: MeetingAttended | AttendanceCorrected
) -> State:
    if isinstance(state, Scheduled):
        return state
    there = isinstance(event, MeetingAttended) or event.attended
    session = Session(event.attended_from, event.attended_to) if there else None
    attendance = Attendance(session, event.preparation_minutes)
    return replace(state, attendances={**state.attendances, event.partner: attendance})


MEETING: Decider[State, Command, MeetingEvent] = Decider(NotScheduled(), decide, evolve)
