"""The `partners` command: one sub-command per task, each importing its code only when called."""

import typer

app = typer.Typer(
    name="partners",
    help="The working record of patient and public partnership in the NHS.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def _partners() -> None:
    """Keep `partners COMMAND` the shape even while there is a single command."""


def main() -> None:
    """Run the command line."""
    app()
