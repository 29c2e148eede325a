"""`partners views`: what each organisation sees, as tables for a person or JSON for a program."""

from typing import Annotated, Any, Final

import typer

app = typer.Typer(help="Each organisation's views.", no_args_is_help=True)
VIEWS: Final = ("attention", "pipeline", "roster", "compliance", "calendar", "money")
_DATED: Final = ("roster", "compliance", "money")

_AsOf = Annotated[
    str | None,
    typer.Option(help="As it was known then: a day (2024-06-30, its end) or a moment in ISO 8601."),
]
_On = Annotated[str | None, typer.Option(help="A business date, 2024-06-20; today without.")]
_AsJson = Annotated[bool, typer.Option("--json", help="For a program.")]


@app.command()
def show(
    organisation: Annotated[str, typer.Argument(help="The organisation's code, RAJ.")],
    view: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(VIEWS)}; all without.")
    ] = None,
    as_of: _AsOf = None,
    on: _On = None,
    as_json: _AsJson = False,
) -> None:
    """Show an organisation's views."""
    from deploy.embedded.children import EmbeddedFailure

    for name in view or ():
        if name not in VIEWS:
            raise EmbeddedFailure(f"There is no view {name}; there are: {', '.join(VIEWS)}.")
    moment = _moment(as_of)
    found = [_get(organisation, name, moment, on) for name in view or VIEWS]
    if as_json:
        import json

        print(json.dumps(found if len(found) > 1 else found[0], indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    from deploy.cli.view_tables import tables

    console = Console()
    for table in (table for document in found for table in tables(document)):
        console.print(table if table.row_count else f"{table.title}: none.")


@app.command()
def rebuild(
    organisation: Annotated[str, typer.Argument(help="Any organisation this portal serves.")],
    view: Annotated[list[str] | None, typer.Option(help="Which view; all without.")] = None,
    seconds: Annotated[float, typer.Option(help="How long to wait for it.")] = 600.0,
) -> None:
    """Fill views anew from the logs, beside those that are read until the new ones catch up."""
    from time import monotonic, sleep

    from deploy.embedded.children import EmbeddedFailure

    names = view or list(VIEWS)
    for name in names:
        _call("POST", organisation, f"/{name}/rebuild", ("operator",), json={})
    until = monotonic() + seconds
    while True:
        standing = _call("GET", organisation, "", ("operator",))
        ours = [row for row in standing if row["view"] in names]
        if not any(row["being_filled"] for row in ours):
            break
        if monotonic() > until:
            raise EmbeddedFailure("The views are still being filled; those before are being read.")
        sleep(0.2)
    if troubles := [row["trouble"] for row in ours if row["trouble"]]:
        raise EmbeddedFailure(" ".join(troubles))
    print(f"Filled anew: {', '.join(names)}.")


def _moment(text: str | None) -> str | None:
    """The moment as the portal takes it; of a day, its last moment in London."""
    from datetime import date, datetime, time

    from deploy.embedded.children import EmbeddedFailure
    from shared.kernel.moments import LONDON, format_moment, london

    if text is None:
        return None
    try:
        if len(text) == len("2024-06-30"):
            return format_moment(london(date.fromisoformat(text), time.max))
        found = datetime.fromisoformat(text)
    except ValueError:
        raise EmbeddedFailure(f"{text!r} is not a day or moment, such as 2024-06-30.") from None
    return format_moment(found if found.tzinfo else found.replace(tzinfo=LONDON))


def _get(organisation: str, view: str, as_of: str | None, on: str | None) -> Any:
    query = {"as_of": as_of, "on": on if view in _DATED else None}
    query |= {"first": on} if view == "calendar" else {}
    given = {name: value for name, value in query.items() if value is not None}
    return _call("GET", organisation, f"/{view}", _roles(view), params=given)


def _roles(view: str) -> tuple[str, ...]:
    return ("finance-preparer",) if view == "money" else ("coordinator",)


def _call(method: str, organisation: str, path: str, roles: tuple[str, ...], **request: Any) -> Any:
    from uuid import uuid4  # noqa: TID251 - a key for one call

    import httpx

    from deploy.cli.target import Target
    from deploy.embedded.children import EmbeddedFailure

    target = Target.find()
    url = target.url_of("portal", organisation)
    if url is None:
        raise EmbeddedFailure(f"There is no portal for {organisation} here.")
    token = target.token("command-line", roles, (organisation,))
    headers = {"authorization": f"Bearer {token}", "idempotency-key": str(uuid4())}
    try:
        reply = httpx.request(
            method,
            f"{url}/organisations/{organisation}/views{path}",
            headers=headers,
            timeout=300,
            trust_env=False,
            **request,
        )
    except httpx.HTTPError as error:
        raise EmbeddedFailure(f"The portal does not answer ({type(error).__name__}).") from None
    if reply.is_error:
        raise EmbeddedFailure(reply.json().get("detail", f"The portal: {reply.status_code}."))
    return reply.json() if reply.content else None
