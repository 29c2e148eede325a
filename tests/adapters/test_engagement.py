"""Engagement as it runs: from an appointment to attendance over HTTP, on a real log, with time."""

from asyncio import gather
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.routing import APIRoute

from services.engagement.api import committees, meetings, onboarding, partners, work
from shared.contracts.engagement import (
    MeetingAttended,
    PartnerWelcomed,
    SeatVacated,
    SessionEntered,
)
from shared.contracts.personal import Sealed
from shared.infra.database import Pool
from tests.adapters.conftest import Database
from tests.adapters.trust import PERSON, Trust, running, training


@pytest.fixture
async def trust(database: Database, pool: Pool, tmp_path: Path) -> AsyncIterator[Trust]:
    async with running(database, pool, tmp_path) as service:
        yield service


COMMITTEE = {
    "name": "Quality and Safety Committee",
    "kind": "committee",
    "safety_related": True,
    "reason_for_involvement": "The patient's view in every safety decision",
    "role_category": 4,
    "places": 2,
    "required_training": [{"course": "patient-safety", "required_by": "2024-06-30"}],
}
MEETING = {
    "title": "Quality and Safety Committee",
    "starts_at": "2024-04-16T10:00:00+01:00",
    "ends_at": "2024-04-16T14:00:00+01:00",
    "format": "face-to-face",
    "venue": "Board room, Example House",
    "carries_payment": True,
}
HELD = {"started_at": MEETING["starts_at"], "ended_at": MEETING["ends_at"]}


async def test_from_an_appointment_to_attendance(trust: Trust) -> None:
    partner = await trust.appoint(PERSON, 1)
    assert await trust.refused(f"partners/{partner}/activation") == "onboarding-incomplete"
    await trust.onboard(partner)
    committee = await trust.done("committees", COMMITTEE)
    who = {"partner": str(partner)}
    await trust.done(f"{committee}/offers", who)
    await trust.done(f"{committee}/seats", who)
    meeting = await trust.done(
        "meetings", MEETING | {"committee": committee.removeprefix("committees/")}
    )
    await trust.done(f"{meeting}/invitations", who)
    await trust.done(f"{meeting}/acceptances", who)
    assert await trust.refused(f"{meeting}/held", HELD) == "meeting-not-started"
    trust.clock.set(datetime(2024, 4, 16, 14, 0, tzinfo=UTC))
    await trust.done(f"{meeting}/held", HELD)
    await trust.done(f"{meeting}/attendance", who)
    [attended] = [one for one in await trust.events() if one.type == "MeetingAttended"]
    event = attended.event()
    assert isinstance(event, MeetingAttended)
    assert (event.partner, event.person, event.payer) == (partner, PERSON, "QH8")
    assert (event.minutes, event.role_category, event.carries_payment) == (240, 4, True)
    assert attended.stream == meeting.replace("meetings/", "meeting/")
    assert attended.time == datetime(2024, 4, 16, 13, 0, tzinfo=UTC)
    assert attended.recorded_at == datetime(2024, 4, 16, 14, 0, tzinfo=UTC)


async def test_what_a_partner_is_called_lies_nowhere_in_clear(trust: Trust) -> None:
    await trust.appoint(PERSON, 1)
    [welcomed] = [one for one in await trust.events() if one.type == "PartnerWelcomed"]
    event = welcomed.event()
    assert isinstance(event, PartnerWelcomed)
    assert isinstance(event.name, Sealed)
    assert event.name.case == f"partner/{event.partner}"
    assert event.name.at.startswith("engagement.RAJ ")
    assert "Penhallow" not in welcomed.body
    opened = await trust.kit.opener.open(
        {"name": event.name}, "welcoming a partner", organisation="RAJ", actor="system/engagement"
    )
    assert opened == {"name": "Ada Penhallow"}


async def test_an_appointment_during_a_term_is_set_aside(trust: Trust) -> None:
    await trust.appoint(PERSON, 1)
    await trust.appoint(PERSON, 2)
    await trust.appoint(PERSON, 2)
    assert len(await trust.of("TermStarted")) == len(await trust.of("AppointmentSetAside")) == 1
    assert len(await trust.of("PartnerWelcomed", "PartnerReappointed")) == 1


async def test_time_reminds_ends_terms_and_lets_partners_go(trust: Trust) -> None:
    partner = await trust.appoint(PERSON, 1)
    await trust.onboard(partner)
    committee = await trust.done("committees", COMMITTEE)
    for path in ("offers", "seats"):
        await trust.done(f"{committee}/{path}", {"partner": str(partner)})
    kinds = ("TrainingExpiring", "TrainingExpired", "TermEnding", "TermEnded", "PartnerStoodDown")
    for moment in (date(2025, 2, 6), date(2025, 4, 8), date(2025, 9, 30)):
        await trust.work_off_deadlines(
            datetime(moment.year, moment.month, moment.day, 8, tzinfo=UTC)
        )
    seen = [type(event).__name__ for event in await trust.of(*kinds)]
    assert sorted(set(seen)) == ["TermEnding", "TrainingExpired", "TrainingExpiring"]
    assert [seen.count(kind) for kind in kinds[:3]] == [6, 2, 2]
    await trust.work_off_deadlines(datetime(2025, 9, 30, 23, 0, tzinfo=UTC))
    assert [type(event).__name__ for event in await trust.of(*kinds[3:])] == [
        "TermEnded",
        "PartnerStoodDown",
    ]
    [vacated] = await trust.of("SeatVacated")
    assert isinstance(vacated, SeatVacated)
    assert (vacated.vacated_on, vacated.cause) == (date(2025, 10, 1), "stood-down")
    assert await trust.refused(f"partners/{partner}/activation") == "partner-has-left"


async def test_an_extension_moves_the_end(trust: Trust) -> None:
    partner = await trust.appoint(PERSON, 1)
    await trust.onboard(partner)
    extension = {"ends_on": "2026-03-31", "reason": "The review goes on"}
    await trust.done(f"partners/{partner}/extensions", extension)
    await trust.work_off_deadlines(datetime(2025, 10, 1, 8, tzinfo=UTC))
    assert await trust.of("TermEnded", "PartnerStoodDown") == []
    await trust.work_off_deadlines(datetime(2026, 4, 1, 8, tzinfo=UTC))
    assert len(await trust.of("TermEnded", "PartnerStoodDown")) == 2


async def test_who_stands_down_ends_the_term_and_may_come_back(trust: Trust) -> None:
    partner = await trust.appoint(PERSON, 1)
    await trust.onboard(partner)
    who = {"partner": str(partner)}
    for paths in (("offers", "seats"), ("offers",)):
        committee = await trust.done("committees", COMMITTEE)
        for path in paths:
            await trust.done(f"{committee}/{path}", who)
    await trust.done(f"partners/{partner}/standing-down", {"cause": "own-wish", "reason": "Moving"})
    assert len(await trust.of("SeatVacated", "SeatDeclined", "CommitteeStruckOut")) == 4
    assert len(await trust.of("TermEnded", "PartnerStoodDown")) == 2
    again = {"term_starts_on": date(2024, 5, 1), "term_ends_on": date(2025, 10, 31)}
    await trust.appoint(PERSON, 2, **again)
    assert len(await trust.of("TermStarted")) == 2
    trust.clock.set(datetime(2024, 4, 9, 9, tzinfo=UTC))
    assert await trust.refused(f"partners/{partner}/activation") == "no-term-runs"
    trust.clock.set(datetime(2024, 5, 1, 9, tzinfo=UTC))
    await trust.done(f"partners/{partner}/activation")


async def test_overlapping_sessions_are_flagged_until_corrected(trust: Trust) -> None:
    partner = await trust.appoint(PERSON, 1)
    await trust.onboard(partner)
    who = {"partner": str(partner)}
    meetings = []
    for number in range(2):
        meeting = await trust.done(
            "meetings", MEETING | {"title": f"M{number}", "role_category": 3}
        )
        await trust.done(f"{meeting}/invitations", who)
        meetings.append(meeting)
    trust.clock.set(datetime(2024, 4, 16, 14, 0, tzinfo=UTC))
    for meeting in meetings:
        await trust.done(f"{meeting}/held", HELD)
        await trust.done(f"{meeting}/attendance", who)
    struck_out = who | {"attended": False, "reason": "Mixed up with the other meeting"}
    await trust.done(f"{meetings[1]}/attendance-corrections", struck_out)
    first, second = UUID(meetings[0][9:]), UUID(meetings[1][9:])
    entered = await trust.of("SessionEntered", "SessionStruckOut")
    assert [getattr(one, "meeting", None) for one in entered] == [first, second, second]
    assert [one.overlaps for one in entered if isinstance(one, SessionEntered)] == [(), (first,)]


async def test_two_coordinators_at_once_give_the_last_seat_once(trust: Trust) -> None:
    partners = [await trust.appoint(UUID(int=910 + number), 10 + number) for number in range(4)]
    for partner in partners:
        await trust.onboard(partner)
    committee = await trust.done("committees", COMMITTEE | {"places": 1, "minimum_partners": 1})
    replies = await gather(
        *(trust.post(f"{committee}/offers", {"partner": str(partner)}) for partner in partners)
    )
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]
    assert len(await trust.of("SeatOffered")) == 1


async def test_work_and_contributions(trust: Trust) -> None:
    partner = await trust.appoint(PERSON, 1)
    await trust.onboard(partner)
    await trust.done(
        "activities",
        {
            "partner": str(partner),
            "activity_kind": "document-review",
            "role_category": 3,
            "carries_payment": True,
            "on": "2024-04-08",
            "minutes": 90,
        },
        role="lead-contact",
    )
    raised = {"partner": str(partner), "on": "2024-04-08", "raised": "Letters come too late"}
    contribution = await trust.done("contributions", raised)
    answer = {"on": "2024-04-08", "changed": True, "answer": "They go out a week earlier"}
    await trust.done(f"{contribution}/answers", answer)
    assert len(await trust.of("ActivityRecorded", "ContributionAnswered")) == 2
    nowhere = raised | {"meeting": str(UUID(int=404))}
    assert await trust.refused("contributions", nowhere) == "meeting-unknown"
    nobody = raised | {"partner": str(UUID(int=404))}
    assert await trust.refused("contributions", nobody) == "partner-not-welcomed"


def routes() -> list[str]:
    """Every command of engagement, with identifiers of nothing."""
    parts = (partners, onboarding, committees, meetings, work)
    found = [route for part in parts for route in part.routes.routes]
    nothing = str(UUID(int=404))
    return sorted(
        route.path.removeprefix("/organisations/{organisation}/").format(
            partner=nothing, committee=nothing, meeting=nothing, contribution=nothing
        )
        for route in found
        if isinstance(route, APIRoute)
    )


BAD_BODIES: tuple[object, ...] = (
    {"surprise": 1},
    {"on": 20240408, "partner": 7, "reason": ["no"], "starts_at": "tomorrow"},
    {"ends_on": "9999-12-31", "starts_on": "0001-01-01", "done_on": "1970-13-01"},
    {"minutes": 1e3, "places": -1, "role_category": 5, "attended": "yes"},
    [],
    "text",
    7,
)


async def test_bad_input_is_answered_with_what_is_wrong_and_writes_nothing(trust: Trust) -> None:
    before = len(await trust.events())
    for path in routes():
        for body in BAD_BODIES:
            reply = await trust.client.post(
                f"/organisations/RAJ/{path}", json=body, headers=trust.headers("coordinator")
            )
            assert reply.status_code == 422, (path, body, reply.text)
            assert reply.json()["detail"].endswith("."), reply.text
    assert len(await trust.events()) == before


GOOD_BODIES: dict[str, object] = {
    "activation": {},
    "pauses": {},
    "resumptions": {},
    "standing-down": {"cause": "own-wish"},
    "terms": {"appointment": str(UUID(int=1)), "starts_on": "2024-04-01"},
    "extensions": {"ends_on": "2026-03-31", "reason": "More to do"},
    "onboarding-plan": {},
    "offers": {"partner": str(UUID(int=404))},
    "seats": {"partner": str(UUID(int=404))},
    "vacated-seats": {"partner": str(UUID(int=404)), "cause": "rotation"},
    "declined-offers": {"partner": str(UUID(int=404))},
    "invitations": {"partner": str(UUID(int=404))},
    "held": HELD,
    "attendance": {"partner": str(UUID(int=404))},
    "answers": {"on": "2024-04-08", "changed": False, "answer": "Heard"},
}


async def test_what_is_not_there_and_who_may_not(trust: Trust) -> None:
    paths = [path for path in routes() if path.rpartition("/")[2] in GOOD_BODIES]
    assert len(paths) == len(GOOD_BODIES)
    before = len(await trust.events())
    for path in paths:
        body = GOOD_BODIES[path.rpartition("/")[2]]
        reply = await trust.post(path, body)
        assert reply.status_code == 404, path
        assert (await trust.post(path, body, role="finance-approver")).status_code == 403
        stranger = trust.headers("coordinator", "QH8")
        reply = await trust.client.post(f"/organisations/RAJ/{path}", json=body, headers=stranger)
        assert reply.status_code == 404
    assert len(await trust.events()) == before


async def test_a_meeting_needs_a_category_or_a_committee(trust: Trust) -> None:
    reply = await trust.post("meetings", MEETING)
    assert reply.status_code == 422
    assert "role_category" in reply.json()["detail"]
    nowhere = MEETING | {"committee": str(UUID(int=404))}
    assert await trust.refused("meetings", nowhere) == "committee-unknown"


async def test_days_no_calendar_can_count_from_are_refused_and_far_ones_are_not(
    trust: Trust,
) -> None:
    at = f"partners/{await trust.appoint(PERSON, 1)}"
    course = training("patient-safety", "2024-04-08")
    term = {"appointment": str(UUID(int=9)), "starts_on": "2199-12-31"}
    await trust.done(f"{at}/training", course | {"expires_on": "2199-12-31"})
    await trust.done(f"{at}/terms", term)
    for path, body in (
        (f"{at}/training", course | {"expires_on": "9999-12-31"}),
        (f"{at}/terms", term | {"starts_on": "9999-12-31"}),
        ("meetings", MEETING | {"starts_at": "0001-01-01T00:00:00+14:00", "role_category": 4}),
    ):
        reply = await trust.post(path, body)
        assert reply.status_code == 422, path
        assert "between 1990 and 2199" in reply.json()["detail"]
