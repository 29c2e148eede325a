"""Erasure: a person's keys destroyed as far as the law lets them go, and the answer that says so.

A service that keeps keys reacts to `ErasureRequested` with `erasing(keys)`. By `erasure_deadlines`
and the timer `erasing_again(keys)` it destroys what was held when its time is over.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, TypeAlias
from uuid import UUID

from shared.contracts.envelope import Recorded
from shared.contracts.event import Event
from shared.contracts.openings import KeysKept, SubjectErased
from shared.infra.deadlines import Due, Timer
from shared.infra.keys import KeptKey, Keys
from shared.infra.transaction import Transaction
from shared.kernel.deadlines import Deadline
from shared.kernel.decider import Decider
from shared.kernel.moments import london, london_date
from shared.kernel.retention import DEFAULT_TERMS, RETENTION_POLICY, Hold, hold

ERASE_AGAIN: Final = "erase-again"
"""The purpose of the deadline at which a hold is over."""
ROTATED_AFTER: Final = timedelta(days=31)
DESTROYED_AFTER: Final = timedelta(days=35)
"""A key-encryption key wraps for a month and is destroyed 35 days later (DESIGN 7)."""

Holds: TypeAlias = Callable[[KeptKey], Hold | None]
"""Whether a key may not be destroyed yet."""


async def erase(
    transaction: Transaction,
    keys: Keys,
    person: UUID,
    organisation: str,
    request: str,
    holds: Holds,
) -> SubjectErased:
    """Destroy what may be destroyed here of a person's keys, and record the answer.

    Destroyed keys make every copy of every event unreadable; no log changes, so all proofs hold.
    """
    found = await keys.of_person(await transaction.begin(), organisation, person)
    answer = await _destroy(transaction, keys, organisation, found, holds, person, request)
    await keys.known.forget(await transaction.begin(), organisation, person)
    stream = f"erasure/{transaction.derive(f'erasure/{person}')}"
    await transaction.record(organisation, stream, answer)
    return answer


async def _destroy(
    transaction: Transaction,
    keys: Keys,
    organisation: str,
    found: Sequence[KeptKey],
    holds: Holds,
    person: UUID,
    request: str,
) -> SubjectErased:
    held = {key.key: hold for key in found if (hold := holds(key))}
    condemned = [key for key in found if key.key not in held]
    destroyed = await keys.destroy(
        await transaction.begin(), organisation, [key.key for key in condemned]
    )
    return SubjectErased(
        person=person,
        request=request,
        destroyed=tuple(destroyed),
        kept=tuple(_kept(key, held[key.key]) for key in found if key.key in held),
        backups_unreadable_on=_backups_unreadable_on(condemned, transaction.now),
    )


async def holds_by_policy(transaction: Transaction, organisation: str) -> Holds:
    """What the organisation's retention policy of today holds back."""
    today = london_date(transaction.now)
    policy = await transaction.policy(organisation, RETENTION_POLICY, today)
    terms = DEFAULT_TERMS if policy is None else policy.terms
    return lambda key: hold(terms, key.retention_class, key.case, today)


def erasing(
    keys: Keys,
) -> Callable[[Transaction, Recorded, Mapping[str, object]], Awaitable[None]]:
    """The reaction to `ErasureRequested`: the person and all linked identifiers, in its log."""

    async def react(transaction: Transaction, request: Recorded, _: Mapping[str, object]) -> None:
        organisation = request.log.organisation
        holds = await holds_by_policy(transaction, organisation)
        for person in _persons(request):
            await erase(transaction, keys, person, organisation, str(request.position), holds)

    return react


def erasure_deadlines(
    organisation: str, stream: str, event: Event, _: datetime
) -> Sequence[Deadline]:
    """When the holds that an erasure met are over: at the end of their last days."""
    if not isinstance(event, SubjectErased):
        return []
    days = sorted({kept.until for kept in event.kept if kept.until is not None})
    return [Deadline(organisation, stream, ERASE_AGAIN, _day_after(day)) for day in days[:1]]


def erasing_again(keys: Keys) -> Timer:
    """The timer for `ERASE_AGAIN`: destroys what was kept until now, and nothing newer."""

    async def fire(transaction: Transaction, due: Due) -> None:
        last = (await transaction.state(_ERASURES, due.organisation, due.stream))[-1]
        kept = {(found.retention_class, found.case): found for found in last.kept}
        found = [
            key
            for key in await keys.of_person(
                await transaction.begin(), due.organisation, last.person
            )
            if (key.retention_class, key.case) in kept
        ]
        today = london_date(transaction.now)

        def holds(key: KeptKey) -> Hold | None:
            promised = kept[key.retention_class, key.case]
            over = promised.until is not None and promised.until < today
            return None if over else Hold(promised.until, promised.reason)

        answer = await _destroy(
            transaction, keys, due.organisation, found, holds, last.person, last.request
        )
        await transaction.record(due.organisation, due.stream, answer)

    return fire


def _persons(request: Recorded) -> list[UUID]:
    linked = request.data.get("linked")
    others = linked if isinstance(linked, list) else []
    return list(dict.fromkeys(UUID(str(found)) for found in (request.data["person"], *others)))


def _kept(key: KeptKey, held: Hold) -> KeysKept:
    return KeysKept(
        retention_class=key.retention_class, case=key.case, until=held.until, reason=held.reason
    )


def _backups_unreadable_on(destroyed: Sequence[KeptKey], now: datetime) -> date | None:
    replaced = [max(key.wrapping_used_from + ROTATED_AFTER, now) for key in destroyed]
    return london_date(max(replaced) + DESTROYED_AFTER) if replaced else None


def _day_after(day: date) -> datetime:
    return london(day + timedelta(days=1), time())


def _no_commands(_: tuple[SubjectErased, ...], __: object) -> Sequence[SubjectErased]:
    return ()


def _remember(before: tuple[SubjectErased, ...], event: SubjectErased) -> tuple[SubjectErased, ...]:
    return (*before, event)


_ERASURES: Final[Decider[tuple[SubjectErased, ...], object, SubjectErased]] = Decider(
    initial=(), decide=_no_commands, evolve=_remember
)
