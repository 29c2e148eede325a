"""Keyed commands: yes, no, quiet, again, twins, other bodies; and what is kept of them."""

import asyncio
import hmac
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID, uuid5

import asyncpg
import pytest

from shared.contracts.log import NumberLost
from shared.contracts.policies import PolicyAdopted
from shared.infra.database import Pool
from shared.infra.log import LogNotOpen
from shared.infra.orders import forget
from shared.infra.shell import (
    KeyUsedForAnotherCommand,
    Order,
    Shell,
    Transaction,
)
from shared.kernel.policies import PolicyVersionOutOfOrder
from tests.adapters.conftest import Database
from tests.adapters.logs import (
    TRACE,
    adopt_next,
    adopting,
    as_superuser,
    order,
)
from tests.adapters.shells import NOW, SECRET, at, events


class TestHandle:
    async def test_yes(self, shell: Shell, pool: Pool) -> None:
        answer = await shell.handle(order(), adopting(1, day=15000))

        assert answer.status == 201
        assert answer.location == "/organisations/RAJ/policies"
        assert answer.positions == at("RAJ", 2)
        assert not answer.repeated
        (adopted,) = await events(pool)
        assert adopted.event() == PolicyAdopted(
            kind="fees", policy_version=1, effective_from=date(2024, 1, 1), terms={"day": 15000}
        )
        assert adopted.actor == order().actor
        assert adopted.causation_id == adopted.correlation_id == order().causation
        assert adopted.traceparent == TRACE
        assert (adopted.time, adopted.recorded_at) == (NOW + timedelta(microseconds=1),) * 2
        assert adopted.id.version == 7

    async def test_no(self, shell: Shell, pool: Pool) -> None:
        """A refusal leaves nothing, so the key may be used again when the rules allow."""
        with pytest.raises(PolicyVersionOutOfOrder):
            await shell.handle(order("k-2"), adopting(2))

        assert await events(pool) == []
        assert await pool.fetchval("SELECT count(*) FROM kit.idempotency") == 0
        await shell.handle(order("k-1"), adopting(1))
        assert (await shell.handle(order("k-2"), adopting(2))).positions == at("RAJ", 3)

    async def test_quiet(self, shell: Shell, pool: Pool) -> None:
        await shell.handle(order("k-1"), adopting(1))

        answer = await shell.handle(order("k-2"), adopting(1))
        again = await shell.handle(order("k-2"), adopting(1))

        assert (answer.status, answer.positions, answer.repeated) == (200, (), False)
        assert answer.location == "/organisations/RAJ/policies"
        assert (again.status, again.location, again.positions, again.repeated) == (
            200,
            "/organisations/RAJ/policies",
            (),
            True,
        )
        assert len(await events(pool)) == 1

    async def test_the_same_again_is_answered_again_and_done_once(
        self, shell: Shell, pool: Pool
    ) -> None:
        async def work(transaction: Transaction) -> str:
            await adopt_next(transaction, "RAJ")
            await adopt_next(transaction, "QH8")
            await adopt_next(transaction, "RAJ")
            return "/somewhere"

        first = await shell.handle(order(), work)
        again = await shell.handle(order(), work)

        assert first.positions == (*at("QH8", 2), *at("RAJ", 2, 3))
        assert again.repeated
        assert (again.status, again.location) == (201, "/somewhere")
        assert again.positions == first.positions
        assert len(await events(pool)) == 2

    async def test_the_same_key_with_another_body_is_refused(
        self, shell: Shell, pool: Pool
    ) -> None:
        await shell.handle(order(body=b'{"a":1}'), adopt_next)

        with pytest.raises(KeyUsedForAnotherCommand, match="Take a new key"):
            await shell.handle(order(body=b'{"a":2}'), adopt_next)

        assert len(await events(pool)) == 1

    async def test_a_key_belongs_to_one_organisation_actor_and_route(
        self, shell: Shell, pool: Pool
    ) -> None:
        usual = order()
        for other in (
            usual,
            Order("RAJ", "operator/another", usual.route, usual.key, usual.body),
            Order("RAJ", usual.actor, "POST /another", usual.key, usual.body),
            Order("QH8", usual.actor, usual.route, usual.key, usual.body),
            Order("RAJ", usual.actor, usual.route, "k-2", usual.body),
        ):
            assert not (await shell.handle(other, adopt_next)).repeated

        assert len({event.causation_id for event in await events(pool)}) == 5

    async def test_kept_is_a_keyed_hash_of_the_body_and_never_the_body(
        self, shell: Shell, pool: Pool
    ) -> None:
        body = b'{"name":"Somebody"}'
        await shell.handle(order(body=body), adopt_next)

        row = await pool.fetchrow("SELECT idempotency::text AS text, * FROM kit.idempotency")

        assert row is not None
        assert row["digest"] == hmac.digest(SECRET, body, sha256)
        assert sha256(body).hexdigest() not in row["text"]
        assert "Somebody" not in row["text"]
        assert row["positions"] == ["payments.RAJ/2"]

    async def test_a_key_is_good_for_thirty_days(
        self, shell: Shell, pool: Pool, database: Database
    ) -> None:
        age = "UPDATE kit.idempotency SET kept_from = kept_from - $1::interval"
        await shell.handle(order("k-1"), adopt_next)
        await as_superuser(database.superuser, age, timedelta(days=29, hours=23))
        assert (await shell.handle(order("k-1"), adopt_next)).repeated
        async with pool.acquire() as connection:
            assert await forget(connection) == 0

        await as_superuser(database.superuser, age, timedelta(hours=2))
        assert not (await shell.handle(order("k-1", b"another"), adopt_next)).repeated
        assert (await shell.handle(order("k-1", b"another"), adopt_next)).repeated

        await as_superuser(database.superuser, age, timedelta(days=31))
        async with pool.acquire() as connection:
            assert await forget(connection) == 1

    @pytest.mark.parametrize("kind", ["one stream", "streams of their own", "nothing"])
    async def test_twins_that_decide_at_once_are_answered_alike(
        self, shell: Shell, pool: Pool, kind: str
    ) -> None:
        met = asyncio.Barrier(2)
        tries = 0

        async def decide(transaction: Transaction) -> str:
            nonlocal tries
            tries += 1
            mine = tries
            location = "/nothing"
            if kind == "one stream":
                location = await adopt_next(transaction)
            elif kind == "streams of their own":
                stream = f"log/{UUID(int=mine)}"
                event = NumberLost(reason=f"twin {mine}")
                await transaction.record("RAJ", stream, event, new=True)
                location = f"/{mine}"
            if mine <= 2:
                # both have decided before either writes
                await met.wait()
            return location

        answers = await asyncio.gather(*(shell.handle(order(), decide) for _ in range(2)))

        assert sorted(answer.repeated for answer in answers) == [False, True]
        assert answers[0].positions == answers[1].positions
        assert answers[0].location == answers[1].location
        assert len(await events(pool)) == (0 if kind == "nothing" else 1)

    async def test_a_twin_of_a_refused_command_is_decided_itself(self, shell: Shell) -> None:
        met = asyncio.Barrier(2)

        async def refuse(transaction: Transaction) -> str:
            await met.wait()
            return await adopting(7)(transaction)

        outcomes = await asyncio.gather(
            *(shell.handle(order(), refuse) for _ in range(2)), return_exceptions=True
        )

        assert [type(outcome) for outcome in outcomes] == [PolicyVersionOutOfOrder] * 2

    async def test_a_command_answered_before_is_not_decided_again_by_what_it_reads_beside_the_log(
        self, shell: Shell
    ) -> None:
        reached: list[str] = []

        async def beside(transaction: Transaction) -> str:
            await transaction.begin()
            reached.append("beside the log")
            return await adopt_next(transaction)

        first, again = [await shell.handle(order(), beside) for _ in range(2)]

        assert (first.repeated, again.repeated) == (False, True)
        assert first.positions == again.positions
        assert reached == ["beside the log"]

    async def test_what_is_written_beside_the_log_goes_with_a_decision_that_fails(
        self, shell: Shell, pool: Pool
    ) -> None:
        await shell.handle(order("k-1"), adopting(1))

        async def beside(transaction: Transaction) -> str:
            await (await transaction.begin()).execute("DELETE FROM kit.idempotency")
            return await adopting(9)(transaction)

        with pytest.raises(PolicyVersionOutOfOrder):
            await shell.handle(order("k-2"), beside)

        assert await pool.fetchval("SELECT count(*) FROM kit.idempotency") == 1

    async def test_a_command_cut_off_before_its_commit_has_not_happened(
        self, shell: Shell, pool: Pool
    ) -> None:
        async def cut_off(transaction: Transaction) -> str:
            await adopt_next(transaction)
            own = await (await transaction.begin()).fetchval("SELECT pg_backend_pid()")
            async with pool.acquire() as other:
                await other.execute("SELECT pg_terminate_backend($1)", own)
            return "/nowhere"

        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await shell.handle(order(), cut_off)

        assert await events(pool) == []
        assert not (await shell.handle(order(), adopt_next)).repeated

    async def test_an_unopened_log_takes_no_command(self, shell: Shell, pool: Pool) -> None:
        with pytest.raises(LogNotOpen):
            await shell.handle(order(organisation="R1L"), adopting(1, organisation="R1L"))
        assert await pool.fetchval("SELECT count(*) FROM kit.idempotency") == 0


def test_an_orders_causation_is_of_its_scope_alone() -> None:
    usual = order(body=b"one")

    assert usual.causation == order(body=b"another").causation
    assert usual.causation.version == 5
    assert usual.derive("application") == uuid5(usual.causation, "application")
    assert "one" not in repr(usual)
