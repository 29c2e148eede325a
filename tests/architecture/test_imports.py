"""The rules know the standard library and pydantic: not the outside world, not another service.

import-linter names what is forbidden; here is listed what is allowed, so that a library nobody
thought of is refused too.
"""

import ast
import sys
from collections.abc import Mapping
from textwrap import dedent
from typing import Final

import pytest

from tests.architecture.source import files, imports, module, tree

OUTSIDE: Final = frozenset(
    {"asyncio", "concurrent", "http", "io", "logging", "multiprocessing", "os", "pathlib"}
    | {"random", "secrets", "select", "selectors", "shutil", "signal", "socket", "sqlite3", "ssl"}
    | {"subprocess", "sys", "tempfile", "threading", "time", "urllib"}
)
"""Parts of the standard library that reach the outside world, the clock or chance."""

ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "shared.kernel": ("shared.kernel",),
    "shared.contracts": ("shared.contracts", "shared.kernel", "pydantic_core"),
    "services.*.domain": ("services.*.domain", "shared.contracts", "shared.kernel"),
}
"""Beside the standard library and pydantic."""

PURE = files("shared/kernel/**/*.py") + files("shared/contracts/**/*.py")
PURE += files("services/*/domain/**/*.py")


def layer(name: str) -> tuple[str, str]:
    """The layer a module belongs to, and the service it is part of."""
    parts = name.split(".")
    if parts[0] == "services":
        return "services.*.domain", parts[1]
    return ".".join(parts[:2]), ""


def trespasses(name: str, syntax: ast.Module) -> list[str]:
    """What a pure module imports and may not."""
    home, service = layer(name)
    allowed = ["pydantic", *(part.replace("*", service) for part in ALLOWED[home])]
    return [
        f"{name}:{line} imports {found}"
        for found, line in imports(syntax)
        if not _is_library(found)
        and not any(found == part or found.startswith(f"{part}.") for part in allowed)
    ]


def _is_library(name: str) -> bool:
    top = name.split(".", maxsplit=1)[0]
    return top in sys.stdlib_module_names and top not in OUTSIDE


def test_rules_are_pure() -> None:
    assert PURE
    found = [one for path in PURE for one in trespasses(module(path), tree(path))]
    assert found == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("shared.kernel.money", "import pydantic_settings"),
        ("shared.kernel.money", "from shared.contracts.event import Event"),
        ("shared.contracts.log", "from shared.infra.log import append"),
        ("services.payments.domain.run", "import asyncpg"),
        ("services.payments.domain.run", "from os import environ"),
        ("services.payments.domain.run", "import time"),
        ("services.payments.domain.run", "from services.engagement.domain.terms import TERMS"),
        ("services.payments.domain.run", "from services.payments.consumers import reactions"),
        ("services.payments.domain.run", "from tests.rules.given import given"),
    ],
)
def test_a_trespass_is_seen_inside_a_function_too(name: str, line: str) -> None:
    inside = f"def late():\n    {line}\n    return 1\n"
    assert trespasses(name, ast.parse(line))
    assert trespasses(name, ast.parse(dedent(inside)))


def test_what_is_allowed_is_no_trespass() -> None:
    text = """
        from datetime import date
        from pydantic import BaseModel
        from services.payments.domain.policy import Terms
        from shared.contracts.engagement import MeetingAttended
        from shared.kernel.decider import Refused
    """
    assert trespasses("services.payments.domain.run", ast.parse(dedent(text))) == []
