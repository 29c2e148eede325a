"""Payment runs over HTTP: frozen, approved, their file, sent, and what the bank answers."""

from uuid import UUID

from fastapi import Response

from services.payments import files
from services.payments.api.asking import Approving, Asked, Preparing, present
from services.payments.domain.run import (
    RUN,
    ApproveRun,
    Command,
    ReissueLine,
    ReturnLine,
    SendRun,
    SettleLines,
    WithdrawRun,
)
from services.payments.domain.run_states import NoRun
from services.payments.forms import (
    ReasonForm,
    ReissueForm,
    ReturnForm,
    RunApprovalForm,
    RunForm,
    SettlementForm,
)
from services.payments.ledger import follow, freeze, identities
from shared.infra.http import Empty, answered, guarded_router
from shared.infra.shell import Transaction
from shared.kernel.identifiers import Organisation

routes = guarded_router("payment runs")

_RUNS = "/organisations/{organisation}/payment-runs"
_RUN = f"{_RUNS}/{{run}}"


@routes.post(_RUNS, status_code=201, response_class=Response)
async def freeze_run(organisation: Organisation, form: RunForm, asked: Preparing) -> Response:
    """Freeze everything that is approved, to payees with verified bank details, into a run."""
    run = asked.order.derive("payment-run")

    async def work(transaction: Transaction) -> str:
        await freeze(transaction, organisation, run, form.pay_on, asked.order.actor)
        return f"/organisations/{organisation}/payment-runs/{run}"

    return await asked.answer(work)


@routes.post(f"{_RUN}/approval", status_code=201, response_class=Response)
async def approve_run(
    organisation: Organisation, run: UUID, form: RunApprovalForm, asked: Approving
) -> Response:
    """Approve the total of a run, as a second person."""

    async def work(transaction: Transaction) -> str:
        state = await present(transaction, RUN, organisation, "payment-run", run)
        payees = [] if isinstance(state, NoRun) else list(state.contents.lines)
        command = ApproveRun(
            total_pence=form.total_pence,
            by=asked.order.actor,
            payee_identities=await identities(transaction, organisation, payees),
        )
        await follow(transaction, organisation, run, command)
        return f"/organisations/{organisation}/payment-runs/{run}"

    return await asked.answer(work)


@routes.post(f"{_RUN}/withdrawal", status_code=201, response_class=Response)
async def withdraw_run(
    organisation: Organisation, run: UUID, form: ReasonForm, asked: Preparing
) -> Response:
    """Give a run up before it is sent; its payments wait for the next one."""
    return await _decide(asked, organisation, run, WithdrawRun(form.reason, asked.order.actor))


@routes.post(f"{_RUN}/file", status_code=201, response_class=Response)
async def produce_file(
    organisation: Organisation, run: UUID, _: Empty, asked: Preparing
) -> Response:
    """Make the bank's file of an approved run and put it out; again makes the same bytes."""
    await asked.kit.shell.look(lambda t: present(t, RUN, organisation, "payment-run", run))
    return answered(await files.produce(asked.kit, asked.order, run))


@routes.post(f"{_RUN}/sending", status_code=201, response_class=Response)
async def send_run(organisation: Organisation, run: UUID, _: Empty, asked: Preparing) -> Response:
    """Record that the file was handed to the bank."""
    command = SendRun(asked.order.actor, asked.kit.clock.now())
    return await _decide(asked, organisation, run, command)


@routes.post(f"{_RUN}/settlement", status_code=201, response_class=Response)
async def settle_lines(
    organisation: Organisation, run: UUID, form: SettlementForm, asked: Preparing
) -> Response:
    """Record which lines the bank paid."""
    command = SettleLines(form.settled_on, form.payees)
    return await _decide(asked, organisation, run, command)


@routes.post(f"{_RUN}/returns", status_code=201, response_class=Response)
async def return_line(
    organisation: Organisation, run: UUID, form: ReturnForm, asked: Preparing
) -> Response:
    """Record that the bank sent a line back; the payee's details must be verified again."""
    return await _decide(asked, organisation, run, ReturnLine(form.payee, form.reason))


@routes.post(f"{_RUN}/reissues", status_code=201, response_class=Response)
async def reissue_line(
    organisation: Organisation, run: UUID, form: ReissueForm, asked: Preparing
) -> Response:
    """Release a returned line: its payments go into the next run."""
    return await _decide(asked, organisation, run, ReissueLine(form.payee, asked.order.actor))


async def _decide(asked: Asked, organisation: str, run: UUID, command: Command) -> Response:
    async def work(transaction: Transaction) -> str:
        await present(transaction, RUN, organisation, "payment-run", run)
        await follow(transaction, organisation, run, command)
        return f"/organisations/{organisation}/payment-runs/{run}"

    return await asked.answer(work)
