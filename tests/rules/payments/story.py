"""People, places and amounts that the payment rules are shown with."""

from datetime import date
from uuid import UUID

from services.payments.domain.payee import payee_of
from services.payments.domain.payment_day import CountSession, payment_of
from services.payments.domain.policy import Attended, InForce, InvolvementTerms
from shared.contracts.payments import Explanation, PaymentDue, SessionReckoned

PAYER = "QH8"
HOST = "RAJ"
ON = date(2024, 3, 4)
PERSON = UUID("0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a1001")
PARTNER = UUID("0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a2001")
OTHER_PERSON = UUID("0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a1002")
PAYEE = payee_of(PERSON, PAYER)
OTHER_PAYEE = payee_of(OTHER_PERSON, PAYER)
MORNING = UUID("0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a3001")
AFTERNOON = UUID("0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a3002")
EVENING = UUID("0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a3003")
RUN_ID = UUID("0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a4001")
NEXT_RUN_ID = UUID("0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a4002")
PAYMENT_ID = payment_of(MORNING, PARTNER)
OTHER_PAYMENT_ID = payment_of(AFTERNOON, PARTNER)

RECORDER = "coordinator/0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a5001"
PREPARER = "finance-preparer/0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a5002"
APPROVER = "finance-approver/0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a5003"
THIRD = "coordinator/0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a5004"
PARTNER_SELF = f"partner/{PERSON}"
OWN_SIGN_IN = UUID("0b6c2c9e-5f5e-4c39-9a0f-6d0f3c1a5005")

HALF, FULL = 7_500, 15_000
POLICY = InForce(version=1, terms=InvolvementTerms())


def attended(
    minutes: int,
    *,
    meeting: UUID = MORNING,
    cause: int = 10,
    category: int = 4,
    activity: str = "committee-meeting",
    carries_payment: bool = True,
    preparation_minutes: int = 0,
    recorded_by: str = RECORDER,
) -> Attended:
    return Attended(
        session=f"meeting/{meeting}",
        earned_at=HOST,
        minutes=minutes,
        preparation_minutes=preparation_minutes,
        role_category=category,
        activity=activity,
        carries_payment=carries_payment,
        cause=f"engagement.{HOST}/{cause}",
        recorded_by=recorded_by,
    )


def count(session: Attended, policy: InForce | None = POLICY) -> CountSession:
    meeting = UUID(session.session.partition("/")[2])
    return CountSession(payment_of(meeting, PARTNER), PERSON, PARTNER, ON, session, policy)


def explanation(rule: str = "half-day", *, recorded_by: str = RECORDER) -> Explanation:
    return Explanation(
        rule=rule,
        sentence="On 4 March 2024, 2 hours is a half day: £75.00.",
        policy_version=1,
        minutes=120,
        role_category=4,
        activity="committee-meeting",
        session_pence=HALF,
        cause=f"engagement.{HOST}/10",
        recorded_by=recorded_by,
    )


def reckoned(pence: int | None, rule: str = "half-day", by: str = RECORDER) -> SessionReckoned:
    return SessionReckoned(
        payment=PAYMENT_ID,
        person=PERSON,
        partner=PARTNER,
        earned_at=HOST,
        session=f"meeting/{MORNING}",
        on=ON,
        attended_minutes=120,
        preparation_minutes=0,
        carries_payment=True,
        entitled_pence=pence,
        explanation=explanation(rule, recorded_by=by),
    )


def due(pence: int = HALF) -> PaymentDue:
    return PaymentDue(
        payment=PAYMENT_ID,
        person=PERSON,
        partner=PARTNER,
        payee=PAYEE,
        earned_at=HOST,
        session=f"meeting/{MORNING}",
        meeting=MORNING,
        on=ON,
        amount_pence=pence,
        explanation=explanation(),
    )
