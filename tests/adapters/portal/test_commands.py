"""`partners views` as a program, against a portal that runs."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from services.portal.app import SERVICE
from tests.adapters.logs import until
from tests.adapters.portal.conftest import Client, fold_all
from tests.adapters.portal.story import Story

PROJECT = Path(__file__).parents[3]
ROLES = ("coordinator", "operator", "finance-preparer")


@dataclass
class Program:
    """Runs `partners` with the portal's address and a token in its environment."""

    environment: dict[str, str]

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and errors."""
        command = ("-c", "from deploy.cli.main import main; main()", "views", *arguments)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            cwd=PROJECT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, errors = await process.communicate()
        return process.returncode or 0, out.decode(), errors.decode()


@pytest.fixture
async def partners(client: Client) -> AsyncIterator[Program]:
    config = uvicorn.Config(client.app, port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await until(started, "the portal listens")
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Program(
        {
            "PARTNERS_SERVICE_URLS": json.dumps({"portal": f"http://127.0.0.1:{port}"}),
            "PARTNERS_TOKEN": client.issuer.token("asha", {"RAJ": ROLES}),
            "COLUMNS": "200",
        }
    )
    server.should_exit = True
    await serving


async def test_views_are_shown_as_tables_a_coordinator_can_read(partners: Program) -> None:
    code, out, errors = await partners.run("show", "RAJ")

    assert (code, errors) == (0, "")
    for text in (
        "RAJ: what waits on whom",
        "Ada Oyelaran",
        "activate partner",
        "training: safeguarding",
        "Safety Committee",
        "1 March 2024",
        "(Nobody keeps the key of this any more.)",
        "£75.00",
    ):
        assert text in out, text
    assert "RAJ: campaigns: none." in out


async def test_no_amount_is_cut_short_on_a_narrow_terminal(partners: Program) -> None:
    partners.environment["COLUMNS"] = "80"
    code, out, errors = await partners.run("show", "RAJ", "--view", "money")

    assert (code, errors) == (0, "")
    assert "£75.00 │" in out
    assert not re.search("£[0-9,.]*…", out)


async def test_a_program_reads_json_of_another_day(partners: Program) -> None:
    code, out, _ = await partners.run(
        "show",
        "RAJ",
        "--view",
        "compliance",
        "--on",
        "2024-03-15",
        "--as-of",
        "2024-03-31",
        "--json",
    )

    found = json.loads(out)
    assert code == 0
    assert (found["on"], found["as_of"]) == ("2024-03-15", "2024-03-31T22:59:59.999999Z")
    assert found["committees"][0]["seated"] == 1


async def test_what_cannot_be_shown_is_said_in_a_sentence(partners: Program) -> None:
    for arguments, sentence in {
        ("RAJ", "--view", "weather"): "There is no view weather",
        ("RAJ", "--as-of", "yesterday"): "'yesterday' is not a day or moment",
        ("RNA",): "There is nothing here, or nothing you may see.",
    }.items():
        code, _, errors = await partners.run("show", *arguments)
        assert code == 1
        assert sentence in errors
        assert "Traceback" not in errors


async def test_an_operator_rebuilds_a_view_and_hears_when_it_is_done(
    partners: Program, client: Client, story: Story
) -> None:
    await fold_all(client.kit, story.logs)
    [building] = SERVICE.background(client.kit)
    builder = asyncio.create_task(building)

    code, out, errors = await partners.run("rebuild", "RAJ", "--view", "roster")
    builder.cancel()
    await asyncio.gather(builder, return_exceptions=True)

    assert (code, out, errors) == (0, "Filled anew: roster.\n", "")
