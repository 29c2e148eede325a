"""What the routes of recruitment have in common: who may ask, what is not there, the answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Depends, Request, Response

from services.recruitment import steps
from services.recruitment.domain.application import APPLICATION, NoApplication
from services.recruitment.domain.campaign import CAMPAIGN, Command, NoCampaign
from services.recruitment.steps import Journey
from shared.contracts.event import Event
from shared.contracts.personal import Clear
from shared.infra.http import Caller, allowed, answered, ordered, unknown
from shared.infra.kit import Kit
from shared.infra.shell import Order, Transaction
from shared.kernel.decider import Decider

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Asked:
    """A command on its way: who asks for what, and the service that will do it."""

    order: Order
    kit: Kit

    @property
    def role(self) -> str:
        """The role in which it is asked."""
        return self.order.actor.partition("/")[0]

    @property
    def identity(self) -> UUID:
        """Who asks, as the directory knows them."""
        return UUID(self.order.actor.partition("/")[2])

    async def answer(self, work: Callable[[Transaction], Awaitable[str]]) -> Response:
        """Do the work and answer where its result is."""
        return answered(await self.kit.shell.handle(self.order, work))

    async def on_campaign(self, campaign: UUID, command: Command) -> Response:
        """Give a campaign a command; 404 when there is no such campaign."""
        organisation = self.order.organisation

        async def work(transaction: Transaction) -> str:
            await present_campaign(transaction, organisation, campaign)
            await transaction.decide(CAMPAIGN, organisation, f"campaign/{campaign}", command)
            return f"/organisations/{organisation}/campaigns/{campaign}"

        return await self.answer(work)

    async def on_application(
        self, application: UUID, step: Callable[[Transaction], Awaitable[object]]
    ) -> Response:
        """Take a step with an application; 404 when there is none, or it is another applicant's."""
        organisation = self.order.organisation

        async def work(transaction: Transaction) -> str:
            known = await present(transaction, organisation, application)
            if self.role == "applicant" and known.state.received.account != self.identity:
                raise unknown()
            await step(transaction)
            return f"/organisations/{organisation}/applications/{application}"

        return await self.answer(work)

    async def to(self, decider: Decider[S, C, E], application: UUID, command: C) -> Response:
        """Give a decider of the application's stream a command."""

        async def step(transaction: Transaction) -> None:
            stream = f"application/{application}"
            await transaction.decide(decider, self.order.organisation, stream, command)

        return await self.on_application(application, step)


async def present_campaign(transaction: Transaction, organisation: str, campaign: UUID) -> None:
    """404 when there is no such campaign."""
    state = await transaction.state(CAMPAIGN, organisation, f"campaign/{campaign}")
    if isinstance(state, NoCampaign):
        raise unknown()


async def present(transaction: Transaction, organisation: str, application: UUID) -> Journey:
    """The application with its campaign; 404 when there is none."""
    state = await transaction.state(APPLICATION, organisation, f"application/{application}")
    if isinstance(state, NoApplication):
        raise unknown()
    return await steps.journey(transaction, organisation, application)


def sealed(text: str | None) -> Clear | None:
    """Text about a person, to be sealed before it is written."""
    return None if text is None else Clear(text)


def _by(*roles: str) -> Callable[[Request, Order], Asked]:
    def asked(request: Request, order: Annotated[Order, Depends(ordered(*roles))]) -> Asked:
        return Asked(order, request.app.state.kit)

    return asked


Coordinating: TypeAlias = Annotated[Asked, Depends(_by("coordinator"))]
"""A command for the engagement team."""
Applying: TypeAlias = Annotated[Asked, Depends(_by("applicant"))]
"""A command for somebody who applies."""
Either: TypeAlias = Annotated[Asked, Depends(_by("applicant", "coordinator"))]
"""A command for the applicant, or for the engagement team on their word."""
Scoring: TypeAlias = Annotated[Asked, Depends(_by("panel-member"))]
"""A command for a member of a panel."""
Keeping: TypeAlias = Annotated[Asked, Depends(_by("operator", "coordinator"))]
"""A command for who looks after the records of persons."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Somebody who reads, and the service they read from."""

    actor: str
    kit: Kit

    @property
    def role(self) -> str:
        """The role in which it is read."""
        return self.actor.partition("/")[0]

    @property
    def identity(self) -> UUID:
        """Who reads, as the directory knows them."""
        return UUID(self.actor.partition("/")[2])


def reading(*roles: str) -> Callable[[Request, Caller], Looking]:
    """A dependency: who reads, in one of these roles."""

    def looking(request: Request, caller: Annotated[Caller, Depends(allowed(*roles))]) -> Looking:
        return Looking(caller.actor, request.app.state.kit)

    return looking


Coordinator: TypeAlias = Annotated[Looking, Depends(reading("coordinator"))]
PanelMember: TypeAlias = Annotated[Looking, Depends(reading("panel-member"))]
