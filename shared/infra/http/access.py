"""Every route states who may use it; the route class sees to it before anything else is read."""

from collections.abc import Callable, Coroutine
from re import compile as pattern
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from shared.infra.http.bodies import read_body
from shared.infra.http.errors import answer
from shared.infra.http.problems import Problem, unknown
from shared.infra.http.tokens import ROLES, Bearer
from shared.infra.shell import LogOnHold, Order

LONGEST_KEY = 64
_TRACE = pattern(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Access:
    """Who may use a route: anyone with one of `roles` for the organisation in the path.

    Without `roles` the route is public. The first role the caller has becomes the actor's.
    """

    def __init__(self, *roles: str) -> None:
        unheard = set(roles) - ROLES
        if unheard:
            raise ValueError(f"There is no role {', '.join(sorted(unheard))}.")
        self.roles = roles

    async def check(self, request: Request) -> None:
        """Raise the Problem that fits, or leave caller and actor in the request's state."""
        organisation = request.path_params.get("organisation")
        served = request.app.state.kit.organisations
        if not self.roles:
            if organisation is not None and organisation not in served:
                raise unknown()
            return
        bearer: Bearer = await request.app.state.verifier.verify(
            request.headers.get("authorization")
        )
        request.state.bearer = bearer
        if organisation is None:
            held = frozenset().union(*bearer.roles.values())
        else:
            if organisation not in served or not bearer.roles.get(organisation):
                raise unknown()
            held = bearer.roles[organisation]
        role = next((role for role in self.roles if role in held), None)
        if role is None:
            wanted = " or ".join(self.roles)
            raise Problem(403, "not-allowed", f"This is for the role {wanted}.")
        request.state.actor = bearer.actor(role)


class allowed(Access):  # noqa: N801 - reads as a word in a signature
    """Reading: `caller: Annotated[Caller, Depends(allowed("auditor"))]`; public without roles."""

    async def __call__(self, request: Request) -> "Caller":
        """Who reads, as `check` found out."""
        return Caller(
            actor=getattr(request.state, "actor", ""),
            roles=getattr(getattr(request.state, "bearer", None), "roles", {}),
        )


class acting(allowed):  # noqa: N801 - reads as a word in a signature
    """A POST that is no command of a log, harmless to repeat: without an Idempotency-Key."""


class Caller:
    """Who reads: the actor, and every role per organisation."""

    def __init__(self, actor: str, roles: Any) -> None:
        self.actor = actor
        self.roles: dict[str, frozenset[str]] = dict(roles)

    def organisations(self, *roles: str) -> list[str]:
        """The organisations for which the caller has one of these roles."""
        return sorted(code for code, held in self.roles.items() if held & set(roles))


class ordered(Access):  # noqa: N801 - reads as a word in a signature
    """A keyed command: `order: Annotated[Order, Depends(ordered("coordinator"))]`."""

    async def __call__(self, request: Request) -> Order:
        """The command as it arrived, with its Idempotency-Key."""
        keys = request.headers.getlist("idempotency-key")
        route = request.scope["route"]
        return Order(
            organisation=request.path_params["organisation"],
            actor=request.state.actor,
            route=f"{request.method} {_filled(route.path_format, request)}",
            key=keys[0],
            body=await request.body(),
            traceparent=_trace(request.headers.get("traceparent", "")),
        )

    async def check(self, request: Request) -> None:
        """As every access; then the key, and whether this deployment may write at all."""
        await super().check(request)
        keys = request.headers.getlist("idempotency-key")
        if len(keys) != 1 or not _is_key(keys[0]):
            raise Problem(
                400,
                "idempotency-key",
                "Send one Idempotency-Key header of 1 to 64 visible ASCII characters, "
                "the same one when you repeat this command.",
            )
        organisation = request.path_params["organisation"]
        if not request.app.state.kit.shell.may_write(organisation):
            raise LogOnHold(organisation)


def _is_key(key: str) -> bool:
    return 1 <= len(key) <= LONGEST_KEY and all("!" <= character <= "~" for character in key)


def _trace(header: str) -> str:
    """The caller's trace (W3C Trace Context), or none: an event keeps nothing else of a header."""
    return header if _TRACE.fullmatch(header) else ""


def _filled(path: str, request: Request) -> str:
    return path.format_map({name: str(value) for name, value in request.path_params.items()})


def _accesses(dependant: Dependant) -> list[Access]:
    call: object = dependant.call
    found = [call] if isinstance(call, Access) else []
    return found + [a for inner in dependant.dependencies for a in _accesses(inner)]


class GuardedRoute(APIRoute):
    """A route that checks access, then the body as I-JSON, before FastAPI reads either."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        options["operation_id"] = endpoint.__name__
        super().__init__(path, endpoint, **options)
        accesses = _accesses(self.dependant)
        if len(accesses) != 1:
            raise TypeError(f"{endpoint.__qualname__} must say once who may use it.")
        self.access = accesses[0]
        if ((self.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}) and not self.access.roles:
            raise TypeError(f"{endpoint.__qualname__} changes something and may not be public.")

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler FastAPI made, behind the checks."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                await self.access.check(request)
                if request.method in {"POST", "PUT", "PATCH"}:
                    await read_body(request)
                return await handle(request)
            except Exception as error:  # noqa: BLE001 - the one place where all kinds end
                return answer(error)

        return guarded


def guarded_router(tag: str) -> APIRouter:
    """A router whose routes all state who may use them."""
    return APIRouter(route_class=GuardedRoute, tags=[tag])
