"""`partners databases prepare` and `partners secrets`: what an installation needs first."""

import asyncio
import json
import os
from base64 import b64encode
from secrets import token_bytes, token_urlsafe  # noqa: TID251 - this is what makes the secrets

import typer

from deploy.embedded.children import EmbeddedFailure

app = typer.Typer(help="The services' databases.", no_args_is_help=True)


@app.command()
def prepare() -> None:
    """Make every deployment's database, roles and tables, or bring them up to date.

    Reads PARTNERS_ADMIN_URL, PARTNERS_ORGANISATIONS and PARTNERS_DATABASE_PASSWORDS, a JSON object
    of database to the password of its runtime role.
    """
    import asyncpg

    from deploy.layout import deployments
    from shared.infra.provisioning import prepare_database

    try:
        admin = os.environ["PARTNERS_ADMIN_URL"]  # noqa: TID251 - a command's own setting
        codes = os.environ["PARTNERS_ORGANISATIONS"].split(",")  # noqa: TID251
        passwords = json.loads(os.environ.get("PARTNERS_DATABASE_PASSWORDS", "{}"))  # noqa: TID251
    except KeyError as missing:
        raise EmbeddedFailure(f"{missing.args[0]} is not set.") from None
    except ValueError:
        raise EmbeddedFailure("PARTNERS_DATABASE_PASSWORDS is not a JSON object.") from None

    async def run() -> None:
        for each in deployments(codes):
            given = passwords.get(each.database)
            roles = {"service": given} if given else None
            applied = await prepare_database(admin, each.database, each.modules(), roles)
            print(f"{each.database}: {len(applied)} migrations applied")

    try:
        asyncio.run(run())
    except (OSError, asyncpg.PostgresError) as error:
        raise EmbeddedFailure(f"The databases could not be prepared: {error}") from None


def secrets() -> None:
    """Print an environment file with fresh secrets for docker-compose.yml; keep it safe."""
    from deploy.embedded.evaluation import ORGANISATIONS
    from deploy.layout import deployments

    names = [each.name.upper().replace("-", "_") for each in deployments(ORGANISATIONS)]
    print("INSTALLATION=partners.invalid\nTOKEN_ISSUER=\nJWKS_URL=")
    for name in ("POSTGRES_PASSWORD", "IDEMPOTENCY_SECRET", "DIRECTORY_SECRET"):
        print(f"{name}={token_urlsafe(36)}")
    print(f"SIGNING_KEY={b64encode(token_bytes(32)).decode()}")
    for name in names:
        key = json.dumps({"k1": b64encode(token_bytes(32)).decode()}, separators=(",", ":"))
        print(f"{name}_PASSWORD={token_urlsafe(24)}\n{name}_KEYS={key}\n{name}_TOKEN=")
