"""Persons over HTTP: identifiers linked, erasure asked for."""

from uuid import UUID

from fastapi import Response

from services.recruitment import steps
from services.recruitment.api.asking import Keeping
from services.recruitment.domain.person import (
    PERSON,
    LinkPersons,
    RequestErasure,
    UnlinkPersons,
)
from services.recruitment.forms import ErasureForm, LinkForm
from shared.infra.http import guarded_router
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation

routes = guarded_router("persons")

_PERSON = "/organisations/{organisation}/persons/{person}"


@routes.post(f"{_PERSON}/links", status_code=201, response_class=Response)
async def link_persons(
    organisation: Organisation, person: UUID, form: LinkForm, asked: Keeping
) -> Response:
    """Say that two identifiers are one person."""
    command = LinkPersons(organisation, person, form.other)

    async def work(transaction: Transaction) -> str:
        await transaction.decide(PERSON, organisation, f"person/{person}", command)
        return f"/organisations/{organisation}/persons/{person}"

    return await asked.answer(work)


@routes.post(f"{_PERSON}/unlinking", status_code=201, response_class=Response)
async def unlink_persons(
    organisation: Organisation, person: UUID, form: LinkForm, asked: Keeping
) -> Response:
    """Say that two identifiers are different people after all."""
    command = UnlinkPersons(organisation, person, form.other)

    async def work(transaction: Transaction) -> str:
        await transaction.decide(PERSON, organisation, f"person/{person}", command)
        return f"/organisations/{organisation}/persons/{person}"

    return await asked.answer(work)


@routes.post(f"{_PERSON}/erasure", status_code=201, response_class=Response)
async def request_erasure(
    organisation: Organisation, person: UUID, form: ErasureForm, asked: Keeping
) -> Response:
    """Ask every service to destroy what it may of this person's data here."""
    command = RequestErasure(person, form.reason)

    async def work(transaction: Transaction) -> str:
        await steps.request_erasure(transaction, organisation, command)
        return f"/organisations/{organisation}/persons/{person}"

    return await asked.answer(work)
