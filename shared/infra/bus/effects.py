"""What events lead to: a reaction decides event by event; a fold fills tables in sets."""

from collections.abc import Mapping, Sequence

from shared.contracts.envelope import Recorded, read
from shared.infra.bus import parking
from shared.infra.bus.applying import Applier, Item, KeyAway, Trouble, Unreadable, Wait, abroad
from shared.infra.bus.handling import Fold, Handler, Reaction
from shared.infra.bus.parking import Parked
from shared.infra.bus.watermarks import Place
from shared.infra.database import Connection
from shared.infra.opening import Opened, Opener, Unavailable
from shared.infra.shell import Cause, Shell, Unit


class Reacting:
    """Runs a reaction's handlers through the shell."""

    def __init__(self, reaction: Reaction, shell: Shell, opener: Opener) -> None:
        self._reaction = reaction
        self._shell = shell
        self._opener = opener

    async def run(self, applier: Applier, items: Sequence[Item]) -> None:
        """Decide about each event that has a handler; the watermark passes over the others."""
        passed: list[Item] = []
        for item in items:
            passed.append(item)
            if isinstance(item, Recorded) and item.type not in self._reaction.handlers:
                continue
            try:
                await self._one(applier, item, passed)
            except Exception as error:  # noqa: BLE001 - failed() says what becomes of it
                await applier.failed(item, error)
            applier.committed(item.sequence)
            passed = []
        if passed:
            await self._pass_over(applier, passed)

    async def retry(self, applier: Applier, parked: Parked) -> bool:
        """Decide about a parked event and free it, if it still is the first of its stream."""
        event = read(parked.body)
        event.event()
        self._shell.refuse_on_hold([event.log.organisation])
        handler = self._reaction.handlers[event.type]
        values = await self._prepare(handler, event)

        async def attempt(unit: Unit) -> bool:
            connection = await unit.begin()
            if not await _is_first(connection, applier.place, parked):
                return False
            await self._react(unit, handler, event, values)
            await parking.free(connection, parked)
            return True

        return await self._shell.transact(attempt)

    async def _one(self, applier: Applier, item: Item, passed: Sequence[Item]) -> None:
        if isinstance(item, Unreadable):
            await applier.park(item, item.reason, 1)
            return
        item.event()
        # what lies beyond a restored database would be sent or decided again
        self._shell.refuse_on_hold([item.log.organisation])
        handler = self._reaction.handlers[item.type]
        # what waits behind a parked event is not opened for nothing
        values = None if item.stream in applier.parked else await self._prepare(handler, item)

        async def attempt(unit: Unit) -> None:
            connection = await unit.begin()
            mark = await applier.lock(connection)
            if mark.sequence >= item.sequence:
                return
            if item.sequence not in mark.discarded and not await applier.set_aside_behind(
                connection, mark, item
            ):
                if values is None:
                    raise Wait("The events before it were freed just now.")
                await self._react(unit, handler, item, values)
            await applier.raise_to(connection, passed)

        async with applier.slots:
            await self._shell.transact(attempt)

    async def _react(
        self,
        unit: Unit,
        handler: Handler,
        event: Recorded,
        values: Mapping[str, Opened],
    ) -> None:
        await self._shell.react(unit, event, lambda work: handler.react(work, event, values))

    async def _prepare(self, handler: Handler, event: Recorded) -> Mapping[str, Opened]:
        values = await self._open(handler, event)
        if handler.beforehand is None:
            return values
        return {**values, **await handler.beforehand(event, values)}

    async def _open(self, handler: Handler, event: Recorded) -> Mapping[str, Opened]:
        sealed = handler.opens(event)
        if not sealed:
            return {}
        cause = Cause.event(event, self._shell.service)
        values = await self._opener.open(
            sealed,
            handler.purpose,
            organisation=event.log.organisation,
            actor=cause.actor,
            cause=cause,
        )
        if any(isinstance(v, Unavailable) and not v.for_ever for v in values.values()):
            raise KeyAway
        return values

    async def _pass_over(self, applier: Applier, passed: Sequence[Item]) -> None:
        async with applier.slots, applier.pool.acquire() as connection, connection.transaction():
            mark = await applier.lock(connection)
            if mark.sequence < passed[-1].sequence:
                await applier.raise_to(connection, passed)
        applier.committed(passed[-1].sequence)


class Folding:
    """Applies a fold to batches; one by one when a batch does not go in."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold

    async def run(self, applier: Applier, items: Sequence[Item]) -> None:
        """Apply these events together, or singly to find the one that does not fit."""
        if not any(isinstance(item, Unreadable) for item in items):
            try:
                await self._together(applier, items)
            except Trouble:
                raise
            except Exception as error:  # noqa: BLE001 - failed() says what becomes of it
                if len(items) == 1 or abroad(error):
                    await applier.failed(items[0], error)
            else:
                return
        for item in items:
            if item.sequence > applier.at:
                await self._single(applier, item)

    async def retry(self, applier: Applier, parked: Parked) -> bool:
        """Apply a parked event and free it, if it still is the first of its stream."""
        event = read(parked.body)
        async with applier.pool.acquire() as connection, connection.transaction():
            if not await _is_first(connection, applier.place, parked):
                return False
            await self._fold.apply(connection, parked.log, [event])
            await parking.free(connection, parked)
            return True

    async def _single(self, applier: Applier, item: Item) -> None:
        if isinstance(item, Unreadable):
            if not applier.parks:
                raise Wait(item.reason)
            await applier.park(item, item.reason, 1)
            return
        try:
            await self._together(applier, [item])
        except Exception as error:  # noqa: BLE001 - failed() says what becomes of it
            await applier.failed(item, error)

    async def _together(self, applier: Applier, items: Sequence[Item]) -> None:
        async with applier.slots, applier.pool.acquire() as connection, connection.transaction():
            mark = await applier.lock(connection)
            fresh = [
                item
                for item in items
                if item.sequence > mark.sequence and item.sequence not in mark.discarded
            ]
            applied = [
                item
                for item in fresh
                if isinstance(item, Recorded)
                and not await applier.set_aside_behind(connection, mark, item)
            ]
            if applied:
                await self._fold.apply(connection, applier.place.log, applied)
            if mark.sequence < items[-1].sequence:
                await applier.raise_to(connection, items)
        applier.committed(items[-1].sequence)


async def _is_first(connection: Connection, place: Place, parked: Parked) -> bool:
    """Whether it still is the first of its stream; nobody else works on the stream from now on."""
    await parking.lock_stream(connection, place, parked.stream)
    first = await parking.first(connection, place, parked.stream)
    return first is not None and first.sequence == parked.sequence
