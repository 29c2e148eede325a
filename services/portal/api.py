"""The portal over HTTP: each organisation's views, and compliance for national viewers."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Depends, Header, Query, Response

from services.portal import documents as d
from services.portal.reading import Asked, Portal, parse_positions, rows
from shared.infra.http import (
    Caller,
    Empty,
    Order,
    Problem,
    allowed,
    guarded_router,
    ordered,
    unknown,
)
from shared.infra.kit import Kit
from shared.infra.views import Reading, ViewAway
from shared.kernel.identifiers import Organisation
from shared.kernel.written import Day, When

_VIEWS: Final = "/organisations/{organisation}/views"
_LONGEST_CALENDAR_DAYS: Final = 400
_CALENDAR_DAYS: Final = 31
_AsOf: TypeAlias = Annotated[
    When | None,
    Query(description="A moment of system time: the view as the logs stood then, inclusive."),
]
_On: TypeAlias = Annotated[
    Day | None, Query(description="A business date; the day of the moment if absent.")
]
_WaitFor: TypeAlias = Annotated[
    str | None, Header(description="What Log-Position answered: wait up to 5 seconds for it.")
]
_Names: TypeAlias = Annotated[
    bool, Query(description="Whether names are opened; each opening is recorded.")
]


def router(kit: Kit) -> APIRouter:
    """All routes of the portal."""
    portal, routes = Portal(kit), guarded_router("views")
    for add in (_attention, _pipeline, _roster, _compliance, _calendar, _money, _standing):
        add(routes, portal)
    _national(routes, portal)
    return routes


def _asking(*roles: str) -> Callable[..., Awaitable[Asked]]:
    """A dependency: who asks, for which moment, after what, with or without names."""

    async def asked(
        caller: Annotated[Caller, Depends(allowed(*roles))],
        as_of: _AsOf = None,
        wait_for_position: _WaitFor = None,
        names: _Names = True,
    ) -> Asked:
        return Asked(caller.actor, as_of, parse_positions(wait_for_position), names)

    return asked


async def _head(reading: Reading, organisation: str, asked: Asked) -> dict[str, Any]:
    """What every document begins with; positions of the organisation's own logs only."""
    positions = await reading.positions()
    return {
        "organisation": organisation,
        "view": reading.view.name,
        "version": reading.view.version,
        "as_of": asked.as_of,
        "positions": [str(p) for p in positions if p.log.organisation == organisation],
    }


def _attention(routes: APIRouter, portal: Portal) -> None:
    asking = _asking(
        "coordinator", "auditor", "panel-member", "finance-preparer", "finance-approver"
    )

    @routes.get(f"{_VIEWS}/attention")
    async def read_attention(
        organisation: Organisation, asked: Annotated[Asked, Depends(asking)]
    ) -> d.Attention:
        """Everything that waits on somebody: whose turn it is and since when.

        Finance sees what waits on finance, a panel what waits on the panel.
        """
        async with portal.reading("attention", [organisation], asked) as reading:
            head = await _head(reading, organisation, asked)
            waiting = await rows(reading, "waiting", organisation, portal.moment(asked))
        if asked.role.startswith("finance-"):
            waiting = [row for row in waiting if row["turn"].startswith("finance-")]
        if asked.role == "panel-member":
            waiting = [row for row in waiting if row["turn"] == asked.role]
        await portal.name(organisation, asked, waiting)
        return d.Attention.model_validate({**head, "waiting": waiting})


def _pipeline(routes: APIRouter, portal: Portal) -> None:
    asking = _asking("coordinator", "auditor")

    @routes.get(f"{_VIEWS}/pipeline")
    async def read_pipeline(
        organisation: Organisation, asked: Annotated[Asked, Depends(asking)]
    ) -> d.Pipeline:
        """Campaigns, and applications by stage: who is late, who has not been told."""
        async with portal.reading("pipeline", [organisation], asked) as reading:
            head = await _head(reading, organisation, asked)
            campaigns = await rows(reading, "campaigns", organisation)
            applications = await rows(reading, "applications", organisation)
        await portal.name(organisation, asked, applications)
        return d.Pipeline.model_validate(
            {**head, "campaigns": campaigns, "applications": applications}
        )


def _roster(routes: APIRouter, portal: Portal) -> None:
    asking = _asking("coordinator", "lead-contact", "auditor")

    @routes.get(f"{_VIEWS}/roster")
    async def read_roster(
        organisation: Organisation, asked: Annotated[Asked, Depends(asking)], on: _On = None
    ) -> d.Roster:
        """Partners on a day: status, term, training done of what is required, what is open."""
        day = portal.day(asked, on)
        async with portal.reading("roster", [organisation], asked) as reading:
            head = await _head(reading, organisation, asked)
            partners = await rows(reading, "partners", organisation, day)
        await portal.name(organisation, asked, partners)
        return d.Roster.model_validate({**head, "on": day, "partners": partners})


def _compliance(routes: APIRouter, portal: Portal) -> None:
    asking = _asking("coordinator", "lead-contact", "auditor", "national-viewer")

    @routes.get(f"{_VIEWS}/compliance")
    async def read_compliance(
        organisation: Organisation, asked: Annotated[Asked, Depends(asking)], on: _On = None
    ) -> d.Compliance:
        """Each committee's partners against its minimum, and since when they are not enough."""
        day = portal.day(asked, on)
        async with portal.reading("compliance", [organisation], asked) as reading:
            head = await _head(reading, organisation, asked)
            committees = await rows(reading, "committees", [organisation], day)
            members = await rows(reading, "members", organisation, day)
        await portal.name(organisation, asked, members)
        return d.Compliance.model_validate(
            {**head, "on": day, "committees": committees, "members": members}
        )


def _calendar(routes: APIRouter, portal: Portal) -> None:
    asking = _asking("coordinator", "lead-contact", "auditor")

    @routes.get(f"{_VIEWS}/calendar")
    async def read_calendar(
        organisation: Organisation,
        asked: Annotated[Asked, Depends(asking)],
        first: Annotated[Day | None, Query(description="First day; today if absent.")] = None,
        last: Annotated[Day | None, Query(description="Last day; a month on if absent.")] = None,
    ) -> d.Calendar:
        """Meetings of a stretch of days, who is asked to them and who was there."""
        begin = portal.day(asked, first)
        end = last or begin + timedelta(days=_CALENDAR_DAYS)
        if not begin <= end <= begin + timedelta(days=_LONGEST_CALENDAR_DAYS):
            sentence = f"Ask for at most {_LONGEST_CALENDAR_DAYS} days, the first day first."
            raise Problem(422, "malformed", sentence)
        async with portal.reading("calendar", [organisation], asked) as reading:
            head = await _head(reading, organisation, asked)
            meetings = await rows(reading, "meetings", organisation, begin, end)
            invitations = await rows(reading, "invitations", organisation, begin, end)
        await portal.name(organisation, asked, invitations)
        return d.Calendar.model_validate(
            {**head, "first": begin, "last": end, "meetings": meetings, "invitations": invitations}
        )


def _money(routes: APIRouter, portal: Portal) -> None:
    asking = _asking("finance-preparer", "finance-approver", "coordinator", "auditor")

    @routes.get(f"{_VIEWS}/money")
    async def read_money(
        organisation: Organisation, asked: Annotated[Asked, Depends(asking)], on: _On = None
    ) -> d.Money:
        """What this organisation owes, approved, pays and has paid; and whether it balances."""
        day = portal.day(asked, on)
        async with portal.reading("money", [organisation], asked) as reading:
            head = await _head(reading, organisation, asked)
            [totals] = await rows(reading, "totals", organisation, day)
            payments = await rows(reading, "payments", organisation, day)
            runs = await rows(reading, "runs", organisation)
        await portal.name(organisation, asked, payments)
        balances = not any(value for name, value in totals.items() if name.endswith("_apart_pence"))
        return d.Money.model_validate(
            {
                **head,
                "on": day,
                "totals": totals,
                "balances": balances,
                "payments": payments,
                "runs": runs,
            }
        )


def _standing(routes: APIRouter, portal: Portal) -> None:
    views = portal.views

    @routes.get(_VIEWS)
    async def list_views(
        organisation: Organisation,
        caller: Annotated[  # noqa: ARG001 - states who may read
            Caller, Depends(allowed("operator", "coordinator", "auditor"))
        ],
    ) -> list[d.ViewStanding]:
        """Each view's version and how far this organisation's logs are in it."""
        return [
            d.ViewStanding(
                view=row["view"],
                version=row["version"],
                ready=row["ready_at"] is not None,
                being_filled=row["rebuild_wanted"] or row["ready_at"] is None,
                trouble=row["trouble"],
                positions=await _positions(portal, row, organisation),
            )
            for row in await views.standing()
        ]

    @routes.post(f"{_VIEWS}/{{view}}/rebuild", status_code=202, response_class=Response)
    async def rebuild_view(
        organisation: Organisation,
        view: str,
        _: Empty,
        order: Annotated[Order, Depends(ordered("operator"))],  # noqa: ARG001 - states who may
    ) -> Response:
        """Fill a view anew from the logs, beside the one that is read until it has caught up."""
        if view not in views.newest:
            raise unknown()
        await views.want_rebuild(view)
        where = _VIEWS.format(organisation=organisation)
        return Response(status_code=202, headers={"Location": where})


async def _positions(portal: Portal, row: Mapping[str, Any], organisation: str) -> tuple[str, ...]:
    try:
        async with portal.views.reading(row["view"]) as reading:
            found = await reading.positions() if reading.view.version == row["version"] else []
    except ViewAway:
        return ()
    return tuple(str(p) for p in found if p.log.organisation == organisation)


def _national(routes: APIRouter, portal: Portal) -> None:
    @routes.get("/compliance")
    async def read_national_compliance(
        caller: Annotated[Caller, Depends(allowed("national-viewer"))],
        as_of: _AsOf = None,
        on: _On = None,
    ) -> d.NationalCompliance:
        """Committees of every organisation the caller may see: enough partners, and where not."""
        asked = Asked(caller.actor, as_of, (), names=False)
        seen = set(caller.organisations("national-viewer"))
        codes = [code for code in portal.kit.organisations if code in seen]
        day = portal.day(asked, on)
        async with portal.reading("compliance", codes, asked) as reading:
            found = await rows(reading, "committees", codes, day)
        committees = [d.Committee.model_validate(row) for row in found]
        register = portal.kit.register
        named = {code: register[code] for code in codes if code in register}
        return d.NationalCompliance(
            on=day,
            as_of=as_of,
            by_organisation=_shares(codes, committees, {code: code for code in codes}),
            by_region=_shares(codes, committees, {c: e.region for c, e in named.items()}),
            by_kind=_shares(codes, committees, {c: e.kind for c, e in named.items()}),
            committees=committees,
        )


def _shares(
    codes: Iterable[str], committees: Iterable[d.Committee], groups: Mapping[str, str]
) -> list[d.NationalShare]:
    """Counts per group; `groups` says which one each organisation is in."""
    found = list(committees)
    shares = []
    for name in sorted({groups[code] for code in codes if code in groups}):
        own = [one for one in found if groups.get(one.organisation) == name]
        safety = [one for one in own if one.safety_related]
        shares.append(
            d.NationalShare(
                name=name,
                organisations=sum(group == name for group in groups.values()),
                committees=len(own),
                enough=sum(one.enough for one in own),
                safety_related=len(safety),
                safety_related_enough=sum(one.enough for one in safety),
            )
        )
    return shares
