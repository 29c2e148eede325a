"""Whether this process lives, is ready to work, and the numbers an operator's monitoring reads."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from shared.infra import log
from shared.infra.bus.consumers import Consumers
from shared.infra.bus.relay import Relay
from shared.infra.bus.standing import Standing
from shared.infra.database import AWAY
from shared.infra.http.access import Caller, allowed, guarded_router
from shared.infra.http.documents import problem_responses
from shared.infra.kit import Kit
from shared.kernel.identifiers import LogName

Anyone = Annotated[Caller, Depends(allowed())]


class Readiness(BaseModel):
    """What this process needs to work, and whether it is there."""

    database: bool
    topics: bool
    consumers: bool

    def all(self) -> bool:
        """Whether nothing is missing."""
        return self.database and self.topics and self.consumers


class Liveness(BaseModel):
    """The process answers."""

    live: bool = True


class PrometheusText(Response):
    """Numbers as Prometheus reads them."""

    media_type = CONTENT_TYPE_LATEST


def router(kit: Kit, relay: Relay, consumers: Consumers) -> APIRouter:
    """`/health/live`, `/health/ready` and `/metrics`: public, and without a word about persons."""
    routes = guarded_router("health")

    @routes.get("/health/live")
    async def is_live(caller: Anyone) -> Liveness:  # noqa: ARG001 - states who may read
        """The process answers."""
        return Liveness()

    @routes.get("/health/ready", responses={503: {"model": Readiness, "description": "Not yet."}})
    async def is_ready(caller: Anyone, response: Response) -> Readiness:  # noqa: ARG001 - states who may read
        """The database answers, topics were compared with logs, consumers have their logs."""
        parts = Readiness(
            database=await _database_answers(kit),
            topics=Standing.UNCHECKED not in relay.state.values(),
            consumers=consumers.assigned,
        )
        response.status_code = 200 if parts.all() else 503
        return parts

    @routes.get("/metrics", response_class=PrometheusText, responses=problem_responses(503))
    async def read_metrics(caller: Anyone) -> Response:  # noqa: ARG001 - states who may read
        """Prometheus text: heads, publishing, watermarks, parking, alarms."""
        async with kit.pool.acquire() as connection:
            for head in await log.heads(connection):
                name = str(LogName(kit.service, head.organisation))
                kit.metrics.head.labels(name).set(head.sequence)
        return PrometheusText(generate_latest(kit.metrics.registry))

    return routes


async def _database_answers(kit: Kit) -> bool:
    try:
        async with kit.pool.acquire(timeout=2) as connection:
            await log.heads(connection)
    except AWAY:
        return False
    return True
