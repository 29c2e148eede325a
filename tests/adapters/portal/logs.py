"""Logs for the views: bodies as a log stamps them, invented events of any type, random merges."""

import json
import random
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final, TypeAlias
from uuid import NAMESPACE_OID, UUID, uuid5

from shared.contracts import engagement, notifications, payments, recruitment  # noqa: F401
from shared.contracts.envelope import Cause, Draft, compose, read
from shared.contracts.event import CATALOGUE, Event
from shared.contracts.log import LogOpened
from shared.contracts.personal import Sealed
from shared.infra.bus.applying import Applier
from shared.infra.bus.effects import Folding
from shared.infra.bus.handling import Fold
from shared.infra.bus.watermarks import Place
from shared.infra.database import Pool
from shared.infra.log import Head
from shared.kernel.identifiers import LogName
from shared.kernel.moments import format_moment

START: Final = datetime(2024, 1, 8, 9, 0, tzinfo=UTC)
TRACE: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SERVICES: Final = ("recruitment", "engagement", "payments", "notifications")
ITEMS: Final = ("income-advice", "training/patient-safety", "induction", "lead-contact")

Merge: TypeAlias = list[tuple[LogName, list[str]]]
"""Batches of bodies in the order they are folded."""


def uid(*names: object) -> UUID:
    """The identifier these names stand for."""
    return uuid5(NAMESPACE_OID, "/".join(map(str, names)))


def sealed(person: UUID, about: str = "name") -> Sealed:
    """A sealed value as a view sees it: nobody opens it here."""
    return Sealed(
        key=uid("key", person),
        person=person,
        retention_class="partnership",
        case=about,
        at=f"engagement.RAJ {uid('event')} /{about}",
        iv="A" * 16,
        ct="AAAA",
    )


@dataclass
class Logs:
    """Logs in memory, read as the log API gives them."""

    bodies: dict[LogName, list[str]] = field(default_factory=dict)
    now: datetime = START
    versions: dict[tuple[LogName, str], int] = field(default_factory=dict)

    def put(self, log: LogName, stream: str, event: Event, *, at: datetime | None = None) -> str:
        """Append an event recorded now, which happened `at`; its body."""
        if log not in self.bodies:
            self.bodies[log] = []
            self.put(
                log, f"log/{uid(log)}", LogOpened(installation="partners.invalid", log_id=uid(log))
            )
        entries = self.bodies[log]
        version = self.versions[log, stream] = self.versions.get((log, stream), 0) + 1
        number = len(entries) + 1
        draft = Draft(
            log=log,
            stream=stream,
            version=version,
            event=event,
            id=uid(log, number),
            time=at or self.now,
            cause=Cause(uid(log), uid(log), f"system/{log.service}", TRACE),
        )
        stamp = f',"sequence":"{number:010d}","recordedtime":"{format_moment(self.now)}"}}'
        entries.append(compose(draft)[:-1] + stamp)
        return entries[-1]

    async def read(self, log: LogName, after: int, limit: int) -> list[str]:
        """At most `limit` bodies after number `after`."""
        return self.bodies.get(log, [])[after : after + limit]

    async def head(self, log: LogName) -> Head | None:
        """Where a log stands."""
        entries = self.bodies.get(log)
        return Head(log.organisation, len(entries), self.now) if entries else None

    def cut(self, moment: datetime) -> "Logs":
        """What had been recorded by this moment."""
        known = {
            log: [body for body in entries if read(body).recorded_at <= moment]
            for log, entries in self.bodies.items()
        }
        return Logs(known, moment)


def merged(
    logs: Logs,
    chance: random.Random,
    held_back: LogName | None = None,
    sizes: Sequence[int] = (1, 3, 20, 60, 200),
) -> Merge:
    """The logs in a random merge: order kept in each, cut at random, some delivered twice."""
    left = {log: list(bodies) for log, bodies in logs.bodies.items()}
    taken: dict[LogName, list[str]] = {log: [] for log in left}
    batches: Merge = []
    while left:
        free = [log for log in left if log != held_back] or list(left)
        log = chance.choice(free)
        size = chance.choice(sizes)
        again = chance.choice((0, 0, 1, 3))
        batch, left[log] = left[log][:size], left[log][size:]
        batches.append((log, taken[log][len(taken[log]) - again :][:again] + batch))
        taken[log] += batch
        if not left[log]:
            del left[log]
    return batches


async def fold_live(
    pool: Pool, fold: Fold, batches: Sequence[tuple[LogName, Sequence[str]]]
) -> None:
    """Fold batches as the consumer kit does, its watermarks and its parking included."""
    appliers: dict[LogName, Applier] = {}
    for log, bodies in batches:
        if log.service not in fold.sources:
            continue
        if log not in appliers:
            place = Place(fold.schema, fold.consumer, log)
            appliers[log] = Applier(place, pool, nullcontext(), Folding(fold), retry_seconds=())
            await appliers[log].load()
        await appliers[log].apply([read(body) for body in bodies], trusted=True)


# Events of any type


@dataclass
class Inventor:
    """Makes events that fit their schema and mean nothing, about few enough things to collide."""

    chance: random.Random
    organisation: str
    about: int = 0

    def event(self, kind: type[Event]) -> Event:
        """An event of this type."""
        self.about = self.chance.randrange(2)
        schema = _schema(kind)
        found = self._object(schema, schema.get("$defs", {}))
        return kind.model_validate_json(json.dumps(found))

    def _object(self, schema: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._value(name, part, defs) for name, part in schema["properties"].items()}

    def _value(self, name: str, schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Any:  # noqa: PLR0911, C901
        if "$ref" in schema:
            schema = defs[schema["$ref"].rpartition("/")[2]]
        if schema.get("title") == "Sealed":
            person = uid("person", self.organisation, self.about)
            return sealed(person, self.chance.choice("abc")).model_dump(mode="json", by_alias=True)
        if "const" in schema:
            return schema["const"]
        if "anyOf" in schema:
            return self._value(name, self.chance.choice(schema["anyOf"]), defs)
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        match schema.get("type"):
            case "null":
                return None
            case "boolean":
                return self.chance.random() < 0.5
            case "integer":
                return self.chance.randrange(1, 5)
            case "array":
                size = self.chance.choice((0, 1, 2))
                return [self._value(name, schema["items"], defs) for _ in range(size)]
            case "object" if "properties" in schema:
                return self._object(schema, defs)
            case "object":
                return {}
            case _:
                return self._text(name, schema)

    def _text(self, name: str, schema: Mapping[str, Any]) -> str:
        moment = START + timedelta(
            days=self.chance.randrange(200), minutes=self.chance.randrange(999)
        )
        made = {
            "uuid": str(uid(name, self.organisation, self.about)),
            "date": moment.date().isoformat(),
            "date-time": format_moment(moment),
        }
        if schema.get("format") in made:
            return made[schema["format"]]
        if name in ("payer", "host", "lead", "earned_at", "hosts", "staff_of"):
            return self.organisation
        words = {"item": ITEMS, "items": ITEMS, "sha256": ("a" * 64, "b" * 64)}
        return self.chance.choice(words.get(name, ("alpha", "beta")))


@cache
def _schema(kind: type[Event]) -> Mapping[str, Any]:
    return kind.model_json_schema()


@cache
def invented(seed: int, rounds: int) -> Logs:
    """Logs of two organisations with every event type of the four services, so many times each."""
    chance, logs = random.Random(seed), Logs()
    kinds = [kind for _, kind in sorted(CATALOGUE.items()) if _is_shipped(kind)] * rounds
    chance.shuffle(kinds)
    for number, kind in enumerate(kinds):
        log = LogName(kind.service, chance.choice(("QH8", "RAJ", "RAJ", "RAJ")))
        inventor = Inventor(chance, log.organisation)
        event = inventor.event(kind)
        logs.now = START + timedelta(minutes=number)
        logs.put(log, f"{kind.__name__.lower()}/{uid(log.organisation, inventor.about)}", event)
    return logs


def _is_shipped(kind: type[Event]) -> bool:
    return kind.service in SERVICES and kind.__module__.startswith("shared.contracts.")


async def rows(pool: Pool, schema: str) -> dict[str, list[str]]:
    """Every row of every table of a schema, as text, sorted; counts for operators left out."""
    async with pool.acquire() as connection:
        names = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename <> 'watermarks'",
            schema,
        )
        found = {
            row["tablename"]: [
                str(found[0])
                for found in await connection.fetch(
                    f'SELECT t::text FROM "{schema}"."{row["tablename"]}" AS t ORDER BY 1'
                )
            ]
            for row in names
        }
        found["watermarks"] = [
            str(tuple(row))
            for row in await connection.fetch(
                f'SELECT source, organisation, sequence FROM "{schema}".watermarks ORDER BY 1, 2'
            )
        ]
        return found


def day(text: str) -> date:
    """A date written 2024-03-05."""
    return date.fromisoformat(text)


def moment(text: str) -> datetime:
    """A moment written 2024-03-05 14:00, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
