"""The peer: `eventsourcing` with its PostgreSQL persistence, doing what ours does, at its best."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Final
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from deploy.bench.place import Place
from deploy.bench.trust import ANSWER, ON, RAISED
from deploy.bench.turns import rate_of_threads

NAME: Final = "eventsourcing"
BATCHES: Final = (20, 60, 200, 1_000)
"""Sizes of one save that are tried, to take the best."""
_numbers = count(1)


class Raised(Aggregate):
    """What a partner raised, with the members our event has; nothing is sealed here."""

    def __init__(self, committee: str, partner: str, person: str, on: str, raised: str) -> None:
        self.committee = committee
        self.partner = partner
        self.person = person
        self.on = on
        self.raised = raised
        self.answered = ""

    @event("Answered")
    def answer(self, person: str, on: str, answer: str, *, changed: bool) -> None:  # noqa: ARG002
        """What came of it."""
        self.answered = answer


class Peer:
    """One application with a table of its own."""

    def __init__(self, application: "Application[UUID]") -> None:
        self._application = application

    def save_new(self) -> int:
        """Save one new aggregate."""
        self._application.save(_new())
        return 1

    def save_many(self, size: int) -> int:
        """Save so many new aggregates in one call."""
        self._application.save(*(_new() for _ in range(size)))
        return size

    def best_batch(self, seconds: float) -> int:
        """The size of one save with which it is fastest here."""
        rates = [
            (rate_of_threads([partial(self.save_many, size)], seconds), size) for size in BATCHES
        ]
        return max(rates)[1]

    def prepared(self, number: int) -> list[UUID]:
        """Save so many new aggregates to be answered, and answer their identifiers."""
        made = [_new() for _ in range(number)]
        for start in range(0, number, BATCHES[-1]):
            self._application.save(*made[start : start + BATCHES[-1]])
        return [one.id for one in made]

    def answer(self, waiting: Iterator[UUID]) -> int:
        """Load one aggregate, change it, save it."""
        aggregate: Raised = self._application.repository.get(next(waiting))
        aggregate.answer(aggregate.person, ON.isoformat(), ANSWER, changed=True)
        self._application.save(aggregate)
        return 1


def _new() -> Raised:
    number = str(UUID(int=next(_numbers)))
    return Raised(number, number, number, ON.isoformat(), RAISED)


@contextmanager
def peer(place: Place, database: str, threads: int) -> Iterator[Peer]:
    """An application on a database of this server; `functions` lets it insert by its own."""
    application: Application[UUID] = Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": database,
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": str(place.postgres.port),
            "POSTGRES_USER": "postgres",
            "POSTGRES_PASSWORD": "none",
            "POSTGRES_POOL_SIZE": str(threads),
            "POSTGRES_MAX_OVERFLOW": str(threads),
            "POSTGRES_ENABLE_DB_FUNCTIONS": "no",
        }
    )
    try:
        yield Peer(application)
    finally:
        application.close()
