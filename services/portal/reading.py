"""How the portal reads: live or as of a moment, after a position, names opened on the way out."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from time import monotonic
from typing import Any, Final, TypeAlias

from services.portal.views import VIEWS
from shared.contracts.personal import Sealed
from shared.infra.bus.sources import SourceAway
from shared.infra.http import Problem
from shared.infra.http.problems import away
from shared.infra.key_access import SHOWING
from shared.infra.kit import Kit
from shared.infra.opening import Unavailable
from shared.infra.views import Reached, Reading, ViewAway, Views, ViewUnfillable
from shared.kernel.identifiers import Position
from shared.kernel.moments import london_date

_WAIT_SECONDS: Final = 5.0
"""A reader waits no longer for what was just written (BYTES)."""
_LOOK_SECONDS: Final = 0.02
_MOST_POSITIONS: Final = 20

Rows: TypeAlias = list[dict[str, Any]]


def views_of(kit: Kit) -> Views:
    """The portal's views in this deployment."""
    return Views(kit.pool, VIEWS, kit.sources, kit.organisations)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader asks for: the system moment, the positions to wait for, and names or not."""

    actor: str
    as_of: datetime | None
    wait_for: tuple[Position, ...]
    names: bool

    @property
    def role(self) -> str:
        """The role the reader asks in."""
        return self.actor.partition("/")[0]


class Portal:
    """The views with what the kit adds: time, neighbours' logs, keys."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.views = views_of(kit)

    def moment(self, asked: Asked) -> datetime:
        """The system moment asked for, or now."""
        return asked.as_of or self.kit.clock.now()

    def day(self, asked: Asked, on: date | None) -> date:
        """The business date asked for, or the day of the moment."""
        return on or london_date(self.moment(asked))

    @asynccontextmanager
    async def reading(
        self, view: str, organisations: Sequence[str], asked: Asked
    ) -> AsyncIterator[Reading]:
        """The view to read from. Raises the Problem that stands in the way."""
        try:
            if asked.as_of is not None:
                async with self.views.as_of(view, asked.as_of, organisations) as reading:
                    yield reading
            else:
                await self._wait(view, asked.wait_for)
                async with self.views.reading(view) as reading:
                    yield reading
        except SourceAway as error:
            raise away("A service whose log this is made of") from error
        except ViewAway as error:
            raise Problem(503, "view-away", str(error), headers={"Retry-After": "5"}) from error
        except ViewUnfillable as error:
            raise Problem(503, "view-unfillable", str(error)) from error

    async def _wait(self, view: str, positions: Iterable[Position]) -> None:
        until = monotonic() + _WAIT_SECONDS
        for position in positions:
            while True:
                async with self.views.reading(view) as reading:
                    reached = await reading.reached(position)
                if reached is Reached.YES:
                    break
                if reached is Reached.PARKED:
                    raise Problem(
                        504,
                        "position-parked",
                        f"What was written at {position} was set aside, because it could not be "
                        "applied here; an operator has to look at it.",
                    )
                if monotonic() >= until:
                    raise Problem(
                        504,
                        "position-behind",
                        f"What was written at {position} is kept, but is not shown here yet. "
                        "Please look again later.",
                        headers={"Retry-After": "2"},
                    )
                await asyncio.sleep(_LOOK_SECONDS)

    async def name(self, organisation: str, asked: Asked, *tables: Rows) -> None:
        """Open the sealed names of these rows, or say in the row why one cannot be shown."""
        named = [row for table in tables for row in table if row["name"] is not None]
        values = {str(n): Sealed.model_validate_json(row["name"]) for n, row in enumerate(named)}
        opened: Mapping[str, object] = {}
        if asked.names and values:
            opened = await self.kit.opener.open(
                values, SHOWING, organisation=organisation, actor=asked.actor
            )
        for number, row in enumerate(named):
            found = opened.get(str(number))
            if isinstance(found, Unavailable):
                row["unavailable"] = {"name": found.sentence}
            row["name"] = found if isinstance(found, str) else None


async def rows(reading: Reading, query: str, *values: object) -> Rows:
    """The rows of one of the view's queries."""
    return [dict(record) for record in await reading.fetch(query, *values)]


def parse_positions(header: str | None) -> tuple[Position, ...]:
    """The positions of a Wait-For-Position header; Problem 400 when it is not one."""
    texts = [text.strip() for text in (header or "").split(",") if text.strip()]
    try:
        positions = tuple(Position.parse(text) for text in texts)
    except ValueError:
        positions = ()
    if len(positions) != len(texts) or len(texts) > _MOST_POSITIONS:
        raise Problem(
            400, "wait-for-position", "Wait-For-Position takes what Log-Position answered."
        )
    return positions
