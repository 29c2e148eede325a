"""The one place that decides what kind of error an exception is (STYLE, errors)."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import httpx
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException

from shared.infra.database import AWAY
from shared.infra.http.problems import Problem, away, refused, unknown
from shared.infra.http.wording import wrong_fields
from shared.infra.log import BodyRefused, LogNotOpen
from shared.infra.shell import KeyUsedForAnotherCommand, LogOnHold
from shared.kernel.decider import Refused
from shared.kernel.ijson import NotIJson

_log = structlog.get_logger()


def problem_of(error: Exception) -> Problem:
    """The problem an exception stands for; what nobody expected is a bug (500)."""
    return next((make(error) for kinds, make in _KINDS if isinstance(error, kinds)), _bug())


def install(app: FastAPI) -> None:
    """Answer what fails outside a guarded route with its problem document too."""

    def handle(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 405:
            return _other_method(app, request).response()
        return answer(error)

    for kind in (Problem, Refused, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)


def answer(error: Exception) -> Response:
    """The problem document for an exception; a bug is recorded with its trace."""
    problem = problem_of(error)
    if problem.status == 500:
        _log.error("a bug answered a request", exc_info=error)
    return problem.response()


def _malformed(error: RequestValidationError) -> Problem:
    errors = wrong_fields(error.errors())
    first = errors[0]
    sentence = f"The field {first['field']} is not right: {first['why']}."
    return Problem(422, "malformed", sentence, errors=errors)


def _routing(error: HTTPException) -> Problem:
    match error.status_code:
        case 404:
            return Problem(404, "not-found", "There is nothing here, or nothing you may see.")
        case status:
            return Problem(status, "malformed", "The request cannot be read.")


def _other_method(app: FastAPI, request: Request) -> Problem:
    """405 with every method there is for the address; the router knows its first route's only."""
    allowed = {
        method
        for route in iter_route_contexts(app.routes)
        if route.path_regex.match(request.url.path)
        for method in route.methods or ()
    }
    shown = ", ".join(sorted(allowed))
    sentence = f"That method is not for this address. Use {shown}."
    return Problem(405, "method", sentence, headers={"Allow": shown})


def _bug() -> Problem:
    return Problem(
        500,
        "bug",
        "Something went wrong here, and it has been recorded. "
        "Repeat the command with the same Idempotency-Key: it will not happen twice.",
    )


def _unreadable(error: Any) -> Problem:
    return Problem(422, "malformed", str(error))


def _on_hold(hold: Any) -> Problem:
    return Problem(
        503,
        "log-on-hold",
        f"{hold} Its database and its topic are being compared, or do not agree; "
        "an operator sees which in /operations.",
        headers={"Retry-After": "2"},
    )


def _database(_: Any) -> Problem:
    return away("The database")


def _neighbour(_: Any) -> Problem:
    return away("Another service")


_KINDS: Final[Sequence[tuple[tuple[type[Exception], ...], Callable[[Any], Problem]]]] = (
    ((Problem,), lambda problem: problem),
    ((Refused,), refused),
    ((KeyUsedForAnotherCommand, BodyRefused, NotIJson), _unreadable),
    ((LogOnHold,), _on_hold),
    ((LogNotOpen,), lambda _: unknown()),
    ((RequestValidationError,), _malformed),
    ((HTTPException,), _routing),
    (AWAY, _database),
    ((httpx.HTTPError,), _neighbour),
)
