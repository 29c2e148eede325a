"""Meetings over HTTP: scheduled, invited to, answered, cancelled, held, attended, corrected."""

from uuid import UUID

from fastapi import Response

from services.engagement.api.asking import Coordinating, Hosting, present, sealed
from services.engagement.diaries import enter
from services.engagement.domain.attendance import (
    ATTENDANCE,
    CorrectAttendance,
    HoldMeeting,
    RecordAttendance,
)
from services.engagement.domain.meeting import (
    MEETING,
    AcceptInvitation,
    CancelMeeting,
    Command,
    Held,
    InvitePartner,
    ScheduleMeeting,
    SendApologies,
    State,
    not_cancelled,
)
from services.engagement.forms import (
    ApologiesForm,
    AttendanceForm,
    CancellationForm,
    CorrectionForm,
    HeldForm,
    MeetingForm,
    PartnerForm,
)
from services.engagement.lookups import committee_of, standing_of
from shared.contracts.personal import Clear
from shared.infra.http import Problem, guarded_router
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation

routes = guarded_router("meetings")

_MEETINGS = "/organisations/{organisation}/meetings"
_MEETING = f"{_MEETINGS}/{{meeting}}"


@routes.post(_MEETINGS, status_code=201, response_class=Response)
async def schedule_meeting(
    organisation: Organisation, form: MeetingForm, asked: Hosting
) -> Response:
    """Schedule a meeting that partners are wanted at."""
    meeting = asked.order.derive("meeting")

    async def work(transaction: Transaction) -> str:
        command = ScheduleMeeting(
            meeting=meeting,
            committee=form.committee,
            title=form.title,
            starts_at=form.starts_at,
            ends_at=form.ends_at,
            format=form.format,
            venue=form.venue,
            access_notes=form.access_notes,
            joining=form.joining,
            role_category=await _role_category(transaction, organisation, form),
            activity_kind=form.activity_kind,
            carries_payment=form.carries_payment,
        )
        await transaction.decide(MEETING, organisation, f"meeting/{meeting}", command)
        return _location(organisation, meeting)

    return await asked.answer(work)


@routes.post(f"{_MEETING}/invitations", status_code=201, response_class=Response)
async def invite_partner(
    organisation: Organisation, meeting: UUID, form: PartnerForm, asked: Hosting
) -> Response:
    """Ask a partner to come."""

    async def work(transaction: Transaction) -> str:
        state = await _meeting(transaction, organisation, meeting)
        on = not_cancelled(state).announced.on
        command = InvitePartner(await standing_of(transaction, organisation, form.partner, on))
        return await _decide(transaction, organisation, meeting, command)

    return await asked.answer(work)


@routes.post(f"{_MEETING}/acceptances", status_code=201, response_class=Response)
async def accept_invitation(
    organisation: Organisation, meeting: UUID, form: PartnerForm, asked: Hosting
) -> Response:
    """Record that a partner means to come."""

    async def work(transaction: Transaction) -> str:
        command = AcceptInvitation(form.partner, transaction.now)
        return await _decide(transaction, organisation, meeting, command)

    return await asked.answer(work)


@routes.post(f"{_MEETING}/apologies", status_code=201, response_class=Response)
async def record_apologies(
    organisation: Organisation, meeting: UUID, form: ApologiesForm, asked: Hosting
) -> Response:
    """Record that a partner cannot come."""

    async def work(transaction: Transaction) -> str:
        command = SendApologies(form.partner, transaction.now, sealed(form.reason))
        return await _decide(transaction, organisation, meeting, command)

    return await asked.answer(work)


@routes.post(f"{_MEETING}/cancellation", status_code=201, response_class=Response)
async def cancel_meeting(
    organisation: Organisation, meeting: UUID, form: CancellationForm, asked: Coordinating
) -> Response:
    """Call the meeting off."""

    async def work(transaction: Transaction) -> str:
        command = CancelMeeting(form.reason, transaction.now)
        return await _decide(transaction, organisation, meeting, command)

    return await asked.answer(work)


@routes.post(f"{_MEETING}/held", status_code=201, response_class=Response)
async def hold_meeting(
    organisation: Organisation, meeting: UUID, form: HeldForm, asked: Hosting
) -> Response:
    """Record when the meeting started and ended."""

    async def work(transaction: Transaction) -> str:
        await _meeting(transaction, organisation, meeting)
        command = HoldMeeting(form.started_at, form.ended_at, transaction.now)
        await transaction.decide(
            ATTENDANCE, organisation, f"meeting/{meeting}", command, at=form.ended_at
        )
        return _location(organisation, meeting)

    return await asked.answer(work)


@routes.post(f"{_MEETING}/attendance", status_code=201, response_class=Response)
async def record_attendance(
    organisation: Organisation, meeting: UUID, form: AttendanceForm, asked: Hosting
) -> Response:
    """Record that a partner was there, from when to when."""
    return await _attendance(
        asked,
        organisation,
        meeting,
        RecordAttendance(
            partner=form.partner,
            attended_from=form.attended_from,
            attended_to=form.attended_to,
            preparation_minutes=form.preparation_minutes,
        ),
    )


@routes.post(f"{_MEETING}/attendance-corrections", status_code=201, response_class=Response)
async def correct_attendance(
    organisation: Organisation, meeting: UUID, form: CorrectionForm, asked: Hosting
) -> Response:
    """Replace what is on record of a partner's attendance, with the reason."""
    return await _attendance(
        asked,
        organisation,
        meeting,
        CorrectAttendance(
            partner=form.partner,
            attended=form.attended,
            attended_from=form.attended_from,
            attended_to=form.attended_to,
            preparation_minutes=form.preparation_minutes,
            reason=Clear(form.reason),
        ),
    )


async def _attendance(
    asked: Hosting,
    organisation: str,
    meeting: UUID,
    command: RecordAttendance | CorrectAttendance,
) -> Response:
    """Decide at the meeting, then enter it in the partner's diary, where overlaps show."""

    async def work(transaction: Transaction) -> str:
        state = await _meeting(transaction, organisation, meeting)
        at = state.session.end if isinstance(state, Held) else None
        events = await transaction.decide(
            ATTENDANCE, organisation, f"meeting/{meeting}", command, at=at
        )
        await enter(transaction, organisation, events)
        return _location(organisation, meeting)

    return await asked.answer(work)


def _location(organisation: str, meeting: UUID) -> str:
    return f"/organisations/{organisation}/meetings/{meeting}"


async def _meeting(transaction: Transaction, organisation: str, meeting: UUID) -> State:
    return await present(transaction, MEETING, organisation, "meeting", meeting)


async def _decide(
    transaction: Transaction, organisation: str, meeting: UUID, command: Command
) -> str:
    await _meeting(transaction, organisation, meeting)
    await transaction.decide(MEETING, organisation, f"meeting/{meeting}", command)
    return _location(organisation, meeting)


async def _role_category(transaction: Transaction, organisation: str, form: MeetingForm) -> int:
    """The form's own, else its committee's; the committee must exist in either case."""
    if form.committee is None:
        if form.role_category is None:
            raise Problem(
                422, "malformed", "Give a role_category, or the committee whose category holds."
            )
        return form.role_category
    committee = await committee_of(transaction, organisation, form.committee)
    return form.role_category or committee.role_category
