"""What the comparison names: changed bytes, missing tails, forked and forged checkpoints."""

from collections.abc import AsyncIterator

import pytest

from shared.kernel.checkpoint import Checkpoint, read_note
from tests.adapters.auditing import AUDIT, KEY, STRANGER, Audited, access, audited_log
from tests.adapters.conftest import MakeDatabase
from tests.servers import BusServer

CHANGE = "SET body = replace(body, 'note 3', 'note X') WHERE sequence = 5"


@pytest.fixture
async def audited(
    make_database: MakeDatabase, broker: BusServer, organisation: str
) -> AsyncIterator[Audited]:
    """A log of 9 events with checkpoints at 4 and 7, the last two not yet under one."""
    async with audited_log(await make_database(AUDIT), access(broker), organisation) as audited:
        signer = audited.signer()
        for count in (3, 3):
            await audited.write(count)
            await signer.work_off()
        await audited.write(2)
        yield audited


async def test_a_log_as_it_was_written_is_verified(audited: Audited) -> None:
    found = await audited.verify()
    assert (found.events, found.checkpoints, found.signed, found.waiting) == (9, 2, 7, 0)
    assert found.difference is None


async def test_events_that_have_not_reached_the_auditor_yet_are_no_difference(
    audited: Audited,
) -> None:
    await audited.writer.write(3)
    found = await audited.verify()
    assert (found.events, found.waiting, found.difference) == (9, 3, None)


async def test_a_changed_byte_in_the_services_log_is_named(audited: Audited) -> None:
    await audited.tamper("log.events", f"UPDATE log.events {CHANGE}")
    found = await audited.verify()
    assert found.difference == (
        f"{audited.name}/5: the service's log was changed: "
        "the auditor's copy and the signed checkpoint of 7 agree against it."
    )
    assert found.events == 4


async def test_a_changed_byte_in_the_auditors_copy_is_named(audited: Audited) -> None:
    await audited.tamper("audit.copies", f"UPDATE audit.copies {CHANGE}")
    found = await audited.verify()
    assert found.difference == (
        f"{audited.name}/5: the auditor's copy was changed: "
        "the service's log and the signed checkpoint of 7 agree against it."
    )


async def test_both_copies_changed_alike_are_found_by_the_checkpoint(audited: Audited) -> None:
    await audited.tamper("log.events", f"UPDATE log.events {CHANGE}")
    await audited.tamper("audit.copies", f"UPDATE audit.copies {CHANGE}")
    found = await audited.verify()
    assert found.difference == (
        f"{audited.name}: the checkpoint of 7 does not fit the log, on which the service and "
        "the auditor agree: it was forked, or both copies were changed alike after number 4."
    )


async def test_both_copies_changed_differently_are_named(audited: Audited) -> None:
    other = CHANGE.replace("note X", "note Y")
    await audited.tamper("log.events", f"UPDATE log.events {CHANGE}")
    await audited.tamper("audit.copies", f"UPDATE audit.copies {other}")
    found = await audited.verify()
    assert found.difference == (
        f"{audited.name}/5: the service's log and the auditor's copy differ, "
        "and the checkpoint of 7 fits neither."
    )


async def test_a_change_that_no_checkpoint_covers_yet_accuses_nobody(audited: Audited) -> None:
    change = CHANGE.replace("sequence = 5", "sequence = 8").replace("note 3", "note 6")
    await audited.tamper("log.events", f"UPDATE log.events {change}")
    found = await audited.verify()
    assert found.difference == (
        f"{audited.name}/8: the service's log and the auditor's copy differ; "
        "no checkpoint covers it yet, so it cannot be said which was changed."
    )


async def test_a_missing_tail_of_the_services_log_is_named(audited: Audited) -> None:
    await audited.tamper("log.events", "DELETE FROM log.events WHERE sequence > 8")
    await audited.tamper("log.heads", "UPDATE log.heads SET sequence = 8")
    assert (await audited.verify()).difference == (
        f"{audited.name}/9: the service's log ends before it, and the last event is missing: "
        "the auditor's copy has more."
    )
    await audited.tamper("log.events", "DELETE FROM log.events WHERE sequence > 5")
    await audited.tamper("log.heads", "UPDATE log.heads SET sequence = 5")
    assert (await audited.verify()).difference == (
        f"{audited.name}/6: the service's log ends before it, and the last 2 events are missing: "
        "the auditor's copy and the signed checkpoint of 7 agree against it."
    )


async def test_a_missing_tail_of_the_auditors_copy_is_named(audited: Audited) -> None:
    await audited.tamper("audit.copies", "DELETE FROM audit.copies WHERE sequence > 5")
    found = await audited.verify()
    assert found.difference == (
        f"{audited.name}/6: the auditor's copy ends before it, and the last 2 events are missing: "
        "the service's log and the signed checkpoint of 7 agree against it."
    )


async def test_a_tail_missing_from_both_copies_is_named(audited: Audited) -> None:
    await audited.tamper("log.events", "DELETE FROM log.events WHERE sequence > 5")
    await audited.tamper("log.heads", "UPDATE log.heads SET sequence = 5")
    await audited.tamper("audit.copies", "DELETE FROM audit.copies WHERE sequence > 5")
    found = await audited.verify()
    assert found.difference == (
        f"{audited.name}: both copies end at 5, though 9 were counted or signed: "
        "the last 4 events are missing from both."
    )


async def test_a_missing_event_in_the_middle_is_named(audited: Audited) -> None:
    await audited.tamper("log.events", "DELETE FROM log.events WHERE sequence = 5")
    found = await audited.verify()
    assert found.difference is not None
    assert found.difference.startswith(f"{audited.name}/5: the service's log")


async def test_a_forged_signature_is_named(audited: Audited) -> None:
    first, second = await audited.notes()
    checkpoint, _ = read_note(second)
    forged = STRANGER.sign(checkpoint).write()
    found = await audited.verify(notes=[first, forged])
    assert found.difference == (
        f"{audited.name}: the checkpoint after the one of 4 is not good. "
        "No signature on it is of a key that is trusted for this log."
    )
    changed = second.replace("\n7\n", "\n8\n")
    found = await audited.verify(notes=[first, changed])
    assert found.difference == (
        f"{audited.name}: the checkpoint after the one of 4 is not good. "
        f"The signature of {audited.origin} is forged or damaged."
    )
    found = await audited.verify(notes=["nonsense"])
    assert found.difference is not None
    assert "the checkpoint at the beginning is not good" in found.difference


async def test_a_forked_checkpoint_is_named(audited: Audited) -> None:
    first, second = await audited.notes()
    forked = KEY.sign(Checkpoint(audited.origin, 7, bytes(32))).write()
    found = await audited.verify(notes=[first, second, forked])
    assert found.difference == (
        f"{audited.name}: the log was forked: "
        "two checkpoints of 7 were signed with different roots."
    )
    found = await audited.verify(notes=[first, forked])
    assert found.difference is not None
    assert "the checkpoint of 7 does not fit the log" in found.difference


async def test_a_checkpoint_of_another_log_is_named(audited: Audited) -> None:
    other = KEY.sign(Checkpoint("partners.invalid/log/engagement.OTHER", 7, bytes(32))).write()
    found = await audited.verify(notes=[other])
    assert found.difference is not None
    assert "a checkpoint of partners.invalid/log/engagement.OTHER stands among" in found.difference


async def test_an_event_with_anothers_number_is_named(audited: Audited) -> None:
    change = "SET body = replace(body, '0000000008', '0000000018') WHERE sequence = 8"
    await audited.tamper("log.events", f"UPDATE log.events {change}")
    await audited.tamper("audit.copies", f"UPDATE audit.copies {change}")
    found = await audited.verify()
    assert found.difference == f"{audited.name}/8: the event there has another number."


async def test_a_log_the_auditor_has_nothing_of_waits(audited: Audited) -> None:
    await audited.tamper("audit.copies", "DELETE FROM audit.copies")
    await audited.tamper("audit.trees", "DELETE FROM audit.trees")
    found = await audited.verify(notes=[])
    assert (found.events, found.waiting, found.difference) == (0, 9, None)
