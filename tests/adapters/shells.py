"""A shell over open logs, as the tests of deciding use it."""

from datetime import UTC, datetime, timedelta

from shared.contracts.envelope import Recorded
from shared.infra.clock import Clock
from shared.infra.database import Pool
from shared.infra.shell import Shell
from shared.kernel.identifiers import LogName, Position
from tests.adapters.logs import SERVICE, everything

SECRET = b"a secret that is in no database.."
NOW = datetime(2024, 3, 7, 10, 0, tzinfo=UTC)


class FixedClock:
    """Stands still, but for a step at every look."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        self._now += timedelta(microseconds=1)
        return self._now


def shell_on(pool: Pool, clock: Clock | None = None, **options: object) -> Shell:
    """A payments service's shell."""
    return Shell(
        pool,
        SERVICE,
        clock or FixedClock(),
        idempotency_secret=SECRET,
        **options,  # type: ignore[arg-type]
    )


def at(organisation: str, *numbers: int) -> tuple[Position, ...]:
    """Positions in a payments log."""
    return tuple(Position(LogName(SERVICE, organisation), number) for number in numbers)


async def events(pool: Pool, organisation: str = "RAJ") -> list[Recorded]:
    """What was written after LogOpened."""
    async with pool.acquire() as connection:
        return (await everything(connection, organisation))[1:]
