"""The example of settings says neither more nor less than the models do."""

from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from deploy.layout import SHARED_SERVICES, service_named
from shared.infra.settings import ServiceSettings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def models() -> list[type[ServiceSettings]]:
    return [service_named(name).settings for name in (*SHARED_SERVICES, "engagement")]


def fields() -> dict[str, Any]:
    return {
        f"PARTNERS_{name.upper()}": field
        for model in models()
        for name, field in model.model_fields.items()
    }


def written() -> tuple[dict[str, str], dict[str, str]]:
    """Variables to be filled in, and those commented out with their default."""
    set_here: dict[str, str] = {}
    defaults: dict[str, str] = {}
    for line in EXAMPLE.read_text().splitlines():
        bare = line.removeprefix("# ")
        if bare.startswith("PARTNERS_"):
            name, _, value = bare.partition("=")
            (defaults if bare != line else set_here)[name] = value
    return set_here, defaults


def test_every_setting_stands_in_the_example_and_no_other() -> None:
    set_here, defaults = written()
    assert set(set_here) | set(defaults) == set(fields())
    assert not set(set_here) & set(defaults)


def test_what_must_be_set_is_not_commented_out() -> None:
    _, defaults = written()
    required = {name for name, field in fields().items() if field.is_required()}
    assert not required & set(defaults)


def test_the_defaults_shown_are_the_defaults() -> None:
    _, defaults = written()
    for name, shown in defaults.items():
        default = fields()[name].default
        assert default is not PydanticUndefined, name
        assert shown == as_written(default), name


def as_written(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return "[]" if default == () else str(default)


def test_no_secret_has_a_value_in_the_example() -> None:
    set_here, defaults = written()
    secrets = {
        name
        for name, field in fields().items()
        if field.annotation in (SecretStr, SecretStr | None) and "URL" not in name
    }
    assert secrets
    assert not any((set_here | defaults)[name] for name in secrets)
