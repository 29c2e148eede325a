"""One performance from beginning to end: policies, story, proof, report."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final, Protocol, TypeAlias

from rich.console import Console

from deploy.apply import apply_policies
from deploy.demo import report
from deploy.demo.neighbours import Neighbours, StoryFailed
from deploy.demo.play import Play
from deploy.demo.stage import Stage
from deploy.demo.story import Story
from deploy.demo.verbs import VERBS
from deploy.embedded.evaluation import REGISTER, Evaluation
from deploy.embedded.system import Addresses
from services.audit.remote import Unreachable, verify
from services.audit.verify import Verification
from shared.infra.clock import SimulatedClock
from shared.infra.register import read_register
from shared.kernel.moments import LONDON

_SIGNING_SECONDS: Final = 30.0
_VERIFIED_SECONDS: Final = 0.5


Settle: TypeAlias = Callable[[], Awaitable[object]]


class Companion(Protocol):
    """What goes along with a performance."""

    async def step_begins(self, settle: Settle) -> None:
        """The next step is about to be played; `settle` waits until everything is at rest."""

    async def story_ends(self) -> None:
        """Every step has been played; the result is read when this returns."""


class Alone:
    """Nothing goes along."""

    async def step_begins(self, settle: Settle) -> None:
        """Nobody waits."""

    async def story_ends(self) -> None:
        """Nobody waits."""


def perform(
    evaluation: Evaluation,
    story: Story,
    addresses: Addresses,
    companion: Companion | None = None,
) -> int:
    """Play the story on a running system; answers the exit code, having said what was wrong.

    Whether the report is as it must be is for the companion to judge, where there is one.
    """
    console = Console()
    try:
        result = asyncio.run(_perform(evaluation, story, addresses, console, companion or Alone()))
        if companion is None:
            _judge(story, result)
    except (StoryFailed, Unreachable) as failure:
        console.print(f"[bold red]The demonstration failed.[/] {failure}", highlight=False)
        return 1
    return 0


async def _perform(
    evaluation: Evaluation,
    story: Story,
    addresses: Addresses,
    console: Console,
    companion: Companion,
) -> Mapping[str, Any]:
    result, refusals = await play_story(evaluation, story, addresses, console, companion)
    file = evaluation.folder / "report.json"
    _write(file, result)
    register = read_register(REGISTER)
    names = {code: register[code].name for code in story.organisations}
    report.show(console, story.title, result, names, refusals)
    console.print(f"The whole report: {file}", highlight=False)
    return result


def _judge(story: Story, result: Mapping[str, Any]) -> None:
    if not result["outcome"]["audit"]["verified"] or not result["outcome"]["money"]["balances"]:
        raise StoryFailed("The result does not hold together; the tables above say where.")
    if wrong := report.differences(story.parts.get("outcome", {}), result["outcome"]):
        raise StoryFailed(f"It did not come to what the story states: {'; '.join(wrong)}.")


async def play_story(
    evaluation: Evaluation,
    story: Story,
    addresses: Addresses,
    console: Console,
    companion: Companion,
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Play the story to its end; answers the report, and the refusals as they happened."""
    began = monotonic()
    neighbours = Neighbours(evaluation.service_urls(addresses), evaluation.issuer())
    try:
        play = _play(evaluation, story, neighbours)
        await apply_policies(REGISTER, story.organisations, neighbours)

        async def begins(at: datetime, sentence: str) -> None:
            await companion.step_begins(play.stage.settle)
            _tell(console, at, sentence)

        await play.run(begins)
        await companion.story_ends()
        await play.stage.settle()
        return await _result(story, play, monotonic() - began), play.refusals
    finally:
        await neighbours.close()


def _play(evaluation: Evaluation, story: Story, neighbours: Neighbours) -> Play:
    operator = neighbours.token(
        "operator", {code: ["operator", "auditor"] for code in story.organisations}
    )
    stage = Stage(
        neighbours=neighbours,
        clock=SimulatedClock(evaluation.clock_file),
        deployments=[(each.service, each.organisations[0]) for each in evaluation.deployments()],
        operator=operator,
    )
    return Play(story, neighbours, stage, VERBS)


def _tell(console: Console, at: datetime, sentence: str) -> None:
    local = at.astimezone(LONDON)
    console.print(f"[dim]{local:%a %d %b %Y, %H:%M}[/]  {sentence}", highlight=False)


async def _result(story: Story, play: Play, seconds: float) -> dict[str, Any]:
    verified = await _verify(play)
    auditor = play.neighbours.token(
        "auditor",
        {code: ["auditor", "coordinator"] for code in story.organisations},
    )
    audit = {
        "verified": verified.verified,
        "difference": verified.difference,
        "logs": len(verified.logs),
        "events": sum(found.events for found in verified.logs),
        "checkpoints": sum(found.checkpoints for found in verified.logs),
    }
    documents = await play.stage.look(counts=True)
    return {
        "story": story.title,
        "outcome": await report.outcome(play.neighbours, auditor, story.organisations, audit),
        "operations": report.operations(documents, seconds),
    }


async def _verify(play: Play) -> Verification:
    """Verify once every event is under a signed checkpoint; the auditor signs at intervals."""
    until = monotonic() + _SIGNING_SECONDS

    def url_of(service: str, organisation: str) -> str | None:
        return play.neighbours.url(service, organisation)

    while True:
        found = await verify(play.story.organisations, url_of, play.stage.operator)
        behind = [log for log in found.logs if log.waiting or log.signed != log.events]
        if not behind or not found.verified or monotonic() > until:
            return found
        await asyncio.sleep(_VERIFIED_SECONDS)


def _write(file: Path, result: Mapping[str, Any]) -> None:
    aside = file.with_suffix(".new")
    aside.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(file)
