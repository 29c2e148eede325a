"""What a person or system may send: JSON of at most 128 KiB, strict as an event will be."""

from typing import Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict

from shared.infra.http.problems import Problem
from shared.kernel.ijson import NotIJson, loads

LARGEST_COMMAND_OCTETS: Final = 131_072
"""JSON commands are at most 128 KiB (DESIGN 2); files go by reference and hash."""


class Empty(BaseModel):
    """Nothing needs to be said: `{}`."""

    model_config = ConfigDict(extra="forbid")


async def read_body(request: Request) -> bytes:
    """Read the body once, within the limit, and refuse what is not I-JSON; Starlette keeps it."""
    _check_type(request)
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > LARGEST_COMMAND_OCTETS:
        raise _too_large()
    chunks: list[bytes] = []
    octets = 0
    async for chunk in request.stream():
        octets += len(chunk)
        if octets > LARGEST_COMMAND_OCTETS:
            raise _too_large()
        chunks.append(chunk)
    body = b"".join(chunks)
    request._body = body  # noqa: SLF001 - where Starlette looks for a body already read
    try:
        loads(body)
    except NotIJson as error:
        raise Problem(422, "malformed", f"The body cannot be read. {error}") from None
    return body


def _check_type(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(415, "media-type", "Send the body as application/json.")


def _too_large() -> Problem:
    return Problem(413, "too-large", "A command may have at most 128 KiB.")
