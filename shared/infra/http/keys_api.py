"""`POST /keys/{organisation}/open`: whoever serves a log serves the keys of what it seals."""

from collections.abc import Set
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from shared.infra.http.access import Caller, acting, guarded_router
from shared.infra.http.problems import away
from shared.infra.key_access import NoWrappingKey, OpenKeys, serve_keys
from shared.infra.kit import Kit
from shared.kernel.identifiers import Organisation

OPENERS = ("service",)
"""Services open keys, for themselves or for the person they show a value to, and record it."""


class KeysDocument(BaseModel):
    """Opened keys in base64 by id, and the ids that are erased or not for this caller."""

    opened: dict[str, str]
    erased: list[str]
    refused: list[str]


def router(kit: Kit) -> APIRouter:
    """The one route on the keys this service keeps."""
    routes = guarded_router("keys")

    @routes.post("/keys/{organisation}/open")
    async def open_keys(
        organisation: Organisation,
        asked: OpenKeys,
        caller: Annotated[Caller, Depends(acting(*OPENERS))],
    ) -> KeysDocument:
        """Keys by id, for a purpose; at most 500 in one call."""
        roles: Set[str] = caller.roles[organisation]
        try:
            async with kit.pool.acquire() as connection:
                found = await serve_keys(connection, kit.keys, organisation, asked, roles)
        except NoWrappingKey as error:
            raise away("A key-encryption key") from error
        return KeysDocument(
            opened={str(key): text for key, text in found.opened.items()},
            erased=list(map(str, found.erased)),
            refused=list(map(str, found.refused)),
        )

    return routes
