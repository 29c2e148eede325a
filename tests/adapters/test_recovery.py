"""`partners log recover`: a restored database gets back what topic and auditor kept (DESIGN 3)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from shared.contracts.envelope import read
from shared.contracts.log import NumberLost
from shared.contracts.openings import SubjectErased
from shared.infra import log
from shared.infra.bus.applying import Wait
from shared.infra.bus.sources import SourceAway
from shared.infra.bus.standing import Standing
from shared.infra.recovery.findings import CannotRecover
from shared.infra.recovery.recovering import Trust
from shared.infra.sealing import Holder
from shared.infra.shell import LogOnHold, Transaction
from shared.infra.unit import Unit
from tests.adapters.auditing import INSTALLATION, KEY, NOW
from tests.adapters.bus.writers import running, until
from tests.adapters.conftest import MakeDatabase
from tests.adapters.logs import adopting
from tests.adapters.personal import PERSON
from tests.adapters.recovering import Loss, loss, shell_on
from tests.servers import BusServer

pytestmark = pytest.mark.bus

ONLY_THE_TOPIC: Final = Trust(auditor=False)
ONLY_THE_TOPIC_AND_WHAT_WAS_SIGNED: Final = Trust(auditor=False, publics=[KEY.public])


@pytest.fixture
async def lost(
    make_database: MakeDatabase, broker: BusServer, organisation: str, tmp_path: Path
) -> AsyncIterator[Loss]:
    """A live log and an empty database beside it."""
    async with loss(make_database, broker, organisation, tmp_path) as made:
        yield made


KEPT: Final = {
    "both have all": (9, 9),
    "the topic is empty": (0, 9),
    "the auditor is behind": (9, 5),
    "the auditor knows nothing": (9, 0),
    "the topic was cut, the copy goes on": (6, 9),
}


@pytest.mark.parametrize(("published", "copied"), KEPT.values(), ids=KEPT.keys())
async def test_what_anybody_kept_comes_back_byte_for_byte(
    lost: Loss, published: int, copied: int
) -> None:
    if copied:
        await lost.audited.write(copied - 1)
        await lost.audited.sign()
    await lost.audited.writer.write(9 - max(copied, 1))
    await lost.publish((await lost.bodies())[:published])
    await lost.restore(4)

    [found] = (await lost.recover()).logs

    assert (found.head, found.end, found.lost, found.signed) == (4, 9, (), copied)
    assert await lost.bodies(lost.kit.pool) == await lost.bodies()
    heads = "SELECT sequence, recorded_at, closed FROM log.heads"
    assert await lost.rows(heads) == await lost.rows(heads, live=True)
    assert (await lost.recover()).logs == ()


async def test_a_database_that_lost_everything_comes_back_before_it_is_opened(lost: Loss) -> None:
    await lost.audited.write(3)
    [found] = (await lost.recover()).logs
    assert (found.head, found.end) == (0, 4)
    assert await lost.bodies(lost.kit.pool) == await lost.bodies()


async def test_numbers_that_were_seen_and_nobody_kept_are_said_to_be_lost(lost: Loss) -> None:
    await lost.audited.write(8)
    await lost.audited.sign()
    bodies = await lost.bodies()
    await lost.publish([*bodies[:5], bodies[6]])
    await lost.restore(3)

    [found] = (await lost.recover(ONLY_THE_TOPIC_AND_WHAT_WAS_SIGNED)).logs

    assert (found.end, found.lost, found.seen_by) == (9, (6, 8, 9), "a signed checkpoint")
    back = [read(body) for body in await lost.bodies(lost.kit.pool)]
    assert [event.sequence for event in back] == list(range(1, 10))
    assert [event.body for event in back if event.sequence not in found.lost] == [
        body for number, body in enumerate(bodies, 1) if number not in found.lost
    ]
    assert all(isinstance(back[number - 1].event(), NumberLost) for number in found.lost)
    assert [event.recorded_at for event in back] == sorted(event.recorded_at for event in back)


async def test_a_number_only_a_consumer_saw_is_lost_too(lost: Loss) -> None:
    await lost.audited.write(3)
    await lost.restore(4)
    async with lost.audited.pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO kit.watermarks (consumer, source, organisation, sequence)"
            " VALUES ('audit.copies', 'engagement', $1, 5)",
            lost.code,
        )
    [found] = (await lost.recover()).logs
    assert (found.end, found.lost, found.seen_by) == (5, (5,), "audit.copies")


async def test_a_stream_with_a_lost_event_is_written_on(lost: Loss) -> None:
    for number in (1, 2, 3):
        await lost.shell.handle(lost.order(f"k{number}"), adopting(number, lost.code))
    bodies = await lost.bodies()
    await lost.publish([bodies[0], bodies[1], bodies[3]])
    await lost.restore(1)
    [found] = (await lost.recover(ONLY_THE_TOPIC)).logs
    assert found.lost == (3,)

    shell = shell_on(lost.kit.pool)
    # of three versions two are known, so the rules take the next for the third
    await shell.handle(lost.order("k4"), adopting(3, lost.code))
    last = read((await lost.bodies(lost.kit.pool))[-1])
    assert (last.sequence, last.version) == (5, 4)


class TestRefusing:
    """Where those who kept the log disagree, nothing is changed."""

    async def refused(self, lost: Loss, words: str, trust: Trust | None = None) -> None:
        before = await lost.bodies(lost.kit.pool)
        with pytest.raises(CannotRecover, match=words):
            await lost.recover(trust)
        assert await lost.bodies(lost.kit.pool) == before

    async def test_topic_and_copy_differ(self, lost: Loss) -> None:
        await lost.audited.write(5)
        bodies = await lost.bodies()
        await lost.publish([*bodies[:4], bodies[4].replace("note", "nope"), bodies[5]])
        await lost.restore(3)
        await self.refused(lost, "/5: the topic and the auditor's copy have different events")

    async def test_two_databases_write_under_one_name(self, lost: Loss) -> None:
        await lost.audited.write(5)
        await lost.restore(3)
        other = (await lost.bodies())[2].replace("note", "nope")
        await lost.publish([*(await lost.bodies())[:2], other])
        await self.refused(lost, "/3: the topic has another event there than the database")

    async def test_a_database_opened_anew_is_another(self, lost: Loss) -> None:
        await lost.audited.write(5)
        async with lost.kit.pool.acquire() as connection:
            await log.open_log(connection, "engagement", lost.code, INSTALLATION, NOW)
        await self.refused(lost, "/1: the auditor's copy has another event there")

    async def test_what_was_kept_is_not_what_was_signed(self, lost: Loss) -> None:
        await lost.audited.write(5)
        await lost.audited.sign()
        bodies = await lost.bodies()
        await lost.publish([*bodies[:4], bodies[4].replace("note", "nope"), bodies[5]])
        await lost.restore(3)
        await self.refused(
            lost, "the checkpoint signed at 6 fits neither", ONLY_THE_TOPIC_AND_WHAT_WAS_SIGNED
        )

    async def test_somebody_who_must_be_asked_is_away(self, lost: Loss) -> None:
        await lost.audited.write(5)
        await lost.restore(3)
        for name in ("audit", "recruitment"):
            lost.away.add(name)
            with pytest.raises(SourceAway):
                await lost.recover()
            lost.away.clear()
        assert len(await lost.bodies(lost.kit.pool)) == 3


class TestDerivedAgain:
    """What stands beside the log follows from it."""

    async def test_a_command_is_not_done_twice_and_says_where_its_result_is(
        self, lost: Loss
    ) -> None:
        await lost.restore(1)
        work = adopting(1, lost.code)
        before = await lost.shell.handle(lost.order("k1"), work)
        await lost.publish(await lost.bodies())
        await lost.recover()

        again = await shell_on(lost.kit.pool).handle(lost.order("k1"), work)
        assert again.repeated
        assert (again.status, again.location, again.positions) == (
            before.status,
            before.location,
            before.positions,
        )
        assert await lost.bodies(lost.kit.pool) == await lost.bodies()

    async def test_deadlines_are_those_the_events_set(self, lost: Loss) -> None:
        await lost.restore(1)
        for number in (1, 2):
            await lost.shell.handle(lost.order(f"k{number}"), adopting(number, lost.code))
        await lost.publish(await lost.bodies())
        await lost.recover()
        deadlines = "SELECT * FROM kit.deadlines ORDER BY due_at"
        assert len(await lost.rows(deadlines)) == 2
        assert await lost.rows(deadlines) == await lost.rows(deadlines, live=True)

    async def test_keys_destroyed_since_the_backup_are_destroyed_again(self, lost: Loss) -> None:
        await lost.restore(1)
        holder = Holder(lost.code, PERSON, "partnership", "partner/1")
        async with lost.kit.pool.acquire() as connection:
            [held] = (await lost.kit.keys.obtain(Unit.within(connection), [holder])).values()
        erased = SubjectErased(
            person=PERSON,
            request="recruitment.RAJ/7",
            destroyed=(held.id,),
            kept=(),
            backups_unreadable_on=None,
        )

        async def erase(transaction: Transaction) -> str:
            await transaction.record(lost.code, "erasure/1", erased)
            return ""

        await lost.shell.handle(lost.order("k1"), erase)
        await lost.publish(await lost.bodies())
        await lost.recover()
        async with lost.kit.pool.acquire() as connection:
            found = await lost.kit.keys.find(connection, lost.code, [held.id])
        assert found[held.id].wrapped is None

    async def test_what_a_reaction_did_is_passed_by_and_the_rest_is_done(self, lost: Loss) -> None:
        theirs = await lost.adopt_in_source(4)
        await lost.restore(1)
        await lost.react(lost.shell, theirs[1:4])
        await lost.publish(await lost.bodies())

        done = await lost.recover()

        assert done.passed_by == 2
        await lost.consume(shell_on(lost.kit.pool), theirs)
        # whether the last decision, on 4, is here to its end, nobody can see
        assert lost.heard == [4, 5]
        adopted = [read(body) for body in (await lost.bodies(lost.kit.pool))[1:]]
        assert [event.data["terms"] for event in adopted] == [{"of": n} for n in (2, 3, 4, 5)]


async def test_a_recovered_log_is_published_and_takes_commands_again(lost: Loss) -> None:
    await lost.audited.write(5)
    await lost.publish(await lost.bodies())
    await lost.restore(3)
    relay = lost.relay()
    async with running(relay.run()):
        await until(lambda: relay.state[lost.code] is Standing.BEHIND)
        assert not relay.may_write(lost.code)
        await lost.recover()
        await until(lambda: relay.may_write(lost.code))


async def test_where_the_bus_was_lost_too_the_auditor_is_asked(lost: Loss) -> None:
    await lost.audited.write(5)
    await lost.restore(3)
    relay = lost.relay()
    lost.away.add("audit")
    async with running(relay.run()):
        await until(lambda: relay.active)
        assert not relay.may_write(lost.code)
        lost.away.clear()
        await until(lambda: relay.state[lost.code] is Standing.BEHIND)
        await lost.recover()
        await until(lambda: relay.may_write(lost.code))


async def test_without_auditor_and_topic_a_log_goes_on_after_a_while(lost: Loss) -> None:
    await lost.audited.write(3)
    await lost.restore(4)
    relay = lost.relay()
    lost.away.add("audit")
    async with running(relay.run()):
        await until(lambda: relay.may_write(lost.code))


async def test_nothing_is_decided_on_a_log_that_is_behind_not_even_nothing(lost: Loss) -> None:
    theirs = await lost.adopt_in_source(1)
    await lost.restore(1)
    shell = shell_on(lost.kit.pool, on_hold=True)

    async def looks(transaction: Transaction) -> str:
        await transaction.policies(lost.code, "fees")
        return ""

    with pytest.raises(LogOnHold):
        await shell.handle(lost.order("k1"), looks)
    with pytest.raises(Wait):
        await lost.consume(shell, theirs)
    assert lost.heard == []
