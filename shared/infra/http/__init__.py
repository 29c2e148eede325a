"""The HTTP kit: who may ask, what may be sent, how every answer reads."""

from shared.infra.http.access import Access, Caller, GuardedRoute, allowed, guarded_router, ordered
from shared.infra.http.answers import answered
from shared.infra.http.bodies import Empty
from shared.infra.http.problems import Problem, unknown
from shared.infra.shell import Order

__all__ = [
    "Access",
    "Caller",
    "Empty",
    "GuardedRoute",
    "Order",
    "Problem",
    "allowed",
    "answered",
    "guarded_router",
    "ordered",
    "unknown",
]
