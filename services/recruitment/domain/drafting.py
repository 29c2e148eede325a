"""Preparing a campaign: its contact, its opportunities, and when it may be published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from services.recruitment.domain.policies import SelectionPolicy
from services.recruitment.domain.register import Opportunity, OpportunityNotOffered
from services.recruitment.domain.role_description import missing_parts
from shared.contracts.personal import Personal
from shared.contracts.recruitment import (
    CampaignContactNamed,
    CampaignDrafted,
    CampaignPublished,
    DbsLevel,
    DbsLevelDecided,
    FeeBasis,
    OpportunityDescribed,
    PatientContact,
    RecruitmentEvent,
    RoleDescription,
)
from shared.kernel.decider import Refused

# Commands


@dataclass(frozen=True, slots=True)
class DraftCampaign:
    """Start preparing a campaign."""

    campaign: UUID
    lead: str
    title: str
    summary: str
    what_happens_next: str
    role_family: str


@dataclass(frozen=True, slots=True)
class NameContact:
    """Say whom people may ask; a later contact replaces the earlier one."""

    contact: UUID
    name: Personal
    job_title: str
    email: Personal | None = None
    phone: Personal | None = None
    address: Personal | None = None


@dataclass(frozen=True, slots=True)
class DescribeOpportunity:
    """Describe one opportunity, or describe it anew while drafting."""

    opportunity: UUID
    host: str
    payer: str
    carries_payment: bool
    description: RoleDescription
    applications_seen_by: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class DecideDbsLevel:
    """Decide which disclosure check a role needs, or none, with the reason."""

    opportunity: UUID
    level: DbsLevel
    patient_contact: PatientContact
    fee_basis: FeeBasis
    reason: str


@dataclass(frozen=True, slots=True)
class PublishCampaign:
    """Advertise the campaign; without `closes_at` it rolls until somebody closes it."""

    opens_at: datetime
    closes_at: datetime | None
    now: datetime
    policy: SelectionPolicy


Preparation: TypeAlias = (
    DraftCampaign | NameContact | DescribeOpportunity | DecideDbsLevel | PublishCampaign
)


# State


@dataclass(frozen=True, slots=True)
class Draft:
    """A campaign being prepared."""

    drafted: CampaignDrafted
    contact: CampaignContactNamed | None = None
    described: Mapping[UUID, OpportunityDescribed] = field(default_factory=dict)
    dbs: Mapping[UUID, DbsLevelDecided] = field(default_factory=dict)

    def evolve(self, event: RecruitmentEvent) -> "Draft":
        """The draft after this event."""
        match event:
            case CampaignContactNamed():
                return replace(self, contact=event)
            case OpportunityDescribed():
                return replace(self, described={**self.described, event.opportunity: event})
            case DbsLevelDecided():
                return replace(self, dbs={**self.dbs, event.opportunity: event})
            case _:
                return self

    def opportunities(self) -> Mapping[UUID, Opportunity]:
        """What the register will need to know of each opportunity."""
        return {
            each.opportunity: Opportunity(
                opportunity=each.opportunity,
                host=each.host,
                payer=each.payer,
                carries_payment=each.carries_payment,
                description=each.description,
                dbs_level=self.dbs[each.opportunity].level
                if each.opportunity in self.dbs
                else None,
                applications_seen_by=each.applications_seen_by,
            )
            for each in self.described.values()
        }


# Rules


class RoleDescriptionIncomplete(Refused):
    """A campaign is published when its role descriptions are complete; complete them first."""


class ContactNotNamed(Refused):
    """Name the person whom applicants may ask and to whom expressions of interest are returned."""


class ClosesBeforeItOpens(Refused):
    """The closing moment must lie after the opening moment, and ahead of now; choose another."""


class VisitorsContactNeedsNoMore(Refused):
    """Choose basic or none: more needs contact with patients in the role's normal duties."""


class PaidPartnerIsNoVolunteer(Refused):
    """A partner who is paid is no volunteer for the fee of a check; choose paid as the basis."""


class FeeBasisDoesNotFit(Refused):
    """State paid or volunteer as fee basis exactly when a disclosure check is to be made."""


def describe_opportunity(draft: Draft, command: DescribeOpportunity) -> Sequence[RecruitmentEvent]:
    """A description replaces the one before; a blank part may wait until publication."""
    described = OpportunityDescribed(
        campaign=draft.drafted.campaign,
        opportunity=command.opportunity,
        host=command.host,
        payer=command.payer,
        carries_payment=command.carries_payment,
        description=command.description,
        applications_seen_by=command.applications_seen_by,
    )
    return [] if draft.described.get(command.opportunity) == described else [described]


def decide_dbs_level(draft: Draft, command: DecideDbsLevel) -> Sequence[RecruitmentEvent]:
    """A level needs contact that qualifies for it, and a fee basis that is true."""
    described = draft.described.get(command.opportunity)
    if described is None:
        raise OpportunityNotOffered
    if command.level in ("standard", "enhanced") and command.patient_contact != "in-normal-duties":
        raise VisitorsContactNeedsNoMore
    if (command.level == "none") != (command.fee_basis == "no-check"):
        raise FeeBasisDoesNotFit
    if command.fee_basis == "volunteer" and described.carries_payment:
        raise PaidPartnerIsNoVolunteer
    decided = DbsLevelDecided(
        campaign=draft.drafted.campaign,
        opportunity=command.opportunity,
        level=command.level,
        patient_contact=command.patient_contact,
        fee_basis=command.fee_basis,
        reason=command.reason,
    )
    return [] if draft.dbs.get(command.opportunity) == decided else [decided]


def publish(draft: Draft, command: PublishCampaign) -> Sequence[RecruitmentEvent]:
    """Publish a complete campaign; the refusal names every part that is missing."""
    missing = _missing(draft, command.policy)
    if missing:
        raise RoleDescriptionIncomplete(f"Missing: {'; '.join(missing)}.")
    if draft.contact is None:
        raise ContactNotNamed
    closes_at = command.closes_at
    if closes_at is not None and closes_at <= max(command.opens_at, command.now):
        raise ClosesBeforeItOpens
    described = draft.described.values()
    return [
        CampaignPublished(
            campaign=draft.drafted.campaign,
            lead=draft.drafted.lead,
            hosts=tuple(dict.fromkeys(each.host for each in described)),
            opportunities=tuple(draft.described),
            title=draft.drafted.title,
            role_family=draft.drafted.role_family,
            places=sum(each.description.places for each in described),
            opens_at=command.opens_at,
            closes_at=closes_at,
            policy_version=command.policy.version,
        )
    ]


def _missing(draft: Draft, policy: SelectionPolicy) -> Sequence[str]:
    if not draft.described:
        return ["an opportunity"]
    missing = [
        (each, missing_parts(each.description, policy.terms)) for each in draft.described.values()
    ]
    return [f"for {_named(each)}, {', '.join(parts)}" for each, parts in missing if parts]


def _named(described: OpportunityDescribed) -> str:
    """Two hosts may call their groups alike, so the host is named too."""
    group = described.description.group_name.strip() or "an opportunity without a name"
    return f"{group} ({described.host})"
