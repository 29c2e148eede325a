"""`partners log recover`: a service's log whose database was restored from an older backup."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.embedded.children import EmbeddedFailure

if TYPE_CHECKING:
    from shared.infra.recovery.recovering import Recovery

app = typer.Typer(help="The services' logs.", no_args_is_help=True)


@app.callback()
def _log() -> None:
    """Keep `partners log recover` the shape."""


@app.command()
def recover(
    service: Annotated[str, typer.Argument(help="The service whose database was restored.")],
    organisation: Annotated[
        list[str] | None, typer.Option(help="Only this organisation's log; may be given again.")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="A verifier key (C2SP) you trust; else the auditor's own word is taken."),
    ] = None,
    without_auditor: Annotated[
        bool, typer.Option(help="The auditor's copy is lost: use what the topic has.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Bring back what a restored database lacks, verbatim, from the topic and the auditor's copy.

    A number that was seen but that nobody kept is filled with NumberLost. Refused, with nothing
    changed, where they disagree. Elsewhere than on the embedded system, run it with the service's
    settings and PARTNERS_ADMIN_URL.
    """
    import asyncio

    import asyncpg
    from aiokafka.errors import KafkaError
    from pydantic import ValidationError

    from deploy.recovery import recover_service
    from shared.infra.bus.sources import SourceAway
    from shared.infra.recovery.findings import CannotRecover
    from shared.infra.recovery.recovering import Trust
    from shared.infra.signing import VerifyingKey

    database, admin = _place(service, organisation)
    try:
        publics = [VerifyingKey.parse(found).public for found in key] if key else None
        trust = Trust(auditor=not without_auditor, publics=publics)
        done = asyncio.run(recover_service(service, database, admin, organisation, trust))
    except (CannotRecover, SourceAway) as refusal:
        raise EmbeddedFailure(f"Nothing was changed. {refusal}") from None
    except ValidationError as error:
        names = ", ".join(f"PARTNERS_{str(found['loc'][0]).upper()}" for found in error.errors())
        raise EmbeddedFailure(
            f"Run this with the settings of the service; not right: {names}."
        ) from None
    except ValueError as error:
        raise EmbeddedFailure(str(error)) from None
    except (OSError, asyncpg.PostgresError, KafkaError) as error:
        raise EmbeddedFailure(
            f"Nothing was changed: the database or the bus does not answer ({error})."
        ) from None
    _show(done, as_json=as_json)


def _place(service: str, organisations: list[str] | None) -> tuple[str, str]:
    """The database to recover and who may; the environment then has the service's settings."""
    from deploy.cli.target import embedded
    from shared.kernel.identifiers import SERVICES

    if service not in SERVICES:
        raise EmbeddedFailure(f"There is no service {service}; there are: {', '.join(SERVICES)}.")
    admin = os.environ.get("PARTNERS_ADMIN_URL")  # noqa: TID251 - a command's own setting
    if admin:
        deployment = os.environ.get("PARTNERS_DEPLOYMENT", service)  # noqa: TID251
        return deployment.replace("-", "_"), admin
    found = embedded()
    if found is None:
        raise EmbeddedFailure(
            "No system runs here: set PARTNERS_ADMIN_URL and the settings of the service."
        )
    evaluation, addresses = found
    ours = [
        each
        for each in evaluation.deployments()
        if each.service == service
        and (not organisations or {*organisations} <= {*each.organisations})
    ]
    if len(ours) != 1:
        names = ", ".join(each.name for each in evaluation.deployments() if each.service == service)
        raise EmbeddedFailure(f"Say which with --organisation: {service} runs as {names}.")
    os.environ.update(evaluation.environment(ours[0], addresses))  # noqa: TID251 - its settings
    return ours[0].database, addresses.dsn()


def _show(done: "Recovery", *, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    if as_json:
        print(json.dumps(asdict(done), indent=2))
        return
    if not done.logs:
        print("Nothing is missing: nobody has seen more of these logs than the database has.")
    for each in done.logs:
        number = each.end - each.head - len(each.lost)
        print(
            f"{each.log}: {number} events brought back; it stood at {each.head}, now at {each.end}."
        )
        if each.lost:
            lost = ", ".join(map(str, each.lost))
            print(f"  Seen, by {each.seen_by}, but kept by nobody: {lost}.")
        if each.signed:
            print(f"  It has the root that was signed at {each.signed}.")
    if done.passed_by:
        print(f"{done.passed_by} events of other logs are passed by: their effects stand here.")
    if done.keys_lost:
        print(
            f"{done.keys_lost} keys were made since the backup and are lost: what they seal "
            "cannot be read. Restore the newest copy of the schema `keys`, if there is one."
        )
