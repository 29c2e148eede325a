"""Verbs of finance, and of partners about their money."""

from collections.abc import Mapping
from typing import Any, Final

from deploy.demo.play import Play, Verb
from deploy.demo.story import Step
from deploy.demo.verbs.engagement import partner

_SORT_CODE: Final = "000000"
"""No bank has it."""


async def _payees(play: Play, who: str, organisation: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await play.neighbours.get(
        play.token(who), "payments", organisation, f"/organisations/{organisation}/payees"
    )
    return found


async def _payee(play: Play, step: Step, name: str) -> tuple[str, str]:
    """Who pays this person, and their identifier as a payee there."""
    host = play.memory.hosts[name]
    payer = play.memory.payers.get(host, host)
    coordinator = _staff(play, host, "coordinator")
    wanted = await partner(play, coordinator, host, name)
    roster = await play.view(coordinator, host, "roster", names=False)
    person = next(row["person"] for row in roster["partners"] if row["partner"] == wanted)
    preparer = _staff(play, payer, "finance-preparer")
    for row in await _payees(play, preparer, payer):
        if row["person"] == person:
            return payer, row["payee"]
    raise step.wrong(f"{payer} does not know {name} as a payee")


def _staff(play: Play, organisation: str, role: str) -> str:
    """The story's member of staff with this role for this organisation."""
    for name, words in play.story.staff.items():
        if words["is"].get(organisation) == role:
            return name
    raise play.story.steps[0].wrong(f"the story has no {role} for {organisation}")


async def gives_bank_details(play: Play, step: Step) -> None:
    """Partners give bank details; one person enters them, another verifies them."""
    names = list(play.memory.hosts) if step.who == "everybody" else [step.who]
    for name in names:
        payer, payee = await _payee(play, step, name)
        number = 10_000_000 + 97 * (list(play.story.people).index(name) + 1) + _given(play, name)
        form = {
            "account_name": name,
            "sort_code": _SORT_CODE,
            "account_number": str(number),
        }
        path = f"/payees/{payee}/bank-details"
        preparer = _staff(play, payer, "finance-preparer")
        await play.command(preparer, "payments", payer, path, form)
        standing = await play.neighbours.get(
            play.token(preparer), "payments", payer, f"/organisations/{payer}/payees/{payee}"
        )
        approver = _staff(play, payer, "finance-approver")
        body = {"number": standing["number"]}
        await play.command(approver, "payments", payer, f"{path}/verification", body)


def _given(play: Play, name: str) -> int:
    play.memory.accounts[name] = play.memory.accounts.get(name, 0) + 1
    return play.memory.accounts[name]


async def declines(play: Play, step: Step) -> None:
    """A partner declines the payment for one day; their coordinator enters it."""
    host = play.memory.hosts[step.who]
    payer, payee = await _payee(play, step, step.who)
    day = step.day("for").isoformat()
    for row in await _open(play, _staff(play, payer, "finance-preparer"), payer):
        if row["payee"] == payee and row["worked_on"] == day:
            path = f"/payments/{row['payment']}/decline"
            entered_by = _staff(play, payer, "coordinator")
            await play.command(entered_by, "payments", payer, path)
            return
    raise step.wrong(f"{step.who} of {host} has no open payment for {day}")


async def _open(play: Play, who: str, organisation: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await play.neighbours.get(
        play.token(who), "payments", organisation, f"/organisations/{organisation}/payments"
    )
    return found


async def approves(play: Play, step: Step) -> None:
    """Approves every payment that waits for approval."""
    organisation = play.organisation_of(step.who)
    for row in await _open(play, step.who, organisation):
        if row["unapproved_pence"]:
            path = f"/payments/{row['payment']}/approval"
            await play.command(step.who, "payments", organisation, path)


async def pays(play: Play, step: Step) -> None:
    """Freezes a run, has it approved by a second person, produces its file and sends it."""
    organisation, approver = play.organisation_of(step.who), step.need("approved by")
    form = {"pay_on": step.day("on").isoformat()}
    run = await play.command(step.who, "payments", organisation, "/payment-runs", form)
    page = await play.neighbours.get(
        play.token(step.who), "payments", organisation, f"/organisations/{organisation}{run}"
    )
    total = {"total_pence": page["total_pence"]}
    await play.command(approver, "payments", organisation, f"{run}/approval", total)
    for path in ("/file", "/sending"):
        await play.command(step.who, "payments", organisation, run + path)
    play.memory.runs.setdefault(organisation, []).append(run)


async def settles(play: Play, step: Step) -> None:
    """Records that the bank has paid all lines of the last run that were not returned."""
    organisation = play.organisation_of(step.who)
    form = {"settled_on": step.day("on").isoformat()}
    run = play.memory.runs[organisation][-1]
    await play.command(step.who, "payments", organisation, f"{run}/settlement", form)


async def returned(play: Play, step: Step) -> None:
    """Records that the bank sent a line of the last run back."""
    organisation = play.organisation_of(step.who)
    _, payee = await _payee(play, step, step.need("of"))
    form = {"payee": payee, "reason": step.need("because")}
    run = play.memory.runs[organisation][-1]
    await play.command(step.who, "payments", organisation, f"{run}/returns", form)


async def reissues(play: Play, step: Step) -> None:
    """Has a returned line paid again in the next run."""
    organisation = play.organisation_of(step.who)
    _, payee = await _payee(play, step, step.need("of"))
    run = play.memory.runs[organisation][-1]
    await play.command(step.who, "payments", organisation, f"{run}/reissues", {"payee": payee})


VERBS: Final[Mapping[str, Verb]] = {
    "gives bank details": gives_bank_details,
    "gives new bank details": gives_bank_details,
    "declines a payment": declines,
    "approves payments": approves,
    "pays": pays,
    "records the settlement": settles,
    "records a returned payment": returned,
    "re-issues a returned payment": reissues,
}
