"""`partners keys`: the key-encryption keys of one service, with the settings it runs with."""

from typing import TYPE_CHECKING

import typer

from deploy.embedded.children import EmbeddedFailure

if TYPE_CHECKING:
    from shared.infra.keys import Wrapping

app = typer.Typer(help="Rotate the keys that wrap the keys of persons.", no_args_is_help=True)


@app.command()
def show() -> None:
    """Say which key-encryption keys the service's database needs, and since when."""
    from rich.console import Console
    from rich.table import Table

    _, wrappings = _work(rewrap=False)
    table = Table("Key-encryption key", "In use since", "Keys it wraps")
    for found in wrappings:
        table.add_row(found.name, f"{found.first_used_at:%d %B %Y}", str(found.keys))
    Console().print(table)


@app.command()
def rewrap() -> None:
    """Wrap every key of a person anew with the newest key-encryption key.

    First add the new one as the last of PARTNERS_KEY_ENCRYPTION_KEYS and start the service again.
    """
    changed, wrappings = _work(rewrap=True)
    print(f"{changed} keys are wrapped anew.")
    for found in wrappings:
        if not found.keys:
            print(f"Nothing needs {found.name} any more; destroy it 35 days after it was replaced.")


def _work(*, rewrap: bool) -> "tuple[int, list[Wrapping]]":
    import asyncio

    import asyncpg
    from pydantic import ValidationError

    from shared.infra.clock import SimulatedClock, SystemClock
    from shared.infra.keys import Keys, NoWrappingKey
    from shared.infra.settings import ServiceSettings

    async def work() -> "tuple[int, list[Wrapping]]":
        settings = ServiceSettings()
        clock = SimulatedClock(settings.clock_file) if settings.clock_file else SystemClock()
        keys = Keys.of(settings, clock)
        connection = await asyncpg.connect(settings.database_url.get_secret_value())
        try:
            changed = await keys.rewrap(connection) if rewrap else 0
            return changed, await keys.wrappings(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(work())
    except ValidationError as error:
        names = ", ".join(f"PARTNERS_{str(found['loc'][0]).upper()}" for found in error.errors())
        raise EmbeddedFailure(
            f"Run this with the settings of a service; not right: {names}."
        ) from None
    except (NoWrappingKey, ValueError) as error:
        raise EmbeddedFailure(str(error)) from None
    except (OSError, asyncpg.PostgresError) as error:
        raise EmbeddedFailure(f"The database does not answer ({type(error).__name__}).") from None
