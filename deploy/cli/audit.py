"""`partners audit`: whether anything was changed, by whoever."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.audit.verify import Verification

app = typer.Typer(help="Verify the trail: the logs, the auditor's copies and what was signed.")
DIFFERENCE_FOUND = 3
"""Exit code: everything answered, and something is not as it was written."""


@app.callback()
def _audit() -> None:
    """Keep `partners audit verify` the shape."""


@app.command()
def verify(
    organisation: Annotated[
        list[str] | None, typer.Option(help="Only this organisation; may be given again.")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="A verifier key (C2SP) you trust; else the auditor's own word is taken."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Compare services' logs, auditor's copies and signed checkpoints; name the first difference.

    Ends with 0 when all is as it was written, 3 when something differs, 1 when it cannot be seen.
    """
    import asyncio
    import json

    from deploy.cli.target import Target
    from deploy.embedded.children import EmbeddedFailure
    from services.audit.remote import Unreachable
    from services.audit.remote import verify as compare
    from shared.infra.signing import VerifyingKey

    target = Target.find()
    codes = organisation or list(target.organisations)
    try:
        publics = [VerifyingKey.parse(found).public for found in key] if key else None
        result = asyncio.run(
            compare(codes, target.url_of, target.token("auditor", ["auditor"]), publics=publics)
        )
    except (Unreachable, ValueError) as error:
        raise EmbeddedFailure(str(error)) from None
    if as_json:
        print(json.dumps(result.document(), indent=2, ensure_ascii=False))
    else:
        _show(result, trusted=publics is not None)
    if not result.verified:
        raise SystemExit(DIFFERENCE_FOUND)


def _show(result: "Verification", *, trusted: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="The trail", title_justify="left", title_style="bold")
    for column in ("Log", "Events", "Signed", "Checkpoints", "Not copied yet", "Found"):
        table.add_column(column, no_wrap=column == "Log")
    for log in result.logs:
        found = "[red]differs[/]" if log.difference else "as written"
        counts = (log.events, log.signed, log.checkpoints, log.waiting)
        table.add_row(log.log, *map(str, counts), found)
    console = Console()
    console.print(table)
    if not result.logs:
        console.print("There is no log of these organisations to verify.")
    elif result.difference:
        console.print(f"[red]The first difference:[/] {result.difference}", highlight=False)
    else:
        open_ended = sum(log.events - log.signed for log in result.logs)
        console.print("Every event is as it was written.")
        if open_ended:
            console.print(f"[dim]{open_ended} of them are not under a checkpoint yet.[/]")
        if not trusted:
            console.print("[dim]The auditor's own word was taken for its key; see --key.[/]")
