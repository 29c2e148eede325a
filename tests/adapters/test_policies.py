"""Policies through the shell: stored, read back and found by business date in each log."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from shared.infra.database import Pool
from shared.infra.policies import POLICY, policy_stream
from shared.infra.shell import Shell, Transaction
from shared.kernel.ijson import Json, NotIJson
from shared.kernel.policies import AdoptPolicy, PolicyVersion
from tests.adapters.logs import everything, order

TERMS: dict[str, Json] = {
    "full_day_pence": 15_000,
    "boundary_minutes": 240,
    "groups": ["panel", "committee"],
}


async def adopt(shell: Shell, version: int, on: date, terms: Mapping[str, Any]) -> None:
    """Adopt a version of RAJ's involvement policy."""
    command = AdoptPolicy("involvement", version, on, terms)

    async def work(transaction: Transaction) -> None:
        await transaction.decide(POLICY, "RAJ", policy_stream("involvement"), command)

    await shell.handle(order(f"{version}-{on}"), work)


async def test_a_decision_finds_the_version_in_force_on_its_business_date(
    shell: Shell, pool: Pool
) -> None:
    await adopt(shell, 1, date(2021, 10, 20), TERMS)
    await adopt(shell, 2, date(2024, 7, 1), TERMS | {"full_day_pence": 16_000})

    async def find(transaction: Transaction) -> list[PolicyVersion | None]:
        days = date(2021, 10, 19), date(2024, 6, 30), date(2024, 7, 1)
        found = [await transaction.policy("RAJ", "involvement", day) for day in days]
        return [*found, await transaction.policy("QH8", "involvement", days[2])]

    before, old, new, elsewhere = await shell.look(find)

    assert (before, elsewhere) == (None, None)
    assert old == PolicyVersion("involvement", 1, date(2021, 10, 20), TERMS)
    assert new is not None
    assert (new.version, new.terms["full_day_pence"]) == (2, 16_000)
    async with pool.acquire() as connection:
        written = await everything(connection)
    assert [event.stream for event in written[1:]] == ["policy/involvement"] * 2


async def test_terms_that_no_event_can_hold_are_refused(shell: Shell) -> None:
    for term in (1.5, "a\x00b", "e\u0301", 2**53):
        with pytest.raises(NotIJson):
            await adopt(shell, 1, date(2024, 1, 1), {"term": term})
