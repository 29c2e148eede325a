"""The project's own source as modules and syntax trees."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def files(pattern: str) -> list[Path]:
    """The project's files that match, sorted."""
    return sorted(ROOT.glob(pattern))


def module(path: Path) -> str:
    """The dotted name of a file: `services.engagement.domain.terms`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(syntax: ast.Module) -> Iterator[tuple[str, int]]:
    """Every module imported anywhere in the tree, functions included, and its line."""
    for node in ast.walk(syntax):
        match node:
            case ast.Import(names=names):
                yield from ((name.name, node.lineno) for name in names)
            case ast.ImportFrom(module=str() as name):
                yield name, node.lineno
            case _:
                pass
