"""A campaign's panel: its members, their declared interests, and their scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, assert_never
from uuid import UUID

from services.recruitment.domain.policies import SelectionTerms
from shared.contracts.personal import Personal
from shared.contracts.recruitment import (
    ApplicantScored,
    InterestDeclared,
    PanelConvened,
    PanelMemberReplaced,
    RecruitmentEvent,
    ScoreSetAside,
    ScoringClosed,
)
from shared.kernel.decider import Decider, Refused

# Commands


@dataclass(frozen=True, slots=True)
class ConvenePanel:
    """Name the members who shortlist for a campaign."""

    campaign: UUID
    members: tuple[UUID, ...]
    terms: SelectionTerms


@dataclass(frozen=True, slots=True)
class ReplaceMember:
    """Somebody else takes a member's place."""

    left: UUID
    joined: UUID


@dataclass(frozen=True, slots=True)
class DeclareInterest:
    """A member knows, or is tied to, an applicant."""

    application: UUID
    member: UUID
    interest: Personal


@dataclass(frozen=True, slots=True)
class ScoreApplicant:
    """A member's scores for `criteria`, all the criteria of what the applicant applied for."""

    application: UUID
    member: UUID
    scores: Mapping[str, int]
    criteria: frozenset[str]
    considered: bool
    terms: SelectionTerms


@dataclass(frozen=True, slots=True)
class CloseScoring:
    """The panel has met about an applicant: scores are opened and fixed."""

    application: UUID
    terms: SelectionTerms


Command: TypeAlias = ConvenePanel | ReplaceMember | DeclareInterest | ScoreApplicant | CloseScoring


# State


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the panel has on one applicant: who may not score, and who scored what."""

    interested: frozenset[UUID] = frozenset()
    scores: Mapping[UUID, Mapping[str, int]] = field(default_factory=dict)
    closed: bool = False


@dataclass(frozen=True, slots=True)
class NoPanel:
    """Nobody has been named."""


@dataclass(frozen=True, slots=True)
class Panel:
    """The members, and a sheet for each applicant they have dealt with."""

    campaign: UUID
    members: tuple[UUID, ...]
    sheets: Mapping[UUID, Sheet] = field(default_factory=dict)

    def sheet(self, application: UUID) -> Sheet:
        """What there is on this applicant."""
        return self.sheets.get(application, Sheet())

    def outstanding(self, application: UUID) -> Sequence[UUID]:
        """Members who may score this applicant and have not."""
        sheet = self.sheet(application)
        return [m for m in self.members if m not in sheet.interested and m not in sheet.scores]

    def may_read(self, application: UUID, reader: UUID) -> bool:
        """Whether the form is this member's to read: not once they have declared an interest."""
        return reader in self.members and reader not in self.sheet(application).interested

    def visible_scores(self, application: UUID, reader: UUID) -> Mapping[UUID, Mapping[str, int]]:
        """The scores a member may see: their own, and everybody's once nobody's are outstanding."""
        sheet = self.sheet(application)
        if sheet.closed or not self.outstanding(application):
            return {} if reader in sheet.interested else sheet.scores
        return {member: scores for member, scores in sheet.scores.items() if member == reader}


State: TypeAlias = NoPanel | Panel


# Rules


class PanelTooSmall(Refused):
    """A panel needs at least as many different members as the selection policy says; name more."""


class PanelStands(Refused):
    """The panel has been convened; replace its members one by one."""


class NoPanelConvened(Refused):
    """Convene the panel before anybody scores."""


class NotAMember(Refused):
    """Only members of the campaign's panel declare interests and score; ask to be put on it."""


class AlreadyAMember(Refused):
    """Choose somebody who is not on the panel already."""


class MemberHasInterest(Refused):
    """Whoever has declared an interest in an applicant leaves scoring them to the others."""


class ScoringIsClosed(Refused):
    """The panel's scores for this applicant are fixed; tell the coordinator what has changed."""


class NotBeingConsidered(Refused):
    """Only applications that are being considered are scored: admit a late one first."""


class CriteriaNotMet(Refused):
    """Score every criterion, and no other, from 0 to the highest score the policy allows."""


class ScoresOutstanding(Refused):
    """The shortlist waits until every member without a declared interest has scored; ask them."""


class TooFewWithoutInterest(Refused):
    """Too few members may score this applicant; replace one who has declared an interest."""


def decide(state: State, command: Command) -> Sequence[RecruitmentEvent]:
    """What a command does to this panel."""
    if isinstance(command, ConvenePanel):
        return _convene(state, command)
    if isinstance(state, NoPanel):
        raise NoPanelConvened
    match command:
        case ReplaceMember():
            return _replace(state, command)
        case DeclareInterest():
            return _declare(state, command)
        case ScoreApplicant():
            return _score(state, command)
        case CloseScoring():
            return _close(state, command)
        case _:
            assert_never(command)


def _convene(state: State, command: ConvenePanel) -> Sequence[RecruitmentEvent]:
    if isinstance(state, Panel):
        if set(state.members) == set(command.members):
            return []
        raise PanelStands
    members = tuple(dict.fromkeys(command.members))
    if len(members) < command.terms.panel_minimum:
        raise PanelTooSmall(f"At least {command.terms.panel_minimum}.")
    return [PanelConvened(campaign=command.campaign, members=members)]


def _replace(panel: Panel, command: ReplaceMember) -> Sequence[RecruitmentEvent]:
    if command.left not in panel.members:
        if command.joined in panel.members:
            return []
        raise NotAMember
    if command.joined in panel.members:
        raise AlreadyAMember
    replaced = PanelMemberReplaced(
        campaign=panel.campaign, left=command.left, joined=command.joined
    )
    return [replaced, *_set_aside(panel, command.left)]


def _set_aside(panel: Panel, member: UUID) -> Sequence[RecruitmentEvent]:
    return [
        ScoreSetAside(campaign=panel.campaign, application=application, member=member)
        for application, sheet in panel.sheets.items()
        if member in sheet.scores and not sheet.closed
    ]


def _declare(panel: Panel, command: DeclareInterest) -> Sequence[RecruitmentEvent]:
    if command.member not in panel.members:
        raise NotAMember
    sheet = panel.sheet(command.application)
    if command.member in sheet.interested:
        return []
    if sheet.closed:
        raise ScoringIsClosed
    declared = InterestDeclared(
        campaign=panel.campaign,
        application=command.application,
        member=command.member,
        interest=command.interest,
    )
    if command.member not in sheet.scores:
        return [declared]
    aside = ScoreSetAside(
        campaign=panel.campaign, application=command.application, member=command.member
    )
    return [declared, aside]


def _score(panel: Panel, command: ScoreApplicant) -> Sequence[RecruitmentEvent]:
    sheet = panel.sheet(command.application)
    if command.member not in panel.members:
        raise NotAMember
    if command.member in sheet.interested:
        raise MemberHasInterest
    if sheet.scores.get(command.member) == dict(command.scores):
        return []
    if sheet.closed:
        raise ScoringIsClosed
    if not command.considered:
        raise NotBeingConsidered
    highest = command.terms.highest_score
    if set(command.scores) != command.criteria or any(
        not 0 <= score <= highest for score in command.scores.values()
    ):
        wanted = ", ".join(sorted(command.criteria))
        raise CriteriaNotMet(f"From 0 to {highest}: {wanted}.")
    return [
        ApplicantScored(
            campaign=panel.campaign,
            application=command.application,
            member=command.member,
            scores=dict(command.scores),
        )
    ]


def _close(panel: Panel, command: CloseScoring) -> Sequence[RecruitmentEvent]:
    sheet = panel.sheet(command.application)
    if sheet.closed:
        return []
    able = [member for member in panel.members if member not in sheet.interested]
    if len(able) < command.terms.panel_minimum:
        raise TooFewWithoutInterest(f"At least {command.terms.panel_minimum} must score.")
    waiting = len(panel.outstanding(command.application))
    if waiting:
        raise ScoresOutstanding(f"Still to score: {waiting}.")
    return [
        ScoringClosed(
            campaign=panel.campaign, application=command.application, scored_by=tuple(able)
        )
    ]


# Evolve


def evolve(state: State, event: RecruitmentEvent) -> State:
    """The panel after this event."""
    if isinstance(event, PanelConvened):
        return Panel(event.campaign, event.members)
    if isinstance(state, NoPanel):
        return state
    match event:
        case PanelMemberReplaced():
            members = (event.joined if m == event.left else m for m in state.members)
            return replace(state, members=tuple(members))
        case InterestDeclared() | ApplicantScored() | ScoreSetAside() | ScoringClosed():
            sheet = _evolve_sheet(state.sheet(event.application), event)
            return replace(state, sheets={**state.sheets, event.application: sheet})
        case _:
            return state


def _evolve_sheet(
    sheet: Sheet, event: InterestDeclared | ApplicantScored | ScoreSetAside | ScoringClosed
) -> Sheet:
    match event:
        case InterestDeclared():
            return replace(sheet, interested=sheet.interested | {event.member})
        case ApplicantScored():
            return replace(sheet, scores={**sheet.scores, event.member: event.scores})
        case ScoreSetAside():
            others = {m: scores for m, scores in sheet.scores.items() if m != event.member}
            return replace(sheet, scores=others)
        case ScoringClosed():
            return replace(sheet, closed=True)
        case _:
            assert_never(event)


PANEL: Decider[State, Command, RecruitmentEvent] = Decider(NoPanel(), decide, evolve)
