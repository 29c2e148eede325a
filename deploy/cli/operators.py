"""Commands for whoever operates an installation: tokens, the register, one service alone."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.target import Target
from deploy.embedded.children import EmbeddedFailure

REGISTER = Path(__file__).parents[1] / "organisations"

organisations = typer.Typer(help="The organisation register.", no_args_is_help=True)


@organisations.command("apply")
def apply(
    register: Annotated[Path, typer.Option(help="The folder of the register.")] = REGISTER,
) -> None:
    """Make every topic and have every policy adopted; what is there already stays as it is."""
    from aiokafka.errors import KafkaError

    from deploy.apply import apply_policies, apply_topics
    from deploy.demo.neighbours import Neighbours, Refusal, StoryFailed
    from shared.infra.bus.topics import TopicsNotMade
    from shared.infra.register import RegisterUnreadable
    from shared.kernel.identifiers import SERVICES

    target = Target.find()
    broker = target.broker()

    async def run() -> list[str]:
        lines = []
        if broker is not None:
            topics = await apply_topics(target.organisations, broker)
            lines.append(f"{len(topics)} topics are there, one for each log.")
        neighbours = Neighbours(target.urls_of(SERVICES), target.issuer or _Given(target))
        try:
            return lines + await apply_policies(register, target.organisations, neighbours)
        finally:
            await neighbours.close()

    try:
        lines = asyncio.run(run())
    except (RegisterUnreadable, StoryFailed, Refusal, TopicsNotMade) as failure:
        raise EmbeddedFailure(str(failure)) from None
    except KafkaError as failure:
        raise EmbeddedFailure(
            f"The broker at {target.bootstrap_servers} does not answer: {type(failure).__name__}."
        ) from None
    print("\n".join(lines))


class _Given:
    """The token somebody was given by their identity provider, whatever is asked for."""

    def __init__(self, target: Target) -> None:
        self._token = target.given_token

    def token(self, _subject: str, _organisations: Mapping[str, Sequence[str]]) -> str:
        return self._token


@organisations.command("show")
def show_register(
    register: Annotated[Path, typer.Option(help="The folder of the register.")] = REGISTER,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """List the organisations in the register."""
    from rich.console import Console
    from rich.table import Table

    from shared.infra.register import RegisterUnreadable, read_register

    try:
        entries = read_register(register)
    except RegisterUnreadable as failure:
        raise EmbeddedFailure(str(failure)) from None
    if as_json:
        print(json.dumps([entry.model_dump(mode="json") for entry in entries.values()]))
        return
    table = Table("Code", "Name", "Kind", "Region", "Policies")
    for entry in entries.values():
        table.add_row(entry.code, entry.name, entry.kind, entry.region, ", ".join(entry.policies))
    Console().print(table)


def token(
    role: Annotated[list[str], typer.Option(help="A role; may be given several times.")],
    organisation: Annotated[list[str] | None, typer.Option(help="A code; all without.")] = None,
    subject: Annotated[str, typer.Option(help="Who the token is for.")] = "evaluation",
) -> None:
    """Make a bearer token for the running evaluation system."""
    from shared.infra.http.tokens import ROLES

    unheard = sorted(set(role) - ROLES)
    if unheard:
        known = ", ".join(sorted(ROLES))
        raise EmbeddedFailure(f"There is no role {unheard[0]}; the roles are: {known}.")
    target = Target.find()
    if target.issuer is None:
        raise EmbeddedFailure("Tokens for this system come from its identity provider.")
    print(target.token(subject, role, organisation or ()))


def run(
    service: Annotated[str, typer.Argument(help="recruitment, engagement, payments ...")],
    organisation: Annotated[
        list[str] | None, typer.Option(help="Instead of PARTNERS_ORGANISATIONS.")
    ] = None,
) -> None:
    """Run one service, with the settings of the environment, until it is stopped."""
    import os

    from pydantic import ValidationError

    from deploy.layout import service_named
    from shared.infra import runtime
    from shared.kernel.identifiers import SERVICES

    if service not in SERVICES:
        raise EmbeddedFailure(f"There is no service {service}; there are: {', '.join(SERVICES)}.")
    if organisation:
        os.environ["PARTNERS_ORGANISATIONS"] = ",".join(organisation)  # noqa: TID251 - a setting
    try:
        runtime.run(service_named(service))
    except ValidationError as error:
        raise EmbeddedFailure(_settings_sentence(error)) from None


def _settings_sentence(error: "Exception") -> str:
    """Which settings are wrong; their values, which may be secrets, are not repeated."""
    lines = []
    for found in error.errors():  # type: ignore[attr-defined]
        name = ".".join(str(part) for part in found["loc"]).upper()
        why = found["msg"].removeprefix("Value error, ")
        lines.append(f"PARTNERS_{name}: {why}" if name else why)
    return "The settings are not right.\n" + "\n".join(lines)
