"""Policies: immutable versions, adopted in order, each in force from a date."""

from datetime import date

from shared.contracts.policies import PolicyAdopted
from shared.infra.policies import POLICY
from shared.kernel.policies import (
    AdoptPolicy,
    PolicyBackdated,
    PolicyVersionChanged,
    PolicyVersionOutOfOrder,
    in_force,
)
from tests.rules.given import given

APRIL, JULY = date(2024, 4, 1), date(2024, 7, 1)


def adopted(version: int, on: date = APRIL, pence: int = 15_000) -> PolicyAdopted:
    return PolicyAdopted(
        kind="involvement", policy_version=version, effective_from=on, terms={"full_day": pence}
    )


def adopt(version: int, on: date = APRIL, pence: int = 15_000) -> AdoptPolicy:
    return AdoptPolicy("involvement", version, on, {"full_day": pence})


def test_the_first_version_is_adopted() -> None:
    given(POLICY).when(adopt(1)).then(adopted(1))


def test_the_next_version_is_adopted_also_for_the_same_day() -> None:
    given(POLICY, adopted(1)).when(adopt(2, JULY, 16_000)).then(adopted(2, JULY, 16_000))
    given(POLICY, adopted(1)).when(adopt(2, APRIL, 16_000)).then(adopted(2, APRIL, 16_000))


def test_the_same_version_again_changes_nothing() -> None:
    given(POLICY, adopted(1), adopted(2, JULY)).when(adopt(1)).then_nothing()


def test_an_adopted_version_never_changes() -> None:
    stands = "Version 1 stands as it was adopted."
    for changed in (adopt(1, APRIL, 15_001), adopt(1, JULY)):
        given(POLICY, adopted(1)).when(changed).then_refused(PolicyVersionChanged, stands)


def test_no_version_is_left_out() -> None:
    given(POLICY).when(adopt(2)).then_refused(PolicyVersionOutOfOrder, "The next one is version 1.")
    given(POLICY, adopted(1)).when(adopt(3)).then_refused(
        PolicyVersionOutOfOrder, "The next one is version 2."
    )
    given(POLICY, adopted(1)).when(adopt(0)).then_refused(PolicyVersionOutOfOrder)


def test_a_version_does_not_reach_back_behind_the_one_before_it() -> None:
    given(POLICY, adopted(1, JULY)).when(adopt(2, APRIL)).then_refused(
        PolicyBackdated, "Version 1 took effect on 2024-07-01."
    )


def test_in_force_is_the_last_version_begun_on_that_day() -> None:
    versions = POLICY.fold([adopted(1), adopted(2, APRIL, 15_500), adopted(3, JULY, 16_000)])

    def version_on(day: date) -> int | None:
        found = in_force(versions, day)
        return None if found is None else found.version

    assert [version_on(day) for day in (date(2024, 3, 31), APRIL, date(2024, 6, 30), JULY)] == [
        None,
        2,
        2,
        3,
    ]
