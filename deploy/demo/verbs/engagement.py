"""Verbs of a trust's engagement team: onboarding, committees, meetings, attendance."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from time import monotonic
from typing import Any, Final

from deploy.demo.neighbours import StoryFailed
from deploy.demo.play import Meeting, Play, Verb
from deploy.demo.story import Step, as_day, as_time
from shared.kernel.moments import format_moment, london, london_date

_NAMES_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.1
_INCOME_ADVICE: Final = (
    "Involvement payments are seen as income by HMRC, the Job Centre and insurers. "
    "Please declare them, and take independent advice before you accept them."
)


async def partner(play: Play, who: str, organisation: str, name: str) -> str:
    """The identifier of the partner of this name, from the roster.

    While the keeper of the names is away they are not shown, and the roster is read again.
    """
    known, until = play.memory.partners, monotonic() + _NAMES_SECONDS
    while name not in known:
        rows = (await play.view(who, organisation, "roster"))["partners"]
        known |= {row["name"]: (organisation, row["partner"]) for row in rows if row["name"]}
        hidden = any(row["unavailable"] for row in rows)
        if name not in known:
            if not hidden or monotonic() > until:
                raise StoryFailed(f"{name} is not on the roster of {organisation}.")
            await asyncio.sleep(_LOOK_SECONDS)
    return known[name][1]


async def onboards(play: Play, step: Step) -> None:
    """Everything a partner must have done before being active, by the organisation's policy."""
    organisation, waiving = play.organisation_of(step.who), step.may("waiving", {})
    for name in step.names("partners"):
        identifier = await partner(play, step.who, organisation, name)
        roster = await play.view(step.who, organisation, "roster", names=False)
        row = next(row for row in roster["partners"] if row["partner"] == identifier)
        lead = await play.identity(step.who)
        for item in row["still_open"]:
            path, body = _onboarding(play, step, name, item, lead, waiving.get(name, {}))
            await play.command(
                step.who, "engagement", organisation, f"/partners/{identifier}{path}", body
            )
        await play.command(
            step.who, "engagement", organisation, f"/partners/{identifier}/activation"
        )


def _onboarding(
    play: Play, step: Step, name: str, item: str, lead: str, waived: Mapping[str, str]
) -> tuple[str, dict[str, Any]]:
    day = london_date(step.at).isoformat()
    if item in waived:
        return "/waivers", {"item": item, "reason": waived[item], "waived_by": step.who}
    if item.startswith("training/"):
        return "/training", _training(item.removeprefix("training/"), day)
    needs = play.person(name).get("needs")
    paper = "large-print" if "large print" in (needs or "") else "electronic"
    special: dict[str, tuple[str, dict[str, Any]]] = {
        "lead-contact": (
            "/lead-contact",
            {"lead_contact": lead, "name": step.who, "nominated_on": day},
        ),
        "income-advice": (
            "/income-advice",
            {"given_on": day, "means": "letter", "statement": _INCOME_ADVICE},
        ),
        "confidentiality-agreement": (
            "/confidentiality-agreement",
            {"signed_on": day, "document": "Confidentiality agreement, version 3"},
        ),
        "nolan-principles": ("/nolan-principles", {"acknowledged_on": day}),
        "interests": ("/interests", {"declared_on": day}),
        "access-needs": (
            "/access-needs",
            {"recorded_on": day, "paper_format": paper, **({"needs": needs} if needs else {})},
        ),
    }
    return special.get(item, ("/onboarding-items", {"item": item, "done_on": day}))


def _training(course: str, day: str) -> dict[str, Any]:
    return {
        "course": course,
        "provider": "Mid and South Essex learning team",
        "mode": "e-learning",
        "completed_on": day,
    }


async def activates(play: Play, step: Step) -> None:
    """Makes a partner active."""
    organisation = play.organisation_of(step.who)
    identifier = await partner(play, step.who, organisation, step.need("partner"))
    await play.command(step.who, "engagement", organisation, f"/partners/{identifier}/activation")


async def records_training(play: Play, step: Step) -> None:
    """Records a course a partner completed today."""
    organisation = play.organisation_of(step.who)
    identifier = await partner(play, step.who, organisation, step.need("partner"))
    body = _training(step.need("course"), london_date(step.at).isoformat())
    await play.command(
        step.who, "engagement", organisation, f"/partners/{identifier}/training", body
    )


async def constitutes(play: Play, step: Step) -> None:
    """Constitutes a committee and seats its partners: a seat is offered, then taken."""
    organisation, name = play.organisation_of(step.who), step.need("name")
    training = [
        {"course": course, "required_by": str(day)}
        for course, day in step.may("training", {}).items()
    ]
    seated = step.names("seats")
    form = {
        "name": name,
        "kind": step.need("kind"),
        "safety_related": step.need("safety related"),
        "reason_for_involvement": "So that patients and carers help decide on their own safety.",
        "role_category": step.need("role category"),
        "places": max(len(seated), step.need("minimum")),
        "minimum_partners": step.need("minimum"),
        "required_training": training,
        "lead_contact": await play.identity(step.who),
    }
    location = await play.command(step.who, "engagement", organisation, "/committees", form)
    play.memory.committees[name] = (organisation, location.rpartition("/")[2])
    play.memory.seats[name] = seated
    for person in seated:
        body = {"partner": await partner(play, step.who, organisation, person)}
        for path in ("/offers", "/seats"):
            await play.command(step.who, "engagement", organisation, location + path, body)


def _committee(play: Play, step: Step) -> tuple[str, str, str]:
    name = step.need("committee")
    if name not in play.memory.committees:
        raise step.wrong(f"no committee {name!r} was constituted before")
    return (name, *play.memory.committees[name])


async def schedules(play: Play, step: Step) -> None:
    """Schedules meetings and invites everybody seated; each is held and attended at its time."""
    name, organisation, committee = _committee(play, step)
    common = {
        "committee": committee,
        "title": name,
        "format": step.need("format"),
        "carries_payment": step.need("paid"),
    }
    if venue := step.may("venue"):
        common |= {"venue": venue, "access_notes": "Step-free access; ask for a hearing loop."}
    for row in step.need("meetings"):
        day = as_day(row["on"], step)
        starts, ends = _span(step, day, row)
        body = common | {"starts_at": format_moment(starts), "ends_at": format_moment(ends)}
        location = await play.command(step.who, "engagement", organisation, "/meetings", body)
        meeting = Meeting(organisation, name, location, day.isoformat(), starts, ends)
        play.memory.meetings.append(meeting)
        await _invite(play, step, meeting, row.get("apologies", {}))
        play.later(max(ends, step.at), _meeting_day(play, step, meeting, row))


def _span(step: Step, day: date, row: Mapping[str, Any]) -> tuple[datetime, datetime]:
    return london(day, as_time(row["from"], step)), london(day, as_time(row["to"], step))


async def _invite(play: Play, step: Step, meeting: Meeting, apologies: Mapping[str, str]) -> None:
    for name in play.memory.seats[meeting.committee]:
        body = {"partner": await partner(play, step.who, meeting.organisation, name)}
        answer = {"reason": apologies[name]} if name in apologies else {}
        reply = "/apologies" if name in apologies else "/acceptances"
        for path, form in (("/invitations", body), (reply, body | answer)):
            await play.command(
                step.who, "engagement", meeting.organisation, meeting.location + path, form
            )


def _meeting_day(play: Play, step: Step, meeting: Meeting, row: Mapping[str, Any]) -> Any:
    async def hold() -> None:
        async def send(path: str, body: Mapping[str, Any]) -> None:
            place = meeting.location + path
            await play.command(step.who, "engagement", meeting.organisation, place, dict(body))

        if reason := row.get("cancelled"):
            await send("/cancellation", {"reason": reason})
            return
        starts, ends = format_moment(meeting.starts_at), format_moment(meeting.ends_at)
        await send("/held", {"started_at": starts, "ended_at": ends})
        for name in play.memory.seats[meeting.committee]:
            if name in row.get("apologies", {}):
                continue
            body = {"partner": await partner(play, step.who, meeting.organisation, name)}
            if part := row.get("part", {}).get(name):
                body |= _times(step, date.fromisoformat(meeting.day), part[0], part[1])
            await send("/attendance", body)

    return hold


def _times(step: Step, day: date, start: Any, end: Any) -> dict[str, str]:
    return {
        "attended_from": format_moment(london(day, as_time(start, step))),
        "attended_to": format_moment(london(day, as_time(end, step))),
    }


async def corrects(play: Play, step: Step) -> None:
    """Says when a partner was really there."""
    name, organisation, _ = _committee(play, step)
    day, person = step.day("on"), step.need("of")
    found = [m for m in play.memory.meetings if (m.committee, m.day) == (name, day.isoformat())]
    if not found:
        raise step.wrong(f"there was no meeting of {name} on {day}")
    body = {
        "partner": await partner(play, step.who, organisation, person),
        "attended": True,
        "reason": step.need("because"),
        **_times(step, day, step.need("from"), step.need("to")),
    }
    path = f"{found[0].location}/attendance-corrections"
    await play.command(step.who, "engagement", organisation, path, body)


VERBS: Final[Mapping[str, Verb]] = {
    "onboards": onboards,
    "activates": activates,
    "records training": records_training,
    "constitutes a committee": constitutes,
    "schedules meetings": schedules,
    "corrects an attendance": corrects,
}
