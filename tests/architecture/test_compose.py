"""docker-compose.yml agrees with the settings models, the layout and the Dockerfile."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from pydantic import TypeAdapter

from deploy.embedded.evaluation import ORGANISATIONS
from deploy.layout import Deployment, deployments, service_named
from shared.infra.provisioning import Roles
from shared.infra.register import read_register
from shared.infra.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
LAYOUT = {each.name: each for each in deployments(ORGANISATIONS)}
FILLED = {
    "INSTALLATION": "partners.example.org",
    "TOKEN_ISSUER": "https://login.example.org/",
    "JWKS_URL": "https://login.example.org/keys",
    "SIGNING_KEY": "c2lnbmluZ2tleXNpZ25pbmdrZXlzaWduaW5na2V5MDA=",
}


def filled(text: str) -> str:
    """A value as compose makes it, every variable filled in."""

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        key = '{"k1":"a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5MDA="}'
        return FILLED.get(name, key if name.endswith("_KEYS") else "x" * 40)

    return re.sub(r"\$\{([A-Z0-9_]+)(?::\?[^}]*)?\}", fill, text)


def environment(name: str) -> dict[str, str]:
    return {key: filled(str(value)) for key, value in SERVICES[name]["environment"].items()}


def settings(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> ServiceSettings:
    """The settings as the container's process would read them."""
    for line in DOCKERFILE.splitlines():
        for key, value in re.findall(r"(PARTNERS_[A-Z0-9_]+)=(\S+)", line):
            monkeypatch.setenv(key, value)
    for key, value in environment(deployment.name).items():
        monkeypatch.setenv(key, value)
    return service_named(deployment.service).settings()


def test_every_deployment_of_the_layout_is_there_and_no_other() -> None:
    running = {name for name, words in SERVICES.items() if words.get("command", [""])[0] == "run"}
    assert running == set(LAYOUT)


@pytest.mark.parametrize("name", sorted(LAYOUT))
def test_a_container_has_the_settings_its_service_needs(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = settings(LAYOUT[name], monkeypatch)
    assert SERVICES[name]["command"] == ["run", LAYOUT[name].service]
    assert (found.deployment, found.organisations) == (name, LAYOUT[name].organisations)
    assert found.http_host == "0.0.0.0"  # a container's own network
    assert f"EXPOSE {found.http_port}" in DOCKERFILE


@pytest.mark.parametrize("name", sorted(LAYOUT))
def test_a_container_sets_nothing_its_service_does_not_know(name: str) -> None:
    known = service_named(LAYOUT[name].service).settings.model_fields
    unknown = {key.removeprefix("PARTNERS_").lower() for key in environment(name)} - set(known)
    assert not unknown


@pytest.mark.parametrize("name", sorted(LAYOUT))
def test_every_service_is_reached_where_it_listens(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = settings(LAYOUT["audit"], monkeypatch)
    for organisation in LAYOUT[name].organisations:
        url = urlsplit(found.url_of(LAYOUT[name].service, organisation) or "")
        assert (url.hostname, url.port) == (name, found.http_port)


@pytest.mark.parametrize("name", sorted(LAYOUT))
def test_a_service_comes_to_its_own_database_under_its_runtime_role(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = urlsplit(settings(LAYOUT[name], monkeypatch).database_url.get_secret_value())
    database = url.path.removeprefix("/")
    assert (url.hostname, url.port) == ("postgres", 5432)
    assert database == LAYOUT[name].database
    assert url.username == Roles.of(database).service


def test_every_database_is_prepared_with_the_password_its_service_shows() -> None:
    raw = SERVICES["databases"]["environment"]["PARTNERS_DATABASE_PASSWORDS"]
    prepared = re.findall(r'"([a-z0-9_]+)":"\$\{([A-Z0-9_]+)', raw)
    shown = {
        each.database: re.search(
            r":\$\{([A-Z0-9_]+)", SERVICES[name]["environment"]["PARTNERS_DATABASE_URL"]
        )
        for name, each in LAYOUT.items()
    }
    assert dict(prepared) == {name: found and found[1] for name, found in shown.items()}
    assert len({variable for _, variable in prepared}) == len(LAYOUT)
    json.loads(environment("databases")["PARTNERS_DATABASE_PASSWORDS"])


def test_only_the_one_that_prepares_has_the_administrators_password() -> None:
    holders = {
        name
        for name, words in SERVICES.items()
        if "POSTGRES_PASSWORD" in json.dumps(words.get("environment", {}))
    }
    assert holders == {"postgres", "databases"}


def test_no_secret_stands_in_the_file() -> None:
    adapter = TypeAdapter(dict[str, Any])
    for name, words in SERVICES.items():
        for key, value in adapter.validate_python(words.get("environment", {})).items():
            if re.search("PASSWORD|SECRET|TOKEN$|KEYS?$|_URL$", key):
                assert "${" in str(value) or "://" not in str(value), (name, key)
            if re.search("PASSWORD|SECRET|MACHINE_TOKEN|ENCRYPTION|SIGNING", key):
                assert "${" in str(value), (name, key)


def test_the_broker_listens_where_the_services_look(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(LAYOUT["payments"], monkeypatch)
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert advertised == f"PLAINTEXT://{found.bootstrap_servers}"


def test_topics_are_made_on_purpose_and_kept_for_ever() -> None:
    kafka = SERVICES["kafka"]["environment"]
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert kafka["KAFKA_LOG_RETENTION_MS"] == "-1"


def test_the_organisations_are_in_the_register() -> None:
    register = read_register(ROOT / "deploy" / "organisations")
    assert set(ORGANISATIONS) <= set(register)


@pytest.mark.parametrize("name", sorted(LAYOUT))
def test_containers_have_no_more_rights_than_they_need(name: str) -> None:
    words = SERVICES[name]
    assert words["read_only"]
    assert words["cap_drop"] == ["ALL"]
    assert "USER partners" in DOCKERFILE
    assert all(port.startswith("127.0.0.1:") for port in words["ports"])
    assert words["healthcheck"]["test"][-1].count("/health/ready") == 1
