"""Many events out of a few: the same bodies again with other identifiers, appended in bulk."""

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from deploy.bench.place import shares
from deploy.bench.trust import Trust
from shared.infra import log
from shared.infra.clock import SystemClock
from shared.infra.database import Pool
from shared.infra.log import Entry

PER_CALL: Final = 2_000
_PATTERN_EVENTS: Final = 200
_UUID: Final = re.compile("([0-9a-f]{8})(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_STAMP: Final = ',"sequence":"0000000000","recordedtime":"2024-03-06T09:12:44.120331Z"}'


@dataclass(frozen=True, slots=True)
class Mould:
    """One event of a log. Its text is cut where an identifier's first eight digits stand."""

    organisation: str
    stream: tuple[str, ...]
    version: int
    type: str
    body: tuple[str, ...]

    @classmethod
    def of(cls, stamped: str) -> Self:
        """The mould of an event as a log has it."""
        event = json.loads(stamped)
        return cls(
            event["organisation"],
            tuple(_UUID.split(event["subject"])),
            event["streamversion"],
            event["type"],
            tuple(_UUID.split(unstamped(stamped))),
        )

    @property
    def once(self) -> bool:
        """Whether its stream is one of a kind, so that there can be no second one like it."""
        return len(self.stream) == 1 or self.type == "LogOpened"

    def cast(self, number: int) -> Entry:
        """The event of this number: identifiers that were the same stay the same."""
        return Entry(
            self.organisation,
            _filled(self.stream, number),
            self.version,
            self.type,
            _filled(self.body, number),
        )


def unstamped(body: str) -> str:
    """A body as it was before the log stamped it."""
    return body[: -len(_STAMP)] + "}"


def _filled(parts: tuple[str, ...], number: int) -> str:
    filled = list(parts)
    for place in range(1, len(parts), 2):
        filled[place] = f"{int(parts[place], 16) ^ number:08x}"
    return "".join(filled)


def moulds(bodies: Sequence[str]) -> list[Mould]:
    """The moulds of those events of a log of which there can be more."""
    found = [Mould.of(body) for body in bodies]
    return [each for each in found if not each.once]


def casts(of: Sequence[Mould], total: int) -> Iterator[list[Entry]]:
    """So many events in portions for one call each."""
    portion: list[Entry] = []
    for number in range(total):
        copy, place = divmod(number, len(of))
        portion.append(of[place].cast(copy + 1))
        if len(portion) == PER_CALL:
            yield portion
            portion = []
    if portion:
        yield portion


async def load(pool: Pool, of: Sequence[Mould], total: int) -> None:
    """Append so many events made from these; the next portion is made while one is written."""
    at = SystemClock().now()

    async def write(portion: Sequence[Entry]) -> None:
        async with pool.acquire() as connection:
            await log.append(connection, portion, at)

    writing: asyncio.Task[None] | None = None
    for portion in casts(of, total):
        if writing:
            await writing
        writing = asyncio.create_task(write(portion))
        # let it begin before the next portion is made
        await asyncio.sleep(0)
    if writing:
        await writing


async def fill_logs(service: Trust, organisations: Sequence[str], total: int) -> None:
    """Fill logs of a trust, in equal shares, with what its first organisation's partners raise."""
    pattern = service.organisations[0]
    await service.raise_some(pattern, _PATTERN_EVENTS)
    async with service.pool.acquire() as connection:
        bodies = await log.read(connection, pattern, 1, _PATTERN_EVENTS)
    for code, share in zip(organisations, shares(total, len(organisations)), strict=True):
        elsewhere = [re.sub(rf"\b{pattern}\b", code, body) for body in bodies]
        await load(service.pool, moulds(elsewhere), share)
