"""A message as it reads: a template's words with a person's facts in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Template


class TextUnusable(ValueError):
    """A template and the facts for it do not fit."""


@dataclass(frozen=True, slots=True)
class Text:
    """Subject and body in plain English."""

    subject: str = field(repr=False)
    body: str = field(repr=False)


def write(template: str, facts: Mapping[str, str], name: str | None) -> Text:
    """Fill a template: a line `Subject: ...`, an empty line, the body.

    Raises TextUnusable when a fact is missing or the template is not one.
    """
    head, _, body = template.partition("\n\n")
    if not head.startswith("Subject: ") or not body.strip():
        raise TextUnusable("A template begins with a subject, an empty line and a body.")
    greeting = f"Dear {_one_line(name)}," if name and name.strip() else "Hello,"
    known = {"greeting": greeting, **facts}
    try:
        subject = Template(head.removeprefix("Subject: ")).substitute(known)
        return Text(_one_line(subject), Template(body).substitute(known).strip() + "\n")
    except (KeyError, ValueError) as error:
        raise TextUnusable(f"The template cannot be filled: {error}.") from None


def placeholders(template: str) -> frozenset[str]:
    """The facts a template needs."""
    return frozenset(Template(template).get_identifiers())


def _one_line(text: str) -> str:
    return " ".join(text.split())
