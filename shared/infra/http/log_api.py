"""The log API: bodies in order, verbatim, for gap repair and systems that do not speak Kafka."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from shared.infra import log
from shared.infra.http.access import Caller, allowed, guarded_router
from shared.infra.http.problems import unknown
from shared.infra.kit import Kit
from shared.kernel.identifiers import LARGEST_SEQUENCE, Organisation
from shared.kernel.moments import Moment
from shared.kernel.written import Whole

LARGEST_PAGE = 1_000


class Lines(Response):
    """Bodies as they are stored, one a line."""

    media_type = "application/x-ndjson"


class HeadDocument(BaseModel):
    """Where a log stands."""

    organisation: Organisation
    sequence: int
    recordedtime: Moment


def router(kit: Kit, readers: frozenset[str]) -> APIRouter:
    """`GET /log/{organisation}` and its head, for the roles in `readers`."""
    routes = guarded_router("log")
    reader = Depends(allowed(*sorted(readers)))

    @routes.get("/log/{organisation}", response_class=Lines)
    async def read_log(
        organisation: Organisation,
        caller: Annotated[Caller, reader],  # noqa: ARG001 - states who may read
        after: Annotated[Whole, Query(ge=0, le=LARGEST_SEQUENCE)] = 0,
        limit: Annotated[Whole, Query(ge=1, le=LARGEST_PAGE)] = LARGEST_PAGE,
    ) -> Response:
        """The events after number `after`, oldest first: one body a line, exactly as stored."""
        async with kit.pool.acquire() as connection:
            bodies = await log.read(connection, organisation, after, limit)
        return Lines("".join(f"{body}\n" for body in bodies))

    @routes.get("/log/{organisation}/head")
    async def read_log_head(
        organisation: Organisation,
        caller: Annotated[Caller, reader],  # noqa: ARG001 - states who may read
    ) -> HeadDocument:
        """The last number given in this log, and when."""
        async with kit.pool.acquire() as connection:
            found = await log.head(connection, organisation)
        if found is None:
            raise unknown()
        return HeadDocument(
            organisation=organisation, sequence=found.sequence, recordedtime=found.recorded_at
        )

    return routes
