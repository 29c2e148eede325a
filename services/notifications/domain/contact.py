"""How a person is reached: as they last said, until they ask to be erased."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.notifications import ContactForgotten, ContactLearned
from shared.contracts.personal import Clear, Personal
from shared.kernel.decider import Decider
from shared.kernel.identifiers import Position

Route: TypeAlias = Literal["email", "post"]

# --- commands


@dataclass(frozen=True, slots=True)
class LearnContact:
    """An event of another service says how a person is reached; `source` is its position."""

    person: UUID
    channel: str
    source: str
    name: Clear | None = None
    email: Clear | None = None
    address: Clear | None = None


@dataclass(frozen=True, slots=True)
class ForgetContact:
    """The person is to be erased; `request` is the position that asks for it."""

    person: UUID
    request: str


Command: TypeAlias = LearnContact | ForgetContact
Event: TypeAlias = ContactLearned | ContactForgotten

# --- state


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody has said how this person is reached."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What was last said. `episode` counts from 1 and is raised when a person comes back."""

    person: UUID
    episode: int
    channel: str
    sources: frozenset[str]
    name: Personal | None
    email: Personal | None
    address: Personal | None

    @property
    def route(self) -> Route | None:
        """How to reach them: as they chose, else as it is possible."""
        possible: dict[Route, bool] = {
            "email": self.email is not None,
            "post": self.address is not None,
        }
        chosen: Route = "post" if self.channel == "post" else "email"
        return next((route for route in (chosen, *possible) if possible[route]), None)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The person asked to be erased after this episode."""

    episode: int
    sources: frozenset[str]


State: TypeAlias = Unknown | Contact | Forgotten
UNKNOWN: Final = Unknown()

# --- rules


def decide(state: State, command: Command) -> Sequence[Event]:
    """What becomes known of the person."""
    match command:
        case LearnContact():
            return _learn(state, command)
        case ForgetContact():
            if not isinstance(state, Contact):
                return []
            return [ContactForgotten(person=command.person, request=command.request)]
        case _:
            assert_never(command)


def _learn(state: State, command: LearnContact) -> Sequence[Event]:
    if command.email is None and command.address is None:
        return []
    if not isinstance(state, Unknown) and not _is_news(command.source, state.sources):
        return []
    return [
        ContactLearned(
            person=command.person,
            case=case_of(_episode(state)),
            channel=command.channel,
            source=command.source,
            name=command.name,
            email=command.email,
            address=command.address,
        )
    ]


def case_of(episode: int) -> str:
    """The case under which a person's correspondence is kept: a new one after an erasure."""
    return f"episode/{episode}"


def _episode(state: State) -> int:
    match state:
        case Unknown():
            return 1
        case Contact():
            return state.episode
        case Forgotten():
            return state.episode + 1
        case _:
            assert_never(state)


def _is_news(source: str, known: frozenset[str]) -> bool:
    """Of each log only what stands later than what it said before."""
    told = Position.parse(source)
    before = [position for position in map(Position.parse, known) if position.log == told.log]
    return all(told.sequence > position.sequence for position in before)


# --- evolve


def evolve(state: State, event: Event) -> State:
    """The person after this event."""
    sources = frozenset() if isinstance(state, Unknown) else state.sources
    match event:
        case ContactLearned():
            return Contact(
                person=event.person,
                episode=_episode(state),
                channel=event.channel,
                sources=_latest(sources, event.source),
                name=event.name,
                email=event.email,
                address=event.address,
            )
        case ContactForgotten():
            return Forgotten(0 if isinstance(state, Unknown) else state.episode, sources)
        case _:
            assert_never(event)


def _latest(sources: frozenset[str], source: str) -> frozenset[str]:
    """The last position of every log that has spoken of the person."""
    log = source.partition("/")[0]
    return frozenset({source, *(one for one in sources if one.partition("/")[0] != log)})


CONTACT: Decider[State, Command, Event] = Decider(UNKNOWN, decide, evolve)
