"""Deciding under contention, what a transaction gives its work, reacting, and the append itself."""

import asyncio
from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid5

import asyncpg
import pytest

from shared.contracts.policies import PolicyAdopted
from shared.infra.database import Pool
from shared.infra.shell import (
    Cause,
    LogOnHold,
    Shell,
    Transaction,
    Unit,
)
from shared.kernel.decider import Decider, Placed
from shared.kernel.policies import PolicyVersionChanged, PolicyVersionOutOfOrder
from tests.adapters.logs import (
    AT,
    TRACE,
    adopt_next,
    adopting,
    order,
    until_blocked,
)
from tests.adapters.shells import at, events, shell_on


class TestContention:
    async def test_sixteen_writers_on_one_stream_never_fail(self, shell: Shell, pool: Pool) -> None:
        async def write(writer: int) -> None:
            for number in range(6):
                answer = await shell.handle(order(f"{writer}-{number}"), adopt_next)
                assert not answer.repeated

        await asyncio.wait_for(asyncio.gather(*(write(number) for number in range(16))), 120)

        written = await events(pool)
        assert [event.version for event in written] == list(range(1, 97))
        assert [event.data["policy_version"] for event in written] == list(range(1, 97))

    async def test_the_second_try_holds_the_head_so_nobody_comes_first(
        self, shell: Shell, pool: Pool
    ) -> None:
        """However long the decision takes, it is made twice at most."""
        tries = 0

        async def interrupted(transaction: Transaction) -> str:
            nonlocal tries
            tries += 1
            await transaction.policies("RAJ", "fees")
            rival = asyncio.create_task(shell.handle(order(f"rival-{tries}"), adopt_next))
            if tries == 1:
                await rival
            else:
                await until_blocked(pool)
                rivals.append(rival)
            return await adopt_next(transaction)

        rivals: list[asyncio.Task[object]] = []
        answer = await shell.handle(order(), interrupted)
        await asyncio.gather(*rivals)

        assert tries == 2
        assert answer.location == "2"
        assert len(await events(pool)) == 3

    async def test_of_two_at_once_the_second_is_decided_on_what_the_first_made(
        self, shell: Shell, pool: Pool
    ) -> None:
        read = asyncio.Barrier(2)
        tries = 0

        async def work(transaction: Transaction) -> str:
            nonlocal tries
            tries += 1
            await transaction.policies("RAJ", "fees")
            if tries <= 2:
                await read.wait()
            return await adopting(1, day=tries)(transaction)

        outcomes = await asyncio.gather(
            shell.handle(order("k-1"), work),
            shell.handle(order("k-2"), work),
            return_exceptions=True,
        )

        assert tries == 3
        assert sum(isinstance(one, PolicyVersionChanged) for one in outcomes) == 1
        assert len(await events(pool)) == 1

    @pytest.mark.parametrize("campaign_at", ["RAJ", "QH8"])
    async def test_what_a_decision_only_read_is_still_so_when_it_is_written(
        self, shell: Shell, campaign_at: str
    ) -> None:
        """An application stands in the log before its campaign's closing, or is decided again."""
        seen: list[int] = []

        async def apply(transaction: Transaction) -> str:
            seen.append(len(await transaction.policies(campaign_at, "campaign")))
            if len(seen) == 1:
                closing = order("closing", organisation=campaign_at)
                await shell.handle(closing, adopting(1, campaign_at, "campaign"))
            return await adopting(1, "RAJ", "application")(transaction)

        await shell.handle(order("application"), apply)

        assert seen == [0, 1]

    async def test_a_deadlock_over_two_acts_in_one_transaction_is_decided_again(
        self, shell: Shell, pool: Pool
    ) -> None:
        met = asyncio.Barrier(2)
        tries = 0

        async def attempt(unit: Unit, first: str, second: str) -> None:
            nonlocal tries
            tries += 1
            cause = Cause(UUID(int=tries), UUID(int=tries), "system/payments", TRACE)
            await shell.act(unit, cause, lambda tx: adopt_next(tx, first))
            if tries <= 2:
                await met.wait()
            await shell.act(unit, cause, lambda tx: adopt_next(tx, second))

        await asyncio.gather(
            shell.transact(lambda unit: attempt(unit, "RAJ", "QH8")),
            shell.transact(lambda unit: attempt(unit, "QH8", "RAJ")),
        )

        assert tries >= 3
        assert len(await events(pool, "RAJ")) == len(await events(pool, "QH8")) == 2


class TestTransaction:
    async def test_state_includes_what_this_transaction_decided(
        self, shell: Shell, pool: Pool
    ) -> None:
        async def work(transaction: Transaction) -> str:
            await adopt_next(transaction)
            await adopt_next(transaction)
            return str(len(await transaction.policies("RAJ", "fees")))

        answer = await shell.handle(order(), work)

        assert answer.location == "2"
        assert [event.version for event in await events(pool)] == [1, 2]

    async def test_a_placed_event_goes_to_the_stream_it_names_at_the_time_given(
        self, shell: Shell, pool: Pool
    ) -> None:
        def adopted(kind: str) -> PolicyAdopted:
            return PolicyAdopted(
                kind=kind, policy_version=1, effective_from=date(2024, 1, 1), terms={}
            )

        def decide(state: int, command: str) -> Sequence[PolicyAdopted | Placed[PolicyAdopted]]:
            if state:
                return []
            return [adopted(command), Placed("QH8", "policy/other", adopted("other"))]

        decider: Decider[int, str, PolicyAdopted] = Decider(0, decide, lambda state, _: state + 1)
        decided: list[object] = []

        async def work(transaction: Transaction) -> None:
            decided.extend(await transaction.decide(decider, "RAJ", "policy/own", "own", at=AT))
            decided.extend(await transaction.decide(decider, "RAJ", "policy/own", "own", at=AT))

        answer = await shell.handle(order(), work)

        assert decided == [adopted("own"), adopted("other")]
        assert answer.positions == (*at("QH8", 2), *at("RAJ", 2))
        (own,), (other,) = await events(pool, "RAJ"), await events(pool, "QH8")
        assert (own.stream, other.stream) == ("policy/own", "policy/other")
        assert own.time == other.time == AT
        assert own.recorded_at > AT

    async def test_the_policy_in_force_on_a_date(self, shell: Shell) -> None:
        await shell.handle(order(), adopting(1, day=15000))

        async def find(transaction: Transaction) -> list[object]:
            return [
                await transaction.policy("RAJ", "fees", date(2023, 12, 31)),
                await transaction.policy("RAJ", "fees", date(2024, 1, 1)),
                await transaction.policy("QH8", "fees", date(2024, 1, 1)),
            ]

        before, found, elsewhere = await shell.look(find)

        assert (before, elsewhere) == (None, None)
        assert found is not None

    async def test_to_look_is_not_to_write(self, shell: Shell, pool: Pool) -> None:
        async def write(transaction: Transaction) -> None:
            await (await transaction.begin()).execute("DELETE FROM kit.idempotency")

        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await shell.look(write)


class TestReact:
    async def test_an_event_is_the_cause_of_what_it_leads_to(
        self, shell: Shell, pool: Pool
    ) -> None:
        await shell.handle(order(), adopting(1))
        (cause,) = await events(pool)
        derived: list[UUID] = []

        async def work(transaction: Transaction) -> None:
            derived.append(transaction.derive("payment"))
            await adopting(1, organisation="QH8")(transaction)

        positions = await shell.transact(lambda connection: shell.react(connection, cause, work))

        assert positions == [*at("QH8", 2)]
        (effect,) = await events(pool, "QH8")
        assert effect.causation_id == cause.id
        assert effect.correlation_id == cause.correlation_id
        assert effect.traceparent == cause.traceparent
        assert effect.actor == "system/payments"
        assert derived == [uuid5(cause.id, "payment")]

    async def test_its_effects_and_its_consumers_writes_commit_together(
        self, shell: Shell, pool: Pool
    ) -> None:
        await shell.handle(order(), adopting(1))
        (cause,) = await events(pool)

        async def attempt(unit: Unit) -> None:
            await shell.react(unit, cause, adopting(1, organisation="QH8"))
            raise ConnectionError("cut off")

        with pytest.raises(ConnectionError):
            await shell.transact(attempt)

        assert await events(pool, "QH8") == []


class TestAroundTheAppend:
    async def test_whoever_publishes_is_woken_after_a_commit_that_appended(
        self, shell: Shell, pool: Pool
    ) -> None:
        woken: list[int] = []
        waking = shell_on(pool, wake=lambda: woken.append(1))

        await waking.handle(order("k-1"), adopting(1))
        assert len(woken) == 1
        await waking.handle(order("k-1"), adopting(1))
        await waking.handle(order("k-2"), adopting(1))
        with pytest.raises(PolicyVersionOutOfOrder):
            await waking.handle(order("k-3"), adopting(9))
        await waking.transact(lambda unit: unit.connection.fetchval("SELECT 1"))
        assert len(woken) == 1

    async def test_nothing_is_written_to_a_log_on_hold(self, shell: Shell, pool: Pool) -> None:
        holding = shell_on(pool, may_write=lambda organisation: organisation != "RAJ")

        with pytest.raises(LogOnHold):
            await holding.handle(order(), adopt_next)
        await holding.handle(order(organisation="QH8"), adopting(1, organisation="QH8"))

        assert await events(pool) == []
        assert len(await events(pool, "QH8")) == 1
