"""The shell: one transaction per decision, keyed commands done once, contention never fails one."""

import asyncio
import hmac
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid5

import asyncpg
import pytest

from shared.contracts.envelope import Recorded
from shared.contracts.policies import PolicyAdopted
from shared.infra.clock import Clock
from shared.infra.database import Connection, Pool
from shared.infra.log import LogNotOpen
from shared.infra.orders import forget
from shared.infra.shell import (
    Cause,
    KeyUsedForAnotherCommand,
    LogOnHold,
    Order,
    Shell,
    Transaction,
)
from shared.kernel.decider import Decider, Placed
from shared.kernel.identifiers import LogName, Position
from shared.kernel.policies import PolicyVersionChanged, PolicyVersionOutOfOrder
from tests.adapters.conftest import Database
from tests.adapters.logs import (
    AT,
    SERVICE,
    TRACE,
    adopt_next,
    adopting,
    as_superuser,
    everything,
    open_logs,
    order,
    until_blocked,
)

SECRET = b"a secret that is in no database.."
NOW = datetime(2024, 3, 7, 10, 0, tzinfo=UTC)


class FixedClock:
    """Stands still, but for a step at every look."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        self._now += timedelta(microseconds=1)
        return self._now


def shell_on(pool: Pool, clock: Clock | None = None, **options: object) -> Shell:
    """A payments service's shell."""
    return Shell(
        pool,
        SERVICE,
        clock or FixedClock(),
        idempotency_secret=SECRET,
        **options,  # type: ignore[arg-type]
    )


@pytest.fixture
async def shell(pool: Pool) -> Shell:
    """A shell over open logs of RAJ and QH8."""
    async with pool.acquire() as connection:
        await open_logs(connection, "RAJ", "QH8")
    return shell_on(pool)


def at(organisation: str, *numbers: int) -> tuple[Position, ...]:
    return tuple(Position(LogName(SERVICE, organisation), number) for number in numbers)


async def events(pool: Pool, organisation: str = "RAJ") -> list[Recorded]:
    """What was written after LogOpened."""
    async with pool.acquire() as connection:
        return (await everything(connection, organisation))[1:]


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

    async def test_a_concurrent_twin_waits_and_is_answered_alike(
        self, shell: Shell, pool: Pool
    ) -> None:
        waiting = asyncio.Event()

        async def slow(transaction: Transaction) -> str:
            await waiting.wait()
            return await adopt_next(transaction)

        first = asyncio.create_task(shell.handle(order(), slow))
        twin = asyncio.create_task(shell.handle(order(), slow))
        await until_blocked(pool)
        waiting.set()
        answers = await asyncio.gather(first, twin)

        assert sorted(answer.repeated for answer in answers) == [False, True]
        assert answers[0].positions == answers[1].positions
        assert len(await events(pool)) == 1

    async def test_a_twin_of_a_refused_command_is_decided_itself(
        self, shell: Shell, pool: Pool
    ) -> None:
        waiting = asyncio.Event()

        async def refuse(transaction: Transaction) -> str:
            await waiting.wait()
            return await adopting(7)(transaction)

        first = asyncio.create_task(shell.handle(order(), refuse))
        await asyncio.sleep(0)
        twin = asyncio.create_task(shell.handle(order(), refuse))
        await until_blocked(pool)
        waiting.set()
        outcomes = await asyncio.gather(first, twin, return_exceptions=True)

        assert [type(outcome) for outcome in outcomes] == [PolicyVersionOutOfOrder] * 2

    async def test_a_command_cut_off_before_its_commit_has_not_happened(
        self, shell: Shell, pool: Pool
    ) -> None:
        async def cut_off(transaction: Transaction) -> str:
            await adopt_next(transaction)
            own = await transaction.connection.fetchval("SELECT pg_backend_pid()")
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

        async def attempt(connection: Connection, first: str, second: str) -> None:
            nonlocal tries
            tries += 1
            cause = Cause(UUID(int=tries), UUID(int=tries), "system/payments", TRACE)
            await shell.act(connection, cause, lambda tx: adopt_next(tx, first))
            if tries <= 2:
                await met.wait()
            await shell.act(connection, cause, lambda tx: adopt_next(tx, second))

        await asyncio.gather(
            shell.transact(lambda connection: attempt(connection, "RAJ", "QH8")),
            shell.transact(lambda connection: attempt(connection, "QH8", "RAJ")),
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
            await transaction.connection.execute("DELETE FROM kit.idempotency")

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

        async def attempt(connection: Connection) -> None:
            await shell.react(connection, cause, adopting(1, organisation="QH8"))
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
        await waking.transact(lambda connection: connection.fetchval("SELECT 1"))
        assert len(woken) == 1

    async def test_nothing_is_written_to_a_log_on_hold(self, shell: Shell, pool: Pool) -> None:
        holding = shell_on(pool, may_write=lambda organisation: organisation != "RAJ")

        with pytest.raises(LogOnHold):
            await holding.handle(order(), adopt_next)
        await holding.handle(order(organisation="QH8"), adopting(1, organisation="QH8"))

        assert await events(pool) == []
        assert len(await events(pool, "QH8")) == 1


def test_an_orders_causation_is_of_its_scope_alone() -> None:
    usual = order(body=b"one")

    assert usual.causation == order(body=b"another").causation
    assert usual.causation.version == 5
    assert usual.derive("application") == uuid5(usual.causation, "application")
    assert "one" not in repr(usual)
