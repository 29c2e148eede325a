"""Events with personal values of every shape, and what the tests of keys share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.envelope import Cause, Draft, Recorded, compose, read
from shared.contracts.event import Event
from shared.contracts.personal import Clear, Personal, Sealed, held
from shared.infra.database import Connection
from shared.infra.keys import KeyEncryptionKeys, Keys
from shared.infra.known_persons import KnownPersons
from shared.infra.unit import Unit
from shared.kernel.identifiers import LogName
from shared.kernel.ijson import Json

NOW: Final = datetime(2024, 2, 6, 17, 0, tzinfo=UTC)
PERSON: Final = UUID("11111111-1111-4111-8111-111111111111")
REFEREE: Final = UUID("22222222-2222-4222-8222-222222222222")
EVENT: Final = UUID("018d7f00-0000-7000-8000-000000000001")
CAUSE: Final = UUID("33333333-3333-5333-8333-333333333333")
LOG: Final = LogName("recruitment", "QH8")
STREAM: Final = "application/018d7f00-0000-7000-8000-00000000000a"


class SampleEvent(Event, service="recruitment"):
    """Events of the tests of keys."""


class SampleAnswer(BaseModel):
    """A part of an event whose text is personal."""

    model_config = ConfigDict(frozen=True)

    question: str
    answer: Annotated[Personal, held("application")]


class SampleGiven(SampleEvent):
    """A person gave something: one value, an optional one, parts, and somebody else's name."""

    person: UUID
    name: Annotated[Personal, held("application")]
    email: Annotated[Personal | None, held("application")] = None
    answers: tuple[SampleAnswer, ...] = ()
    notes: tuple[Annotated[Personal, held("application")], ...] = ()
    referee: UUID | None = None
    referee_name: Annotated[Personal | None, held("reference", person="referee")] = None


class SampleCopied(SampleEvent):
    """A value that was given before stands here again."""

    person: UUID
    name: Annotated[Personal, held("application", copy=True)]


class SampleMoney(SampleEvent):
    """Bank details in a case of their own."""

    person: UUID
    payee: UUID
    tax_year: str
    account: Annotated[Personal, held("money", case="payee")]
    total: Annotated[Personal | None, held("money", case="tax_year")] = None


class SampleUndeclared(SampleEvent):
    """A personal value whose key nobody declared."""

    person: UUID
    name: Personal


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands at one moment."""

    moment: datetime = NOW

    def now(self) -> datetime:
        """The moment."""
        return self.moment


def wrapping(*names: str) -> KeyEncryptionKeys:
    """Key-encryption keys by name; the same name is the same key."""
    return KeyEncryptionKeys({name: name.encode().ljust(32, b".") for name in names})


def keys(*names: str, clock: FixedClock | None = None) -> Keys:
    """A service's keys under these key-encryption keys."""
    known = KnownPersons(b"a secret of at least 32 characters")
    return Keys(wrapping(*(names or ("2024-02",))), known, clock or FixedClock())


def draft(event: Event, log: LogName = LOG, stream: str = STREAM, event_id: UUID = EVENT) -> Draft:
    """The event about to be written."""
    return Draft(
        log=log,
        stream=stream,
        version=1,
        event=event,
        id=event_id,
        time=NOW,
        cause=Cause(CAUSE, CAUSE, "system/recruitment", "00-" + "1" * 32 + "-" + "2" * 16 + "-01"),
    )


async def sealed_by(ours: Keys, connection: Connection, *drafts: Draft) -> Sequence[Draft]:
    """The drafts, sealed under keys of this service in this connection's transaction."""
    await ours.seal(Unit.within(connection), drafts)
    return drafts


def recorded(sealed: Draft) -> Recorded:
    """The draft as it is read back from the log."""
    stamp = ',"sequence":"0000000002","recordedtime":"2024-02-06T17:00:00.000000Z"}'
    return read(compose(sealed)[:-1] + stamp)


def given(name: Json = "Ada Oyelaran", **more: object) -> SampleGiven:
    """A person gave a name, and perhaps more."""
    return SampleGiven.model_validate({"person": PERSON, "name": Clear(name), **more})


def sealed(value: object) -> Sealed:
    """The value, which must be sealed."""
    assert isinstance(value, Sealed)
    return value
