"""Every event there is, in the order of services and names, and the page that lists them."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from inspect import cleandoc
from pkgutil import walk_packages
from typing import Final

from pydantic.fields import FieldInfo

import shared.contracts
from shared.contracts.event import CATALOGUE, Event
from shared.contracts.personal import held

_HEAD: Final = """# The events

Every stored event is published on its log's topic and is a contract. This page is made from the
event classes by `python -m shared.infra.schema_files`, like the JSON Schemas in
`shared/contracts/schemas`, whose `$id` is the event's `dataschema`. Fields in *italics* may be
absent or null; *sealed* names the retention class of a personal value. What every event has besides
`data` is told in architecture.md.
"""


def every_event() -> Sequence[type[Event]]:
    """All event classes of all contract modules, by service and name."""
    package = f"{shared.contracts.__name__}."
    for module in walk_packages(shared.contracts.__path__, package):
        import_module(module.name)
    published = (event for event in CATALOGUE.values() if event.__module__.startswith(package))
    return sorted(published, key=lambda event: (event.service, event.__name__))


def page() -> str:
    """The events as Markdown: for each service its types, what they mean and what they carry."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    service = ""
    for event in every_event():
        if event.service != service:
            service = event.service
            yield f"## {service}\n"
            if service == "log":
                yield "Written by the kit into any service's log.\n"
        yield f"### {event.__name__} {event.version}\n"
        yield cleandoc(event.__doc__ or "").replace("\n", " ").replace("  ", "\n\n") + "\n"
        yield ", ".join(_field(name, field) for name, field in event.model_fields.items()) + "\n"


def _field(name: str, field: FieldInfo) -> str:
    shown = f"`{name}`" if field.is_required() else f"*`{name}`*"
    declared = [each for each in field.metadata if isinstance(each, held)]
    return f"{shown} (sealed: {declared[0].retention_class})" if declared else shown
