"""How a rule is shown: `given(DECIDER, *events).when(command)`, then what the decider answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.kernel.decider import Decider, Placed, Refused

State = TypeVar("State")
Command = TypeVar("Command")
Event = TypeVar("Event")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[State, Event]):
    """One decision waiting to be looked at; it is taken when a `then` asks for it."""

    decide: Callable[[], Sequence[Event | Placed[Event]]]
    evolve: Callable[[State, Event], State]
    state: State

    def then(self, *expected: Event | Placed[Event]) -> State:
        """Exactly these events happen, in this order; answers the state after its own stream's."""
        assert expected, "Nothing expected is then_nothing()."
        happened = list(self.decide())
        assert happened == list(expected)
        state = self.state
        for event in happened:
            if not isinstance(event, Placed):
                state = self.evolve(state, event)
        return state

    def then_nothing(self) -> None:
        """It is so already: nothing happens."""
        assert list(self.decide()) == []

    def then_refused(self, rule: type[Refused], saying: str = "") -> None:
        """The answer is no by exactly this rule; `saying` is part of what the user reads."""
        try:
            happened = list(self.decide())
        except Refused as refused:
            assert type(refused) is rule, f"Refused by {type(refused).__name__}: {refused}"
            assert saying in str(refused)
            return
        raise AssertionError(f"{rule.__name__} should have refused this; it answered {happened}.")


@dataclass(frozen=True, slots=True)
class Given(Generic[State, Command, Event]):
    """What has happened in the decider's own stream, oldest first."""

    decider: Decider[State, Command, Event]
    events: tuple[Event, ...]

    def when(self, command: Command) -> Outcome[State, Event]:
        """This is asked for."""
        state = self.decider.fold(self.events)
        return Outcome(lambda: self.decider.decide(state, command), self.decider.evolve, state)


def given(decider: Decider[State, Command, Event], *events: Event) -> Given[State, Command, Event]:
    """Start from these events; without any, from nothing."""
    return Given(decider, events)
