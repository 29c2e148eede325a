"""`partners keys` as a program: a key-encryption key is replaced while persons' keys live on."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

from shared.contracts.personal import Clear
from shared.infra.database import Connection
from shared.infra.sealing import sealed_in
from tests.adapters.conftest import Database
from tests.adapters.personal import (
    draft,
    given,
    keys,
    recorded,
    sealed_by,
)

PROJECT = Path(__file__).parents[2]


def partners(database: Database, names: list[str], *arguments: str) -> tuple[int, str]:
    secrets = {name: base64.b64encode(name.encode().ljust(32, b".")).decode() for name in names}
    settings = {
        "DEPLOYMENT": "recruitment",
        "ORGANISATIONS": "QH8",
        "EMBEDDED": "true",
        "DATABASE_URL": database.service,
        "BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "REGISTER_FOLDER": "deploy/organisations",
        "IDEMPOTENCY_SECRET": "i" * 32,
        "DIRECTORY_SECRET": "d" * 32,
        "JWKS_FILE": "unused",
        "KEY_ENCRYPTION_KEYS": json.dumps(secrets),
    }
    ran = subprocess.run(
        [sys.executable, "-c", "from deploy.cli.main import main; main()", "keys", *arguments],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"]} | {f"PARTNERS_{n}": v for n, v in settings.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


async def test_keys_are_wrapped_anew_and_the_old_one_is_no_longer_needed(
    database: Database, connection: Connection
) -> None:
    event = given(email=Clear("ada@example.org"))
    value = sealed_in(recorded((await sealed_by(keys("old"), connection, draft(event)))[0]))["name"]
    code, said = partners(database, ["old", "new"], "rewrap")
    assert code == 0
    assert said.splitlines() == [
        "1 keys are wrapped anew.",
        "Nothing needs old any more; destroy it 35 days after it was replaced.",
    ]
    found = await keys("new").find(connection, "QH8", [value.key])
    assert len(keys("new").unwrap(found[value.key])) == 32
    code, said = partners(database, ["new"], "show")
    assert code == 0, said
    assert "06 February 2024" in said
    code, said = partners(database, ["other"], "rewrap")
    assert (code, said) == (1, "The key-encryption key new is not here.\n")
