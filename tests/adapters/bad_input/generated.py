"""Requests that schemathesis makes from a published document: some as it says, some not."""

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.adapters.bad_input.asking import HERE, Operation, Request
from tests.adapters.bad_input.seeds import Known

_INSIDE = {"opportunities": "opportunity", "payees": "payee", "other": "person"}
"""What a form names differently from the path."""


def boundary_cases(operation: Operation, most: int) -> Iterator[Request]:
    """Values at and beyond the bounds of every field, spread evenly over all there are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(
            operation.schema.iter_coverage_cases(
                operation,
                generation_modes=list(GenerationMode),
                generation_config=operation.schema.config.generation,
            )
        )
    step = max(1, -(-len(found) // most))
    yield from found[::step]


def drawn_cases(operation: Operation, most: int) -> Sequence[Request]:
    """Chosen by Hypothesis, the same ones in every run: half of them against the document."""
    found: list[Request] = []
    for mode in GenerationMode:

        @settings(
            max_examples=most,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def keep(case: Request) -> None:
            found.append(case)

        # of an operation that takes nothing, nothing can be wrong
        with suppress(Unsatisfiable):
            keep()
    return found


@dataclass(frozen=True, slots=True)
class Made:
    """A request as it is sent, and what of it the document does not allow."""

    request: dict[str, Any]
    wrong: frozenset[str]


def as_sent(case: Request, key: str, known: Known, *, place: bool) -> Made:
    """The request of a case under this key; with `place`, about what exists where it may be."""
    components = case.meta.components if case.meta else {}
    wrong = frozenset(
        location.value for location, one in components.items() if one.mode.is_negative
    )
    if place:
        _place(case, known, wrong)
    if "header" not in wrong:
        case.headers["Idempotency-Key"] = key
    made = case.as_transport_kwargs(base_url="")
    headers = {
        name.lower().encode("latin-1"): value.encode("latin-1")
        for name, value in made["headers"].items()
    }
    content = json.dumps(made["json"]).encode() if "json" in made else made.get("data")
    request = {
        "method": made["method"],
        "url": made["url"],
        "params": made["params"],
        "headers": headers,
        "content": content,
    }
    return Made(request, wrong)


def _place(case: Request, known: Known, wrong: frozenset[str]) -> None:
    """Put what exists where the document says that any identifier would do."""
    for name in case.path_parameters:
        if name == "organisation":
            case.path_parameters[name] = HERE
        elif name in known and "path" not in wrong:
            case.path_parameters[name] = known[name][0]
    if isinstance(case.body, dict) and "body" not in wrong:
        case.body = {name: _existing(name, value, known) for name, value in case.body.items()}


def _existing(name: str, value: Any, known: Known) -> Any:
    found = known.get(_INSIDE.get(name, name))
    if found and isinstance(value, str):
        return found[0]
    if found and isinstance(value, list) and value:
        return found[:1]
    return value
