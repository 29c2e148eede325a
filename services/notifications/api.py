"""Notifications over HTTP: templates to read, what lies in the folders, trying again by hand."""

from asyncio import to_thread
from datetime import date
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from services.notifications.domain.message import MESSAGE
from services.notifications.planning import retry
from services.notifications.sending import letter_folder, mail_folder
from services.notifications.settings import notifications_settings
from services.notifications.texts import texts
from shared.infra.folders import PutOut
from shared.infra.http import Caller, Empty, allowed, answered, guarded_router, ordered, unknown
from shared.infra.kit import Kit
from shared.infra.shell import Order, Transaction
from shared.kernel.identifiers import Organisation

_READERS = ("coordinator", "operator", "auditor")


class TemplateDocument(BaseModel):
    """A template's newest version, with its placeholders as they are."""

    template: str
    text: str


class PutOutDocument(BaseModel):
    """An e-mail or a letter that lies in its folder until it expires."""

    what: Literal["message", "letter"]
    on: date
    name: str
    octets: int


def _read(request: Request, _: Annotated[Caller, Depends(allowed(*_READERS))]) -> Kit:
    kit: Kit = request.app.state.kit
    return kit


Reading: TypeAlias = Annotated[Kit, Depends(_read)]


def router(kit: Kit) -> APIRouter:
    """Every route of notifications."""
    routes = guarded_router("notifications")

    @routes.get("/organisations/{organisation}/templates")
    async def list_templates(
        organisation: Organisation,  # noqa: ARG001 - whoever may read here may read them
        _: Reading,
    ) -> list[TemplateDocument]:
        """Every template in its newest version."""
        found = (texts().current(name) for name in texts().names())
        return [TemplateDocument(template=t, text=texts().by_reference[t]) for t in found]

    @routes.get("/organisations/{organisation}/put-out")
    async def list_put_out(organisation: Organisation, _: Reading) -> list[PutOutDocument]:
        """E-mails and letters that lie in the folders, the newest day first."""
        settings = notifications_settings(kit)
        mails = await to_thread(mail_folder(settings).listed, organisation)
        letters = await to_thread(letter_folder(settings).listed, organisation)
        return [
            *(_document("message", file) for file in mails),
            *(_document("letter", file) for file in letters),
        ]

    @routes.post(
        "/organisations/{organisation}/messages/{message}/retry",
        status_code=201,
        response_class=Response,
    )
    async def retry_message(
        organisation: Organisation,
        message: UUID,
        _: Empty,
        order: Annotated[Order, Depends(ordered("coordinator", "operator"))],
    ) -> Response:
        """Try a message again that was given up, when what was wrong has been put right."""
        stream = f"message/{message}"

        async def work(transaction: Transaction) -> str:
            state = await transaction.state(MESSAGE, organisation, stream)
            if state == MESSAGE.initial:
                raise unknown()
            await retry(transaction, organisation, stream)
            return f"/organisations/{organisation}/messages/{message}"

        return answered(await kit.shell.handle(order, work))

    return routes


def _document(what: Literal["message", "letter"], file: PutOut) -> PutOutDocument:
    return PutOutDocument(what=what, on=file.on, name=file.name, octets=file.octets)
