"""Every named query of the project can be prepared on a migrated database."""

from pathlib import Path

import asyncpg
import pytest

import services
import shared
from shared.infra.migrations import Module
from shared.infra.sql import parse
from tests.adapters.conftest import MakeDatabase

SHIPPED = [Path(package).parent for package in (shared.__file__ or "", services.__file__ or "")]


def modules() -> list[Module]:
    """The services with tables of their own."""
    folders = sorted(SHIPPED[1].glob("*/migrations"))
    return [(folder.parent.name, folder) for folder in folders]


def files() -> list[Path]:
    """The files of named queries."""
    found = [path for root in SHIPPED for path in sorted(root.rglob("*.sql"))]
    return [
        path for path in found if path.parent.name != "migrations" and path.name != "schema.sql"
    ]


async def test_every_named_query_prepares(make_database: MakeDatabase) -> None:
    database = await make_database(*modules())
    connection = await asyncpg.connect(database.superuser)
    wrong: list[str] = []
    assert files()

    for path in files():
        queries = parse(path.read_text(encoding="utf-8"), str(path))
        transaction = connection.transaction()
        await transaction.start()
        await stand_in_view(connection, path)
        for name, query in queries.items():
            for statement in statements(query):
                try:
                    async with connection.transaction():
                        await connection.prepare(statement)
                except asyncpg.PostgresError as error:
                    wrong.append(f"{path.parent.name}/{path.name} {name}: {error}")
        await transaction.rollback()

    await connection.close()
    assert wrong == []


async def stand_in_view(connection: "asyncpg.Connection[asyncpg.Record]", path: Path) -> None:
    """A view's queries work in the view's own schema, and the kit's beside its tables."""
    tables = path.with_name("schema.sql")
    if path.parent.name == "views":
        await connection.execute("SET LOCAL search_path = kit")
    elif tables.exists():
        await connection.execute("CREATE SCHEMA standing_in; SET LOCAL search_path = standing_in")
        await connection.execute(tables.read_text(encoding="utf-8"))


def statements(query: str) -> list[str]:
    """A query's statements; one that ends none of its lines with a semicolon is one."""
    parts = [part for part in (f"{query}\n").split(";\n") if part.strip()]
    return [query] if "$$" in query else parts


def test_a_file_of_queries_is_read_by_name() -> None:
    text = (
        "-- name: one\n-- What it gives.\nSELECT 1\n  -- why\nFROM x;\n\n-- name: two\nSELECT 2;\n"
    )

    assert parse(text, "x.sql") == {"one": "SELECT 1\nFROM x;", "two": "SELECT 2;"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT 1;", "the first query has no name"),
        ("-- name: two words\nSELECT 1;", "is no name for a query"),
        ("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;", "or is there twice"),
        ("-- name: one\n-- name: two\nSELECT 1;", "the query one is empty"),
    ],
)
def test_a_file_of_queries_that_cannot_be_read_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(text, "x.sql")
