"""Files put out for people, by organisation and day: written whole, once, listed, and expired.

What lies here in clear lies nowhere else; whoever fetches it takes it from here before it expires.
"""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import rmtree
from typing import Final

_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600


class OtherFileThere(Exception):
    """A file of that name with other contents was put out before."""


@dataclass(frozen=True, slots=True)
class PutOut:
    """A file that was put out: whose, for which day, its name and size."""

    organisation: str
    on: date
    name: str
    octets: int


class DatedFolder:
    """A folder of files by organisation and day, readable only by this service's user."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, organisation: str, on: date, name: str, content: bytes) -> None:
        """Write a file whole or not at all; the same again changes nothing.

        Raises OtherFileThere. A file appears under its name only when all of it is on the disk.
        """
        place = self._path(organisation, on, name)
        if place.exists():
            if place.read_bytes() != content:
                raise OtherFileThere(f"{name} was put out before with other contents.")
            return
        place.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        half = place.with_name(f".{name}.{os.getpid()}")
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(place)

    def has(self, organisation: str, on: date, name: str) -> bool:
        """Whether the file is there."""
        return self._path(organisation, on, name).exists()

    def listed(self, organisation: str) -> list[PutOut]:
        """Every file of the organisation, the newest day first."""
        found = [
            PutOut(organisation, date.fromisoformat(day.name), file.name, file.stat().st_size)
            for day in self._days(organisation)
            for file in sorted(day.iterdir())
            if not file.name.startswith(".")
        ]
        return sorted(found, key=lambda file: (-file.on.toordinal(), file.name))

    def expire(self, organisation: str, before: date) -> int:
        """Remove everything put out for days before this one; answers how many days those were."""
        old = [day for day in self._days(organisation) if date.fromisoformat(day.name) < before]
        for day in old:
            rmtree(day)
        return len(old)

    def _days(self, organisation: str) -> list[Path]:
        folder = self._root / organisation
        return sorted(folder.iterdir()) if folder.exists() else []

    def _path(self, organisation: str, on: date, name: str) -> Path:
        if not name or name != Path(name).name or name.startswith("."):
            raise ValueError("A file put out has a plain name.")
        return self._root / organisation / on.isoformat() / name
