"""What belongs together in one transaction: a date and its payments, a run and what is in it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from services.payments import work_list
from services.payments.domain import payment as payments
from services.payments.domain import run as runs
from services.payments.domain.payee import PAYEE, DoubtDetails, Payee, payee_of
from services.payments.domain.payment import PAYMENT
from services.payments.domain.payment_day import PAYMENT_DAY, CountAgain, CountSession
from services.payments.domain.policy import (
    INVOLVEMENT_PAYMENT,
    PAYMENT_FILE,
    InForce,
    InvolvementTerms,
    PaymentFileTerms,
)
from services.payments.domain.run import RUN
from services.payments.domain.run_states import NoRun
from services.payments.domain.selection import Open, Selection, select
from shared.contracts.event import Event
from shared.contracts.payments import (
    Originator,
    PaymentRunWithdrawn,
    RunLine,
    RunLineReissued,
    RunLineReturned,
    RunLineSettled,
    SessionReckoned,
)
from shared.infra.shell import Transaction
from shared.kernel.decider import Refused
from shared.kernel.moments import london_date


class NoPaymentPolicy(Refused):
    """The organisation has adopted no payment policy yet; an operator adopts one."""


class NoAccountToPayFrom(Refused):
    """The organisation has adopted no payment-file policy yet; it names the account to pay from."""


async def policy_on(transaction: Transaction, payer: str, on: date) -> InForce | None:
    """The involvement payment policy in force on that day."""
    found = await transaction.policy(payer, INVOLVEMENT_PAYMENT, on)
    if found is None:
        return None
    return InForce(found.version, InvolvementTerms.model_validate(found.terms))


async def policy_today(transaction: Transaction, payer: str) -> InForce:
    """The involvement payment policy of today; NoPaymentPolicy when there is none."""
    found = await policy_on(transaction, payer, london_date(transaction.now))
    if found is None:
        raise NoPaymentPolicy
    return found


async def count(
    transaction: Transaction,
    payer: str,
    day: UUID,
    command: CountSession | CountAgain,
    at: datetime,
) -> None:
    """Count a person's date, and tell each payment on it what its session is worth now."""
    reckoned = await transaction.decide(PAYMENT_DAY, payer, f"payment-day/{day}", command, at=at)
    for event in reckoned:
        if isinstance(event, SessionReckoned):
            reckon = payments.Reckon(event, payee_of(event.person, payer))
            await transaction.decide(PAYMENT, payer, f"payment/{event.payment}", reckon, at=at)


async def identities(
    transaction: Transaction, payer: str, payees: Sequence[UUID]
) -> frozenset[UUID]:
    """The identities under which these payees sign in."""
    found = [await transaction.state(PAYEE, payer, f"payee/{payee}") for payee in payees]
    return frozenset().union(*(one.identities for one in found if isinstance(one, Payee)))


async def freeze(
    transaction: Transaction, payer: str, run: UUID, pay_on: date, by: str
) -> Sequence[Event]:
    """Freeze everything that can be paid into a run."""
    today = london_date(transaction.now)
    policy = await transaction.policy(payer, PAYMENT_FILE, today)
    if policy is None:
        raise NoAccountToPayFrom
    selection = await _selection(transaction, payer)
    command = runs.FreezeRun(
        run=run,
        selection=selection,
        pay_on=pay_on,
        today=today,
        originator=_originator(PaymentFileTerms.model_validate(policy.terms)),
        policy_version=policy.version,
        by=by,
        payee_identities=await identities(
            transaction, payer, [line.payee for line in selection.lines]
        ),
    )
    frozen = await transaction.decide(RUN, payer, f"payment-run/{run}", command)
    for line in selection.lines if frozen else ():
        for item in line.items:
            put = payments.PutInRun(run, item.amount_pence)
            await transaction.decide(PAYMENT, payer, f"payment/{item.payment}", put)
    return frozen


async def _selection(transaction: Transaction, payer: str) -> Selection:
    found = await work_list.payable(await transaction.begin(), payer)
    verified: dict[UUID, int] = {}
    for payee in {one.payee for one in found}:
        state = await transaction.state(PAYEE, payer, f"payee/{payee}")
        if isinstance(state, Payee) and state.payable_to is not None:
            verified[payee] = state.payable_to
    return select(
        (Open(one.payment, one.payee, one.person, one.payable_pence) for one in found), verified
    )


def _originator(terms: PaymentFileTerms) -> Originator:
    return Originator(
        name=terms.originator_name,
        sort_code=terms.sort_code,
        account_number=terms.account_number,
        reference=terms.reference,
    )


async def follow(
    transaction: Transaction, payer: str, run: UUID, command: runs.Command
) -> Sequence[Event]:
    """Decide about a run, and tell every payment in it what that means for it."""
    stream = f"payment-run/{run}"
    state = await transaction.state(RUN, payer, stream)
    lines = {} if isinstance(state, NoRun) else state.contents.lines
    decided = await transaction.decide(RUN, payer, stream, command)
    for event in decided:
        await _tell(transaction, payer, event, lines)
    return decided


async def _tell(
    transaction: Transaction, payer: str, event: Event, lines: Mapping[UUID, RunLine]
) -> None:
    match event:
        case PaymentRunWithdrawn(run=run):
            for line in lines.values():
                await _each(transaction, payer, line, payments.TakeFromRun(run))
        case RunLineSettled(run=run, payee=payee, settled_on=on):
            await _each(transaction, payer, lines[payee], payments.SettlePayment(run, on))
        case RunLineReturned(run=run, payee=payee, reason=reason):
            await _each(transaction, payer, lines[payee], payments.ReturnPayment(run, reason))
            await transaction.decide(PAYEE, payer, f"payee/{payee}", DoubtDetails(reason))
        case RunLineReissued(run=run, payee=payee):
            await _each(transaction, payer, lines[payee], payments.ReissuePayment(run))
        case _:
            return


async def _each(
    transaction: Transaction, payer: str, line: RunLine, command: payments.Command
) -> None:
    for item in line.items:
        await transaction.decide(PAYMENT, payer, f"payment/{item.payment}", command)
