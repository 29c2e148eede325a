"""What a storm plans: the same for a seed, and every restore from a copy that is old enough."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from deploy.storm.plan import AGE, Kind, Strength, Targets, plan

BEGINS = datetime(2024, 9, 2, 9, 0, tzinfo=UTC)
MOMENTS = [BEGINS + timedelta(minutes=10 * n) for n in range(30)]
TARGETS = Targets(
    services=["payments", "audit"],
    writers=["payments"],
    databases=["payments", "portal"],
    keepers=["payments"],
)
STRENGTH = Strength(kills=100, bus_losses=10)


@pytest.mark.parametrize("seed", range(50))
def test_what_is_restored_was_copied_an_hour_before_at_least(seed: int) -> None:
    copies: dict[str, int] = {}
    for one in plan(seed, STRENGTH, MOMENTS, TARGETS):
        if one.kind is Kind.COPY:
            copies[one.target] = one.step
        if one.kind is Kind.RESTORE:
            assert MOMENTS[one.step] - MOMENTS[copies[one.target]] >= AGE


def test_a_seed_plans_the_same_again() -> None:
    assert plan(7, STRENGTH, MOMENTS, TARGETS) == plan(7, STRENGTH, MOMENTS, TARGETS)


def test_all_kills_and_losses_are_planned() -> None:
    kinds = [one.kind for one in plan(7, STRENGTH, MOMENTS, TARGETS)]
    assert kinds.count(Kind.KILL) + kinds.count(Kind.KILL_DATABASE) == STRENGTH.kills
    assert kinds.count(Kind.BUS_LOSS) == STRENGTH.bus_losses
    assert Kind.OUTAGE not in kinds


def test_a_trust_is_cut_off_at_every_step_several_organisations_share() -> None:
    trusts = replace(TARGETS, trusts=["engagement-raj"])
    planned = plan(7, STRENGTH, MOMENTS, trusts, shared=[4, 9])
    assert [one.step for one in planned if one.kind is Kind.OUTAGE] == [4, 9]
