"""Payments running: from attendance to a settled payment, over HTTP, on a real log."""

import asyncio
import csv
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.payments import files
from services.payments.app import SERVICE
from services.payments.domain.books import reconcile
from services.payments.domain.payee import payee_of
from services.payments.domain.payment_day import payment_of
from services.payments.settings import payments_settings
from shared.contracts.engagement import (
    ActivityRecorded,
    AttendanceCorrected,
    MeetingAttended,
    PartnerWelcomed,
)
from shared.contracts.envelope import Recorded
from shared.contracts.openings import PersonalDataOpened, SubjectErased
from shared.contracts.payments import (
    PayeeDetailsDoubted,
    PayeeRegistered,
    PaymentCorrected,
    PaymentDue,
    PaymentFileProduced,
    PaymentNotDue,
    PaymentReissued,
    PaymentReturned,
    PaymentSettled,
    PaymentUndetermined,
)
from shared.contracts.personal import Sealed
from shared.contracts.recruitment import ErasureRequested
from shared.infra.database import open_pool
from shared.infra.keys import KeptKey
from shared.infra.opening import Unavailable
from tests.adapters.conftest import MakeDatabase
from tests.adapters.running_service import START, Running, running

MODULE = ("payments", Path(files.__file__).parent / "migrations")
PERSON, PARTNER = UUID(int=901), UUID(int=902)
OTHER_PERSON, OTHER_PARTNER = UUID(int=911), UUID(int=912)
MORNING, AFTERNOON = UUID(int=1001), UUID(int=1002)
ON = date(2024, 3, 4)
PAYEE, OTHER_PAYEE = payee_of(PERSON, "QH8"), payee_of(OTHER_PERSON, "QH8")
PAYMENT = payment_of(MORNING, PARTNER)
OTHER_PAYMENT = payment_of(MORNING, OTHER_PARTNER)
ACCOUNT = {"account_name": "Grace Okafor", "sort_code": "000000", "account_number": "12345678"}
PAY_ON = "2024-04-03"
APPROVER = ("hanna", "finance-approver")


@pytest.fixture
async def finance(make_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[Running]:
    """QH8's finance team with its policies, two partners welcomed at RAJ whom QH8 pays."""
    database = await make_database(MODULE)
    pool = await open_pool(database.service, name="test", largest=10)
    async with running(SERVICE, database, pool, tmp_path, files_folder=tmp_path / "files") as found:
        await adopt(found, "payment-file", file_terms())
        yield found
    await pool.close()


def file_terms() -> dict[str, str]:
    return {
        "originator_name": "QH8 CREDITORS",
        "sort_code": "000000",
        "account_number": "00000001",
        "reference": "INVOLVEMENT",
    }


async def adopt(finance: Running, kind: str, terms: dict[str, Any], version: int = 1) -> None:
    form = {"kind": kind, "version": version, "effective_from": "2024-01-01", "terms": terms}
    await finance.done("policies", form, who="omar", role="operator")


async def with_policy(finance: Running) -> None:
    await adopt(finance, "involvement-payment", {})


async def welcome(finance: Running, person: UUID = PERSON, partner: UUID = PARTNER) -> None:
    event = PartnerWelcomed(
        partner=partner,
        person=person,
        appointment=UUID(int=5),
        payer="QH8",
        role_family="patient-safety-partner",
        carries_payment=True,
        contact_channel="email",
    )
    recorded = finance.recorded("engagement", "RAJ", f"partner/{partner}", event)
    await finance.hear(recorded, {"name": "Grace Okafor", "email": "grace@example.org"})


def attendance(
    finance: Running,
    minutes: int,
    meeting: UUID = MORNING,
    person: UUID = PERSON,
    partner: UUID = PARTNER,
    **other: Any,
) -> Recorded:
    facts: dict[str, Any] = {
        "meeting": meeting,
        "committee": None,
        "partner": partner,
        "person": person,
        "payer": "QH8",
        "role_category": 4,
        "activity_kind": "committee-meeting",
        "carries_payment": True,
        "on": ON,
        "attended_from": START,
        "attended_to": START + timedelta(minutes=minutes),
        "minutes": minutes,
    }
    if "previous_minutes" in other:
        sealed = Sealed(
            key=UUID(int=1),
            person=person,
            retention_class="partnership",
            case=f"meeting/{meeting}",
            at=f"engagement.RAJ {UUID(int=5)} /reason",
            iv="A" * 16,
            ct="A" * 40,
        )
        facts |= {"attended": minutes > 0, "reason": sealed}
        event: Any = AttendanceCorrected(**(facts | other))
    else:
        event = MeetingAttended(**(facts | {"whole": True} | other))
    return finance.recorded("engagement", "RAJ", f"meeting/{meeting}", event)


async def bank_details(finance: Running, payee: UUID = PAYEE, number: int = 1) -> None:
    await finance.done(f"payees/{payee}/bank-details", ACCOUNT)
    path = f"payees/{payee}/bank-details/verification"
    await finance.done(path, {"number": number}, *APPROVER)


async def ready(finance: Running, minutes: int = 120) -> None:
    """One payment due and approved, to a payee who can be paid."""
    await with_policy(finance)
    await welcome(finance)
    await bank_details(finance)
    await finance.hear(attendance(finance, minutes))
    await finance.done(f"payments/{PAYMENT}/approval", {}, *APPROVER)


async def sent(finance: Running, total: int = 7_500) -> str:
    """A run frozen, approved, with its file, sent to the bank."""
    run = await finance.done("payment-runs", {"pay_on": PAY_ON})
    await finance.done(f"{run}/approval", {"total_pence": total}, *APPROVER)
    await finance.done(f"{run}/file")
    await finance.done(f"{run}/sending")
    return run


async def books(finance: Running) -> dict[str, Any]:
    found: dict[str, Any] = await finance.get("reconciliation")
    assert found["balances"], found["differences"]
    return found


async def test_from_attendance_to_a_settled_payment(finance: Running) -> None:
    await ready(finance)
    run = await sent(finance)
    await finance.done(f"{run}/settlement", {"settled_on": PAY_ON})

    found = await books(finance)
    assert (found["due"], found["approved"], found["run"], found["settled"]) == (7_500,) * 4
    assert (found["waiting"], found["in_flight"]) == (0, 0)
    (settled,) = await finance.of(PaymentSettled)
    assert (settled.payment, settled.amount_pence) == (PAYMENT, 7_500)
    page = await finance.get(run)
    assert page["standing"] == "sent"
    assert [line["stage"] for line in page["lines"]] == ["settled"]
    payment = await finance.get(f"payments/{PAYMENT}")
    assert payment["parts"] == [
        {"run": run.partition("/")[2], "amount_pence": 7_500, "stage": "settled"}
    ]
    assert await finance.get("payments") == []


async def test_the_due_stands_in_the_payers_log_with_its_cause(finance: Running) -> None:
    await with_policy(finance)
    recorded = attendance(finance, 150)
    await finance.hear(recorded)

    (due,) = [one for one in await finance.events() if one.type == "PaymentDue"]
    assert due.causation_id == recorded.id
    assert due.correlation_id == recorded.correlation_id
    event = due.event()
    assert isinstance(event, PaymentDue)
    assert (event.earned_at, event.explanation.cause) == ("RAJ", str(recorded.position))
    assert await finance.of(PaymentDue, organisation="RAJ") == []


async def test_an_attendance_delivered_twice_is_due_once(finance: Running) -> None:
    await with_policy(finance)
    recorded = attendance(finance, 150)
    await finance.hear(recorded)
    await finance.hear(recorded)
    assert len(await finance.of(PaymentDue)) == 1


async def test_two_sessions_of_a_date_at_once_make_at_most_one_full_day(finance: Running) -> None:
    await with_policy(finance)
    together = [
        finance.deliver(attendance(finance, 300, meeting=UUID(int=2_000 + nth)), {})
        for nth in range(6)
    ]
    await asyncio.gather(*together)
    await finance.catch_up()
    assert [due.amount_pence for due in await finance.of(PaymentDue)] == [15_000]
    refused = await finance.of(PaymentNotDue)
    assert [one.explanation.rule for one in refused] == ["day-limit"] * 5
    assert (await books(finance))["due"] == 15_000


async def test_without_a_policy_a_payment_waits_and_is_decided_when_one_comes(
    finance: Running,
) -> None:
    await finance.hear(attendance(finance, 150))
    assert [one.reason for one in await finance.of(PaymentUndetermined)] == ["no-policy"]
    assert await finance.of(PaymentDue) == []
    await with_policy(finance)
    assert [due.amount_pence for due in await finance.of(PaymentDue)] == [7_500]


async def test_a_policy_adopted_in_that_very_moment_is_not_missed(finance: Running) -> None:
    """The attendance was decided before the adoption, and is heard of after it."""
    await finance.deliver(attendance(finance, 150), {})
    undetermined = [one for one in await finance.events() if one.type == "PaymentUndetermined"]
    # the adoption's own reaction ran before the attendance was there: only the other one is left
    form = {"kind": "involvement-payment", "version": 1, "effective_from": "2024-01-01"}
    reply = await finance.post("policies", {**form, "terms": {}}, who="omar", role="operator")
    assert reply.status_code == 201
    await finance.deliver(undetermined[0], {})
    assert [due.amount_pence for due in await finance.of(PaymentDue)] == [7_500]


async def test_a_rate_adopted_later_for_earlier_dates_tops_up(finance: Running) -> None:
    await with_policy(finance)
    await finance.hear(attendance(finance, 150))
    await adopt(finance, "involvement-payment", {"half_day_pence": 8_000}, version=2)
    (corrected,) = await finance.of(PaymentCorrected)
    assert (corrected.difference_pence, corrected.explanation.policy_version) == (500, 2)
    assert (await books(finance))["due"] == 8_000


async def test_a_meeting_without_payment_makes_none_due(finance: Running) -> None:
    await with_policy(finance)
    await finance.hear(attendance(finance, 150, carries_payment=False))
    await finance.hear(attendance(finance, 150, meeting=AFTERNOON, role_category=3))
    assert await finance.of(PaymentDue) == []
    rules = [one.explanation.rule for one in await finance.of(PaymentNotDue)]
    assert rules == ["expenses-only", "category-not-paid"]


async def test_a_correction_after_payment_is_netted_in_the_next_run(finance: Running) -> None:
    await ready(finance, minutes=300)
    run = await sent(finance, 15_000)
    await finance.done(f"{run}/settlement", {"settled_on": PAY_ON})
    await finance.hear(attendance(finance, 120, previous_minutes=300))
    assert (await books(finance))["waiting"] == -7_500
    assert await finance.refused("payment-runs", {"pay_on": PAY_ON}) == "nothing-to-pay"

    later = attendance(finance, 300, meeting=AFTERNOON, on=date(2024, 3, 11))
    await finance.hear(later)
    payment = payment_of(AFTERNOON, PARTNER)
    await finance.done(f"payments/{payment}/approval", {}, *APPROVER)
    netted = await sent(finance, 7_500)
    await finance.done(f"{netted}/settlement", {"settled_on": PAY_ON})
    found = await books(finance)
    assert (found["due"], found["reversed"], found["settled"]) == (30_000, 7_500, 22_500)
    assert found["waiting"] == 0


async def test_somebody_who_was_not_there_is_owed_nothing(finance: Running) -> None:
    await adopt(finance, "involvement-payment", {"preparation_paid": True})
    await finance.hear(attendance(finance, 120))
    await finance.hear(attendance(finance, 0, previous_minutes=120, preparation_minutes=60))
    found = await books(finance)
    assert (found["due"], found["reversed"], found["waiting"]) == (7_500, 7_500, 0)


async def test_the_file_has_its_hash_in_the_log_and_is_the_same_again(finance: Running) -> None:
    await ready(finance)
    run = await sent(finance)
    (produced,) = await finance.of(PaymentFileProduced)
    path = put_out(finance)
    written = path.read_bytes()
    assert sha256(written).hexdigest() == produced.sha256
    assert (produced.line_count, produced.total_pence) == (1, 7_500)
    assert produced.octets == len(written)
    (row,) = csv.reader(StringIO(written.decode()))
    assert row[:4] == ["000000", "12345678", "GRACE OKAFOR", "75.00"]

    path.unlink()
    await finance.done(f"{run}/file")
    assert path.read_bytes() == written
    assert len(await finance.of(PaymentFileProduced)) == 1
    assert [file["name"] for file in await finance.get("payment-files")] == [path.name]


def put_out(finance: Running) -> Path:
    """The one file put out for the bank."""
    (file,) = payments_settings(finance.kit).files_folder.rglob("*.csv")
    return file


async def test_the_file_goes_to_the_details_that_were_frozen(finance: Running) -> None:
    await ready(finance)
    path = f"payees/{PAYEE}/bank-details"
    await finance.done(path, {**ACCOUNT, "account_number": "22222222"})
    await finance.done(f"{path}/verification", {"number": 2}, *APPROVER)
    run = await finance.done("payment-runs", {"pay_on": PAY_ON})
    await finance.done(path, {**ACCOUNT, "account_number": "33333333"})
    await finance.done(f"{run}/approval", {"total_pence": 7_500}, *APPROVER)
    await finance.done(f"{run}/file")
    assert b"22222222" in put_out(finance).read_bytes()


async def test_bank_details_are_in_clear_in_the_file_and_nowhere_else(
    finance: Running, tmp_path: Path
) -> None:
    await ready(finance)
    await sent(finance)
    for organisation in ("QH8", "RAJ"):
        for event in await finance.events(organisation):
            for secret in ("12345678", "Okafor", "grace@example.org", "GRACE"):
                assert secret not in event.body
    async with finance.kit.pool.acquire() as connection:
        rows = await connection.fetch("SELECT * FROM payments.payees")
    assert "12345678" not in str([tuple(row) for row in rows])
    openings = await finance.of(PersonalDataOpened)
    assert [opening.purpose for opening in openings] == ["paying a partner"]
    mode = put_out(finance).stat().st_mode & 0o777
    assert mode == 0o600


async def test_files_for_the_bank_expire(finance: Running) -> None:
    await ready(finance)
    await sent(finance)
    folder = files.folder(finance.kit)
    assert folder.expire("QH8", date(2024, 4, 3)) == 0
    assert folder.expire("QH8", date(2024, 4, 4)) == 1
    assert await finance.get("payment-files") == []


async def test_a_returned_payment_is_reissued_once_the_details_are_verified(
    finance: Running,
) -> None:
    await ready(finance)
    run = await sent(finance)
    back = {"payee": str(PAYEE), "reason": "Account closed"}
    await finance.done(f"{run}/returns", back)
    await finance.done(f"{run}/returns", back)
    assert len(await finance.of(PaymentReturned)) == 1
    assert len(await finance.of(PayeeDetailsDoubted)) == 1
    assert (await books(finance))["returned"] == 7_500

    await finance.done(f"{run}/reissues", {"payee": str(PAYEE)})
    await finance.done(f"{run}/reissues", {"payee": str(PAYEE)})
    assert len(await finance.of(PaymentReissued)) == 1
    assert await finance.refused("payment-runs", {"pay_on": PAY_ON}) == "nothing-to-pay"

    await bank_details(finance, number=2)
    again = await sent(finance)
    await finance.done(f"{again}/settlement", {"settled_on": PAY_ON})
    found = await books(finance)
    assert (found["run"], found["returned"], found["reissued"], found["settled"]) == (
        15_000,
        7_500,
        7_500,
        7_500,
    )
    assert (found["due"], found["in_run"], found["waiting"]) == (7_500, 7_500, 0)


async def test_what_is_in_a_run_is_in_no_other(finance: Running) -> None:
    await ready(finance)
    replies = await asyncio.gather(
        *(finance.post("payment-runs", {"pay_on": PAY_ON}) for _ in range(4))
    )
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]
    await finance.catch_up()
    assert (await books(finance))["run"] == 7_500


async def test_a_payment_approved_this_moment_is_in_the_run_frozen_next(finance: Running) -> None:
    """The work list is behind; the run looks at the log."""
    await with_policy(finance)
    await welcome(finance)
    await bank_details(finance)
    await finance.hear(attendance(finance, 120))
    approval = await finance.post(f"payments/{PAYMENT}/approval", {}, *APPROVER)
    frozen = await finance.post("payment-runs", {"pay_on": PAY_ON})
    assert (approval.status_code, frozen.status_code) == (201, 201)


async def test_nobody_prepares_or_approves_a_run_that_pays_themselves(finance: Running) -> None:
    await ready(finance)
    run = {"pay_on": PAY_ON}
    own = {"identity": str(identity(finance, "ida"))}
    await finance.done(f"payees/{PAYEE}/sign-ins", own)
    preparing = await finance.refused("payment-runs", run, "ida", "finance-preparer")
    assert preparing == "payee-cannot-prepare-run"
    approval = f"{await finance.done('payment-runs', run)}/approval"
    total = {"total_pence": 7_500}
    assert await finance.refused(approval, total, "ida", "finance-approver") == (
        "payee-cannot-approve-run"
    )


async def test_a_withdrawn_run_gives_its_payments_back(finance: Running) -> None:
    await ready(finance)
    run = await finance.done("payment-runs", {"pay_on": PAY_ON})
    await finance.done(f"{run}/withdrawal", {"reason": "Wrong date"})
    found = await books(finance)
    assert (found["run"], found["in_run"], found["waiting"]) == (0, 0, 7_500)
    await sent(finance)
    assert (await books(finance))["run"] == 7_500


async def test_a_declined_payment_is_paid_to_nobody(finance: Running) -> None:
    await with_policy(finance)
    await welcome(finance)
    await bank_details(finance)
    await finance.hear(attendance(finance, 300))
    await finance.done(f"payments/{PAYMENT}/decline", {}, "asha", "coordinator")
    assert (await books(finance))["declined"] == 15_000
    assert await finance.refused("payment-runs", {"pay_on": PAY_ON}) == "nothing-to-pay"


async def test_a_partner_declines_their_own_payment_and_no_other(finance: Running) -> None:
    await with_policy(finance)
    await welcome(finance)
    await finance.hear(attendance(finance, 120))
    path = f"payments/{PAYMENT}/decline"
    assert (await finance.post(path, {}, "grace", "partner")).status_code == 404
    own = {"identity": str(identity(finance, "grace"))}
    await finance.done(f"payees/{PAYEE}/sign-ins", own)
    assert (await finance.post(path, {}, "samuel", "partner")).status_code == 404
    await finance.done(path, {}, "grace", "partner")
    assert (await books(finance))["declined"] == 7_500


async def test_work_outside_meetings_is_paid_by_the_same_policy(finance: Running) -> None:
    await with_policy(finance)
    event = ActivityRecorded(
        activity=AFTERNOON,
        committee=None,
        partner=PARTNER,
        person=PERSON,
        payer="QH8",
        role_category=4,
        activity_kind="investigation-oversight",
        carries_payment=True,
        on=ON,
        minutes=241,
    )
    recorded = finance.recorded("engagement", "RAJ", f"activity/{AFTERNOON}", event)
    await finance.hear(recorded)
    (due,) = await finance.of(PaymentDue)
    assert (due.amount_pence, due.meeting) == (15_000, None)
    assert due.session == f"activity/{AFTERNOON}"


async def test_a_partner_takes_less_and_is_paid_that(finance: Running) -> None:
    await with_policy(finance)
    await welcome(finance)
    await bank_details(finance)
    await finance.hear(attendance(finance, 300))
    reduction = {"takes_pence": 5_000}
    await finance.done(f"payments/{PAYMENT}/reduction", reduction, "asha", "coordinator")
    await finance.done(f"payments/{PAYMENT}/approval", {}, *APPROVER)
    await sent(finance, 5_000)
    found = await books(finance)
    assert (found["due"], found["declined"], found["in_flight"]) == (15_000, 10_000, 5_000)


async def test_a_rejected_payment_is_reversed(finance: Running) -> None:
    await with_policy(finance)
    await finance.hear(attendance(finance, 120))
    reason = {"reason": "The meeting was not held."}
    await finance.done(f"payments/{PAYMENT}/rejection", reason, *APPROVER)
    assert (await books(finance))["reversed"] == 7_500


async def test_rules_say_no_over_http(finance: Running) -> None:
    await with_policy(finance)
    await welcome(finance)
    await finance.hear(attendance(finance, 300))
    approval = f"payments/{PAYMENT}/approval"
    own = {"identity": str(identity(finance, "hanna"))}
    await finance.done(f"payees/{PAYEE}/sign-ins", own)
    assert await finance.refused(approval, {}, *APPROVER) == "payee-cannot-approve"
    await adopt(
        finance, "involvement-payment", {"approval_limits_pence": {"coordinator": 100}}, version=2
    )
    assert await finance.refused(approval, {}, "asha", "coordinator") == "above-approval-limit"
    assert await finance.refused(approval, {}, "ida", "finance-approver") == "role-cannot-approve"
    await finance.done(f"payees/{PAYEE}/bank-details", ACCOUNT)
    path = f"payees/{PAYEE}/bank-details/verification"
    same = await finance.refused(path, {"number": 1}, "gareth", "finance-approver")
    assert same == "giver-cannot-verify"
    assert await finance.refused(path, {"number": 1}, *APPROVER) == "payee-cannot-verify"


def identity(finance: Running, who: str) -> UUID:
    """The identifier in the directory of somebody who signs in."""
    from shared.infra.http.tokens import TokenVerifier

    return TokenVerifier(finance.kit.settings)._identity(f"{who}")


async def test_without_policies_nothing_is_approved_and_no_run_is_frozen(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    database = await make_database(MODULE)
    pool = await open_pool(database.service, name="test")
    async with running(SERVICE, database, pool, tmp_path, files_folder=tmp_path / "f") as finance:
        assert await finance.refused("payment-runs", {"pay_on": PAY_ON}) == "no-account-to-pay-from"
        await finance.hear(attendance(finance, 120))
        approval = f"payments/{PAYMENT}/approval"
        assert await finance.refused(approval, {}, *APPROVER) == "no-payment-policy"
    await pool.close()


async def test_the_payee_is_registered_with_what_the_payer_keeps(finance: Running) -> None:
    await welcome(finance)
    (registered,) = await finance.of(PayeeRegistered)
    assert registered.name.retention_class == "money"
    assert registered.name.case == f"payee/{PAYEE}"
    assert await finance.get("payees") == [
        {"payee": str(PAYEE), "person": str(PERSON), "number": 0, "details": "none"}
    ]
    await finance.done(f"payees/{PAYEE}/bank-details", ACCOUNT)
    shown = await finance.get(f"payees/{PAYEE}/bank-details")
    assert shown == {**ACCOUNT, "number": 1, "unavailable": None}
    assert (await finance.of(PersonalDataOpened))[-1].purpose == "showing to a person"


async def test_a_welcome_whose_name_was_erased_still_registers_the_payee(finance: Running) -> None:
    event = PartnerWelcomed(
        partner=PARTNER,
        person=PERSON,
        appointment=UUID(int=5),
        payer="QH8",
        role_family="patient-safety-partner",
        carries_payment=True,
        contact_channel="email",
    )
    recorded = finance.recorded("engagement", "RAJ", f"partner/{PARTNER}", event)
    await finance.hear(recorded, {"name": Unavailable("erased")})
    assert [one.name for one in await finance.of(PayeeRegistered)] == [None]


async def kept_keys(finance: Running) -> Sequence[KeptKey]:
    async with finance.kit.pool.acquire() as connection:
        return await finance.kit.keys.of_person(connection, "QH8", PERSON)


async def test_what_an_erasure_must_leave_is_destroyed_when_its_time_is_over(
    finance: Running,
) -> None:
    shorter = {"money": {"years_after_tax_year": 1, "reason": "Kept for one year."}}
    await adopt(finance, "retention", shorter)
    await welcome(finance)
    await bank_details(finance)
    request = ErasureRequested(person=PERSON, reason="asked-by-the-person")
    await finance.hear(finance.recorded("recruitment", "QH8", "erasure/1", request))
    [answer] = await finance.of(SubjectErased)
    assert answer.destroyed == ()
    assert [(kept.until, kept.reason) for kept in answer.kept] == [
        (date(2025, 4, 5), "Kept for one year.")
    ]
    await finance.work_off_deadlines(datetime(2025, 4, 5, 22, 59, tzinfo=UTC))
    assert len(await kept_keys(finance)) == 1
    await finance.work_off_deadlines(datetime(2025, 4, 5, 23, 0, tzinfo=UTC))
    [_, later] = await finance.of(SubjectErased)
    assert len(later.destroyed) == 1
    assert later.kept == ()
    assert await kept_keys(finance) == []


BAD_INPUT: list[tuple[str, dict[str, Any], str]] = [
    ("payment-runs", {"pay_on": "2024-13-01"}, "finance-preparer"),
    ("payment-runs", {"pay_on": 1711584000}, "finance-preparer"),
    ("payment-runs", {"pay_on": "9999-01-01"}, "finance-preparer"),
    ("payment-runs", {}, "finance-preparer"),
    (f"payments/{PAYMENT}/reduction", {"takes_pence": 1.5}, "coordinator"),
    (f"payments/{PAYMENT}/reduction", {"takes_pence": "5000"}, "coordinator"),
    (f"payments/{PAYMENT}/rejection", {"reason": " "}, "finance-approver"),
    (f"payees/{PAYEE}/bank-details", {**ACCOUNT, "sort_code": "00-00-00"}, "finance-preparer"),
    (f"payees/{PAYEE}/bank-details", {**ACCOUNT, "account_name": "你好"}, "finance-preparer"),
    (f"payees/{PAYEE}/bank-details/verification", {"number": 0}, "finance-approver"),
    ("payments/none/approval", {}, "finance-approver"),
]


async def test_bad_input_is_said_to_and_nothing_is_written(finance: Running) -> None:
    before = len(await finance.events())
    for path, body, role in BAD_INPUT:
        reply = await finance.post(path, body, "somebody", role)
        assert reply.status_code == 422, (path, body, reply.text)
        assert reply.headers["content-type"] == "application/problem+json"
        assert "12345678" not in reply.text
    assert len(await finance.events()) == before


async def test_what_is_not_there_is_not_found(finance: Running) -> None:
    nothing = UUID(int=1)
    for path, body, role in (
        (f"payments/{nothing}/approval", {}, "finance-approver"),
        (f"payments/{nothing}/decline", {}, "coordinator"),
        (f"payees/{nothing}/sign-ins", {"identity": str(nothing)}, "finance-preparer"),
        (f"payment-runs/{nothing}/file", {}, "finance-preparer"),
        (f"payment-runs/{nothing}/sending", {}, "finance-preparer"),
    ):
        reply = await finance.post(path, body, "somebody", role)
        assert reply.status_code == 404, (path, reply.text)
    for path in (f"payments/{nothing}", f"payees/{nothing}", f"payment-runs/{nothing}"):
        reply = await finance.client.get(
            f"/organisations/QH8/{path}", headers=finance.headers("x", "auditor")
        )
        assert reply.status_code == 404


async def test_roles_keep_to_their_part(finance: Running) -> None:
    reply = await finance.post("payment-runs", {"pay_on": PAY_ON}, "asha", "coordinator")
    assert reply.status_code == 403
    reply = await finance.client.get(
        "/organisations/QH8/reconciliation", headers=finance.headers("x", "auditor", "RAJ")
    )
    assert reply.status_code == 404


async def test_the_books_kept_are_those_of_the_log(finance: Running) -> None:
    await ready(finance, minutes=300)
    run = await sent(finance, 15_000)
    await finance.done(f"{run}/settlement", {"settled_on": PAY_ON})
    await finance.hear(attendance(finance, 120, previous_minutes=300))
    from_log = reconcile(one.event() for one in await finance.events())
    found = await books(finance)
    assert {name: found[name] for name in from_log.__slots__} == {
        name: getattr(from_log, name) for name in from_log.__slots__
    }
