"""One event as bytes: composed once by its writer, read strictly by everybody else."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from re import compile as pattern
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import from_json

from shared.contracts.event import CATALOGUE, Event, upcast
from shared.contracts.numbers import holds_whole_numbers
from shared.contracts.personal import Written
from shared.kernel.identifiers import LogName, Position, is_organisation, text_of
from shared.kernel.ijson import Json, NotIJson, dumps, is_plain, loads_object, quoted
from shared.kernel.moments import format_moment, parse_moment

CONTENT_TYPE: Final = "application/cloudevents+json; charset=UTF-8"
LARGEST_BODY_OCTETS: Final = 262_144
"""A stamped body is at most 256 KiB (BYTES): one record too big for Kafka would block its log."""

_SCHEMA = pattern(r"urn:partners:schema:([a-z]+):([A-Za-z]+):([1-9][0-9]{0,5})")
_ACTOR = pattern(r"[a-z-]+/[a-z0-9-]+")
_SEQUENCE = pattern(r"[0-9]{10}")


class Malformed(ValueError):
    """These bytes are not a well-formed event."""


class SchemaFailed(ValueError):
    """The event's data does not fit the schema it names."""


class UnknownType(LookupError):
    """Nothing here knows events of this type."""


class NewerSchema(LookupError):
    """The event is written under a later schema number than this reader knows."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What leads to events: a command, an event or a deadline. `id` becomes their causation."""

    id: UUID
    correlation_id: UUID
    actor: str
    traceparent: str

    @classmethod
    def event(cls, recorded: "Recorded", service: str) -> "Cause":
        """An event that this service reacts to."""
        return cls(recorded.id, recorded.correlation_id, f"system/{service}", recorded.traceparent)

    @property
    def members(self) -> str:
        """What every body of its events says of it."""
        return (
            f'"actor":{quoted(self.actor)},"correlationid":"{text_of(self.correlation_id)}",'
            f'"causationid":"{text_of(self.id)}","traceparent":{quoted(self.traceparent)}'
        )


@dataclass(slots=True)
class Draft:
    """An event about to be written: everything but its number and its system time."""

    log: LogName
    stream: str
    version: int
    event: Event
    id: UUID
    time: datetime
    cause: Cause
    sealed: list[Written] = field(default_factory=list)
    """What stands in the event in clear, in the order of its places, as it is to be written."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event read back from a log. `body` is its exact text, `data` its content as written."""

    body: str
    log: LogName
    sequence: int
    stream: str
    version: int
    type: str
    schema_version: int
    id: UUID
    time: datetime
    recorded_at: datetime
    actor: str
    correlation_id: UUID
    causation_id: UUID
    traceparent: str
    data: dict[str, Json]

    @property
    def position(self) -> Position:
        """Where it stands: `engagement.RAJ/42`."""
        return Position(self.log, self.sequence)

    def event(self) -> Event:
        """The typed event, lifted to today's schema.

        Raises UnknownType (skip and count), NewerSchema (wait) or SchemaFailed (compare with
        the source).
        """
        return _typed(self.type, self.schema_version, self.data)


def compose(draft: Draft) -> str:
    """The body to append: one line, without `sequence` and `recordedtime`, which the log stamps."""
    event = draft.event
    body = (
        f'{{"specversion":"1.0","id":"{text_of(draft.id)}","source":{quoted(draft.log.source)},'
        f'"type":"{type(event).__name__}","subject":{quoted(draft.stream)},'
        f'"time":"{format_moment(draft.time)}","dataschema":"{event.schema_name()}",'
        f'"datacontenttype":"application/json","organisation":{quoted(draft.log.organisation)},'
        f'"streamversion":{draft.version},{draft.cause.members},"data":'
    )
    # pydantic writes the same text several times faster, but would turn NaN into null
    write, sealed = event.__pydantic_serializer__, iter(draft.sealed)
    if holds_whole_numbers(event):
        body += write.to_json(event, by_alias=True, context=sealed).decode() + "}"
    else:
        data = write.to_python(event, mode="json", by_alias=True, context=sealed)
        body += dumps(data) + "}"
    if not is_plain(body):
        loads_object(body)
    return body


def replay(body: str) -> tuple[int, Event]:
    """Version and event of a body out of a log of our own; raises what `Recorded.event` does.

    Not for what comes from elsewhere: only what was checked as it was appended is believed here.
    """
    told = from_json(body)
    _, type_name, number = _schema(told["dataschema"])
    return told["streamversion"], _typed(type_name, number, told["data"])


def _typed(type_name: str, number: int, data: dict[str, Json]) -> Event:
    """The event of this type from data written under this schema number."""
    known = CATALOGUE.get(type_name)
    if known is None:
        raise UnknownType(f"Nothing here knows {type_name} events.")
    if number > known.version:
        raise NewerSchema(f"{type_name} {number} is newer than this program.")
    try:
        lifted = upcast(type_name, number, data)
        # model_validate() asks the same of it, after arguments nobody gives
        event: Event = known.__pydantic_validator__.validate_python(lifted)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise SchemaFailed(f"{type_name}: {where}: {error.errors()[0]['msg']}") from None
    return event


def read(body: str | bytes) -> Recorded:
    """Read a stamped body; Malformed says in a sentence why these bytes are no event of ours."""
    try:
        text = body.decode("utf-8", "strict") if isinstance(body, bytes) else body
        return _recorded(text, loads_object(text))
    except UnicodeDecodeError:
        raise Malformed("The bytes are not UTF-8.") from None
    except NotIJson as error:
        raise Malformed(str(error)) from None
    except KeyError as error:
        raise Malformed(f"The member {error} is missing.") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise Malformed(f"A member has an impossible value: {error}") from None


def _recorded(text: str, body: dict[str, Json]) -> Recorded:
    if len(text) > LARGEST_BODY_OCTETS or len(text.encode()) > LARGEST_BODY_OCTETS:
        raise Malformed("The body is larger than 256 KiB.")
    if body["specversion"] != "1.0" or body["datacontenttype"] != "application/json":
        raise Malformed("The body is not a CloudEvents 1.0 event with JSON data.")
    log, (service, type_name, number) = _log(body), _schema(_text(body, "dataschema"))
    if body["type"] != type_name or service not in (log.service, "log"):
        raise Malformed("The type and the schema of the event name different things.")
    return Recorded(
        body=text,
        log=log,
        sequence=_sequence(_text(body, "sequence")),
        stream=_text(body, "subject"),
        version=_whole(body, "streamversion"),
        type=type_name,
        schema_version=number,
        id=_uuid(body, "id"),
        time=parse_moment(_text(body, "time")),
        recorded_at=parse_moment(_text(body, "recordedtime")),
        actor=_actor(_text(body, "actor")),
        correlation_id=_uuid(body, "correlationid"),
        causation_id=_uuid(body, "causationid"),
        traceparent=_text(body, "traceparent"),
        data=_data(body),
    )


def _text(body: dict[str, Json], name: str) -> str:
    value = body[name]
    if not isinstance(value, str) or not value:
        raise Malformed(f"The member {name!r} must be text.")
    return value


def _whole(body: dict[str, Json], name: str) -> int:
    value = body[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise Malformed(f"The member {name!r} must be a whole number from 1.")
    return value


def _uuid(body: dict[str, Json], name: str) -> UUID:
    text = _text(body, name)
    value = UUID(text)
    if str(value) != text:
        raise Malformed(f"The member {name!r} must be a UUID in its usual form.")
    return value


def _log(body: dict[str, Json]) -> LogName:
    service, _, organisation = _text(body, "source").removeprefix("/").partition("/")
    if not is_organisation(organisation) or body["organisation"] != organisation:
        raise Malformed("The source and the organisation of the event differ.")
    return LogName.parse(f"{service}.{organisation}")


@lru_cache(maxsize=1_000)
def _schema(name: str) -> tuple[str, str, int]:
    found = _SCHEMA.fullmatch(name)
    if found is None:
        raise Malformed("The dataschema is not the name of a schema of ours.")
    return found[1], found[2], int(found[3])


def _sequence(text: str) -> int:
    if not _SEQUENCE.fullmatch(text) or int(text) == 0:
        raise Malformed("The sequence must have ten digits and count from 1.")
    return int(text)


def _actor(text: str) -> str:
    if not _ACTOR.fullmatch(text):
        raise Malformed("The actor must be a role and an identifier.")
    return text


def _data(body: dict[str, Json]) -> dict[str, Json]:
    value = body["data"]
    if not isinstance(value, dict):
        raise Malformed("The data of an event is an object.")
    return value
