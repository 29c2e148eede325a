"""Which failures are an outage, so that nothing is parked, and which are a handler's own."""

import asyncpg
import pytest

from shared.infra.bus.applying import abroad


@pytest.mark.parametrize(
    "outage",
    [
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.PostgresIOError("could not read block"),
        asyncpg.InternalServerError("could not extend file: File too large"),
        asyncpg.CannotConnectNowError("starting up"),
        OSError(28, "No space left on device"),
    ],
)
def test_a_disk_that_is_full_or_fails_is_an_outage(outage: Exception) -> None:
    assert abroad(outage)


@pytest.mark.parametrize("bug", [KeyError("name"), asyncpg.DataError("invalid byte sequence")])
def test_a_handlers_own_failure_is_none(bug: Exception) -> None:
    assert not abroad(bug)
