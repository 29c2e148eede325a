"""A payment run: selected, frozen, approved by a second person, one file, one answer per line."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.payments.domain.run import (
    RUN,
    ApproveRun,
    FileDiffers,
    FileDoesNotBalance,
    FileNotProduced,
    FreezeRun,
    LineNotReturned,
    LineReturned,
    NoSuchLine,
    NoSuchRun,
    NothingToPay,
    PayDateIsPast,
    PayeeCannotApproveRun,
    PayeeCannotPrepareRun,
    PreparerCannotApproveRun,
    ProduceFile,
    ReissueLine,
    ReturnLine,
    RunAlreadySent,
    RunNotApproved,
    RunNotSent,
    RunWithdrawn,
    SendRun,
    SettleLines,
    TotalDiffers,
    WithdrawRun,
)
from services.payments.domain.selection import LARGEST_RUN_ITEMS, Open, Selection, select
from shared.contracts.payments import (
    LeftOut,
    Originator,
    PaymentFileProduced,
    PaymentRunApproved,
    PaymentRunFrozen,
    PaymentRunSent,
    PaymentRunWithdrawn,
    RunItem,
    RunLine,
    RunLineReissued,
    RunLineReturned,
    RunLineSettled,
)
from shared.kernel.identifiers import derive
from tests.rules.given import given
from tests.rules.payments.story import (
    APPROVER,
    FULL,
    HALF,
    OTHER_PAYEE,
    OTHER_PAYMENT_ID,
    OTHER_PERSON,
    OWN_SIGN_IN,
    PAYEE,
    PAYMENT_ID,
    PERSON,
    PREPARER,
    RUN_ID,
)

TODAY = date(2024, 3, 28)
PAY_ON = date(2024, 4, 3)
SENT_AT = datetime(2024, 4, 2, 10, 0, tzinfo=UTC)
ORIGINATOR = Originator(
    name="QH8 CREDITORS", sort_code="000000", account_number="00000001", reference="INVOLVEMENT"
)
MINE = RunLine(
    payee=PAYEE,
    person=PERSON,
    details_number=1,
    amount_pence=FULL,
    items=(RunItem(payment=PAYMENT_ID, amount_pence=FULL),),
)
THEIRS = RunLine(
    payee=OTHER_PAYEE,
    person=OTHER_PERSON,
    details_number=2,
    amount_pence=HALF,
    items=(RunItem(payment=OTHER_PAYMENT_ID, amount_pence=HALF),),
)
TOTAL = FULL + HALF
FREEZE = FreezeRun(
    run=RUN_ID,
    selection=Selection((MINE, THEIRS), ()),
    pay_on=PAY_ON,
    today=TODAY,
    originator=ORIGINATOR,
    policy_version=1,
    by=PREPARER,
)
APPROVE = ApproveRun(total_pence=TOTAL, by=APPROVER)
PRODUCE = ProduceFile(
    format="bank-csv-1",
    file_name="run.csv",
    line_count=2,
    total_pence=TOTAL,
    octets=200,
    sha256="a" * 64,
    by=PREPARER,
)
SEND = SendRun(PREPARER, SENT_AT)
WITHDRAW = WithdrawRun("Wrong date", PREPARER)

FROZEN = PaymentRunFrozen(
    run=RUN_ID,
    pay_on=PAY_ON,
    originator=ORIGINATOR,
    policy_version=1,
    lines=(MINE, THEIRS),
    left_out=(),
    line_count=2,
    total_pence=TOTAL,
    prepared_by=PREPARER,
)
APPROVED = PaymentRunApproved(run=RUN_ID, line_count=2, total_pence=TOTAL, approved_by=APPROVER)
PRODUCED = PaymentFileProduced(
    run=RUN_ID,
    format="bank-csv-1",
    file_name="run.csv",
    line_count=2,
    total_pence=TOTAL,
    octets=200,
    sha256="a" * 64,
    produced_by=PREPARER,
)
SENT = PaymentRunSent(run=RUN_ID, sent_by=PREPARER, sent_at=SENT_AT)
WITHDRAWN = PaymentRunWithdrawn(
    run=RUN_ID, total_pence=TOTAL, reason="Wrong date", withdrawn_by=PREPARER
)
TO_BANK = (FROZEN, APPROVED, PRODUCED, SENT)


def settled(line: RunLine) -> RunLineSettled:
    return RunLineSettled(
        run=RUN_ID,
        payee=line.payee,
        person=line.person,
        amount_pence=line.amount_pence,
        settled_on=PAY_ON,
    )


def returned(line: RunLine, *, was_settled: bool = False) -> RunLineReturned:
    return RunLineReturned(
        run=RUN_ID,
        payee=line.payee,
        person=line.person,
        amount_pence=line.amount_pence,
        was_settled=was_settled,
        reason="Account closed",
    )


def reissued(line: RunLine) -> RunLineReissued:
    return RunLineReissued(
        run=RUN_ID,
        payee=line.payee,
        person=line.person,
        amount_pence=line.amount_pence,
        reissued_by=PREPARER,
    )


# selection


def test_a_payees_open_payments_are_netted_into_one_line() -> None:
    found = select(
        [
            Open(PAYMENT_ID, PAYEE, PERSON, FULL),
            Open(OTHER_PAYMENT_ID, PAYEE, PERSON, -HALF),
        ],
        {PAYEE: 3},
    )
    assert [(line.details_number, line.amount_pence) for line in found.lines] == [(3, HALF)]
    assert sum(item.amount_pence for item in found.lines[0].items) == HALF
    assert found.left_out == ()


def test_who_waits_is_named_with_the_reason() -> None:
    found = select(
        [
            Open(PAYMENT_ID, PAYEE, PERSON, -HALF),
            Open(OTHER_PAYMENT_ID, OTHER_PAYEE, OTHER_PERSON, HALF),
        ],
        {PAYEE: 1},
    )
    assert found.lines == ()
    assert set(found.left_out) == {
        LeftOut(payee=PAYEE, person=PERSON, amount_pence=-HALF, reason="nothing-after-corrections"),
        LeftOut(
            payee=OTHER_PAYEE, person=OTHER_PERSON, amount_pence=HALF, reason="no-verified-details"
        ),
    }


def test_nothing_open_selects_nothing() -> None:
    assert select([Open(PAYMENT_ID, PAYEE, PERSON, 0)], {PAYEE: 1}) == Selection((), ())


def test_what_would_make_a_run_too_large_waits_for_the_next() -> None:
    payees = [derive(PERSON, str(nth)) for nth in range(LARGEST_RUN_ITEMS + 1)]
    payments = [Open(derive(payee, "payment"), payee, payee, HALF) for payee in payees]
    found = select(payments, dict.fromkeys(payees, 1))
    assert len(found.lines) == LARGEST_RUN_ITEMS
    assert [left.reason for left in found.left_out] == ["run-is-full"]


# frozen


def test_a_run_is_frozen_once_with_its_totals() -> None:
    given(RUN).when(FREEZE).then(FROZEN)
    given(RUN, FROZEN).when(FREEZE).then_nothing()


def test_a_run_pays_somebody_today_or_later() -> None:
    given(RUN).when(replace(FREEZE, selection=Selection((), ()))).then_refused(NothingToPay)
    given(RUN).when(replace(FREEZE, pay_on=date(2024, 3, 27))).then_refused(PayDateIsPast)
    given(RUN).when(replace(FREEZE, today=PAY_ON)).then(FROZEN)


def test_nobody_prepares_a_run_that_pays_themselves() -> None:
    for by, identities in (
        (f"finance-preparer/{PERSON}", frozenset[UUID]()),
        (f"finance-preparer/{OWN_SIGN_IN}", frozenset({OWN_SIGN_IN})),
    ):
        own = replace(FREEZE, by=by, payee_identities=identities)
        given(RUN).when(own).then_refused(PayeeCannotPrepareRun)


@pytest.mark.parametrize(
    "command",
    [
        APPROVE,
        WITHDRAW,
        PRODUCE,
        SEND,
        SettleLines(PAY_ON),
        ReturnLine(PAYEE, "Account closed"),
        ReissueLine(PAYEE, PREPARER),
    ],
)
def test_nothing_can_be_done_with_a_run_that_is_not_there(
    command: ApproveRun
    | WithdrawRun
    | ProduceFile
    | SendRun
    | SettleLines
    | ReturnLine
    | ReissueLine,
) -> None:
    given(RUN).when(command).then_refused(NoSuchRun)


# approved, withdrawn


def test_a_second_person_approves_the_total_they_saw() -> None:
    given(RUN, FROZEN).when(APPROVE).then(APPROVED)
    given(RUN, FROZEN, APPROVED).when(APPROVE).then_nothing()
    given(RUN, FROZEN).when(replace(APPROVE, total_pence=TOTAL + 1)).then_refused(
        TotalDiffers, "£225.00"
    )


def test_whoever_prepared_a_run_does_not_approve_it() -> None:
    in_other_role = PREPARER.replace("finance-preparer", "finance-approver")
    given(RUN, FROZEN).when(replace(APPROVE, by=in_other_role)).then_refused(
        PreparerCannotApproveRun
    )


def test_nobody_approves_a_run_that_pays_themselves() -> None:
    given(RUN, FROZEN).when(replace(APPROVE, by=f"finance-approver/{PERSON}")).then_refused(
        PayeeCannotApproveRun
    )
    own = replace(
        APPROVE, by=f"finance-approver/{OWN_SIGN_IN}", payee_identities=frozenset({OWN_SIGN_IN})
    )
    given(RUN, FROZEN).when(own).then_refused(PayeeCannotApproveRun)


def test_a_run_is_withdrawn_before_it_is_sent() -> None:
    given(RUN, FROZEN).when(WITHDRAW).then(WITHDRAWN)
    given(RUN, FROZEN, APPROVED, PRODUCED).when(WITHDRAW).then(WITHDRAWN)
    given(RUN, FROZEN, WITHDRAWN).when(WITHDRAW).then_nothing()
    given(RUN, *TO_BANK).when(WITHDRAW).then_refused(RunAlreadySent)
    given(RUN, FROZEN, WITHDRAWN).when(APPROVE).then_refused(RunWithdrawn)


# the file


def test_the_file_is_produced_once_and_made_again_only_as_the_same_bytes() -> None:
    given(RUN, FROZEN, APPROVED).when(PRODUCE).then(PRODUCED)
    given(RUN, FROZEN, APPROVED, PRODUCED).when(PRODUCE).then_nothing()
    given(RUN, *TO_BANK).when(PRODUCE).then_nothing()
    other = replace(PRODUCE, sha256="b" * 64)
    given(RUN, FROZEN, APPROVED, PRODUCED).when(other).then_refused(FileDiffers)
    given(RUN, *TO_BANK).when(other).then_refused(FileDiffers)


def test_the_file_needs_an_approved_run_and_its_totals() -> None:
    given(RUN, FROZEN).when(PRODUCE).then_refused(RunNotApproved)
    for wrong in (replace(PRODUCE, line_count=1), replace(PRODUCE, total_pence=TOTAL - 1)):
        given(RUN, FROZEN, APPROVED).when(wrong).then_refused(FileDoesNotBalance)


def test_a_run_is_sent_once_its_file_exists() -> None:
    given(RUN, FROZEN, APPROVED, PRODUCED).when(SEND).then(SENT)
    given(RUN, *TO_BANK).when(SEND).then_nothing()
    given(RUN, FROZEN, APPROVED).when(SEND).then_refused(FileNotProduced)


# the bank's answer


def test_lines_settle_together_or_by_name_and_once() -> None:
    given(RUN, *TO_BANK).when(SettleLines(PAY_ON)).then(settled(MINE), settled(THEIRS))
    given(RUN, *TO_BANK).when(SettleLines(PAY_ON, (PAYEE,))).then(settled(MINE))
    given(RUN, *TO_BANK, settled(MINE)).when(SettleLines(PAY_ON)).then(settled(THEIRS))
    given(RUN, *TO_BANK, settled(MINE)).when(SettleLines(PAY_ON, (PAYEE, PAYEE))).then_nothing()


def test_a_line_comes_back_before_or_after_it_settled() -> None:
    back = ReturnLine(PAYEE, "Account closed")
    given(RUN, *TO_BANK).when(back).then(returned(MINE))
    given(RUN, *TO_BANK, settled(MINE)).when(back).then(returned(MINE, was_settled=True))
    given(RUN, *TO_BANK, returned(MINE)).when(back).then_nothing()


def test_a_returned_line_does_not_settle_again() -> None:
    given(RUN, *TO_BANK, returned(MINE)).when(SettleLines(PAY_ON, (PAYEE,))).then_refused(
        LineReturned
    )
    given(RUN, *TO_BANK, returned(MINE)).when(SettleLines(PAY_ON)).then(settled(THEIRS))


def test_only_a_returned_line_is_reissued_and_once() -> None:
    again = ReissueLine(PAYEE, PREPARER)
    given(RUN, *TO_BANK, returned(MINE)).when(again).then(reissued(MINE))
    given(RUN, *TO_BANK, returned(MINE), reissued(MINE)).when(again).then_nothing()
    given(RUN, *TO_BANK).when(again).then_refused(LineNotReturned)
    given(RUN, *TO_BANK, settled(MINE)).when(again).then_refused(LineNotReturned)


def test_the_bank_answers_to_a_sent_run_and_its_own_lines() -> None:
    given(RUN, FROZEN, APPROVED, PRODUCED).when(SettleLines(PAY_ON)).then_refused(RunNotSent)
    stranger = derive(PERSON, "stranger")
    given(RUN, *TO_BANK).when(SettleLines(PAY_ON, (stranger,))).then_refused(NoSuchLine)
    given(RUN, *TO_BANK).when(ReturnLine(stranger, "No account")).then_refused(NoSuchLine)
