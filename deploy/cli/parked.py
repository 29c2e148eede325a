"""`partners parked`: events set aside by consumers, over the services' operations routes."""

import json
from typing import Annotated, Any
from uuid import uuid4  # noqa: TID251 - a key for one call

import typer

from deploy.cli.target import Target
from deploy.embedded.children import EmbeddedFailure

app = typer.Typer(help="Events that consumers have set aside.", no_args_is_help=True)
_SERVICES = ("recruitment", "engagement", "payments", "notifications", "audit", "portal")
_Consumer = Annotated[str, typer.Argument(help="The consumer that parked it, payments.dues")]
_AsJson = Annotated[bool, typer.Option("--json", help="For a program.")]


@app.command("list")
def list_parked(as_json: _AsJson = False) -> None:
    """Everything parked anywhere in the running system; exit code 3 when there is something."""
    target = Target.find()
    found = [
        {"organisation": code, **row}
        for code in target.organisations
        for service in _SERVICES
        if target.url_of(service, code)
        for row in _call(target, "GET", service, code, "")
    ]
    if as_json:
        print(json.dumps(found, indent=2))
    elif found:
        _print(found)
    else:
        print("Nothing is parked.")
    raise typer.Exit(3 if found else 0)


@app.command()
def show(
    consumer: _Consumer,
    position: Annotated[str, typer.Argument(help="Where it stands, engagement.RAJ/42")],
) -> None:
    """One parked event with its reason and its body."""
    target, source, code, sequence = _find(position)
    service = consumer.partition(".")[0]
    found = _call(target, "GET", service, code, f"/{consumer}/{source}/{sequence}")
    body = json.loads(found.pop("body"))
    print(json.dumps({**found, "event": body}, indent=2, ensure_ascii=False))


@app.command()
def retry(
    consumer: _Consumer,
    log: Annotated[str, typer.Argument(help="The source's log, engagement.RAJ")],
    stream: Annotated[str, typer.Argument(help="The stream, meeting/<uuid>")],
) -> None:
    """Apply a stream's parked events in order; exit code 1 when one still fails."""
    target, _, code, _ = _find(f"{log}/1")
    form = {"consumer": consumer, "log": log, "stream": stream}
    found = _call(target, "POST", consumer.partition(".")[0], code, "/retry", form)
    print(f"{found['applied']} applied.")
    if found["stopped"]:
        raise EmbeddedFailure(f"The next still fails: {found['stopped']}")


@app.command()
def discard(
    consumer: _Consumer,
    position: Annotated[str, typer.Argument(help="Where it stands, engagement.RAJ/42")],
    reason: Annotated[str, typer.Option(help="Why it shall never be applied; kept for ever.")],
) -> None:
    """Decide that this consumer never applies this event; the event stays in its log."""
    target, _, code, _ = _find(position)
    form = {"consumer": consumer, "position": position, "reason": reason}
    _call(target, "POST", consumer.partition(".")[0], code, "/discard", form)
    print("Discarded; what waited behind it can be retried now.")


def _find(position: str) -> tuple[Target, str, str, int]:
    from shared.kernel.identifiers import Position

    try:
        found = Position.parse(position)
    except ValueError as error:
        raise EmbeddedFailure(str(error)) from None
    return Target.find(), found.log.service, found.log.organisation, found.sequence


def _call(
    target: Target, method: str, service: str, code: str, path: str, form: object = None
) -> Any:
    import httpx

    url = target.url_of(service, code)
    if url is None:
        raise EmbeddedFailure(f"There is no {service} service for {code} here.")
    token = target.token("operator", ["operator"])
    headers = {"authorization": f"Bearer {token}", "idempotency-key": str(uuid4())}
    try:
        reply = httpx.request(
            method,
            f"{url}/organisations/{code}/parked{path}",
            headers=headers,
            json=form,
            timeout=60,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise EmbeddedFailure(f"{service} does not answer ({type(error).__name__}).") from None
    if reply.status_code not in (200, 201):
        raise EmbeddedFailure(reply.json().get("detail", f"{service}: {reply.status_code}"))
    return reply.json() if reply.content else {}


def _print(found: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Consumer", "Position", "Stream", "Type", "Tries", "Since", "Reason")
    for row in found:
        table.add_row(
            row["consumer"],
            row["position"],
            row["stream"],
            row["type"],
            str(row["attempts"]),
            row["parked_at"],
            row["reason"],
        )
    Console().print(table)
