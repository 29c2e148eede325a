"""docs/coverage.md names only what exists: modules, names in them, files, tests."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, files, tree

PAGE = ROOT / "docs" / "coverage.md"
_QUOTED = re.compile(r"`([^`]+)`")
_TABLE = 4
"""Columns: the rule, where it lives, yes, no; or never, the machine, its invariant, the rule."""


def rows(page: str) -> list[list[str]]:
    """The cells of every row of every table, headings and rulers left out."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    bodies = [row for row in cells if not set(row[0]) <= {"-"}]
    return [row for row in bodies if row[0] not in ("the rule", "never")]


def flaws(page: str) -> list[str]:
    """What a page names that does not exist, and the rows that leave something out."""
    found = []
    for row in rows(page):
        quoted = [_QUOTED.findall(cell) for cell in row]
        if len(row) != _TABLE or not all(quoted[1:]):
            found.append(f"incomplete: {row[0]}")
        found += [
            f"{row[0]}: there is no {name}"
            for names in quoted
            for name in names
            if not exists(name)
        ]
    return found


def exists(name: str) -> bool:
    """Whether there is a test `path::name`, a `path#name`, or a `service.module.name`."""
    if "::" in name:
        path, *parts = name.split("::")
        file = ROOT / "tests" / path
        return file.is_file() and _defined(list(tree(file).body), parts)
    if "#" in name:
        path, _, part = name.partition("#")
        return (ROOT / path).is_file() and _stands_in(ROOT / path, part)
    service, module, *parts = name.split(".")
    if not (ROOT / "services" / service / "domain" / f"{module}.py").is_file():
        return False
    found: object = import_module(f"services.{service}.domain.{module}")
    for part in parts:
        found = getattr(found, part, None)
    return bool(parts) and found is not None


def _defined(body: list[ast.stmt], parts: list[str]) -> bool:
    for node in body:
        match node:
            case (
                ast.ClassDef(name=name, body=inner)
                | ast.FunctionDef(name=name, body=inner)
                | ast.AsyncFunctionDef(name=name, body=inner)
            ) if name == parts[0]:
                return len(parts) == 1 or _defined(inner, parts[1:])
            case _:
                continue
    return False


def _stands_in(file: Path, part: str) -> bool:
    """A name at the top of a module, of a query, or a word of any other file."""
    if file.suffix == ".py":
        return part in set(_top_names(tree(file)))
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".sql":
        return f"-- name: {part}\n" in text
    return part in text


def _top_names(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case _:
                pass


def test_everything_named_exists() -> None:
    assert flaws(PAGE.read_text(encoding="utf-8")) == []


def test_every_part_of_the_programme_has_its_rules() -> None:
    page = PAGE.read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (.+)\n((?:(?!^## ).*\n?)*)", page, re.MULTILINE))
    least = {"Recruitment": 20, "Engagement": 15, "Payments": 10, "Notifications": 4, "Views": 6}
    for name, count in least.items():
        assert len(rows(sections[name])) >= count, name
    assert len(rows(sections["What no sequence of commands can bring about"])) >= len(
        ("onboarded", "told", "interest", "terms", "seat", "money")
    )


def test_the_first_lines_of_a_services_rules_name_every_module() -> None:
    for index in files("services/*/domain/__init__.py"):
        modules = {file.stem for file in index.parent.glob("*.py")} - {"__init__"}
        said = set(re.findall(r"\w+", ast.get_docstring(tree(index)) or ""))
        assert modules - said == set(), index


_ROW = "| A rule | `{}` | `{}` | `rules/recruitment/test_person.py::test_once` |"
_WHERE = "recruitment.register.OwnStaffNotEligible"
_TEST = "rules/recruitment/test_register.py::TestPlaces::test_a_successful_applicant_holds_a_place"


@pytest.mark.parametrize(
    ("where", "test", "wrong"),
    [
        (_WHERE, _TEST, 0),
        ("recruitment.register.OwnStaff", _TEST, 1),
        ("recruitment.registers.OwnStaffNotEligible", _TEST, 1),
        ("recruitment.register", _TEST, 1),
        ("recruitment.selection.Panel.visible_scores", _TEST, 0),
        ("recruitment.selection.Panel.scores", _TEST, 1),
        ("services/portal/views/money/queries.sql#totals", _TEST, 0),
        ("services/portal/views/money/queries.sql#total", _TEST, 1),
        ("shared/kernel/policies.py#in_force", _TEST, 0),
        ("shared/kernel/policies.py#force", _TEST, 1),
        ("shared/kernel/nothing.py#in_force", _TEST, 1),
        (_WHERE, "rules/recruitment/test_register.py::test_a_successful_applicant", 1),
        (_WHERE, _TEST.replace("TestPlaces", "TestReceiving"), 1),
        (_WHERE, "rules/recruitment/test_nothing.py::test_once", 1),
    ],
)
def test_what_does_not_exist_is_seen(where: str, test: str, wrong: int) -> None:
    assert len(flaws(_ROW.format(where, test))) == wrong


def test_a_row_without_a_test_is_seen() -> None:
    assert flaws(f"| A rule | `{_WHERE}` | `{_TEST}` | |") == ["incomplete: A rule"]
