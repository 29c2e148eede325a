"""Recruitment over HTTP."""

from fastapi import APIRouter

from services.recruitment.api import applications, campaigns, clearance, persons, reading, selection
from shared.infra.kit import Kit


def router(_: Kit) -> APIRouter:
    """Every route of recruitment."""
    routes = APIRouter()
    for part in (campaigns, applications, reading, selection, clearance, persons):
        routes.include_router(part.routes)
    return routes
