"""Before starting: the references and checks of a successful applicant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from services.recruitment.domain.drafting import FeeBasisDoesNotFit, PaidPartnerIsNoVolunteer
from services.recruitment.domain.policies import SelectionPolicy
from services.recruitment.domain.references import (
    ReferenceCommand,
    References,
    RemindReferees,
    decide_reference,
    evolve_references,
)
from services.recruitment.domain.register import Opportunity, OpportunityNotOffered
from shared.contracts.personal import Personal
from shared.contracts.recruitment import (
    ApplicantTold,
    ApplicationReceived,
    ApplicationWithdrawn,
    CheckDecided,
    CheckKind,
    ClearanceCompleted,
    ClearanceOpened,
    DbsLevel,
    FeeBasis,
    OfferDeclined,
    OutcomeDecided,
    RecruitmentEvent,
    ReferenceJudged,
    ReferenceReceived,
    ReferenceReminded,
    ReferenceRequested,
)
from shared.kernel.decider import Decider, Refused

# Commands


@dataclass(frozen=True, slots=True)
class OpenClearance:
    """Begin references and checks for the one of these opportunities the applicant got."""

    opportunities: Mapping[UUID, Opportunity]
    role_family: str
    policy: SelectionPolicy


@dataclass(frozen=True, slots=True)
class DecideCheck:
    """Say how a check ended, or why it is not needed."""

    check: CheckKind
    outcome: Literal["clear", "not-clear", "not-needed"]
    reason: Personal
    decided_on: date
    level: DbsLevel | None = None
    fee_basis: FeeBasis | None = None
    issued_on: date | None = None
    seen_by: UUID | None = None


Command: TypeAlias = OpenClearance | ReferenceCommand | DecideCheck


# State


@dataclass(frozen=True, slots=True)
class NotChosen:
    """No application yet, or no successful outcome."""

    received: ApplicationReceived | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Successful; `told` when the applicant knows."""

    received: ApplicationReceived
    outcome: OutcomeDecided
    told: bool = False


@dataclass(frozen=True, slots=True)
class Clearing:
    """References and checks are under way."""

    received: ApplicationReceived
    opened: ClearanceOpened
    references: References = field(default_factory=dict)
    checks: Mapping[CheckKind, CheckDecided] = field(default_factory=dict)

    def outstanding(self) -> Sequence[str]:
        """What is still to be done before starting, in words."""
        satisfactory = sum(bool(each.satisfactory) for each in self.references.values())
        short = self.opened.references_needed - satisfactory
        references = (
            [f"{short} more satisfactory reference{'s' * (short > 1)}"] if short > 0 else []
        )
        open_checks = [
            f"the {_CHECK_NAMES[kind]}"
            for kind in self.opened.checks_needed
            if kind not in self.checks or self.checks[kind].outcome == "not-clear"
        ]
        return references + open_checks


@dataclass(frozen=True, slots=True)
class Ended:
    """Appointed, withdrawn or declined: nothing is cleared any more."""


State: TypeAlias = NotChosen | Chosen | Clearing | Ended

_CHECK_NAMES: Mapping[CheckKind, str] = {
    "dbs": "disclosure check",
    "identity": "identity check",
    "own-staff-conflict": "check that the person is not staff of the host",
    "confidentiality-agreement": "confidentiality agreement",
}


# Rules


class NotSuccessful(Refused):
    """References and checks are for successful applicants only; decide the outcome first."""


class NotToldYet(Refused):
    """Tell the applicant that they were successful before references and checks begin."""


class ClearanceNotOpen(Refused):
    """Open the clearance of this applicant before references and checks are recorded."""


class ClearanceOver(Refused):
    """References and checks of this applicant are over; nothing more is recorded for them here."""


class CheckNotForThisRole(Refused):
    """Make only the checks decided for this role; a disclosure check at exactly its level."""


class CheckNeeded(Refused):
    """This role needs the check: record how it ended."""


class EvidenceUnnamed(Refused):
    """Say who saw the evidence of a check that was made; never keep the certificate itself."""


def decide(state: State, command: Command) -> Sequence[RecruitmentEvent]:
    """What a command does to this applicant's references and checks."""
    if isinstance(state, Clearing):
        return _clear(state, command)
    if isinstance(command, RemindReferees):
        return []
    match state:
        case NotChosen():
            raise NotSuccessful
        case Chosen():
            return _open(state, command)
        case Ended():
            raise ClearanceOver
        case _:
            assert_never(state)


def _open(state: Chosen, command: Command) -> Sequence[RecruitmentEvent]:
    if not isinstance(command, OpenClearance):
        raise ClearanceNotOpen
    if not state.told:
        raise NotToldYet
    opportunity, terms = _opportunity_of(state, command), command.policy.terms
    checks = terms.checks
    agreement = opportunity.description.additional_information.confidentiality_agreement
    if agreement and "confidentiality-agreement" not in checks:
        checks = (*checks, "confidentiality-agreement")
    return [
        ClearanceOpened(
            application=state.received.application,
            campaign=state.received.campaign,
            opportunity=opportunity.opportunity,
            person=state.received.person,
            lead=state.received.lead,
            host=opportunity.host,
            payer=opportunity.payer,
            role_family=command.role_family,
            carries_payment=opportunity.carries_payment,
            references_needed=terms.references,
            checks_needed=checks,
            dbs_level=opportunity.dbs_level or terms.dbs_level,
            acceptance_needed=terms.acceptance,
            policy_version=command.policy.version,
        )
    ]


def _opportunity_of(state: Chosen, command: OpenClearance) -> Opportunity:
    chosen = state.outcome.opportunity
    if chosen is None or chosen not in command.opportunities:
        raise OpportunityNotOffered
    return command.opportunities[chosen]


def _clear(state: Clearing, command: Command) -> Sequence[RecruitmentEvent]:
    match command:
        case OpenClearance():
            return []
        case DecideCheck():
            return _decide_check(state, command)
        case _:
            return decide_reference(state.received, state.references, command)


def _decide_check(state: Clearing, command: DecideCheck) -> Sequence[RecruitmentEvent]:
    _check_kind(state.opened, command)
    known = state.checks.get(command.check)
    decided = CheckDecided(
        application=state.received.application,
        person=state.received.person,
        check=command.check,
        outcome=command.outcome,
        reason=command.reason,
        decided_on=command.decided_on,
        level=command.level,
        fee_basis=command.fee_basis,
        issued_on=command.issued_on,
        seen_by=command.seen_by,
    )
    if known is not None and known == decided.model_copy(update={"reason": known.reason}):
        return []
    return [decided]


def _check_kind(opened: ClearanceOpened, command: DecideCheck) -> None:
    if command.check not in opened.checks_needed:
        raise CheckNotForThisRole
    made = command.outcome != "not-needed"
    is_dbs = command.check == "dbs"
    if is_dbs and made and (opened.dbs_level == "none" or command.level != opened.dbs_level):
        raise CheckNotForThisRole(f"The level decided for this role is {opened.dbs_level}.")
    if not made and not (is_dbs and opened.dbs_level == "none"):
        raise CheckNeeded
    if made and command.seen_by is None:
        raise EvidenceUnnamed
    if (is_dbs and made) != (command.fee_basis in ("paid", "volunteer")):
        raise FeeBasisDoesNotFit
    if command.fee_basis == "volunteer" and opened.carries_payment:
        raise PaidPartnerIsNoVolunteer


# Evolve


def evolve(state: State, event: RecruitmentEvent) -> State:
    """References and checks after this event of the application's stream."""
    match event:
        case ApplicationReceived():
            return NotChosen(event)
        case ApplicationWithdrawn() | OfferDeclined() | ClearanceCompleted():
            return Ended()
        case OutcomeDecided():
            return _outcome(state, event)
        case _:
            return _evolve_chosen(state, event)


def _outcome(state: State, event: OutcomeDecided) -> State:
    if isinstance(state, Ended) or state.received is None:
        return state
    return Chosen(state.received, event) if event.successful else NotChosen(state.received)


def _evolve_chosen(state: State, event: RecruitmentEvent) -> State:
    match state:
        case Chosen():
            if isinstance(event, ApplicantTold):
                return replace(state, told=True)
            return Clearing(state.received, event) if isinstance(event, ClearanceOpened) else state
        case Clearing():
            return _evolve_clearing(state, event)
        case _:
            return state


def _evolve_clearing(state: Clearing, event: RecruitmentEvent) -> Clearing:
    match event:
        case CheckDecided():
            return replace(state, checks={**state.checks, event.check: event})
        case ReferenceRequested() | ReferenceReminded() | ReferenceReceived() | ReferenceJudged():
            return replace(state, references=evolve_references(state.references, event))
        case _:
            return state


CLEARANCE: Decider[State, Command, RecruitmentEvent] = Decider(NotChosen(), decide, evolve)
