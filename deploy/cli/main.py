"""The `partners` command: gathers the groups of commands and says failures in one sentence."""

import sys

import typer

from deploy.cli import audit, bench, databases, keys, log, operators, parked, views
from deploy.cli.storm import storm
from deploy.cli.systems import demo, up
from deploy.embedded.children import EmbeddedFailure

app = typer.Typer(
    name="partners",
    help="The working record of patient and public partnership in the NHS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command()(up)
app.command()(demo)
app.command()(storm)
app.command()(operators.run)
app.command()(operators.token)
app.add_typer(operators.organisations, name="organisations")
app.command()(databases.secrets)
app.add_typer(databases.app, name="databases")
app.add_typer(audit.app, name="audit")
app.add_typer(bench.app, name="bench")
app.add_typer(keys.app, name="keys")
app.add_typer(log.app, name="log")
app.add_typer(parked.app, name="parked")
app.add_typer(views.app, name="views")


def main() -> None:
    """Run the command line; what a person can mend is said without a trace, with exit code 1."""
    try:
        app()
    except EmbeddedFailure as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
