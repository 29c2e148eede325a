"""Engagement over HTTP."""

from fastapi import APIRouter

from services.engagement.api import committees, meetings, onboarding, partners, work
from shared.infra.kit import Kit


def router(_: Kit) -> APIRouter:
    """Every route of engagement."""
    routes = APIRouter()
    for part in (partners, onboarding, committees, meetings, work):
        routes.include_router(part.routes)
    return routes
