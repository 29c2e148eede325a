"""What the routes of payments have in common: who may ask, what is not there, the answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Depends, Request, Response

from shared.contracts.event import Event
from shared.infra.http import answered, ordered, unknown
from shared.infra.kit import Kit
from shared.infra.shell import Order, Transaction
from shared.kernel.decider import Decider

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Asked:
    """A command on its way: who asks for what, and the kit that will do it."""

    order: Order
    kit: Kit

    async def answer(self, work: Callable[[Transaction], Awaitable[str]]) -> Response:
        """Do the work and answer where its result is."""
        return answered(await self.kit.shell.handle(self.order, work))


def _prepares(
    request: Request, order: Annotated[Order, Depends(ordered("finance-preparer"))]
) -> Asked:
    return Asked(order, request.app.state.kit)


def _approves(
    request: Request, order: Annotated[Order, Depends(ordered("finance-approver"))]
) -> Asked:
    return Asked(order, request.app.state.kit)


def _judges(
    request: Request,
    order: Annotated[Order, Depends(ordered("finance-approver", "coordinator"))],
) -> Asked:
    return Asked(order, request.app.state.kit)


def _speaks(
    request: Request, order: Annotated[Order, Depends(ordered("coordinator", "partner"))]
) -> Asked:
    return Asked(order, request.app.state.kit)


def _enters(
    request: Request,
    order: Annotated[Order, Depends(ordered("finance-preparer", "coordinator"))],
) -> Asked:
    return Asked(order, request.app.state.kit)


Preparing: TypeAlias = Annotated[Asked, Depends(_prepares)]
"""A command for those who prepare payments."""
Approving: TypeAlias = Annotated[Asked, Depends(_approves)]
"""A command for those who approve them."""
Judging: TypeAlias = Annotated[Asked, Depends(_judges)]
"""A command for whoever the payment policy gives an amount to approve."""
Speaking: TypeAlias = Annotated[Asked, Depends(_speaks)]
"""A command for a partner about their own money, or for the engagement team who hear from them."""
Entering: TypeAlias = Annotated[Asked, Depends(_enters)]
"""A command for whoever a partner gives details to."""


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
