"""What an organisation's payment policy says, and what a session is worth by it."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from shared.contracts.payments import Explanation
from shared.kernel.money import pounds

INVOLVEMENT_PAYMENT: Final = "involvement-payment"
"""The kind of policy that says what is paid."""
PAYMENT_FILE: Final = "payment-file"
"""The kind of policy that says from which account, and with what words on the statement."""

WholePence = Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
Category = Annotated[int, Field(strict=True, ge=1, le=4)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]


class InvolvementTerms(BaseModel):
    """Terms of the policy `involvement-payment`, with the defaults that DOMAIN states.

    `exactly_full_day_after` says which side a session of exactly `full_day_after_minutes` falls
    on: the published sources differ. `approval_limits_pence` is the most that each role may approve
    of one payment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    payments: StrictBool = True
    half_day_pence: WholePence = 7_500
    full_day_pence: WholePence = 15_000
    full_day_after_minutes: Annotated[int, Field(strict=True, ge=1, le=1_440)] = 240
    exactly_full_day_after: Literal["half-day", "full-day"] = "half-day"
    categories_paid: tuple[Category, ...] = (4,)
    activities_not_paid: tuple[Code, ...] = ()
    preparation_paid: StrictBool = False
    approval_limits_pence: dict[Code, WholePence] = Field(
        default_factory=lambda: {"coordinator": 15_000, "finance-approver": 1_000_000}
    )


class PaymentFileTerms(BaseModel):
    """Terms of the policy `payment-file`: the account paid from, and the statement's words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    originator_name: Annotated[str, StringConstraints(min_length=1, max_length=18)]
    sort_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    account_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]
    reference: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9 ]{0,10}$")] = (
        "INVOLVEMENT"
    )


@dataclass(frozen=True, slots=True)
class InForce:
    """The version of the policy in force on the date a decision is about."""

    version: int
    terms: InvolvementTerms


@dataclass(frozen=True, slots=True)
class Attended:
    """A session as its attendance was last recorded.

    `session` is the stream of the meeting or activity; `cause` is the position of the event,
    `recorded_by` its actor.
    """

    session: str
    earned_at: str
    minutes: int
    preparation_minutes: int
    role_category: int
    activity: str
    carries_payment: bool
    cause: str
    recorded_by: str


@dataclass(frozen=True, slots=True)
class Worth:
    """What a session is worth by itself, by which rule, and the reason in words."""

    rule: str
    reason: str
    pence: int


def counted_minutes(attended: Attended, terms: InvolvementTerms) -> int:
    """The minutes that count: from in to out, and preparation where the policy pays it."""
    return attended.minutes + (attended.preparation_minutes if terms.preparation_paid else 0)


def worth(attended: Attended, terms: InvolvementTerms) -> Worth:
    """What a session is worth before the limit of one full day a date."""
    unpaid = _unpaid(attended, terms)
    if unpaid is not None:
        return unpaid
    minutes, boundary = counted_minutes(attended, terms), terms.full_day_after_minutes
    exactly_is_half = terms.exactly_full_day_after == "half-day"
    if minutes < boundary or (minutes == boundary and exactly_is_half):
        limit = "up to and including" if exactly_is_half else "less than"
        return Worth(
            "half-day",
            f"{hours(minutes)} is a half day, which is {limit} {hours(boundary)}",
            terms.half_day_pence,
        )
    limit = "more than" if exactly_is_half else "at least"
    return Worth(
        "full-day",
        f"{hours(minutes)} is a full day, which is {limit} {hours(boundary)}",
        terms.full_day_pence,
    )


def _unpaid(attended: Attended, terms: InvolvementTerms) -> Worth | None:
    if not terms.payments:
        return Worth("payments-off", "this organisation pays expenses only", 0)
    if not attended.carries_payment:
        return Worth("expenses-only", "this session carries expenses only", 0)
    if attended.role_category not in terms.categories_paid:
        category = attended.role_category
        return Worth("category-not-paid", f"work of category {category} carries expenses only", 0)
    if attended.activity in terms.activities_not_paid:
        activity = attended.activity.replace("-", " ")
        return Worth("activity-not-paid", f"the activity {activity} carries expenses only", 0)
    if counted_minutes(attended, terms) == 0:
        return Worth("no-time-attended", "no time was attended", 0)
    return None


def explain(attended: Attended, on: date, policy: InForce, found: Worth, paid: int) -> Explanation:
    """The full explanation of what is paid for a session, of which the date leaves `paid` pence."""
    reason, rule = found.reason, found.rule
    if paid < found.pence:
        rule = "day-limit"
        reason += (
            f" worth {pounds(found.pence)}, but a date carries at most one full day,"
            f" {pounds(policy.terms.full_day_pence)}"
        )
    return Explanation(
        rule=rule,
        sentence=(
            f"On {long_date(on)}, {reason}: {pounds(paid)},"
            f" by version {policy.version} of the payment policy."
        ),
        policy_version=policy.version,
        minutes=counted_minutes(attended, policy.terms),
        role_category=attended.role_category,
        activity=attended.activity,
        session_pence=found.pence,
        cause=attended.cause,
        recorded_by=attended.recorded_by,
    )


def explain_nothing_known(attended: Attended, on: date) -> Explanation:
    """Why nothing can be said yet: no policy is in force on the date."""
    return Explanation(
        rule="no-policy",
        sentence=f"The organisation that pays has no payment policy in force on {long_date(on)}.",
        policy_version=None,
        minutes=attended.minutes,
        role_category=attended.role_category,
        activity=attended.activity,
        session_pence=0,
        cause=attended.cause,
        recorded_by=attended.recorded_by,
    )


def hours(minutes: int) -> str:
    """`2 hours 30 minutes`."""
    whole, rest = divmod(minutes, 60)
    parts = [_many(whole, "hour")] if whole or not rest else []
    return " ".join([*parts, _many(rest, "minute")] if rest else parts)


def long_date(on: date) -> str:
    """`4 March 2024`."""
    return f"{on.day} {on:%B %Y}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
