"""The views every organisation has, each a folder of SQL."""

from pathlib import Path
from typing import Final

from shared.infra.views import View

_FOLDER: Final = Path(__file__).parent
_ALL_LOGS: Final = ("recruitment", "engagement", "payments", "notifications")


def _view(name: str, version: int, *sources: str) -> View:
    return View.read(
        _FOLDER / name, version=version, consumer=f"portal.{name}", sources=tuple(sources)
    )


VIEWS: Final = (
    _view("attention", 3, *_ALL_LOGS),
    _view("pipeline", 1, "recruitment"),
    _view("roster", 1, "recruitment", "engagement"),
    _view("compliance", 1, "engagement"),
    _view("calendar", 2, "engagement"),
    _view("money", 1, "payments"),
)
