"""Reads named queries from the .sql file beside the module that uses them."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

_NAME: Final = "-- name: "


def load(module_file: str) -> Mapping[str, str]:
    """The queries of the module's sibling .sql file, by name; `load(__file__)`."""
    path = Path(module_file).with_suffix(".sql")
    return MappingProxyType(parse(path.read_text(encoding="utf-8"), str(path)))


def parse(text: str, where: str) -> dict[str, str]:
    """Split a file of queries, each begun by `-- name: its_name`; comment lines are left out."""
    queries: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in text.splitlines():
        if line.startswith(_NAME):
            name = line.removeprefix(_NAME).strip()
            if not name.isidentifier() or name in queries:
                raise ValueError(f"{where}: {name!r} is no name for a query, or is there twice.")
            lines = queries[name] = []
        elif line.strip() and not line.lstrip().startswith("--"):
            if lines is None:
                raise ValueError(f"{where}: the first query has no name.")
            lines.append(line)
    empty = [name for name, found in queries.items() if not found]
    if empty:
        raise ValueError(f"{where}: the query {empty[0]} is empty.")
    return {name: "\n".join(found) for name, found in queries.items()}
