"""What an operator sees of a service: its logs, how far it has applied others, what is aside."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from shared.infra import deadlines, log
from shared.infra.bus import watermarks
from shared.infra.bus.handling import Consumer
from shared.infra.bus.relay import Relay
from shared.infra.database import Connection
from shared.infra.http.access import Caller, allowed, guarded_router
from shared.infra.kit import Kit
from shared.infra.sql import load
from shared.kernel.identifiers import LogName
from shared.kernel.moments import Moment

_SQL = load(__file__)
READERS = ("operator", "service", "auditor")


class LogStanding(BaseModel):
    """One of this service's logs: its head, what the bus has of it, and whether it may grow."""

    log: str
    head: int
    recorded_at: Moment
    published: int
    standing: str


class ConsumerStanding(BaseModel):
    """How far one consumer has applied one log, and how many of its events are parked."""

    consumer: str
    log: str
    watermark: int
    parked: int


class Counts(BaseModel):
    """What the consumers have met since the beginning."""

    duplicates_skipped: int
    gaps_repaired: int
    unknown_types: int
    conflicting_duplicates: int
    parked: int
    foreign_records: int


class Operations(BaseModel):
    """The state of one deployment, for the organisations the caller may see."""

    service: str
    deployment: str
    now: Moment
    publishes: bool
    logs: list[LogStanding]
    consumers: list[ConsumerStanding]
    counts: Counts | None
    next_deadline: Moment | None


def router(kit: Kit, relay: Relay, consumers: Sequence[Consumer]) -> APIRouter:
    """`GET /operations`."""
    routes = guarded_router("operations")

    @routes.get("/operations")
    async def read_operations(
        caller: Annotated[Caller, Depends(allowed(*READERS))],
        counts: Annotated[bool, Query(description="Whether counts are wanted.")] = True,
    ) -> Operations:
        """Heads, publishing, watermarks, what is parked or foreign, and the next deadline.

        All of one moment: a watermark that is shown has its effects in the heads shown with it.
        """
        seen = set(caller.organisations(*READERS))
        organisations = [code for code in kit.organisations if code in seen]
        async with (
            kit.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return Operations(
                service=kit.service,
                deployment=kit.deployment,
                now=kit.clock.now(),
                publishes=relay.active,
                logs=await _logs(connection, kit, relay, organisations),
                consumers=await _consumers(connection, consumers, organisations),
                counts=await _counts(connection, consumers) if counts else None,
                next_deadline=await deadlines.next_due(connection, organisations),
            )

    return routes


async def _logs(
    connection: Connection, kit: Kit, relay: Relay, organisations: Sequence[str]
) -> list[LogStanding]:
    rows = await connection.fetch(_SQL["published"])
    published = {row["organisation"]: row["sequence"] for row in rows}
    return [
        LogStanding(
            log=str(LogName(kit.service, head.organisation)),
            head=head.sequence,
            recorded_at=head.recorded_at,
            published=published.get(head.organisation, 0),
            standing=relay.state[head.organisation].value,
        )
        for head in await log.heads(connection)
        if head.organisation in organisations
    ]


async def _consumers(
    connection: Connection, consumers: Sequence[Consumer], organisations: Sequence[str]
) -> list[ConsumerStanding]:
    found = {
        (schema, reached.consumer, reached.log): reached
        for schema in {each.schema for each in consumers}
        for reached in await watermarks.reached(connection, schema)
    }
    standings = []
    for each, log_name in _followed(consumers, organisations):
        reached = found.get((each.schema, each.consumer, log_name))
        standings.append(
            ConsumerStanding(
                consumer=each.consumer,
                log=str(log_name),
                watermark=reached.sequence if reached else 0,
                parked=reached.parked if reached else 0,
            )
        )
    return standings


def _followed(
    consumers: Sequence[Consumer], organisations: Sequence[str]
) -> Iterator[tuple[Consumer, LogName]]:
    for each in consumers:
        for source in each.sources:
            for organisation in organisations:
                yield each, LogName(source, organisation)


async def _counts(connection: Connection, consumers: Sequence[Consumer]) -> Counts:
    found = await watermarks.operations(connection, [each.schema for each in consumers])
    return Counts(
        duplicates_skipped=found.duplicates_skipped,
        gaps_repaired=found.gaps_repaired,
        unknown_types=found.unknown_skipped,
        conflicting_duplicates=found.conflicts,
        parked=found.parked,
        foreign_records=found.foreign,
    )
