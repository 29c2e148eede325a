"""The panel: interests, scores, and when they count."""

from dataclasses import replace

import pytest

from services.recruitment.domain.policies import SelectionTerms
from services.recruitment.domain.selection import (
    PANEL,
    AlreadyAMember,
    CloseScoring,
    ConvenePanel,
    CriteriaNotMet,
    DeclareInterest,
    MemberHasInterest,
    NoPanelConvened,
    NotAMember,
    NotBeingConsidered,
    Panel,
    PanelStands,
    PanelTooSmall,
    ReplaceMember,
    ScoreApplicant,
    ScoresOutstanding,
    ScoringIsClosed,
    TooFewWithoutInterest,
)
from shared.contracts.personal import Clear
from shared.contracts.recruitment import (
    ApplicantScored,
    InterestDeclared,
    PanelConvened,
    PanelMemberReplaced,
    RecruitmentEvent,
    ScoreSetAside,
    ScoringClosed,
)
from tests.rules.given import given
from tests.rules.recruitment.examples import (
    ANNS,
    BOBS,
    CAMPAIGN_ID,
    MEMBERS,
    TERMS,
    identifier,
)

FIRST, SECOND, THIRD = MEMBERS
NEWCOMER = identifier(0x54)
CONVENED = PanelConvened(campaign=CAMPAIGN_ID, members=MEMBERS)
SCORES = {"safety": 3, "openness": 4}
SCORING = ScoreApplicant(ANNS, FIRST, SCORES, frozenset(SCORES), True, TERMS)
CLOSE = CloseScoring(ANNS, TERMS)


def scored(member: int, application: int = 0) -> ApplicantScored:
    return ApplicantScored(
        campaign=CAMPAIGN_ID,
        application=BOBS if application else ANNS,
        member=MEMBERS[member],
        scores=SCORES,
    )


def declared(member: int) -> InterestDeclared:
    return InterestDeclared(
        campaign=CAMPAIGN_ID,
        application=ANNS,
        member=MEMBERS[member],
        interest=Clear("A neighbour."),
    )


def aside(member: int) -> ScoreSetAside:
    return ScoreSetAside(campaign=CAMPAIGN_ID, application=ANNS, member=MEMBERS[member])


def closed(*members: int) -> ScoringClosed:
    able = tuple(MEMBERS[member] for member in members)
    return ScoringClosed(campaign=CAMPAIGN_ID, application=ANNS, scored_by=able)


class TestConvening:
    def test_a_panel_is_convened(self) -> None:
        given(PANEL).when(ConvenePanel(CAMPAIGN_ID, MEMBERS, TERMS)).then(CONVENED)

    def test_the_same_panel_again_changes_nothing(self) -> None:
        again = ConvenePanel(CAMPAIGN_ID, (THIRD, SECOND, FIRST), TERMS)
        given(PANEL, CONVENED).when(again).then_nothing()

    def test_another_panel_does_not_replace_it(self) -> None:
        other = ConvenePanel(CAMPAIGN_ID, (FIRST, NEWCOMER), TERMS)
        given(PANEL, CONVENED).when(other).then_refused(PanelStands)

    def test_one_person_named_twice_is_one_member(self) -> None:
        command = ConvenePanel(CAMPAIGN_ID, (FIRST, FIRST), TERMS)
        given(PANEL).when(command).then_refused(PanelTooSmall, "At least 2.")


class TestReplacing:
    command = ReplaceMember(FIRST, NEWCOMER)
    replaced = PanelMemberReplaced(campaign=CAMPAIGN_ID, left=FIRST, joined=NEWCOMER)

    def test_the_scores_of_who_left_are_set_aside(self) -> None:
        given(PANEL, CONVENED, scored(0)).when(self.command).then(self.replaced, aside(0))

    def test_scores_that_were_closed_stand(self) -> None:
        state = given(PANEL, CONVENED, scored(0), scored(1), scored(2), closed(0, 1, 2))
        state.when(self.command).then(self.replaced)

    def test_replaced_is_replaced(self) -> None:
        given(PANEL, CONVENED, self.replaced).when(self.command).then_nothing()

    def test_a_member_replaces_nobody(self) -> None:
        given(PANEL, CONVENED).when(ReplaceMember(FIRST, SECOND)).then_refused(AlreadyAMember)

    def test_only_a_member_is_replaced(self) -> None:
        command = ReplaceMember(identifier(9), NEWCOMER)
        given(PANEL, CONVENED).when(command).then_refused(NotAMember)

    def test_there_must_be_a_panel(self) -> None:
        given(PANEL).when(self.command).then_refused(NoPanelConvened)


class TestInterests:
    command = DeclareInterest(ANNS, FIRST, Clear("A neighbour."))

    def test_an_interest_is_declared(self) -> None:
        given(PANEL, CONVENED).when(self.command).then(declared(0))

    def test_declared_is_declared(self) -> None:
        given(PANEL, CONVENED, declared(0)).when(self.command).then_nothing()

    def test_a_score_given_before_is_set_aside(self) -> None:
        given(PANEL, CONVENED, scored(0)).when(self.command).then(declared(0), aside(0))

    def test_it_concerns_this_applicant_only(self) -> None:
        command = replace(SCORING, application=BOBS)
        given(PANEL, CONVENED, declared(0)).when(command).then(scored(0, application=1))

    def test_after_the_shortlist_it_is_for_the_coordinator(self) -> None:
        state = given(PANEL, CONVENED, scored(0), scored(1), scored(2), closed(0, 1, 2))
        state.when(self.command).then_refused(ScoringIsClosed)

    def test_only_members_declare(self) -> None:
        command = replace(self.command, member=NEWCOMER)
        given(PANEL, CONVENED).when(command).then_refused(NotAMember)


class TestScoring:
    def test_a_member_scores_every_criterion(self) -> None:
        given(PANEL, CONVENED).when(SCORING).then(scored(0))

    def test_the_same_scores_again_change_nothing(self) -> None:
        given(PANEL, CONVENED, scored(0)).when(SCORING).then_nothing()

    def test_scores_may_be_changed_until_they_are_closed(self) -> None:
        changed = scored(0).model_copy(update={"scores": {"safety": 0, "openness": 4}})
        command = replace(SCORING, scores={"safety": 0, "openness": 4})
        given(PANEL, CONVENED, scored(0)).when(command).then(changed)
        state = given(PANEL, CONVENED, scored(0), scored(1), scored(2), closed(0, 1, 2))
        state.when(command).then_refused(ScoringIsClosed)

    def test_who_declared_an_interest_does_not_score(self) -> None:
        given(PANEL, CONVENED, declared(0)).when(SCORING).then_refused(MemberHasInterest)

    def test_only_members_score(self) -> None:
        command = replace(SCORING, member=NEWCOMER)
        given(PANEL, CONVENED).when(command).then_refused(NotAMember)
        given(PANEL).when(SCORING).then_refused(NoPanelConvened)

    def test_only_what_is_considered_is_scored(self) -> None:
        command = replace(SCORING, considered=False)
        given(PANEL, CONVENED).when(command).then_refused(NotBeingConsidered)

    @pytest.mark.parametrize(
        "scores",
        [{"safety": 3}, {"safety": 3, "openness": 5}, {"safety": 3, "openness": 4, "charm": 1}],
    )
    def test_every_criterion_and_no_other_within_the_scale(self, scores: dict[str, int]) -> None:
        command = replace(SCORING, scores=scores)
        given(PANEL, CONVENED).when(command).then_refused(
            CriteriaNotMet, "From 0 to 4: openness, safety."
        )


class TestClosing:
    def test_everybody_has_scored(self) -> None:
        state = given(PANEL, CONVENED, scored(0), scored(1), scored(2))
        state.when(CLOSE).then(closed(0, 1, 2))

    def test_who_declared_an_interest_is_not_waited_for(self) -> None:
        state = given(PANEL, CONVENED, declared(2), scored(0), scored(1))
        state.when(CLOSE).then(closed(0, 1))

    def test_somebody_has_not_scored(self) -> None:
        state = given(PANEL, CONVENED, scored(0), scored(1))
        state.when(CLOSE).then_refused(ScoresOutstanding, "Still to score: 1.")

    def test_too_few_may_score(self) -> None:
        state = given(PANEL, CONVENED, declared(1), declared(2), scored(0))
        state.when(CLOSE).then_refused(TooFewWithoutInterest, "At least 2 must score.")

    def test_a_policy_may_be_content_with_one(self) -> None:
        command = CloseScoring(ANNS, SelectionTerms(panel_minimum=1))
        state = given(PANEL, CONVENED, declared(1), declared(2), scored(0))
        state.when(command).then(closed(0))

    def test_closed_is_closed(self) -> None:
        state = given(PANEL, CONVENED, scored(0), scored(1), scored(2), closed(0, 1, 2))
        state.when(CLOSE).then_nothing()


def _panel(*events: RecruitmentEvent) -> Panel:
    state = PANEL.fold([CONVENED, *events])
    assert isinstance(state, Panel)
    return state


class TestHiddenScores:
    def test_others_scores_are_hidden_until_all_are_in(self) -> None:
        panel = _panel(scored(0), scored(1))
        assert panel.visible_scores(ANNS, FIRST) == {FIRST: SCORES}
        assert panel.visible_scores(ANNS, THIRD) == {}

    def test_then_every_scoring_member_sees_them(self) -> None:
        panel = _panel(scored(0), scored(1), scored(2))
        assert panel.visible_scores(ANNS, THIRD) == dict.fromkeys(MEMBERS, SCORES)

    def test_members_read_the_form_unless_they_have_an_interest(self) -> None:
        panel = _panel(declared(2))
        assert [panel.may_read(ANNS, member) for member in MEMBERS] == [True, True, False]
        assert panel.may_read(BOBS, THIRD)
        assert not panel.may_read(ANNS, CAMPAIGN_ID)

    def test_who_declared_an_interest_sees_none(self) -> None:
        panel = _panel(scored(0), scored(1), declared(2))
        assert panel.visible_scores(ANNS, THIRD) == {}
        assert panel.visible_scores(ANNS, FIRST) == {FIRST: SCORES, SECOND: SCORES}
