"""Payments over HTTP. `organisation` is always the one that pays."""

from fastapi import APIRouter

from services.payments.api import payees, payments, reading, runs
from shared.infra.kit import Kit


def router(_: Kit) -> APIRouter:
    """Every route of payments."""
    routes = APIRouter()
    for part in (payments, payees, runs, reading):
        routes.include_router(part.routes)
    return routes
