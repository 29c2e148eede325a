"""Assessing an applicant: the shortlist and the informal interview."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

from services.recruitment.domain.policies import SelectionTerms
from shared.contracts.personal import Personal
from shared.contracts.recruitment import (
    ApplicantShortlisted,
    ApplicationReceived,
    InterviewArranged,
    InterviewFormat,
    InterviewHeld,
    InterviewOffered,
    RecruitmentEvent,
)
from shared.kernel.decider import Refused

# Commands


@dataclass(frozen=True, slots=True)
class ShortlistApplicant:
    """Record whether the panel puts the applicant on the shortlist."""

    shortlisted: bool
    reasons: Personal


@dataclass(frozen=True, slots=True)
class OfferInterview:
    """Invite to an informal interview and ask what would help."""

    interview: UUID
    terms: SelectionTerms


@dataclass(frozen=True, slots=True)
class ArrangeInterview:
    """Agree, or change, when and where the interview is."""

    format: InterviewFormat
    starts_at: datetime
    place: str
    support: Personal | None = None


@dataclass(frozen=True, slots=True)
class RecordInterview:
    """Record that the interview was held and what the interviewers recommend."""

    recommended: bool
    reasons: Personal
    now: datetime


Assessment: TypeAlias = ShortlistApplicant | OfferInterview | ArrangeInterview | RecordInterview


# State


@dataclass(frozen=True, slots=True)
class Considered:
    """Received in time, or admitted."""

    received: ApplicationReceived


@dataclass(frozen=True, slots=True)
class Sifted:
    """The panel has recorded whether this applicant is on the shortlist."""

    received: ApplicationReceived
    shortlisted: bool


@dataclass(frozen=True, slots=True)
class Interviewing:
    """An interview is offered, and arranged when `arranged` says for when."""

    received: ApplicationReceived
    interview: UUID
    arranged: InterviewArranged | None = None


@dataclass(frozen=True, slots=True)
class Interviewed:
    """The interview was held."""

    received: ApplicationReceived
    held: InterviewHeld


Assessed: TypeAlias = Considered | Sifted | Interviewing | Interviewed


# Rules


class InterviewFollows(Refused):
    """An interview was offered on this shortlist decision, so it stands; go on from there."""


class NotShortlisted(Refused):
    """Only applicants on the panel's shortlist go on; record the shortlist first."""


class InterviewNotOffered(Refused):
    """Offer the interview before you arrange or record it."""


class InterviewNotArranged(Refused):
    """Arrange when and where the interview is before you record it."""


class InterviewNotYet(Refused):
    """An interview is recorded when it has begun; wait, or arrange it anew if it was earlier."""


class InterviewIsHeld(Refused):
    """The interview has been held and can no longer be arranged; decide the outcome."""


def assess(state: Assessed, command: Assessment) -> Sequence[RecruitmentEvent]:
    """What a step of the assessment does to an application that is being considered."""
    match command:
        case ShortlistApplicant():
            return _shortlist(state, command)
        case OfferInterview():
            return _offer_interview(state, command)
        case ArrangeInterview():
            return _arrange_interview(state, command)
        case RecordInterview():
            return _record_interview(state, command)
        case _:
            assert_never(command)


def is_shortlisted(state: Considered | Sifted, terms: SelectionTerms) -> bool:
    """Whether the applicant goes on: the panel said so, or the policy has no panel."""
    if isinstance(state, Sifted):
        return state.shortlisted
    return not terms.panel


def _shortlist(state: Assessed, command: ShortlistApplicant) -> Sequence[RecruitmentEvent]:
    if isinstance(state, Interviewing | Interviewed):
        raise InterviewFollows
    if isinstance(state, Sifted) and state.shortlisted == command.shortlisted:
        return []
    received = state.received
    return [
        ApplicantShortlisted(
            application=received.application,
            campaign=received.campaign,
            person=received.person,
            shortlisted=command.shortlisted,
            reasons=command.reasons,
        )
    ]


def _offer_interview(state: Assessed, command: OfferInterview) -> Sequence[RecruitmentEvent]:
    if isinstance(state, Interviewing | Interviewed):
        return []
    if not is_shortlisted(state, command.terms):
        raise NotShortlisted
    received = state.received
    return [
        InterviewOffered(
            interview=command.interview,
            application=received.application,
            campaign=received.campaign,
            person=received.person,
        )
    ]


def _arrange_interview(state: Assessed, command: ArrangeInterview) -> Sequence[RecruitmentEvent]:
    if isinstance(state, Interviewed):
        raise InterviewIsHeld
    if not isinstance(state, Interviewing):
        raise InterviewNotOffered
    received = state.received
    return [
        InterviewArranged(
            interview=state.interview,
            application=received.application,
            campaign=received.campaign,
            person=received.person,
            format=command.format,
            starts_at=command.starts_at,
            place=command.place,
            support=command.support,
        )
    ]


def _record_interview(state: Assessed, command: RecordInterview) -> Sequence[RecruitmentEvent]:
    if isinstance(state, Interviewed):
        return []
    if not isinstance(state, Interviewing):
        raise InterviewNotOffered
    if state.arranged is None:
        raise InterviewNotArranged
    if command.now < state.arranged.starts_at:
        raise InterviewNotYet
    received = state.received
    return [
        InterviewHeld(
            interview=state.interview,
            application=received.application,
            campaign=received.campaign,
            person=received.person,
            recommended=command.recommended,
            reasons=command.reasons,
        )
    ]


# Evolve


def evolve_assessment(state: Assessed, event: RecruitmentEvent) -> Assessed:
    """How far the assessment has come after this event."""
    match event:
        case ApplicantShortlisted():
            return Sifted(state.received, event.shortlisted)
        case InterviewOffered():
            return Interviewing(state.received, event.interview)
        case InterviewArranged():
            return Interviewing(state.received, event.interview, event)
        case InterviewHeld():
            return Interviewed(state.received, event)
        case _:
            return state
