"""The shape of every rule: decide what happens, evolve what is known."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from inspect import cleandoc
from re import sub
from typing import Generic, TypeVar

State = TypeVar("State")
Command = TypeVar("Command")
Event = TypeVar("Event")


class Refused(Exception):
    """The rules do not allow this."""

    def __init__(self, detail: str = "") -> None:
        """Say no with the rule's own sentence; `detail` says what this person must do about it."""
        self.detail = detail
        super().__init__(f"{self.sentence()} {detail}".strip())

    @classmethod
    def sentence(cls) -> str:
        """The rule as the user reads it: the class docstring on one line."""
        return " ".join(cleandoc(cls.__doc__ or "").split())

    @classmethod
    def rule(cls) -> str:
        """The rule's name in a problem document: `ApplicationsClosed` is `applications-closed`."""
        return sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()


@dataclass(frozen=True, slots=True)
class Placed(Generic[Event]):
    """An event for a stream other than the decider's own, perhaps in another organisation's log."""

    organisation: str
    stream: str
    event: Event


@dataclass(frozen=True, slots=True)
class Decider(Generic[State, Command, Event]):
    """One aggregate: where it starts, what it answers to a command, what an event makes of it.

    `decide` answers events (yes), nothing (already so) or raises `Refused` (no); `evolve` never
    fails.
    """

    initial: State
    decide: Callable[[State, Command], Sequence[Event | Placed[Event]]]
    evolve: Callable[[State, Event], State]

    def fold(self, events: Iterable[Event]) -> State:
        """The state after these events, oldest first."""
        return reduce(self.evolve, events, self.initial)
