"""What a service publishes of itself: an OpenAPI document complete enough to make a client from."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from shared.infra.http.access import LONGEST_KEY, GuardedRoute, ordered
from shared.infra.http.problems import PROBLEM_JSON

Operation = dict[str, Any]

_HERE: Final = Path(__file__).parent
INTRODUCTION: Final = (_HERE / "introduction.md").read_text(encoding="utf-8")
"""What every service's document begins with: how to ask, and how answers read."""
_KIT_EXAMPLES: Final = _HERE / "examples.json"

_PROBLEMS: Final[Mapping[int, tuple[str, str, tuple[str, ...]]]] = {
    400: ("BadRequest", "A header is missing or is not what it should be.", ()),
    401: ("NotAuthenticated", "No token, or not a good one.", ("WWW-Authenticate",)),
    403: ("NotAllowed", "The token lacks the role.", ()),
    404: ("NotFound", "Nothing here, or nothing you may see.", ()),
    409: ("Refused", "A rule says no: `type` names it, `detail` is its sentence.", ()),
    413: ("TooLarge", "The body has more than 128 KiB.", ()),
    415: ("WrongMediaType", "The body is not application/json.", ()),
    422: ("Malformed", "The request cannot be read; `errors` says which field and why.", ()),
    503: ("Away", "Something this needs is away; the same request may succeed.", ("Retry-After",)),
    504: ("NotYet", "The position waited for has not been reached here.", ("Retry-After",)),
}

_PROBLEM_SCHEMA: Final = {
    "title": "Problem",
    "description": "Why the answer is no (RFC 9457), for a program and for a person.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {
            "type": "string",
            "description": "The kind of problem; a rule's is `urn:partners:rule:` and its name.",
        },
        "title": {"type": "string", "description": "The kind in words."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "A sentence for the person: what to do."},
        "errors": {
            "type": "array",
            "description": "Every field that is not right; a value is never repeated.",
            "items": {
                "type": "object",
                "required": ["field", "why"],
                "properties": {"field": {"type": "string"}, "why": {"type": "string"}},
            },
        },
    },
    "examples": [
        {
            "type": "urn:partners:malformed",
            "title": "malformed",
            "status": 422,
            "detail": "The field contact.email is not right: Write an e-mail address.",
            "errors": [{"field": "contact.email", "why": "Write an e-mail address"}],
        }
    ],
}

_HEADERS: Final = {
    "Location": {
        "description": "Where the thing is that the command made or changed.",
        "schema": {"type": "string"},
        "example": "/organisations/RAJ/meetings/0d0b2c1a-5f0e-5a55-9d0c-1f6c3a7e2b11",
    },
    "Log-Position": {
        "description": "What was written, by log and number; send it as Wait-For-Position.",
        "schema": {"type": "string"},
        "example": "engagement.RAJ/42",
    },
    "Retry-After": {
        "description": "Seconds after which to ask again.",
        "schema": {"type": "string"},
        "example": "2",
    },
    "WWW-Authenticate": {
        "description": "Always Bearer.",
        "schema": {"type": "string"},
        "example": "Bearer",
    },
}

_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Your own name for this command. Sent again with it, the command is done once "
    "and answered alike; another command needs another key. Keys are forgotten after 30 days.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_KEY,
        "pattern": "^[!-~]+$",
    },
    "example": "attendance-2024-03-05-0042",
}

_BEARER: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A token of the installation's identity provider. Its claim `organisations` "
    'says who may do what: `{"RAJ": ["coordinator"], "QH8": ["auditor"]}`.',
}

_DONE: Final = "Done: the event stands in the log."
_DONE_BEFORE: Final = "It was so already: nothing was written."


def publish(app: FastAPI, *, examples: Path | None) -> None:
    """Have the application publish a complete document; `examples` has one for each form."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(generate(), _guarded(app), _read(_KIT_EXAMPLES) | _read(examples))
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problems a route answers with besides those that follow from its access and what it takes."""
    return {status: {"description": _PROBLEMS[status][1]} for status in statuses}


def _guarded(app: FastAPI) -> Sequence[tuple[str, GuardedRoute]]:
    contexts = iter_route_contexts(app.routes)
    found = ((str(each.path_format), each.original_route) for each in contexts)
    return [(path, route) for path, route in found if isinstance(route, GuardedRoute)]


def _read(file: Path | None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file else {}
    return found


def _complete(
    document: dict[str, Any],
    routes: Iterable[tuple[str, GuardedRoute]],
    examples: Mapping[str, Any],
) -> None:
    for path, route in routes:
        for method in route.methods or ():
            _describe(document["paths"][path][method.lower()], path, route)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for name, example in examples.items():
        if name in schemas:
            schemas[name]["examples"] = [example]
    schemas["Problem"] = _PROBLEM_SCHEMA
    components["headers"] = _HEADERS
    components["securitySchemes"] = {"bearer": _BEARER}
    components["responses"] = {
        name: {
            "description": said,
            "headers": {header: _ref("headers", header) for header in headers},
            "content": {PROBLEM_JSON: {"schema": _ref("schemas", "Problem")}},
        }
        for name, said, headers in _PROBLEMS.values()
    }


def _describe(operation: Operation, path: str, route: GuardedRoute) -> None:
    """Say of one operation what its function's sentence and form do not."""
    roles, keyed = route.access.roles, isinstance(route.access, ordered)
    sentence, _, more = operation["description"].partition("\n\n")
    operation["summary"] = " ".join(sentence.split()).removesuffix(".")
    operation["description"] = "\n\n".join(filter(None, (" ".join(more.split()), _who(roles))))
    operation["security"] = [{"bearer": []}] if roles else []
    operation["x-roles"] = list(roles)
    responses = operation["responses"]
    responses.pop("422", None)
    for status in _problems_of(operation, path, route):
        responses[str(status)] = _ref("responses", _PROBLEMS[status][0])
    if responses.get("200", {}).get("description") == "Successful Response":
        responses["200"]["description"] = "What was asked for."
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "organisation":
            parameter |= {"description": "The organisation's code.", "example": "RAJ"}
    if keyed:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
        _describe_answers(responses)


def _who(roles: Sequence[str]) -> str:
    match len(roles):
        case 0:
            return "Public: needs no token."
        case 1:
            return f"For the role {roles[0]}."
        case _:
            return f"For the roles {', '.join(roles[:-1])} and {roles[-1]}."


def _problems_of(operation: Operation, path: str, route: GuardedRoute) -> Iterable[int]:
    """The problems this operation answers with: declared by hand, or from what it takes."""
    taken = {parameter["name"] for parameter in operation.get("parameters", ())}
    posted, keyed = "requestBody" in operation, isinstance(route.access, ordered)
    waits, guarded = "wait-for-position" in taken, bool(route.access.roles)
    answers = {
        400: keyed or waits,
        401: guarded,
        403: guarded,
        404: "{" in path,
        409: keyed,
        413: posted,
        415: posted,
        422: posted or bool(taken - {"organisation"}),
        503: guarded,
        504: waits,
    }
    declared = {int(each) for each, said in route.responses.items() if "model" not in said}
    return sorted(
        {each for each, applies in answers.items() if applies} | declared & set(_PROBLEMS)
    )


def _describe_answers(responses: dict[str, Any]) -> None:
    """A command answers where the thing is and what it wrote; a repeated one answers alike."""
    location, position = _ref("headers", "Location"), _ref("headers", "Log-Position")
    if "201" in responses:
        headers = {"Location": location, "Log-Position": position}
        responses["201"] = {"description": _DONE, "headers": headers}
        responses["200"] = {"description": _DONE_BEFORE, "headers": {"Location": location}}
    else:
        responses["202"] = {"description": "It will be done.", "headers": {"Location": location}}


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
