"""Whatever is sent to any service as anybody: the right answer, a sentence, and nothing written.

A longer look, with so many requests drawn for every operation, of either kind:
`PARTNERS_TEST_DRAWN=100 make test ARGS=tests/adapters/test_bad_input.py`
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, cycle
from typing import Any

import httpx
import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict
from schemathesis.core.failures import FailureGroup

from tests.adapters.bad_input.asking import (
    HERE,
    Asking,
    Ledger,
    Operation,
    Request,
    Service,
    Somebody,
    must_be_a_problem,
    must_be_fair,
    roles_of,
    somewhere,
)
from tests.adapters.bad_input.generated import Made, as_sent, boundary_cases, drawn_cases
from tests.adapters.bad_input.oddities import (
    BODIES,
    COMMANDS,
    DAYS,
    IDENTIFIERS,
    KEYS,
    MOMENTS,
    PLACES,
    QUERIES,
    WAITS,
)
from tests.adapters.bad_input.seeds import Known, Seeds
from tests.adapters.bad_input.system import SERVICES, running

METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "POST", "TRACE", "BREW")
ALIKE = {"policies", "log", "keys", "me", "parked", "operations", "health"}


class Bounds(BaseSettings):
    """How many requests for every operation; drawing the first is what takes long."""

    model_config = SettingsConfigDict(env_prefix="PARTNERS_TEST_", frozen=True)

    at_bounds: int = 4
    drawn: int = 0


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    with running(tmp_path_factory.mktemp("bad") / "data") as system:
        everybody = Asking(system)
        yield everybody
        everybody.close()


@pytest.fixture(scope="module")
def known(asking: Asking) -> Known:
    return Seeds(asking).sow()


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, asking: Asking, known: Known) -> Service:
    return asking.services[request.param]


@pytest.fixture
def unchanged(asking: Asking, known: Known) -> Iterator[None]:
    """Nothing at all is written meanwhile."""
    before = Ledger(asking)
    yield
    before.must_be_unchanged()


def _post(asking: Asking, service: Service, content: Any, headers: Any = None) -> httpx.Response:
    who, path = COMMANDS[service.name]
    return service.client.post(
        f"/organisations/{HERE}/{path}", content=content, headers=headers or asking.headers(who)
    )


# By hand: these come first, while nothing else is going on


@pytest.mark.usefixtures("unchanged")
def test_a_body_that_is_none_of_ours_is_malformed(service: Service, asking: Asking) -> None:
    for what, body in BODIES.items():
        for content in (body, iter([body[:3], body[3:]])):
            reply = _post(asking, service, content)
            assert reply.status_code == 422, f"{what}: {reply.text}"
            must_be_a_problem(reply, ["Zq7 Marker Zq7", "999999999", "9007199254740992"])


@pytest.mark.usefixtures("unchanged")
def test_a_body_over_128_kib_is_too_large(service: Service, asking: Asking) -> None:
    body = b'{"a":"' + b"a" * 129 * 1024 + b'"}'
    for content in (body, iter([body[:100_000], body[100_000:]])):
        reply = _post(asking, service, content)
        assert reply.status_code == 413
        must_be_a_problem(reply)


@pytest.mark.usefixtures("unchanged")
def test_another_kind_of_body_is_refused(service: Service, asking: Asking) -> None:
    who, _ = COMMANDS[service.name]
    for kind in ("", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
        reply = _post(asking, service, b"{}", asking.headers(who) | {"content-type": kind})
        assert reply.status_code == 415
        must_be_a_problem(reply)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("service", [name for name in SERVICES if name != "audit"], indirect=True)
def test_a_key_that_is_none_is_refused(service: Service, asking: Asking) -> None:
    who, _ = COMMANDS[service.name]
    good = asking.headers(who)
    del good["idempotency-key"]
    for keys in KEYS:
        headers = [(name.encode(), value.encode()) for name, value in good.items()]
        headers += [(b"idempotency-key", key) for key in keys]
        reply = _post(asking, service, b"{}", headers)
        assert reply.status_code == 400, keys
        must_be_a_problem(reply)


@pytest.mark.usefixtures("unchanged")
def test_an_organisation_that_is_none_is_not_there(service: Service, asking: Asking) -> None:
    """It is as unknown as one that the caller may not see."""
    operations = [each for each in service.operations() if "{organisation}" in each.path]
    for number, operation in enumerate(operations):
        path = operation.Case(path_parameters=somewhere(operation)).formatted_path
        for place in PLACES[number % 3 :: 3]:
            headers = asking.headers(min(roles_of(operation)))
            reply = service.raw(operation.method, path.replace(HERE, place), headers)
            assert reply.status_code in (404, 405), f"{operation.label} {place}: {reply.text}"
            must_be_a_problem(reply)


@pytest.mark.usefixtures("unchanged")
def test_an_identifier_that_is_none_is_malformed_or_not_there(
    service: Service, asking: Asking
) -> None:
    for number, operation in enumerate(service.operations()):
        named = somewhere(operation)
        for name in sorted(named.keys() - {"organisation", "view"}):
            for value in IDENTIFIERS[number % 4 :: 4]:
                path = operation.path
                for each, good in (named | {name: value}).items():
                    path = path.replace(f"{{{each}}}", good, 1)
                headers = asking.headers(min(roles_of(operation)))
                reply = service.raw(operation.method, path, headers)
                assert reply.status_code in (404, 422), f"{operation.label} {value}: {reply.text}"
                must_be_a_problem(reply, [value])


@pytest.mark.usefixtures("unchanged")
def test_a_query_out_of_range_is_malformed(service: Service, asking: Asking) -> None:
    for operation in service.operations():
        taken = operation.definition.raw.get("parameters", ())
        queries = [each for each in taken if each["in"] == "query"]
        good = {each["name"]: _good(each) for each in queries if each["required"]}
        for parameter in queries:
            schema = parameter["schema"]
            schema = schema["anyOf"][0] if "anyOf" in schema else schema
            for value in QUERIES[schema.get("format") or schema["type"]]:
                case = operation.Case(path_parameters=somewhere(operation))
                reply = service.client.get(
                    case.formatted_path,
                    params=good | {parameter["name"]: value},
                    headers=asking.headers(min(roles_of(operation))),
                )
                assert reply.status_code == 422, f"{operation.label} {parameter['name']}={value}"
                must_be_fair(case, reply, [value])


def _good(parameter: Any) -> str:
    return "engagement" if parameter["name"] == "service" else "1"


@pytest.mark.usefixtures("unchanged")
def test_a_page_beyond_the_largest_is_malformed_and_a_repeated_one_is_no_bug(
    service: Service, asking: Asking
) -> None:
    headers = asking.headers("auditor")
    for wrong in ({"limit": "1001"}, {"limit": "0"}, {"after": "10000000000"}):
        reply = service.client.get(f"/log/{HERE}", params=wrong, headers=headers)
        assert reply.status_code == 422
        must_be_a_problem(reply)
    path = f"/log/{HERE}?limit=1&limit=2&limit[]=x&unheard=of"
    assert service.client.get(path, headers=headers).status_code == 200


@pytest.mark.usefixtures("unchanged")
def test_a_position_to_wait_for_that_is_none_is_refused(asking: Asking, known: Known) -> None:
    path = f"/organisations/{HERE}/views/roster"
    many = ", ".join(f"engagement.RAJ/{number}" for number in range(30))
    for position in (*WAITS, many):
        headers = asking.headers("coordinator") | {"wait-for-position": position}
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        reply = asking.services["portal"].client.get(path, headers=sent)
        assert reply.status_code == 400, position
        must_be_a_problem(reply, [position])


@pytest.mark.usefixtures("unchanged")
def test_a_position_nobody_has_reached_is_waited_for_and_then_said(
    asking: Asking, known: Known
) -> None:
    headers = asking.headers("coordinator") | {"wait-for-position": "engagement.RAJ/9999999999"}
    path = f"/organisations/{HERE}/views/roster"
    reply = asking.services["portal"].client.get(path, headers=headers)
    assert reply.status_code == 504
    assert reply.json()["type"] == "urn:partners:position-behind"


@pytest.mark.usefixtures("unchanged")
def test_a_method_that_is_not_for_an_address_is_refused(service: Service, asking: Asking) -> None:
    operations = {operation.path: operation for operation in service.operations()}
    for number, (path, known_methods) in enumerate(service.document["paths"].items()):
        operation = operations[path]
        address = operation.Case(path_parameters=somewhere(operation)).formatted_path
        for method in METHODS[number % 3 :: 3]:
            if method.lower() in known_methods:
                continue
            reply = service.client.request(method, address, headers=asking.headers("coordinator"))
            assert reply.status_code == 405, f"{method} {path}"
            assert set(reply.headers["allow"].lower().split(", ")) == set(known_methods)
            if method != "HEAD":
                must_be_a_problem(reply)


@pytest.mark.usefixtures("unchanged")
def test_a_header_of_64_kib_and_more_is_no_bug(service: Service, asking: Asking) -> None:
    """The HTTP server takes some more than 64 KiB, then refuses and hangs up, maybe at once."""
    for octets in (65_536, 262_144):
        headers = asking.headers("auditor") | {"x-long": "x" * octets}
        with suppress(httpx.NetworkError, httpx.RemoteProtocolError):
            reply = service.client.get(f"/log/{HERE}", headers=headers)
            assert reply.status_code in (200, 400)


@pytest.mark.usefixtures("unchanged")
def test_what_is_no_day_of_our_time_is_malformed(asking: Asking, known: Known) -> None:
    [partner], [_, campaign] = known["partner"], known["campaign"]
    for day in (*DAYS, 20240620, True, None, ["2024-06-20"]):
        forms = {
            "payments": ("finance-preparer", "payment-runs", {"pay_on": day}),
            "engagement": (
                "coordinator",
                f"partners/{partner}/nolan-principles",
                {"acknowledged_on": day},
            ),
            "recruitment": (
                "coordinator",
                f"campaigns/{campaign}/promotions",
                {"where": "A newsletter", "on": day},
            ),
        }
        for name, (who, path, form) in forms.items():
            _must_be_malformed(asking, name, who, path, form, str(day))


@pytest.mark.usefixtures("unchanged")
def test_what_is_no_moment_of_our_time_is_malformed(asking: Asking, known: Known) -> None:
    for moment in (*MOMENTS, 1707000000, None, ""):
        form = {"started_at": moment, "ended_at": "2024-05-07T13:00:00Z"}
        path = f"meetings/{known['meeting'][0]}/held"
        _must_be_malformed(asking, "engagement", "coordinator", path, form, str(moment))


def _must_be_malformed(
    asking: Asking, service: str, who: str, path: str, form: dict[str, Any], sent: str
) -> None:
    reply = asking.services[service].client.post(
        f"/organisations/{HERE}/{path}", json=form, headers=asking.headers(who)
    )
    assert reply.status_code == 422, f"{service}: {sent}"
    must_be_a_problem(reply, [sent])


def test_the_same_key_with_another_body_is_refused(asking: Asking, known: Known) -> None:
    service, headers = asking.services["recruitment"], asking.headers("coordinator")
    path = f"/organisations/{HERE}/campaigns/{known['campaign'][0]}/contact"
    form = {"name": "Ben Castle", "job_title": "Engagement officer"}
    first = service.client.post(path, json=form, headers=headers)
    asking.remember(service, first, "coordinator")
    again = service.client.post(path, json=form, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.headers["log-position"] == again.headers["log-position"]
    before = Ledger(asking)
    other = service.client.post(path, json=form | {"name": "Asha Verma"}, headers=headers)
    assert other.status_code == 422
    must_be_a_problem(other)
    before.must_hold_only_what_was_answered_yes()


# Who asks


def test_who_may_not_is_told_so_before_anything_else_is_read(
    service: Service, asking: Asking
) -> None:
    """As every role, as nobody, with tokens that are no good or another organisation's."""
    before, wrongs, seen = Ledger(asking), [], set()
    bodies = cycle([b'{"a":NaN', b"", b"{}", b"\xff", b"[" * 1_000])
    for number, operation in enumerate(service.operations()):
        case = operation.Case(path_parameters=somewhere(operation))
        # what all services have alike is asked by everybody in one of them
        alike = service.name != "recruitment" and set(operation.tags or ()) & ALIKE
        everybody = list(asking.people.values())
        for who in everybody[number % 3 :: 3] if alike else everybody:
            reply = service.client.request(
                operation.method.upper(),
                case.formatted_path,
                headers=asking.headers(who.name),
                content=next(bodies) if operation.method == "post" else None,
            )
            asking.remember(service, reply, who.name)
            if not _is_right_for(operation, who, reply.status_code):
                wrongs.append(f"{operation.label} as {who.name}: {reply.status_code}")
            if (operation.label, reply.status_code) not in seen:
                seen.add((operation.label, reply.status_code))
                must_be_fair(case, reply)
    assert not wrongs, "\n".join(wrongs)
    before.must_hold_only_what_was_answered_yes()


def _is_right_for(operation: Operation, who: Somebody, status: int) -> bool:
    roles = roles_of(operation)
    if not roles:
        return status == 200
    if who.role is not None:
        return (status == 403) is (who.role not in roles) and status != 401
    if who.always == 404 and "{organisation}" not in operation.path:
        # it concerns the organisations of the token, whichever they are
        return status == 200
    return status == who.always


# What is published


def test_each_form_has_an_example_that_is_taken(service: Service, asking: Asking) -> None:
    """It may meet a rule, or nothing it is about; malformed it is not."""
    before = Ledger(asking)
    for operation in service.operations():
        body = operation.definition.raw.get("requestBody")
        if body is None:
            continue
        name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        [example] = service.document["components"]["schemas"][name]["examples"]
        case = operation.Case(path_parameters=somewhere(operation))
        who = min(roles_of(operation))
        reply = service.client.post(case.formatted_path, json=example, headers=asking.headers(who))
        asking.remember(service, reply, who)
        must_be_fair(case, reply)
        elsewhere = operation.definition.raw["operationId"] in ("adopt_policy", "cosign_checkpoint")
        assert reply.status_code != 422 or elsewhere, (operation.label, reply.text)
    before.must_hold_only_what_was_answered_yes()


def test_a_client_can_be_made_from_what_is_published(service: Service) -> None:
    names = [each.definition.raw["operationId"] for each in service.operations()]
    assert len(set(names)) == len(names)
    for operation in service.operations():
        said = operation.definition.raw
        assert said["summary"]
        assert said["security"] == ([{"bearer": []}] if said["x-roles"] else [])
        assert all(role in said["description"] for role in said["x-roles"])
        keyed = "Idempotency-Key" in {each["name"] for each in said.get("parameters", ())}
        assert keyed == ({"400", "409"} <= set(said["responses"]))
    # nothing that a reader's program would load from elsewhere
    assert "http" not in json.dumps(service.document["info"]).lower()
    for page in ("/docs", "/redoc"):
        assert service.client.get(page).status_code == 404


# Generated from what is published: the last, since services react to what they accept


def test_every_answer_to_generated_requests_is_fair(
    service: Service, asking: Asking, known: Known
) -> None:
    before, bounds = Ledger(asking), Bounds()
    wrongs: list[str] = []
    for operation in service.operations():
        who = cycle(sorted(roles_of(operation)) or ["nobody"])
        drawn = drawn_cases(operation, bounds.drawn) if bounds.drawn else []
        cases = chain(boundary_cases(operation, bounds.at_bounds), drawn)
        for number, case in enumerate(cases):
            made = as_sent(case, asking.key(), known, place=number % 4 != 3)
            wrongs += _wrongs(asking, service, case, made, next(who))
    assert not wrongs, "\n".join(wrongs)
    before.must_hold_only_what_was_answered_yes()


def _wrongs(asking: Asking, service: Service, case: Request, made: Made, who: str) -> list[str]:
    """What is not right about the answer to a generated request."""
    authorization = asking.people[who].authorization
    shown = {b"authorization": authorization.encode()} if authorization else {}
    headers = made.request["headers"] | shown
    try:
        reply = service.client.request(**made.request | {"headers": headers})
    except httpx.LocalProtocolError:
        # no client can send it
        return []
    asking.remember(service, reply, who)
    try:
        if case.method.lower() == case.operation.method.lower():
            must_be_fair(case, reply, _texts(case.body))
        else:
            must_be_a_problem(reply)
        assert reply.status_code >= 300 or "body" not in made.wrong, "it takes a body it forbids"
    except (AssertionError, FailureGroup) as failure:
        sent = f"{reply.request.method} {reply.request.url} {reply.request.content[:1000]!r}"
        return [f"{case.operation.label} as {who}: {reply.status_code} {failure}\n  {sent}"]
    return []


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from (text for each in value.values() for text in _texts(each))
        case list():
            yield from (text for each in value for text in _texts(each))
        case _:
            pass


def test_whatever_was_taken_in_could_be_applied(asking: Asking, known: Known) -> None:
    """What one service accepts, every service that reads it can apply."""
    headers = asking.headers("operator")
    for name, service in asking.services.items():
        parked = service.client.get(f"/organisations/{HERE}/parked", headers=headers)
        assert parked.json() == [], name
        counts = service.client.get("/operations", headers=headers).json()["counts"]
        assert counts is None or counts["foreign_records"] == counts["conflicting_duplicates"] == 0
