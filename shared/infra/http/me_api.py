"""Who a token's bearer is here: the identifier that events and panels know them by."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from shared.infra.http.access import Caller, allowed, guarded_router
from shared.infra.http.tokens import ROLES


class Me(BaseModel):
    """The bearer's identifier in this operator's directory, and their roles per organisation."""

    identity: UUID
    roles: dict[str, list[str]]


def router() -> APIRouter:
    """`GET /me`."""
    routes = guarded_router("me")

    @routes.get("/me")
    async def read_me(
        request: Request, caller: Annotated[Caller, Depends(allowed(*sorted(ROLES)))]
    ) -> Me:
        """Who you are here: a panel is convened, and a payee linked, by this identifier."""
        roles = {code: sorted(held) for code, held in sorted(caller.roles.items())}
        return Me(identity=request.state.bearer.identity, roles=roles)

    return routes
