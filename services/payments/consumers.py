"""What payments does when attendance is recorded, partners are welcomed, policies adopted."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from services.payments.domain.payee import PAYEE, RegisterPayee, payee_of
from services.payments.domain.payment_day import (
    PAYMENT_DAY,
    CountAgain,
    CountSession,
    day_of,
    payment_of,
)
from services.payments.domain.policy import INVOLVEMENT_PAYMENT, Attended
from services.payments.ledger import count, policy_on
from services.payments.work_list import WORK_LIST
from shared.contracts.engagement import (
    ActivityRecorded,
    AttendanceCorrected,
    MeetingAttended,
    PartnerReappointed,
    PartnerWelcomed,
)
from shared.contracts.envelope import Recorded
from shared.contracts.payments import PaymentUndetermined
from shared.contracts.personal import Clear, Sealed
from shared.contracts.policies import PolicyAdopted
from shared.infra.bus.handling import Fold, Handler, Reaction
from shared.infra.erasure import erasing
from shared.infra.key_access import PAYING
from shared.infra.kit import Kit
from shared.infra.opening import Opened, Unavailable
from shared.infra.sealing import sealed_in
from shared.infra.shell import Transaction
from shared.infra.sql import load

_SQL = load(__file__)
_PARTICULARS: Final = ("name", "email", "address")


async def attended(transaction: Transaction, recorded: Recorded, _: Mapping[str, Opened]) -> None:
    """A session was attended, or its attendance corrected: count it in the payer's log."""
    event = recorded.event()
    match event:
        case MeetingAttended() | AttendanceCorrected():
            session, what = event.meeting, "meeting"
        case ActivityRecorded():
            session, what = event.activity, "activity"
        case _:
            raise TypeError(f"{recorded.type} is no attendance.")
    facts = Attended(
        session=f"{what}/{session}",
        earned_at=recorded.log.organisation,
        minutes=event.minutes,
        preparation_minutes=_preparation(event),
        role_category=event.role_category,
        activity=event.activity_kind,
        carries_payment=event.carries_payment,
        cause=str(recorded.position),
        recorded_by=recorded.actor,
    )
    command = CountSession(
        payment=payment_of(session, event.partner),
        person=event.person,
        partner=event.partner,
        on=event.on,
        attended=facts,
        policy=await policy_on(transaction, event.payer, event.on),
    )
    await count(transaction, event.payer, day_of(event.person, event.on), command, recorded.time)


def _preparation(event: MeetingAttended | AttendanceCorrected | ActivityRecorded) -> int:
    """What was prepared for a session counts only for somebody who was there."""
    match event:
        case MeetingAttended():
            return event.preparation_minutes
        case AttendanceCorrected():
            return event.preparation_minutes if event.attended else 0
        case _:
            return 0


async def adopted(transaction: Transaction, recorded: Recorded, _: Mapping[str, Opened]) -> None:
    """Another policy is in force from a day on: count every date since then again."""
    event = recorded.event()
    if not isinstance(event, PolicyAdopted) or event.kind != INVOLVEMENT_PAYMENT:
        return
    payer = recorded.log.organisation
    rows = await (await transaction.begin()).fetch(
        _SQL["payment_days"], payer, event.effective_from
    )
    for row in rows:
        await _count_again(transaction, payer, row["stream"], recorded)


async def undetermined(
    transaction: Transaction, recorded: Recorded, _: Mapping[str, Opened]
) -> None:
    """A payment could not be determined: a policy may have been adopted in that very moment."""
    event = recorded.event()
    if isinstance(event, PaymentUndetermined):
        stream = f"payment-day/{day_of(event.person, event.on)}"
        await _count_again(transaction, recorded.log.organisation, stream, recorded)


async def _count_again(transaction: Transaction, payer: str, stream: str, cause: Recorded) -> None:
    days = await transaction.state(PAYMENT_DAY, payer, stream)
    if days:
        command = CountAgain(await policy_on(transaction, payer, days[0].on))
        await count(transaction, payer, UUID(stream.partition("/")[2]), command, cause.time)


async def welcomed(
    transaction: Transaction, recorded: Recorded, opened: Mapping[str, Opened]
) -> None:
    """Somebody is a partner: whoever pays them keeps name and address for its money records."""
    event = recorded.event()
    if not isinstance(event, PartnerWelcomed | PartnerReappointed):
        raise TypeError(f"{recorded.type} welcomes nobody.")
    payee = payee_of(event.person, event.payer)
    command = RegisterPayee(
        payee=payee,
        person=event.person,
        contact_channel=event.contact_channel,
        source=str(recorded.position),
        name=_clear(opened, "name"),
        email=_clear(opened, "email"),
        address=_clear(opened, "address"),
    )
    await transaction.decide(PAYEE, event.payer, f"payee/{payee}", command)


def _clear(opened: Mapping[str, Opened], field: str) -> Clear | None:
    """The value, to be sealed under the payer's own key; None when its key was destroyed."""
    value = opened.get(field)
    return None if value is None or isinstance(value, Unavailable) else Clear(value)


def _particulars(recorded: Recorded) -> Mapping[str, Sealed]:
    return {at: value for at, value in sealed_in(recorded).items() if at in _PARTICULARS}


def reactions(kit: Kit) -> Sequence[Reaction]:
    """What payments reacts to."""
    welcoming = Handler(welcomed, _particulars, PAYING)
    return [
        Reaction(
            "payments.dues",
            "engagement",
            {
                "MeetingAttended": Handler(attended),
                "AttendanceCorrected": Handler(attended),
                "ActivityRecorded": Handler(attended),
                "PartnerWelcomed": welcoming,
                "PartnerReappointed": welcoming,
            },
        ),
        Reaction(
            "payments.policies",
            "payments",
            {"PolicyAdopted": Handler(adopted), "PaymentUndetermined": Handler(undetermined)},
        ),
        Reaction(
            "payments.erasures", "recruitment", {"ErasureRequested": Handler(erasing(kit.keys))}
        ),
    ]


def folds(_: Kit) -> Sequence[Fold]:
    """What payments keeps in tables."""
    return [WORK_LIST]
