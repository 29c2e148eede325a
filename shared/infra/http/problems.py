"""Every "no" over HTTP as an RFC 9457 problem document whose type names the rule."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.responses import JSONResponse

from shared.kernel.decider import Refused

PROBLEM_JSON = "application/problem+json"


class Problem(Exception):
    """An answer other than yes: its status, the kind of problem and a sentence for the person."""

    def __init__(
        self,
        status: int,
        kind: str,
        sentence: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.kind = kind
        self.sentence = sentence
        self.errors = errors
        self.headers = headers

    def response(self) -> JSONResponse:
        """The problem document. Values a person sent are never repeated in it."""
        document: dict[str, Any] = {
            "type": f"urn:partners:{self.kind}",
            "title": self.kind.rpartition(":")[2].replace("-", " "),
            "status": self.status,
            "detail": self.sentence,
        }
        if self.errors:
            document["errors"] = [dict(error) for error in self.errors]
        return JSONResponse(document, self.status, self.headers, PROBLEM_JSON)


def refused(refusal: Refused) -> Problem:
    """A rule said no: 409, the rule's sentence, the rule's name in the type."""
    return Problem(409, f"rule:{refusal.rule()}", str(refusal))


def unknown() -> Problem:
    """What one may not see does not exist."""
    return Problem(404, "not-found", "There is nothing here, or nothing you may see.")


def away(what: str) -> Problem:
    """Something this answer needs is away; asking again later is right."""
    return Problem(
        503,
        "away",
        f"{what} does not answer just now. Please try again.",
        headers={"Retry-After": "2"},
    )
