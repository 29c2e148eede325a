"""The published schemas as files, `shared/contracts/schemas/<service>/<Type>.<number>.json`.

`python -m shared.infra.schema_files` writes them, and docs/events.md.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import shared.contracts
from shared.contracts.catalogue import every_event, page
from shared.contracts.event import Event
from shared.contracts.schemas import incompatible, text_of

FOLDER: Final = Path(shared.contracts.__path__[0]) / "schemas"
PAGE: Final = FOLDER.parents[2] / "docs" / "events.md"


def file_of(event: type[Event], folder: Path = FOLDER) -> Path:
    """Where the schema of an event stands."""
    return folder / event.service / f"{event.__name__}.{event.version}.json"


def write(folder: Path = FOLDER) -> Sequence[str]:
    """Write every schema that may be written; answers why the others may not."""
    refused: list[str] = []
    for event in every_event():
        file, text = file_of(event, folder), text_of(event)
        reasons = (
            incompatible(json.loads(file.read_text()), json.loads(text)) if file.exists() else ()
        )
        if reasons:
            refused.append(
                f"{event.__name__} {event.version} is published and may not change: "
                f"{'; '.join(reasons)}. Give it the next number, and an upcaster. "
                f"Was it never published? Then delete {file.name} and its sample first."
            )
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return refused


def main() -> int:
    """Write schemas and page, and say what was refused."""
    refused = write()
    PAGE.write_text(page())
    for sentence in refused:
        sys.stderr.write(f"{sentence}\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
