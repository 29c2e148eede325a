"""Erasure on a real log: what is destroyed, what is kept until when; no proof is harmed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.envelope import Recorded, read
from shared.contracts.event import Event
from shared.contracts.openings import KeysKept, SubjectErased
from shared.contracts.personal import Clear
from shared.contracts.recruitment import ErasureRequested
from shared.infra import log
from shared.infra.database import Pool
from shared.infra.deadlines import Scheduler
from shared.infra.erasure import ERASE_AGAIN, erasing, erasing_again, erasure_deadlines
from shared.infra.known_persons import Traits
from shared.infra.sealing import sealed_in
from shared.infra.shell import Cause, Shell, Transaction
from shared.kernel.merkle import leaf_hash, root
from shared.kernel.policies import AdoptPolicy
from tests.adapters.conftest import OPENED_AT
from tests.adapters.personal import (
    CAUSE,
    NOW,
    PERSON,
    REFEREE,
    FixedClock,
    SampleMoney,
    given,
    keys,
)

WHY = "Records of payments are kept for six years after the end of the tax year."
WRITER = Cause(CAUSE, CAUSE, "system/recruitment", "00-1-2-01")


class Recruitment:
    """A service with a log of QH8, whose clock is moved by the test."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.at(NOW)

    def at(self, moment: datetime) -> None:
        self.keys = keys(clock=FixedClock(moment))
        self.shell = Shell(
            self.pool,
            "recruitment",
            FixedClock(moment),
            idempotency_secret=b"s",
            sealer=self.keys,
            deadlines_of=erasure_deadlines,
        )

    async def act(self, cause: Cause, work: Callable[[Transaction], Awaitable[object]]) -> None:
        await self.shell.do(cause, work)

    async def write(self, stream: str, event: Event) -> None:
        async def work(transaction: Transaction) -> None:
            await transaction.record("QH8", stream, event)

        await self.act(WRITER, work)

    async def bodies(self) -> list[str]:
        async with self.pool.acquire() as connection:
            return await log.read(connection, "QH8", 0, 1000)

    async def erase(self, **more: object) -> Recorded:
        request = {"person": PERSON, "reason": "asked-by-the-person", **more}
        await self.write("erasure/1", ErasureRequested.model_validate(request))
        recorded = read((await self.bodies())[-1])

        async def work(transaction: Transaction) -> None:
            await erasing(self.keys)(transaction, recorded, {})

        await self.act(Cause.event(recorded, "recruitment"), work)
        return recorded

    async def answers(self) -> list[SubjectErased]:
        events = [read(body).event() for body in await self.bodies()]
        return [event for event in events if isinstance(event, SubjectErased)]

    async def classes_of(self, person: UUID) -> list[tuple[str, str]]:
        async with self.pool.acquire() as connection:
            kept = await self.keys.of_person(connection, "QH8", person)
        return [(key.retention_class, key.case) for key in kept]


@pytest.fixture
async def recruitment(pool: Pool) -> Recruitment:
    async with pool.acquire() as connection:
        await log.open_log(connection, "recruitment", "QH8", "partners.invalid", OPENED_AT)
    return Recruitment(pool)


def money(tax_year: str) -> SampleMoney:
    return SampleMoney(
        person=PERSON,
        payee=UUID(int=5),
        tax_year=f"tax-year/{tax_year}",
        account=Clear("12345678"),
        total=Clear(7500),
    )


async def test_keys_are_destroyed_by_class_and_the_answer_says_what_is_kept(
    recruitment: Recruitment,
) -> None:
    await recruitment.write("application/1", given(referee=REFEREE, referee_name=Clear("Bo")))
    await recruitment.write("payee/5", money("2016-17"))
    request = await recruitment.erase()

    [answer] = await recruitment.answers()
    assert answer == SubjectErased(
        person=PERSON,
        request=str(request.position),
        destroyed=answer.destroyed,
        kept=(
            KeysKept(
                retention_class="money",
                case=f"payee/{UUID(int=5)}",
                until=date(2030, 4, 5),
                reason=WHY,
            ),
        ),
        backups_unreadable_on=date(2024, 4, 12),
    )
    assert len(answer.destroyed) == 2
    assert await recruitment.classes_of(PERSON) == [("money", f"payee/{UUID(int=5)}")]
    assert await recruitment.classes_of(REFEREE) == [("reference", "application/1")]


async def test_no_proof_is_harmed_by_an_erasure(recruitment: Recruitment) -> None:
    await recruitment.write("application/1", given())
    before = await recruitment.bodies()
    root_before = root([leaf_hash(body.encode()) for body in before])
    await recruitment.erase()
    after = await recruitment.bodies()
    assert root([leaf_hash(body.encode()) for body in after[: len(before)]]) == root_before
    key = sealed_in(read(before[1]))["name"].key
    async with recruitment.pool.acquire() as connection:
        assert (await recruitment.keys.find(connection, "QH8", [key]))[key].wrapped is None


async def test_a_linked_identifier_is_erased_too_and_answered_for(recruitment: Recruitment) -> None:
    await recruitment.write("application/1", given())
    other = given().model_copy(update={"person": REFEREE})
    await recruitment.write("application/2", other)
    await recruitment.erase(linked=(REFEREE, PERSON))
    assert [(a.person, len(a.destroyed)) for a in await recruitment.answers()] == [
        (PERSON, 1),
        (REFEREE, 1),
    ]


async def test_one_who_is_not_known_here_is_answered_for_all_the_same(
    recruitment: Recruitment,
) -> None:
    await recruitment.erase()
    [answer] = await recruitment.answers()
    assert (answer.destroyed, answer.kept, answer.backups_unreadable_on) == ((), (), None)


async def test_an_erased_person_is_no_longer_known(recruitment: Recruitment) -> None:
    traits = Traits(email="ada@example.org")
    async with recruitment.pool.acquire() as connection:
        await recruitment.keys.known.remember(connection, "QH8", PERSON, traits)
        await recruitment.keys.known.remember(connection, "QH8", REFEREE, traits)
    await recruitment.erase()
    async with recruitment.pool.acquire() as connection:
        assert await recruitment.keys.known.recall(connection, "QH8", traits) == [REFEREE]


async def test_how_long_money_is_held_is_the_organisations_policy(recruitment: Recruitment) -> None:
    terms: dict[str, Any] = {"money": {"years_after_tax_year": 1, "reason": "Ours."}}

    async def adopt(transaction: Transaction) -> None:
        from shared.infra.policies import POLICY

        command = AdoptPolicy("retention", 1, date(2024, 1, 1), terms)
        await transaction.decide(POLICY, "QH8", "policy/retention", command)

    await recruitment.act(WRITER, adopt)
    await recruitment.write("payee/5", money("2015-16"))
    await recruitment.erase()
    [answer] = await recruitment.answers()
    assert [(kept.until, kept.reason) for kept in answer.kept] == [(date(2025, 4, 5), "Ours.")]
    assert len(answer.destroyed) == 1


async def test_what_was_held_is_destroyed_when_its_time_is_over(recruitment: Recruitment) -> None:
    await recruitment.write("payee/5", money("2023-24"))
    await recruitment.erase()

    async def timers(moment: datetime) -> int:
        recruitment.at(moment)
        timers = {ERASE_AGAIN: erasing_again(recruitment.keys)}
        return await Scheduler(recruitment.shell, recruitment.pool, ["QH8"], timers).work_off()

    # one who comes back is not touched by the old erasure
    await recruitment.write("application/new", given())
    # both cases, the payee's and the tax year's, are held until the end of 5 April 2030
    assert await timers(datetime(2030, 4, 5, 22, 59, 59, tzinfo=UTC)) == 0
    assert await timers(datetime(2030, 4, 5, 23, 0, tzinfo=UTC)) == 1
    first, second = await recruitment.answers()
    assert (len(first.destroyed), len(first.kept)) == (0, 2)
    assert (len(second.destroyed), len(second.kept)) == (2, 0)
    assert second.request == first.request
    assert await recruitment.classes_of(PERSON) == [("application", "application/new")]
    assert await timers(datetime(2040, 1, 1, tzinfo=UTC)) == 0
