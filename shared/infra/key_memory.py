"""The keys a service used a moment ago: the next value of a person is sealed without a look."""

from collections.abc import Collection, Iterable, Mapping
from time import monotonic
from typing import Final
from uuid import UUID

from shared.infra.sealing import Holder, PersonKey

KEPT_SECONDS: Final = 60.0
"""As long as a reader may remember a key that was opened for it."""
LARGEST: Final = 10_000


class KeyMemory:
    """Keys by their holders. One may be destroyed by now: the write that relies on it looks."""

    def __init__(self) -> None:
        self._kept: dict[Holder, tuple[PersonKey, float]] = {}

    def keys_of(self, holders: Iterable[Holder]) -> dict[Holder, PersonKey]:
        """The keys of those holders that are remembered."""
        now, found = monotonic(), {}
        for holder in holders:
            kept = self._kept.get(holder)
            if kept is not None and now < kept[1]:
                found[holder] = kept[0]
        return found

    def keep(self, keys: Mapping[Holder, PersonKey]) -> None:
        """Remember keys that were found in the database just now."""
        now = monotonic()
        if len(self._kept) + len(keys) > LARGEST:
            self._kept = {holder: kept for holder, kept in self._kept.items() if now < kept[1]}
            if len(self._kept) + len(keys) > LARGEST:
                self._kept.clear()
        for holder, key in keys.items():
            self._kept[holder] = (key, now + KEPT_SECONDS)

    def forget(self, gone: Collection[UUID]) -> None:
        """Remember these keys no longer."""
        self._kept = {holder: kept for holder, kept in self._kept.items() if kept[0].id not in gone}
