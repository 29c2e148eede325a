"""Verbs of recruitment: from the draft of a campaign to its completion."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from deploy.demo.play import Play, Verb
from deploy.demo.story import Step, as_day, as_moment, as_time
from shared.kernel.moments import LONDON, london, london_date

_REFEREES: Final = ("Alice Marsh", "Robert Field")
_INTERVIEW: Final = timedelta(minutes=45)


def _clock(moment: datetime) -> dict[str, str]:
    local = moment.astimezone(LONDON)
    return {"on": local.date().isoformat(), "at": f"{local:%H:%M}"}


async def _send(play: Play, who: str, path: str, body: Mapping[str, Any] | None = None) -> str:
    return await play.command(who, "recruitment", play.memory.lead, path, dict(body or {}))


def _application(play: Play, step: Step, name: str) -> str:
    if name not in play.memory.applications:
        raise step.wrong(f"{name} has not applied before")
    return play.memory.applications[name]


# The campaign


async def drafts(play: Play, step: Step) -> None:
    """Drafts a campaign and names its contact."""
    play.memory.lead = play.organisation_of(step.who)
    contact = step.need("contact")
    words = play.story.staff[contact]
    form = {
        "title": step.need("title"),
        "summary": step.need("summary"),
        "what_happens_next": step.need("what happens next"),
        "role_family": step.need("role"),
        "contact": {
            "name": contact,
            "job_title": words["job"],
            "email": words.get("email"),
            "phone": words.get("phone"),
        },
    }
    play.memory.campaign = await _send(play, step.who, "/campaigns", form)


async def describes(play: Play, step: Step) -> None:
    """Describes one opportunity after the story's role description; again, it replaces it."""
    host = step.need("host")
    criteria = [
        {"criterion": name, **words} for name, words in play.story.parts["criteria"].items()
    ]
    description = {
        **play.story.parts["role description"],
        "group_name": step.need("group"),
        "places": step.need("places"),
        "criteria": criteria,
    }
    for part in step.names("without"):
        description.pop(part, None)
    payer = step.may("paid by", host)
    form = {"host": host, "payer": payer, "carries_payment": True, "description": description}
    play.memory.payers[host] = payer
    known = play.memory.opportunities.get(host)
    if known is None:
        path = f"{play.memory.campaign}/opportunities"
        play.memory.opportunities[host] = await _send(play, step.who, path, form)
    else:
        await _send(play, step.who, known, form)


async def decides_dbs(play: Play, step: Step) -> None:
    """Decides which disclosure check the role needs, and why."""
    level = step.need("level")
    form = {
        "level": level,
        "patient_contact": step.need("contact with patients"),
        "fee_basis": "no-check" if level == "none" else "paid",
        "reason": step.need("reason"),
    }
    opportunity = play.memory.opportunities[step.need("host")]
    play.memory.dbs[step.need("host")] = level
    await _send(play, step.who, f"{opportunity}/dbs-level", form)


async def publishes(play: Play, step: Step) -> None:
    """Publishes the campaign."""
    form = {
        "opens": _clock(as_moment(step.need("opens"), "opens")),
        "closes": _clock(as_moment(step.need("closes"), "closes")),
    }
    await _send(play, step.who, f"{play.memory.campaign}/publication", form)


async def promotes(play: Play, step: Step) -> None:
    """Says where the campaign was made known."""
    form = {"where": step.need("where"), "on": london_date(step.at).isoformat()}
    await _send(play, step.who, f"{play.memory.campaign}/promotions", form)


async def completes(play: Play, step: Step) -> None:
    """Completes the campaign: everybody has been told."""
    await _send(play, step.who, f"{play.memory.campaign}/completion")


# Applications


async def applies(play: Play, step: Step) -> None:
    """Somebody applies, online or by e-mail or post, entered by staff with the time it came."""
    form = _expression_of_interest(play, step)
    by, path = step.may("by", "online"), f"{play.memory.campaign}/applications"
    if by == "online":
        location = await _send(play, step.who, path, form)
    else:
        form |= {"channel": by, "received": _clock(step.at)}
        location = await _send(play, step.need("entered by"), f"{path}/received", form)
    play.memory.applications[step.who] = location


async def applies_again(play: Play, step: Step) -> None:
    """Somebody sends the form a second time: it stays one application."""
    before = play.memory.applications[step.who]
    await applies(play, step)
    if play.memory.applications[step.who] != before:
        raise step.wrong("a second submission made a second application")


def _expression_of_interest(play: Play, step: Step) -> dict[str, Any]:
    person, works_for = play.person(step.who), step.may("works for")
    questions = play.story.parts["role description"]["questions"]
    form: dict[str, Any] = {
        "opportunities": [
            play.memory.opportunities[host].rpartition("/")[2] for host in step.names("for")
        ],
        "name": step.who,
        "email": person.get("email"),
        "phone": person.get("phone"),
        "address": person.get("address"),
        "contact_channel": person["by"],
        "answers": [
            {"question": question, "answer": f"{step.who} answers in their own words."}
            for question in questions
        ],
        "support_needs": person.get("needs"),
        "heard_through": step.may("through"),
        "confirms_age": True,
        "staff_of": [works_for] if works_for else [],
    }
    return {name: value for name, value in form.items() if value is not None}


async def withdraws(play: Play, step: Step) -> None:
    """An applicant no longer wants to be considered."""
    form = {"reason": step.need("because")}
    await _send(play, step.who, f"{_application(play, step, step.who)}/withdrawal", form)


async def admits(play: Play, step: Step) -> None:
    """Considers an application that came late all the same."""
    path = f"{_application(play, step, step.need('of'))}/admission"
    await _send(play, step.who, path, {"reason": step.need("because")})


# Selection


async def convenes(play: Play, step: Step) -> None:
    """Names the panel."""
    members = [await play.identity(name) for name in step.names("members")]
    await _send(play, step.who, f"{play.memory.campaign}/panel", {"members": members})


async def declares(play: Play, step: Step) -> None:
    """A panel member declares an interest in an applicant and does not score them."""
    path = f"{_application(play, step, step.need('in'))}/interests"
    await _send(play, step.who, path, {"interest": step.need("because")})


async def scores(play: Play, step: Step) -> None:
    """A panel member scores applicants on every criterion."""
    for name, points in step.need("gives").items():
        sheet = dict.fromkeys(play.story.parts["criteria"], points)
        path = f"{_application(play, step, name)}/scores"
        await _send(play, step.who, path, {"scores": sheet})


async def shortlists(play: Play, step: Step) -> None:
    """Records who is on the shortlist and who is not, with reasons."""
    for word, shortlisted in (("shortlisted", True), ("not shortlisted", False)):
        for name, reasons in step.may(word, {}).items():
            form = {"shortlisted": shortlisted, "reasons": reasons}
            await _send(play, step.who, f"{_application(play, step, name)}/shortlisting", form)


async def arranges(play: Play, step: Step) -> None:
    """Offers interviews and arranges them one after the other."""
    starts = london(as_day(step.need("on"), step), as_time(step.need("from"), step))
    for number, name in enumerate(step.names("with")):
        path = _application(play, step, name)
        form = {
            "format": step.need("format"),
            "starts": _clock(starts + number * _INTERVIEW),
            "place": step.need("place"),
        }
        if needs := play.person(name).get("needs"):
            form["support"] = needs
        await _send(play, step.who, f"{path}/interview-offer")
        await _send(play, step.who, f"{path}/interview", form)


async def records_interviews(play: Play, step: Step) -> None:
    """Records that the interviews were held and what the interviewers recommend."""
    for word, recommended in (("recommended", True), ("not recommended", False)):
        for name in step.names(word):
            reasons = "Convinced the interviewers." if recommended else "Others were stronger."
            form = {"recommended": recommended, "reasons": reasons}
            await _send(play, step.who, f"{_application(play, step, name)}/interview-record", form)


async def decides(play: Play, step: Step) -> None:
    """Decides every outcome; everybody is told by a message of their own."""
    for name, host in step.may("successful", {}).items():
        opportunity = play.memory.opportunities[host].rpartition("/")[2]
        play.memory.hosts[name] = host
        form = {
            "successful": True,
            "opportunity": opportunity,
            "next_steps": step.need("next steps"),
        }
        await _send(play, step.who, f"{_application(play, step, name)}/outcome", form)
    others: list[tuple[str, dict[str, str]]] = [(name, {}) for name in step.names("unsuccessful")]
    others += [
        (name, {"reserve_until": as_day(day, step).isoformat()})
        for name, day in step.may("reserve", {}).items()
    ]
    for name, reserve in others:
        form = {"successful": False, **reserve}
        await _send(play, step.who, f"{_application(play, step, name)}/outcome", form)


# Before starting


async def asks_references(play: Play, step: Step) -> None:
    """Opens references and checks, and asks two referees for each."""
    for name in step.names("for"):
        path = _application(play, step, name)
        await _send(play, step.who, f"{path}/clearance")
        for number, referee in enumerate(_REFEREES):
            email = f"{referee.lower().replace(' ', '.')}@example.org"
            form = {"name": referee, "email": email}
            location = await _send(play, step.who, f"{path}/references", form)
            play.memory.references.setdefault(name, [])[number:] = [location]


async def receives_references(play: Play, step: Step) -> None:
    """References came and are judged."""
    for name in step.names("for"):
        waiting = play.memory.references[name]
        received = waiting[: step.may("how many", len(waiting))]
        del waiting[: len(received)]
        for location in received:
            form = {"received": _clock(step.at), "content": "I recommend them without reservation."}
            judgement = {"satisfactory": True, "reason": "Clear and from somebody who knows them."}
            await _send(play, step.who, f"{location}/receipt", form)
            await _send(play, step.who, f"{location}/judgement", judgement)


async def checks(play: Play, step: Step) -> None:
    """Makes every check the role needs, and says where none is needed, with the reason."""
    seen_by, day = await play.identity(step.who), london_date(step.at).isoformat()
    for name in step.names("for"):
        for form in _checks(play.memory.dbs[play.memory.hosts[name]], seen_by, day):
            await _send(play, step.who, f"{_application(play, step, name)}/checks", form)


def _checks(level: str, seen_by: str, day: str) -> Sequence[Mapping[str, Any]]:
    seen = {"outcome": "clear", "decided_on": day, "seen_by": seen_by}
    dbs: dict[str, Any] = {
        "check": "dbs",
        "outcome": "not-needed",
        "reason": "Contact with patients is no greater than a visitor's.",
        "decided_on": day,
        "level": "none",
        "fee_basis": "no-check",
    }
    if level != "none":
        issued = {"level": level, "fee_basis": "paid", "issued_on": day}
        dbs = {"check": "dbs", "reason": "The certificate was seen.", **seen, **issued}
    return (
        dbs,
        {"check": "identity", "reason": "A passport was seen.", **seen},
        {"check": "own-staff-conflict", "reason": "They do not work for the host.", **seen},
        {"check": "confidentiality-agreement", "reason": "The agreement is signed.", **seen},
    )


async def offers(play: Play, step: Step) -> None:
    """Offers the role with its term and lead contact."""
    for name in step.names("to"):
        lead_contact = next(
            staff
            for staff, words in play.story.staff.items()
            if words["is"].get(play.memory.hosts[name]) == "coordinator"
        )
        form = {
            "term_starts_on": step.day("from").isoformat(),
            "lead_contact": await play.identity(lead_contact),
            "next_steps": step.need("next steps"),
        }
        if step.may("until"):
            form["term_ends_on"] = step.day("until").isoformat()
        await _send(play, step.who, f"{_application(play, step, name)}/offer", form)


async def accepts(play: Play, step: Step) -> None:
    """The offers are accepted: the hosts have their partners."""
    for name in step.names("of"):
        await _send(play, step.who, f"{_application(play, step, name)}/acceptance")


VERBS: Final[Mapping[str, Verb]] = {
    "drafts a campaign": drafts,
    "describes an opportunity": describes,
    "decides the DBS level": decides_dbs,
    "publishes the campaign": publishes,
    "promotes the campaign": promotes,
    "completes the campaign": completes,
    "applies": applies,
    "applies again": applies_again,
    "withdraws": withdraws,
    "admits a late application": admits,
    "convenes the panel": convenes,
    "declares an interest": declares,
    "scores": scores,
    "records the shortlist": shortlists,
    "arranges interviews": arranges,
    "records the interviews": records_interviews,
    "decides the outcomes": decides,
    "asks for references": asks_references,
    "receives references": receives_references,
    "makes the checks": checks,
    "offers the role": offers,
    "records acceptances": accepts,
}
