"""Events that consumers of this service have set aside: looked at, tried again, discarded."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from shared.infra.bus import parking
from shared.infra.bus.consumers import Consumers
from shared.infra.http.access import Caller, acting, allowed, guarded_router, ordered
from shared.infra.http.answers import answered
from shared.infra.http.problems import unknown
from shared.infra.kit import Kit
from shared.infra.shell import Order, Transaction
from shared.kernel.identifiers import LogName, Organisation, Position
from shared.kernel.moments import Moment
from shared.kernel.written import Whole

_PARKED = "/organisations/{organisation}/parked"
_Operator = Annotated[Caller, Depends(allowed("operator"))]
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z.-]{0,63}$")]


class ParkedDocument(BaseModel):
    """One event set aside by one consumer; events of the same stream wait behind it."""

    consumer: str
    schema_name: str
    position: str
    stream: str
    type: str
    reason: str
    attempts: int
    parked_at: Moment


class ParkedBody(ParkedDocument):
    """The same with the event itself, as it stands in its log."""

    body: str


class RetryForm(BaseModel):
    """Which stream's parked events to try again, in order."""

    model_config = ConfigDict(extra="forbid")

    consumer: _Name
    log: str = Field(max_length=60)
    stream: str = Field(min_length=1, max_length=200)

    @field_validator("log")
    @classmethod
    def _is_log(cls, value: str, _: ValidationInfo) -> str:
        return str(LogName.parse(value))


class RetryDocument(BaseModel):
    """How many events were applied, and what stopped the rest if anything did."""

    applied: int
    stopped: str | None


class DiscardForm(BaseModel):
    """Which event its consumer shall never apply, and why; the event stays in its log."""

    model_config = ConfigDict(extra="forbid")

    consumer: _Name
    position: str = Field(max_length=80)
    reason: str = Field(min_length=1, max_length=500)

    @field_validator("position")
    @classmethod
    def _is_position(cls, value: str, _: ValidationInfo) -> str:
        return str(Position.parse(value))


def router(kit: Kit, consumers: Consumers) -> APIRouter:
    """`/organisations/{organisation}/parked`, for operators."""
    routes = guarded_router("parked")

    @routes.get(_PARKED)
    async def list_parked(organisation: Organisation, caller: _Operator) -> list[ParkedDocument]:  # noqa: ARG001
        """Everything set aside for this organisation, in the order of the logs."""
        async with kit.pool.acquire() as connection:
            found = await parking.listed(connection, organisation=organisation)
        return [ParkedDocument(**_said(each)) for each in found]

    @routes.get(f"{_PARKED}/{{consumer}}/{{service}}/{{sequence}}")
    async def read_parked(
        organisation: Organisation,
        consumer: _Name,
        service: str,
        sequence: Whole,
        caller: _Operator,  # noqa: ARG001 - states who may read
    ) -> ParkedBody:
        """One event set aside, with its body."""
        try:
            position = Position.parse(f"{service}.{organisation}/{sequence}")
        except ValueError:
            raise unknown() from None
        async with kit.pool.acquire() as connection:
            found = await parking.shown(connection, consumer, position)
        if not found:
            raise unknown()
        return ParkedBody(body=found[0].body, **_said(found[0]))

    @routes.post(f"{_PARKED}/retry")
    async def retry_parked(
        organisation: Organisation,
        form: RetryForm,
        caller: Annotated[Caller, Depends(acting("operator"))],  # noqa: ARG001 - states who may
    ) -> RetryDocument:
        """Try a stream's parked events again, in order, until one fails."""
        log = LogName.parse(form.log)
        if log.organisation != organisation:
            raise unknown()
        applied, stopped = await consumers.retry(form.consumer, log, form.stream)
        return RetryDocument(applied=applied, stopped=stopped)

    @routes.post(f"{_PARKED}/discard", status_code=201, response_class=Response)
    async def discard_parked(
        organisation: Organisation,
        form: DiscardForm,
        order: Annotated[Order, Depends(ordered("operator"))],
    ) -> Response:
        """Never apply this event; the decision is an event itself, which rebuilds obey."""
        position = Position.parse(form.position)
        if position.log.organisation != organisation:
            raise unknown()

        async def work(transaction: Transaction) -> None:
            await parking.discard(transaction, form.consumer, position, form.reason)

        return answered(await kit.shell.handle(order, work))

    return routes


def _said(parked: parking.Parked) -> dict[str, Any]:
    return {
        "consumer": parked.consumer,
        "schema_name": parked.schema,
        "position": str(parked.position),
        "stream": parked.stream,
        "type": parked.type,
        "reason": parked.reason,
        "attempts": parked.attempts,
        "parked_at": parked.parked_at,
    }
