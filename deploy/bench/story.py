"""The events of the demonstration's story, played once and kept: what views are rebuilt from."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import asyncpg

import deploy
import shared.contracts
from deploy.embedded.postgres import Postgres
from deploy.layout import deployments
from shared.infra import log as log_store
from shared.kernel.identifiers import LogName

STORY: Final = Path(deploy.__file__ or "").parent / "demo" / "stories" / "mid-and-south-essex.yaml"
_MOST: Final = 1_000_000


class StoryNotPlayed(RuntimeError):
    """The demonstration, whose events are rebuilt from, did not come to its end."""


async def story(kept: Path) -> Mapping[LogName, Sequence[str]]:
    """Every log of the story as it was written; played now unless it was played before."""
    file = kept / f"story-{_edition()}.json"
    if not file.exists():
        _play(kept / "story")
        file.write_text(json.dumps(await _read(kept / "story")), encoding="utf-8")
        shutil.rmtree(kept / "story")
    found = json.loads(file.read_text(encoding="utf-8"))
    return {LogName.parse(name): bodies for name, bodies in found.items()}


def _edition() -> str:
    """Changes when the story or an event changes."""
    schemas = Path(shared.contracts.__file__ or "").parent / "schemas"
    texts = [path.read_bytes() for path in (STORY, *sorted(schemas.rglob("*.json")))]
    return sha256(b"".join(texts)).hexdigest()[:16]


def _play(folder: Path) -> None:
    command = [sys.executable, "-m", "deploy.cli.main", "demo", "--data", str(folder)]
    played = subprocess.run(command, capture_output=True, text=True, check=False)
    if played.returncode != 0:
        raise StoryNotPlayed(f"{StoryNotPlayed.__doc__} {played.stdout[-500:]}")


async def _read(folder: Path) -> dict[str, list[str]]:
    server = Postgres(folder / "postgres")
    server.start()
    try:
        organisations = json.loads((folder / "services.json").read_text())["organisations"]
        found: dict[str, list[str]] = {}
        for each in deployments(organisations):
            connection = await asyncpg.connect(server.dsn(each.database))
            for code in each.organisations:
                name = str(LogName(each.service, code))
                found[name] = await log_store.read(connection, code, 0, _MOST)
            await connection.close()
    finally:
        server.stop()
    return found
