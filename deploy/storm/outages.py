"""One organisation cut off from all others: what of its log waited, and what of others' went on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.kernel.identifiers import LogName

LONGEST_SECONDS: Final = 10.0
"""What has not shown itself by then is said to have been held up, or not to have been seen."""


@dataclass(frozen=True, slots=True)
class Outage:
    """What was seen while the engagement service of `organisation` was cut off from all others."""

    organisation: str
    seconds: float
    waiting: Mapping[str, int]
    """Events of its own logs that waited, by consumer and log."""
    went_on: Mapping[str, int]
    """Events of other organisations' logs that were applied meanwhile, by consumer and log."""
    held_up: Mapping[str, int]
    """Events of other organisations' logs that had not been applied at the end."""

    def __str__(self) -> str:
        """What an operator reads of it."""
        return (
            f"While {self.organisation} was cut off for {self.seconds:.1f} s, "
            f"{sum(self.waiting.values())} deliveries of its own log waited "
            f"({', '.join(self.waiting) or 'none'}), and {sum(self.went_on.values())} "
            f"of other organisations' logs were applied."
        )

    @property
    def shows(self) -> bool:
        """Whether a consumer waited for this organisation and went on with another's log."""
        waiting = {_consumer(place) for place in self.waiting}
        return bool(waiting & {_consumer(place) for place in self.went_on} and not self.held_up)


class Watch:
    """Compares the operations of all services now with those before the outage."""

    def __init__(self, organisation: str, before: Sequence[Mapping[str, Any]]) -> None:
        self._organisation = organisation
        self._before = dict(_stands(before))

    def compare(self, now: Sequence[Mapping[str, Any]], seconds: float) -> Outage:
        """What the outage has come to by now."""
        heads = {log["log"]: log["head"] for each in now for log in each["logs"]}
        waiting: dict[str, int] = {}
        went_on: dict[str, int] = {}
        held_up: dict[str, int] = {}
        for (consumer, log), at in _stands(now):
            place, behind = f"{consumer} of {log}", heads[log] - at
            own = LogName.parse(log).organisation == self._organisation
            more = at - self._before.get((consumer, log), 0)
            if behind > 0:
                (waiting if own else held_up)[place] = behind
            if more > 0 and not own:
                went_on[place] = more
        return Outage(self._organisation, seconds, waiting, went_on, held_up)


def not_shown(outages: Sequence[Outage]) -> Iterator[str]:
    """What the outages did not show, a sentence each."""
    for each in outages:
        for place, behind in each.held_up.items():
            yield (
                f"While {each.organisation} was cut off, {place} stood {behind} events back: "
                "one organisation's outage held up another's log."
            )
    if outages and not any(each.shows for each in outages):
        yield "No outage of one organisation was seen to hold its own log while others' went on."


def _consumer(place: str) -> str:
    return place.partition(" of ")[0]


def _stands(
    documents: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[tuple[str, str], int]]:
    for each in documents:
        for consumer in each["consumers"]:
            yield (consumer["consumer"], consumer["log"]), consumer["watermark"]
