"""What a command answers: where the thing is, and the log position to wait for."""

from fastapi import Response

from shared.infra.shell import Answer


def answered(answer: Answer) -> Response:
    """201 with Location and Log-Position and no body; a repeated command is answered alike."""
    response = Response(status_code=answer.status)
    if answer.location:
        response.headers["Location"] = answer.location
    if answer.positions:
        response.headers["Log-Position"] = ", ".join(map(str, answer.positions))
    return response
