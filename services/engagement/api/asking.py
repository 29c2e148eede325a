"""What the routes of engagement have in common: who may ask, what is not there, the answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Depends, Request, Response

from shared.contracts.event import Event
from shared.contracts.personal import Clear
from shared.infra.http import answered, ordered, unknown
from shared.infra.shell import Order, Shell, Transaction
from shared.kernel.decider import Decider

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Asked:
    """A command on its way: who asks for what, and the shell that will do it."""

    order: Order
    shell: Shell

    async def answer(self, work: Callable[[Transaction], Awaitable[str]]) -> Response:
        """Do the work and answer where its result is."""
        return answered(await self.shell.handle(self.order, work))


def _by_coordinator(
    request: Request, order: Annotated[Order, Depends(ordered("coordinator"))]
) -> Asked:
    return Asked(order, request.app.state.kit.shell)


def _by_host(
    request: Request, order: Annotated[Order, Depends(ordered("coordinator", "lead-contact"))]
) -> Asked:
    return Asked(order, request.app.state.kit.shell)


Coordinating: TypeAlias = Annotated[Asked, Depends(_by_coordinator)]
"""A command for the engagement team."""
Hosting: TypeAlias = Annotated[Asked, Depends(_by_host)]
"""A command for the engagement team, or for whoever looks after partners at a committee."""


def sealed(text: str | None) -> Clear | None:
    """Text about a person, to be sealed before it is written."""
    return None if text is None else Clear(text)


async def present(
    transaction: Transaction,
    decider: Decider[S, C, E],
    organisation: str,
    noun: str,
    identifier: UUID,
) -> S:
    """The state of what the path names; 404 when there is no such thing."""
    state = await transaction.state(decider, organisation, f"{noun}/{identifier}")
    if state == decider.initial:
        raise unknown()
    return state
