"""One payment: due, declined, approved, corrected, in a run, settled, returned, reissued."""

from dataclasses import replace
from datetime import date

import pytest

from services.payments.domain.owed import Event, Owed
from services.payments.domain.payment import (
    PAYMENT,
    AboveApprovalLimit,
    AlreadyInRun,
    AmountHasChanged,
    ApprovePayment,
    BankHasAnswered,
    DeclinePayment,
    NothingIsDue,
    NotInThatRun,
    NotLess,
    NotReturned,
    PayeeCannotApprove,
    PutInRun,
    Reckon,
    RecorderCannotApprove,
    ReducePayment,
    ReissuePayment,
    RejectPayment,
    ReturnPayment,
    RoleCannotApprove,
    SettlePayment,
    TakeFromRun,
)
from shared.contracts.payments import (
    PaymentApproved,
    PaymentCorrected,
    PaymentDeclined,
    PaymentNotDue,
    PaymentPutInRun,
    PaymentReduced,
    PaymentReissued,
    PaymentRejected,
    PaymentReturned,
    PaymentSettled,
    PaymentTakenFromRun,
    PaymentUndetermined,
)
from tests.rules.given import given
from tests.rules.payments.story import (
    APPROVER,
    FULL,
    HALF,
    HOST,
    MORNING,
    NEXT_RUN_ID,
    ON,
    OWN_SIGN_IN,
    PARTNER,
    PARTNER_SELF,
    PAYEE,
    PAYMENT_ID,
    PERSON,
    RECORDER,
    RUN_ID,
    THIRD,
    due,
    explanation,
    reckoned,
)

APPROVE = ApprovePayment(by=APPROVER, limit_pence=100_000, policy_version=1)
REJECT = RejectPayment(by=APPROVER, reason="The meeting was not held.")
PAID_ON = date(2024, 4, 3)


def reckon(pence: int | None, rule: str = "half-day", by: str = RECORDER) -> Reckon:
    return Reckon(reckoned(pence, rule, by), PAYEE)


def not_due(rule: str = "expenses-only") -> PaymentNotDue:
    return PaymentNotDue(
        payment=PAYMENT_ID,
        person=PERSON,
        partner=PARTNER,
        earned_at=HOST,
        session=f"meeting/{MORNING}",
        meeting=MORNING,
        on=ON,
        explanation=explanation(rule),
    )


def undetermined() -> PaymentUndetermined:
    return PaymentUndetermined(
        payment=PAYMENT_ID,
        person=PERSON,
        partner=PARTNER,
        earned_at=HOST,
        session=f"meeting/{MORNING}",
        meeting=MORNING,
        on=ON,
        reason="no-policy",
        explanation=explanation("no-policy"),
    )


def corrected(
    difference: int,
    to: int,
    declined: int = 0,
    by: str = RECORDER,
    unapproved: int | None = None,
) -> PaymentCorrected:
    """Without `unapproved`, all that is owed waits for approval."""
    return PaymentCorrected(
        payment=PAYMENT_ID,
        person=PERSON,
        difference_pence=difference,
        declined_difference_pence=declined,
        amount_pence=to,
        unapproved_pence=to if unapproved is None else unapproved,
        explanation=explanation(recorded_by=by),
    )


def declined(pence: int = HALF) -> PaymentDeclined:
    return PaymentDeclined(
        payment=PAYMENT_ID, person=PERSON, declined_pence=pence, declined_by=PARTNER_SELF
    )


def reduced(declined_pence: int, takes_pence: int, unapproved: int | None = None) -> PaymentReduced:
    """Without `unapproved`, all that is taken waits for approval."""
    return PaymentReduced(
        payment=PAYMENT_ID,
        person=PERSON,
        declined_pence=declined_pence,
        takes_pence=takes_pence,
        unapproved_pence=takes_pence if unapproved is None else unapproved,
        declined_by=PARTNER_SELF,
    )


def approved(pence: int = HALF, in_all: int = HALF) -> PaymentApproved:
    return PaymentApproved(
        payment=PAYMENT_ID,
        person=PERSON,
        amount_pence=pence,
        approved_pence=in_all,
        approved_by=APPROVER,
        policy_version=1,
    )


def rejected(pence: int = HALF) -> PaymentRejected:
    return PaymentRejected(
        payment=PAYMENT_ID,
        person=PERSON,
        amount_pence=pence,
        reason="The meeting was not held.",
        rejected_by=APPROVER,
    )


def put(pence: int = HALF) -> PaymentPutInRun:
    return PaymentPutInRun(payment=PAYMENT_ID, person=PERSON, run=RUN_ID, amount_pence=pence)


def settled(pence: int = HALF) -> PaymentSettled:
    return PaymentSettled(
        payment=PAYMENT_ID, person=PERSON, run=RUN_ID, amount_pence=pence, settled_on=PAID_ON
    )


def returned(pence: int = HALF) -> PaymentReturned:
    return PaymentReturned(
        payment=PAYMENT_ID, person=PERSON, run=RUN_ID, amount_pence=pence, reason="Account closed"
    )


def reissued(pence: int = HALF) -> PaymentReissued:
    return PaymentReissued(payment=PAYMENT_ID, person=PERSON, run=RUN_ID, amount_pence=pence)


def owed(*events: Event) -> Owed:
    state = PAYMENT.fold(events)
    assert isinstance(state, Owed)
    return state


# due


def test_a_session_that_is_worth_something_makes_a_payment_due() -> None:
    given(PAYMENT).when(reckon(HALF)).then(due())


def test_a_session_worth_nothing_makes_no_payment_due_and_says_why() -> None:
    given(PAYMENT).when(reckon(0, "expenses-only")).then(not_due())
    given(PAYMENT, not_due()).when(reckon(0, "expenses-only")).then_nothing()


def test_without_a_policy_the_payment_is_undetermined_once_and_decided_later() -> None:
    given(PAYMENT).when(reckon(None, "no-policy")).then(undetermined())
    given(PAYMENT, undetermined()).when(reckon(None, "no-policy")).then_nothing()
    given(PAYMENT, undetermined()).when(reckon(HALF)).then(due())
    given(PAYMENT, undetermined()).when(reckon(0, "expenses-only")).then(not_due())


def test_the_same_worth_told_again_changes_nothing() -> None:
    given(PAYMENT, due()).when(reckon(HALF)).then_nothing()
    given(PAYMENT, due()).when(reckon(None)).then_nothing()


def test_what_was_not_due_can_become_due_by_a_correction() -> None:
    given(PAYMENT, not_due()).when(reckon(HALF)).then(due())


# corrections


def test_a_longer_attendance_tops_up_and_a_shorter_one_reverses() -> None:
    given(PAYMENT, due()).when(reckon(FULL)).then(corrected(HALF, FULL))
    given(PAYMENT, due(FULL)).when(reckon(HALF)).then(corrected(-HALF, HALF))
    given(PAYMENT, due()).when(reckon(0)).then(corrected(-HALF, 0))


def test_a_top_up_waits_for_an_approval_of_its_own() -> None:
    state = owed(due(), approved(), corrected(HALF, FULL))
    assert (state.waiting_pence, state.payable_pence) == (FULL, HALF)
    given(PAYMENT, due(), approved(), corrected(HALF, FULL)).when(APPROVE).then(
        approved(HALF, FULL)
    )


def test_a_correction_says_what_of_it_waits_for_approval() -> None:
    topped_up = (due(), approved(), corrected(HALF, FULL))
    given(PAYMENT, due(), approved()).when(reckon(FULL)).then(
        corrected(HALF, FULL, unapproved=HALF)
    )
    given(PAYMENT, *topped_up).when(reckon(HALF)).then(corrected(-HALF, HALF, unapproved=0))
    given(PAYMENT, *topped_up).when(ReducePayment(PARTNER_SELF, 5_000)).then(
        reduced(10_000, 5_000, unapproved=0)
    )


def test_a_reversal_of_paid_money_is_taken_back_by_the_next_run() -> None:
    paid = (due(FULL), approved(FULL, FULL), put(FULL), settled(FULL))
    assert owed(*paid, corrected(-HALF, HALF)).payable_pence == -HALF


def test_a_correction_of_a_declined_payment_pays_nothing() -> None:
    given(PAYMENT, due(FULL), declined(FULL)).when(reckon(HALF)).then(
        corrected(-HALF, HALF, declined=-HALF, unapproved=0)
    )
    given(PAYMENT, due(), declined()).when(reckon(FULL)).then(
        corrected(HALF, FULL, declined=HALF, unapproved=0)
    )


def test_a_partner_who_takes_less_still_takes_no_more_after_a_correction() -> None:
    taking = (due(FULL), reduced(10_000, 5_000))
    given(PAYMENT, *taking).when(reckon(HALF)).then(
        corrected(-HALF, HALF, declined=-HALF, unapproved=5_000)
    )
    assert owed(*taking, corrected(-HALF, HALF, declined=-HALF)).wanted_pence == 5_000


def test_a_rejected_payment_stays_rejected_until_the_attendance_changes() -> None:
    given(PAYMENT, due(), rejected()).when(reckon(HALF)).then_nothing()
    given(PAYMENT, due(), rejected()).when(reckon(FULL)).then(corrected(FULL, FULL))
    given(PAYMENT, due(), rejected()).when(reckon(0)).then_nothing()


# declined


def test_a_partner_may_decline_a_payment() -> None:
    given(PAYMENT, due()).when(DeclinePayment(PARTNER_SELF)).then(declined())
    given(PAYMENT, due(), declined()).when(DeclinePayment(PARTNER_SELF)).then_nothing()
    given(PAYMENT, due(), approved()).when(DeclinePayment(PARTNER_SELF)).then(declined())


def test_what_is_in_a_run_cannot_be_declined() -> None:
    given(PAYMENT, due(), approved(), put()).when(DeclinePayment(PARTNER_SELF)).then_refused(
        AlreadyInRun
    )


def test_only_what_is_still_open_is_declined() -> None:
    topped_up = (due(), approved(), put(), corrected(HALF, FULL))
    given(PAYMENT, *topped_up).when(DeclinePayment(PARTNER_SELF)).then(declined())


def test_nothing_can_be_declined_reduced_or_approved_where_nothing_is_due() -> None:
    for command in (
        DeclinePayment(PARTNER_SELF),
        ReducePayment(PARTNER_SELF, 1_000),
        APPROVE,
        REJECT,
        PutInRun(RUN_ID, HALF),
        SettlePayment(RUN_ID, PAID_ON),
    ):
        given(PAYMENT).when(command).then_refused(NothingIsDue)
        given(PAYMENT, not_due()).when(command).then_refused(NothingIsDue)
        given(PAYMENT, undetermined()).when(command).then_refused(NothingIsDue)


def test_a_partner_may_take_less() -> None:
    given(PAYMENT, due(FULL)).when(ReducePayment(PARTNER_SELF, 5_000)).then(reduced(10_000, 5_000))
    given(PAYMENT, due(FULL), reduced(10_000, 5_000)).when(
        ReducePayment(PARTNER_SELF, 5_000)
    ).then_nothing()


@pytest.mark.parametrize("takes", [0, -1, HALF, FULL])
def test_less_is_above_zero_and_below_what_they_would_get(takes: int) -> None:
    given(PAYMENT, due()).when(ReducePayment(PARTNER_SELF, takes)).then_refused(NotLess, "£75.00")


def test_a_payment_is_not_reduced_below_what_is_in_a_run() -> None:
    paid = (due(), approved(), put(), corrected(HALF, FULL))
    given(PAYMENT, *paid).when(ReducePayment(PARTNER_SELF, 5_000)).then_refused(AlreadyInRun)


# approved


def test_a_second_person_approves() -> None:
    given(PAYMENT, due()).when(APPROVE).then(approved())
    given(PAYMENT, due(), approved()).when(APPROVE).then_nothing()
    given(PAYMENT, due(FULL), reduced(10_000, 5_000)).when(APPROVE).then(approved(5_000, 5_000))


def test_nobody_approves_their_own_money() -> None:
    given(PAYMENT, due()).when(replace(APPROVE, by=f"coordinator/{PERSON}")).then_refused(
        PayeeCannotApprove
    )
    own = replace(
        APPROVE,
        by=f"finance-approver/{OWN_SIGN_IN}",
        payee_identities=frozenset({OWN_SIGN_IN}),
    )
    given(PAYMENT, due()).when(own).then_refused(PayeeCannotApprove)


def test_whoever_recorded_the_attendance_does_not_approve_in_any_role() -> None:
    in_other_role = RECORDER.replace("coordinator", "finance-approver")
    for actor in (RECORDER, in_other_role):
        given(PAYMENT, due()).when(replace(APPROVE, by=actor)).then_refused(RecorderCannotApprove)
    given(PAYMENT, due(), corrected(HALF, FULL, by=THIRD)).when(
        replace(APPROVE, by=THIRD)
    ).then_refused(RecorderCannotApprove)


def test_a_role_approves_up_to_its_limit() -> None:
    given(PAYMENT, due()).when(replace(APPROVE, limit_pence=HALF)).then(approved())
    given(PAYMENT, due()).when(replace(APPROVE, limit_pence=HALF - 1)).then_refused(
        AboveApprovalLimit, "Your limit is £74.99."
    )
    given(PAYMENT, due()).when(replace(APPROVE, limit_pence=None)).then_refused(RoleCannotApprove)


def test_a_second_person_rejects_what_is_waiting() -> None:
    given(PAYMENT, due()).when(REJECT).then(rejected())
    given(PAYMENT, due(), rejected()).when(REJECT).then_nothing()
    given(PAYMENT, due()).when(replace(REJECT, by=RECORDER)).then_refused(RecorderCannotApprove)
    given(PAYMENT, due()).when(replace(REJECT, by=f"coordinator/{PERSON}")).then_refused(
        PayeeCannotApprove
    )
    given(PAYMENT, due(), approved(), put()).when(REJECT).then_refused(AlreadyInRun)


# in a run


def test_what_is_approved_goes_into_a_run_once() -> None:
    given(PAYMENT, due(), approved()).when(PutInRun(RUN_ID, HALF)).then(put())
    given(PAYMENT, due(), approved(), put()).when(PutInRun(RUN_ID, HALF)).then_nothing()
    given(PAYMENT, due(), approved(), put()).when(PutInRun(NEXT_RUN_ID, HALF)).then_refused(
        AmountHasChanged
    )


def test_what_is_not_approved_goes_into_no_run() -> None:
    given(PAYMENT, due()).when(PutInRun(RUN_ID, HALF)).then_refused(AmountHasChanged)
    given(PAYMENT, due()).when(PutInRun(RUN_ID, 0)).then_refused(AmountHasChanged)


def test_an_amount_that_has_changed_meanwhile_goes_into_no_run() -> None:
    changed = (due(), approved(), declined())
    given(PAYMENT, *changed).when(PutInRun(RUN_ID, HALF)).then_refused(AmountHasChanged)


def test_a_withdrawn_run_gives_the_payment_back() -> None:
    taken = PaymentTakenFromRun(payment=PAYMENT_ID, person=PERSON, run=RUN_ID, amount_pence=HALF)
    given(PAYMENT, due(), approved(), put()).when(TakeFromRun(RUN_ID)).then(taken)
    given(PAYMENT, due(), approved(), put(), taken).when(TakeFromRun(RUN_ID)).then_nothing()
    assert owed(due(), approved(), put(), taken).payable_pence == HALF


def test_the_banks_answer_is_recorded_once() -> None:
    in_run = (due(), approved(), put())
    given(PAYMENT, *in_run).when(SettlePayment(RUN_ID, PAID_ON)).then(settled())
    given(PAYMENT, *in_run, settled()).when(SettlePayment(RUN_ID, PAID_ON)).then_nothing()
    given(PAYMENT, *in_run).when(ReturnPayment(RUN_ID, "Account closed")).then(returned())
    given(PAYMENT, *in_run, settled()).when(ReturnPayment(RUN_ID, "Account closed")).then(
        returned()
    )
    given(PAYMENT, *in_run, returned()).when(ReturnPayment(RUN_ID, "Account closed")).then_nothing()


def test_the_bank_answers_only_for_what_is_in_the_run() -> None:
    given(PAYMENT, due(), approved()).when(SettlePayment(RUN_ID, PAID_ON)).then_refused(
        NotInThatRun
    )
    given(PAYMENT, due(), approved()).when(ReturnPayment(RUN_ID, "No account")).then_refused(
        NotInThatRun
    )
    given(PAYMENT, due(), approved(), put(), returned()).when(
        SettlePayment(RUN_ID, PAID_ON)
    ).then_refused(NotInThatRun)


def test_a_reissued_payment_can_go_into_another_run_and_only_once() -> None:
    back = (due(), approved(), put(), returned())
    given(PAYMENT, *back).when(PutInRun(NEXT_RUN_ID, HALF)).then_refused(AmountHasChanged)
    given(PAYMENT, *back).when(ReissuePayment(RUN_ID)).then(reissued())
    given(PAYMENT, *back, reissued()).when(ReissuePayment(RUN_ID)).then_nothing()
    assert owed(*back, reissued()).payable_pence == HALF


def test_what_was_not_returned_is_not_paid_again() -> None:
    in_run = (due(), approved(), put())
    given(PAYMENT, *in_run).when(ReissuePayment(RUN_ID)).then_refused(NotReturned)
    given(PAYMENT, *in_run, settled()).when(ReissuePayment(RUN_ID)).then_refused(NotReturned)


def test_what_the_bank_answered_for_stays_in_its_run() -> None:
    for answer in (settled(), returned()):
        given(PAYMENT, due(), approved(), put(), answer).when(TakeFromRun(RUN_ID)).then_refused(
            BankHasAnswered
        )
