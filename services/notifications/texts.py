"""The templates: plain-English text files, each version kept for ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from re import compile as pattern
from typing import Final

_FOLDER: Final = Path(__file__).parent / "templates"
_FILE: Final = pattern(r"([a-z]+(?:-[a-z]+)*)\.([1-9][0-9]*)\.txt")


@dataclass(frozen=True, slots=True)
class Texts:
    """Every version of every template, by `name/version`."""

    by_reference: Mapping[str, str]

    def current(self, name: str) -> str:
        """The reference of a template's newest version: `acknowledgement/1`."""
        return f"{name}/{max(self._versions(name))}"

    def names(self) -> list[str]:
        """Every template's name."""
        return sorted({reference.partition("/")[0] for reference in self.by_reference})

    def _versions(self, name: str) -> list[int]:
        return [
            int(version)
            for found, _, version in (one.partition("/") for one in self.by_reference)
            if found == name
        ]


@cache
def texts() -> Texts:
    """The templates that came with this program."""
    found = {}
    for file in sorted(_FOLDER.glob("*.txt")):
        named = _FILE.fullmatch(file.name)
        if named is None:
            raise ValueError(f"{file.name} is not the name of a template, such as offer.1.txt.")
        found[f"{named[1]}/{named[2]}"] = file.read_text(encoding="utf-8")
    return Texts(found)
