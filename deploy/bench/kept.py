"""A run that was kept, and a later one beside it: what fell to half is said, target or not."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import deploy
from deploy.bench.measures import Outcome

KEPT: Final = Path(deploy.__file__ or "").parents[1] / "docs" / "bench.json"
"""The run that docs/bench.md shows."""
LEAST_SHARE: Final = 2 / 3
"""Of a kept ratio. Two runs on one machine differ by a fifth; half is a change's doing."""


def read(file: Path) -> Mapping[str, float]:
    """The ratios of a kept run by measure; none where no run is kept."""
    if not file.exists():
        return {}
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    # a figure with nothing beside it is another machine's
    return {each["name"]: each["ratio"] for each in found if each["theirs"]}


def fallen(found: Sequence[Outcome], kept: Mapping[str, float]) -> Iterator[str]:
    """A sentence for each measure that is much worse beside its peer than it was."""
    for each in found:
        before = kept.get(each.target.name)
        if before is None or each.theirs is None:
            continue
        share = before / each.ratio if each.target.at_most is not None else each.ratio / before
        if share < LEAST_SHARE:
            yield f"{each.target.name} is {each.ratio:.2f}, and was {before:.2f} in the run kept."
