"""Before starting, over HTTP: references, checks, the offer and its answer."""

from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from services.recruitment import steps
from services.recruitment.api.asking import (
    Coordinating,
    Coordinator,
    Either,
    present,
    sealed,
)
from services.recruitment.domain.appointment import (
    APPOINTMENT,
    AcceptOffer,
    DeclineOffer,
)
from services.recruitment.domain.clearance import CLEARANCE, Clearing, DecideCheck
from services.recruitment.domain.references import (
    JudgeReference,
    ReceiveReference,
    RequestReference,
)
from services.recruitment.forms import (
    CheckForm,
    JudgementForm,
    OfferForm,
    OptionalReasonForm,
    RefereeForm,
    ReferenceForm,
)
from services.recruitment.steps import Term
from shared.contracts.personal import Clear
from shared.contracts.recruitment import CheckKind, DbsLevel
from shared.infra.http import Empty, guarded_router, unknown
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation

routes = guarded_router("clearance")

_APPLICATION = "/organisations/{organisation}/applications/{application}"
_REFERENCE = f"{_APPLICATION}/references/{{reference}}"


@routes.post(f"{_APPLICATION}/clearance", status_code=201, response_class=Response)
async def open_clearance(
    organisation: Organisation, application: UUID, _: Empty, asked: Coordinating
) -> Response:
    """Begin references and checks of a successful applicant."""
    return await asked.on_application(
        application, lambda t: steps.open_clearance(t, organisation, application)
    )


class ReferenceDocument(BaseModel):
    """How far one reference is."""

    reference: UUID
    reminders: int
    received: bool
    satisfactory: bool | None


class ClearanceDocument(BaseModel):
    """What the role needs before starting, and what is still to come, in words."""

    references_needed: int
    checks_needed: tuple[CheckKind, ...]
    dbs_level: DbsLevel
    references: tuple[ReferenceDocument, ...]
    outstanding: tuple[str, ...]


@routes.get(f"{_APPLICATION}/clearance")
async def read_clearance(
    organisation: Organisation, application: UUID, looking: Coordinator
) -> ClearanceDocument:
    """How far references and checks are, while they are under way."""

    async def find(transaction: Transaction) -> ClearanceDocument:
        stream = f"application/{application}"
        state = await transaction.state(CLEARANCE, organisation, stream)
        if not isinstance(state, Clearing):
            raise unknown()
        return _document(state)

    return await looking.kit.shell.look(find)


def _document(state: Clearing) -> ClearanceDocument:
    return ClearanceDocument(
        references_needed=state.opened.references_needed,
        checks_needed=state.opened.checks_needed,
        dbs_level=state.opened.dbs_level,
        references=tuple(
            ReferenceDocument(
                reference=reference,
                reminders=each.reminders,
                received=each.received,
                satisfactory=each.satisfactory,
            )
            for reference, each in state.references.items()
        ),
        outstanding=tuple(state.outstanding()),
    )


@routes.post(f"{_APPLICATION}/references", status_code=201, response_class=Response)
async def request_reference(
    organisation: Organisation, application: UUID, form: RefereeForm, asked: Coordinating
) -> Response:
    """Ask a referee for a reference."""
    reference = asked.order.derive("reference")

    async def work(transaction: Transaction) -> str:
        await present(transaction, organisation, application)
        command = RequestReference(
            reference=reference,
            referee=asked.order.derive("referee"),
            referee_name=Clear(form.name),
            referee_email=sealed(form.email),
            referee_address=sealed(form.address),
            now=transaction.now,
        )
        await steps.request_reference(transaction, organisation, application, command)
        return f"/organisations/{organisation}/applications/{application}/references/{reference}"

    return await asked.answer(work)


@routes.post(f"{_REFERENCE}/receipt", status_code=201, response_class=Response)
async def receive_reference(
    organisation: Organisation,
    application: UUID,
    reference: UUID,
    form: ReferenceForm,
    asked: Coordinating,
) -> Response:
    """Enter a reference that came."""

    async def step(transaction: Transaction) -> None:
        command = ReceiveReference(
            reference, form.received.moment(), transaction.now, Clear(form.content)
        )
        stream = f"application/{application}"
        await transaction.decide(CLEARANCE, organisation, stream, command)

    return await asked.on_application(application, step)


@routes.post(f"{_REFERENCE}/judgement", status_code=201, response_class=Response)
async def judge_reference(
    organisation: Organisation,  # noqa: ARG001 - in the order
    application: UUID,
    reference: UUID,
    form: JudgementForm,
    asked: Coordinating,
) -> Response:
    """Say whether a reference is satisfactory."""
    command = JudgeReference(reference, form.satisfactory, Clear(form.reason))
    return await asked.to(CLEARANCE, application, command)


@routes.post(f"{_APPLICATION}/checks", status_code=201, response_class=Response)
async def decide_check(
    organisation: Organisation,  # noqa: ARG001 - in the order
    application: UUID,
    form: CheckForm,
    asked: Coordinating,
) -> Response:
    """Record how a check ended, or why it is not needed."""
    command = DecideCheck(
        check=form.check,
        outcome=form.outcome,
        reason=Clear(form.reason),
        decided_on=form.decided_on,
        level=form.level,
        fee_basis=form.fee_basis,
        issued_on=form.issued_on,
        seen_by=form.seen_by,
    )
    return await asked.to(CLEARANCE, application, command)


@routes.post(f"{_APPLICATION}/offer", status_code=201, response_class=Response)
async def offer_role(
    organisation: Organisation, application: UUID, form: OfferForm, asked: Coordinating
) -> Response:
    """Offer the role for a term; it is no contract of employment."""
    term = Term(form.term_starts_on, form.term_ends_on, form.lead_contact, form.next_steps)
    return await asked.on_application(
        application, lambda t: steps.make_offer(t, organisation, application, term)
    )


@routes.post(f"{_APPLICATION}/acceptance", status_code=201, response_class=Response)
async def accept_offer(
    organisation: Organisation,  # noqa: ARG001 - in the order
    application: UUID,
    _: Empty,
    asked: Either,
) -> Response:
    """Accept the offer; when nothing is outstanding, the host has its partner."""
    return await asked.to(APPOINTMENT, application, AcceptOffer())


@routes.post(f"{_APPLICATION}/declining", status_code=201, response_class=Response)
async def decline_offer(
    organisation: Organisation,  # noqa: ARG001 - in the order
    application: UUID,
    form: OptionalReasonForm,
    asked: Either,
) -> Response:
    """Decline the offer."""
    return await asked.to(APPOINTMENT, application, DeclineOffer(sealed(form.reason)))
