"""Whether this process lives, is ready to work, and the numbers an operator's monitoring reads."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.infra import log
from shared.infra.bus.consumers import Consumers
from shared.infra.bus.relay import Relay
from shared.infra.bus.standing import Standing
from shared.infra.database import AWAY
from shared.infra.http.access import Caller, allowed, guarded_router
from shared.infra.kit import Kit
from shared.kernel.identifiers import LogName

Anyone = Annotated[Caller, Depends(allowed())]


def router(kit: Kit, relay: Relay, consumers: Consumers) -> APIRouter:
    """`/health/live`, `/health/ready` and `/metrics`: public, and without a word about persons."""
    routes = guarded_router("health")

    @routes.get("/health/live")
    async def live(caller: Anyone) -> dict[str, bool]:  # noqa: ARG001 - states who may read
        """The process answers."""
        return {"live": True}

    @routes.get("/health/ready", response_class=JSONResponse)
    async def ready(caller: Anyone) -> JSONResponse:  # noqa: ARG001 - states who may read
        """The database answers, topics were compared with logs, consumers have their logs."""
        parts = {
            "database": await _database_answers(kit),
            "topics": Standing.UNCHECKED not in relay.state.values(),
            "consumers": consumers.assigned,
        }
        return JSONResponse(parts, 200 if all(parts.values()) else 503)

    @routes.get("/metrics", response_class=Response)
    async def metrics(caller: Anyone) -> Response:  # noqa: ARG001 - states who may read
        """Prometheus text: heads, publishing, watermarks, parking, alarms."""
        async with kit.pool.acquire() as connection:
            for head in await log.heads(connection):
                name = str(LogName(kit.service, head.organisation))
                kit.metrics.head.labels(name).set(head.sequence)
        return Response(generate_latest(kit.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes


async def _database_answers(kit: Kit) -> bool:
    try:
        async with kit.pool.acquire(timeout=2) as connection:
            await log.heads(connection)
    except AWAY:
        return False
    return True
