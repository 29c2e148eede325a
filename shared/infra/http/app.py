"""The FastAPI application of one service: its own routes, the kit's, and one way to say no."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute

from shared.infra.http.access import GuardedRoute
from shared.infra.http.documents import INTRODUCTION, publish
from shared.infra.http.errors import install
from shared.infra.http.tokens import TokenVerifier
from shared.infra.kit import Kit


def make_app(
    kit: Kit,
    verifier: TokenVerifier,
    routers: Sequence[APIRouter],
    *,
    examples: Path | None = None,
) -> FastAPI:
    """The service's application; refuses a route that does not say who may use it."""
    app = FastAPI(
        title=f"Partners {kit.service}",
        version="1",
        description=INTRODUCTION,
        license_info={"name": "MIT", "identifier": "MIT"},
        # pages would load scripts from elsewhere: the document alone is published
        docs_url=None,
        redoc_url=None,
    )
    app.state.kit = kit
    app.state.verifier = verifier
    for router in routers:
        app.include_router(router)
    for route in iter_route_contexts(app.routes):
        _must_be_guarded(route.original_route)
    install(app)
    publish(app, examples=examples)
    return app


def _must_be_guarded(route: BaseRoute) -> None:
    if isinstance(route, APIRoute) and not isinstance(route, GuardedRoute):
        raise TypeError(f"The route {route.path} does not say who may use it.")
