"""The FastAPI application of one service: its own routes, the kit's, and one way to say no."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from shared.infra.http.access import GuardedRoute
from shared.infra.http.errors import install
from shared.infra.http.tokens import TokenVerifier
from shared.infra.kit import Kit

PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {
        "description": description,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for status, description in {
        400: "The Idempotency-Key is missing or not one.",
        401: "No token, or not a good one.",
        403: "The token lacks the role.",
        404: "Nothing here, or nothing you may see.",
        409: "A rule says no; `type` names it, `detail` is its sentence.",
        413: "More than 128 KiB.",
        415: "Not application/json.",
        422: "The request is malformed; `errors` says where.",
        503: "Something this needs is away; try again.",
        504: "The position waited for has not been reached.",
    }.items()
}

_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "why"],
                "properties": {"field": {"type": "string"}, "why": {"type": "string"}},
            },
        },
    },
}


def make_app(kit: Kit, verifier: TokenVerifier, routers: Sequence[APIRouter]) -> FastAPI:
    """The service's application; refuses a route that does not say who may use it."""
    app = FastAPI(
        title=f"Partners {kit.service}",
        version="1",
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS,
    )
    app.state.kit = kit
    app.state.verifier = verifier
    for router in routers:
        for route in router.routes:
            _must_be_guarded(route)
        app.include_router(router)
    install(app)
    _publish_problem_schema(app)
    return app


def _must_be_guarded(route: BaseRoute) -> None:
    if isinstance(route, APIRoute) and not isinstance(route, GuardedRoute):
        raise TypeError(f"The route {route.path} does not say who may use it.")


def _publish_problem_schema(app: FastAPI) -> None:
    generate = app.openapi

    def with_problems() -> dict[str, object]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = _PROBLEM_SCHEMA
        return document

    app.openapi = with_problems  # type: ignore[method-assign]
