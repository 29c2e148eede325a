"""Whom the organisation pays, and bank details that a second person has checked."""

from dataclasses import replace

from services.payments.domain.payee import (
    PAYEE,
    DoubtDetails,
    Event,
    GiveDetails,
    GiverCannotVerify,
    LinkSignIn,
    NoSuchDetails,
    Payee,
    PayeeCannotVerify,
    PayeeUnknown,
    RegisterPayee,
    VerifyDetails,
    payee_of,
)
from shared.contracts.payments import (
    PayeeDetailsDoubted,
    PayeeDetailsGiven,
    PayeeDetailsVerified,
    PayeeParticularsChanged,
    PayeeRegistered,
    PayeeSignInLinked,
)
from shared.contracts.personal import Clear
from tests.rules.given import given
from tests.rules.payments.story import (
    APPROVER,
    OWN_SIGN_IN,
    PARTNER_SELF,
    PAYER,
    PERSON,
    PREPARER,
)
from tests.rules.payments.story import (
    PAYEE as PAYEE_ID,
)

NAME = Clear("Amara Okafor")
EMAIL = Clear("amara.okafor@example.org")
ADDRESS = Clear("1 Mill Lane, Chelmsford")
ACCOUNT = Clear({"account_name": "A Okafor", "sort_code": "000000", "account_number": "00000000"})
REGISTER = RegisterPayee(PAYEE_ID, PERSON, "email", "engagement.RAJ/5", NAME, EMAIL, ADDRESS)
GIVE = GiveDetails(ACCOUNT, PREPARER)


def registered() -> PayeeRegistered:
    return PayeeRegistered(
        payee=PAYEE_ID,
        person=PERSON,
        contact_channel="email",
        source="engagement.RAJ/5",
        name=NAME,
        email=EMAIL,
        address=ADDRESS,
    )


def given_details(number: int = 1, by: str = PREPARER) -> PayeeDetailsGiven:
    return PayeeDetailsGiven(
        payee=PAYEE_ID, person=PERSON, number=number, account=ACCOUNT, given_by=by
    )


def verified(number: int = 1) -> PayeeDetailsVerified:
    return PayeeDetailsVerified(payee=PAYEE_ID, person=PERSON, number=number, verified_by=APPROVER)


def doubted(number: int = 1) -> PayeeDetailsDoubted:
    return PayeeDetailsDoubted(
        payee=PAYEE_ID, person=PERSON, number=number, reason="Account closed"
    )


def linked() -> PayeeSignInLinked:
    return PayeeSignInLinked(
        payee=PAYEE_ID, person=PERSON, identity=OWN_SIGN_IN, linked_by=PREPARER
    )


def payable_to(*events: Event) -> int | None:
    state = PAYEE.fold(events)
    assert isinstance(state, Payee)
    return state.payable_to


def test_a_partner_is_registered_as_a_payee_once() -> None:
    given(PAYEE).when(REGISTER).then(registered())
    given(PAYEE, registered()).when(REGISTER).then_nothing()
    given(PAYEE, registered()).when(replace(REGISTER, source="engagement.RAJ/4")).then_nothing()


def test_what_is_told_later_or_by_another_organisation_replaces_the_particulars() -> None:
    for source in ("engagement.RAJ/9", "engagement.L-PROVIDE/2"):
        given(PAYEE, registered()).when(replace(REGISTER, source=source)).then(
            PayeeParticularsChanged(
                payee=PAYEE_ID,
                person=PERSON,
                contact_channel="email",
                source=source,
                name=NAME,
                email=EMAIL,
                address=ADDRESS,
            )
        )


def test_a_person_is_another_payee_at_every_organisation_that_pays_them() -> None:
    assert payee_of(PERSON, PAYER) == PAYEE_ID != payee_of(PERSON, "RAJ")


def test_only_a_known_payee_has_bank_details() -> None:
    for command in (GIVE, VerifyDetails(1, APPROVER), DoubtDetails(""), LinkSignIn(PERSON, "")):
        given(PAYEE).when(command).then_refused(PayeeUnknown)


def test_details_are_numbered_and_the_last_ones_count() -> None:
    given(PAYEE, registered()).when(GIVE).then(given_details())
    given(PAYEE, registered(), given_details(), verified()).when(GIVE).then(given_details(2))
    assert payable_to(registered(), given_details(), verified()) == 1
    assert payable_to(registered(), given_details(), verified(), given_details(2)) is None


def test_a_second_person_verifies() -> None:
    given(PAYEE, registered(), given_details()).when(VerifyDetails(1, APPROVER)).then(verified())
    given(PAYEE, registered(), given_details(), verified()).when(
        VerifyDetails(1, APPROVER)
    ).then_nothing()


def test_whoever_entered_details_does_not_verify_them() -> None:
    in_other_role = PREPARER.replace("finance-preparer", "finance-approver")
    given(PAYEE, registered(), given_details()).when(VerifyDetails(1, in_other_role)).then_refused(
        GiverCannotVerify
    )


def test_nobody_verifies_their_own_details() -> None:
    own = f"finance-approver/{OWN_SIGN_IN}"
    given(PAYEE, registered(), linked(), given_details()).when(VerifyDetails(1, own)).then_refused(
        PayeeCannotVerify
    )
    given(PAYEE, registered(), given_details()).when(VerifyDetails(1, PARTNER_SELF)).then_refused(
        PayeeCannotVerify
    )


def test_only_the_details_given_last_are_verified() -> None:
    for number in (0, 1, 3):
        given(PAYEE, registered(), given_details(), given_details(2)).when(
            VerifyDetails(number, APPROVER)
        ).then_refused(NoSuchDetails)
    given(PAYEE, registered()).when(VerifyDetails(0, APPROVER)).then_refused(NoSuchDetails)


def test_doubted_details_are_paid_to_again_only_when_verified_again() -> None:
    doubt = DoubtDetails("Account closed")
    known = (registered(), given_details(), verified())
    given(PAYEE, *known).when(doubt).then(doubted())
    given(PAYEE, *known, doubted()).when(doubt).then_nothing()
    given(PAYEE, registered()).when(doubt).then_nothing()
    assert payable_to(*known, doubted()) is None
    given(PAYEE, *known, doubted()).when(VerifyDetails(1, APPROVER)).then(verified())


def test_a_sign_in_is_linked_once() -> None:
    command = LinkSignIn(OWN_SIGN_IN, PREPARER)
    given(PAYEE, registered()).when(command).then(linked())
    given(PAYEE, registered(), linked()).when(command).then_nothing()


def test_nothing_personal_shows_itself() -> None:
    assert "Amara" not in repr(registered())
    assert "00000000" not in repr(given_details())
    assert payable_to(registered(), given_details()) is None
