"""A story as a person writes it (docs/stories.md), and what is wrong with it in a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from re import compile as pattern
from typing import Any, Final

import yaml

from deploy.demo.neighbours import StoryFailed
from shared.kernel.moments import london

_PARTS: Final = ("title", "begins", "organisations", "staff", "people", "story")


class _Words(yaml.SafeLoader):
    """YAML in which `on` is a word and not a way to say yes."""


_Words.yaml_implicit_resolvers = {
    first: [(tag, found) for tag, found in resolvers if not tag.endswith(":bool")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Words.add_implicit_resolver("tag:yaml.org,2002:bool", pattern("^(?:true|false)$"), list("tf"))


@dataclass(slots=True)
class Step:
    """One step: when, who, what they do, and the words that say how."""

    number: int
    at: datetime
    who: str
    does: str
    refused_because: str | None
    words: Mapping[str, Any]
    _used: set[str] = field(default_factory=set)

    def need(self, word: str) -> Any:
        """What the step says under this word; StoryFailed when it says nothing."""
        if self.words.get(word) is None:
            raise self.wrong(f"it does not say {word!r}")
        return self.may(word)

    def may(self, word: str, otherwise: Any = None) -> Any:
        """What the step says under this word, if anything."""
        self._used.add(word)
        found = self.words.get(word)
        return otherwise if found is None else found

    def names(self, word: str) -> list[str]:
        """The list of names under this word; empty when there is none."""
        found = self.may(word, [])
        if not isinstance(found, list):
            raise self.wrong(f"{word!r} must be a list, such as [Grace Okafor]")
        return [str(name) for name in found]

    def day(self, word: str) -> date:
        """The date under this word."""
        return as_day(self.need(word), self)

    def nothing_more(self) -> None:
        """StoryFailed when the step has a word that nobody read: it would be lost unsaid."""
        unused = sorted(set(self.words) - self._used)
        if unused:
            raise self.wrong(f"nobody knows what {unused[0]!r} means here")

    def wrong(self, why: str) -> StoryFailed:
        """A mistake in this step, said so that it can be found."""
        return StoryFailed(
            f"Step {self.number} ({self.who} {self.does}, {self.at:%d %B %Y}): {why}."
        )


@dataclass(frozen=True, slots=True)
class Story:
    """A whole story; the parts the verbs need besides the steps stay as they were written."""

    title: str
    begins: datetime
    organisations: tuple[str, ...]
    staff: Mapping[str, Mapping[str, Any]]
    people: Mapping[str, Mapping[str, Any]]
    parts: Mapping[str, Any]
    steps: Sequence[Step]


def read_story(file: Path) -> Story:
    """Read a story's file; StoryFailed says which part or step is not right."""
    try:
        found = yaml.load(file.read_text(encoding="utf-8"), _Words)  # noqa: S506 - it is a safe loader
    except OSError as error:
        raise StoryFailed(f"The story {file} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StoryFailed(f"The story {file} is not YAML: {_where(error)}.") from None
    if not isinstance(found, dict):
        raise StoryFailed(f"The story {file} has no parts; see docs/stories.md.")
    for part in _PARTS:
        if not found.get(part):
            raise StoryFailed(f"The story {file} has no part {part!r}.")
    steps = [_step(number, words) for number, words in enumerate(found["story"], 1)]
    return Story(
        title=str(found["title"]),
        begins=as_moment(found["begins"], "begins"),
        organisations=tuple(sorted(found["organisations"])),
        staff=found["staff"],
        people=found["people"],
        parts={name: part for name, part in found.items() if name not in _PARTS},
        steps=sorted(steps, key=lambda step: step.at),
    )


def _step(number: int, words: Any) -> Step:
    if not isinstance(words, dict) or not {"at", "who", "does"} <= words.keys():
        raise StoryFailed(f"Step {number} must say at, who and does.")
    rest = {
        name: word
        for name, word in words.items()
        if name not in ("at", "who", "does", "refused because")
    }
    return Step(
        number=number,
        at=as_moment(words["at"], f"step {number}"),
        who=str(words["who"]),
        does=str(words["does"]),
        refused_because=words.get("refused because"),
        words=rest,
    )


def as_moment(value: Any, where: str) -> datetime:
    """A London time such as `2024-02-06 17:00`, as a UTC moment."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise StoryFailed(f"{where}: {value} is not a time such as 2024-02-06 17:00.")
    return london(found.date(), found.time())


def as_day(value: Any, step: Step) -> date:
    """A date such as `2024-02-06`."""
    try:
        return value if type(value) is date else date.fromisoformat(str(value))
    except ValueError:
        raise step.wrong(f"{value} is not a date such as 2024-02-06") from None


def as_time(value: Any, step: Step) -> time:
    """A time of day such as "14:00"; YAML reads an unquoted one as a number of minutes."""
    if isinstance(value, int):
        return time(*divmod(value, 60))
    try:
        return time.fromisoformat(str(value))
    except ValueError:
        raise step.wrong(f'{value} is not a time of day such as "14:00"') from None


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"look at line {mark.line + 1}" if mark else "it is not UTF-8 text"
