"""The HTTP kit on a real database: who may ask, what may be sent, how every "no" reads."""

import base64
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Response
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from deploy.embedded.issuer import EvaluationIssuer
from shared.contracts.policies import PolicyAdopted
from shared.infra import log
from shared.infra.bus.sources import Sources
from shared.infra.clock import SystemClock
from shared.infra.database import Pool
from shared.infra.http import allowed, answered, guarded_router, ordered, unknown
from shared.infra.http.access import Caller
from shared.infra.http.app import make_app
from shared.infra.http.log_api import router as log_router
from shared.infra.http.policies_api import router as policies_router
from shared.infra.http.tokens import TokenVerifier
from shared.infra.keys import Keys
from shared.infra.kit import Kit
from shared.infra.metrics import Metrics
from shared.infra.opening import Opener
from shared.infra.register import read_register
from shared.infra.settings import EVALUATION_ISSUER, ServiceSettings
from shared.infra.shell import Order, Shell, Transaction
from shared.kernel.decider import Refused
from shared.kernel.identifiers import Organisation
from tests.adapters.conftest import Database

REGISTER = Path(__file__).parents[2] / "deploy" / "organisations"
ROUTE = "/organisations/RAJ/things"
KEY = {"idempotency-key": "k-1"}


class NothingMore(Refused):
    """No more things are taken today; come back tomorrow."""


class ThingForm(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=20)
    count: Annotated[int, Field(strict=True, ge=1)] = 1


class Terms(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rate_pence: Annotated[int, Field(strict=True)] = 7_500


def things(kit: Kit) -> APIRouter:
    """A small service: make a thing by adopting a policy called after it."""
    routes = guarded_router("things")

    @routes.post("/organisations/{organisation}/things", status_code=201, response_class=Response)
    async def make(
        organisation: Organisation,
        form: ThingForm,
        order: Annotated[Order, Depends(ordered("coordinator", "operator"))],
    ) -> Response:
        async def work(transaction: Transaction) -> str:
            match form.name:
                case "full":
                    raise NothingMore
                case "bug":
                    raise RuntimeError("secret detail")
                case "away":
                    raise ConnectionResetError
                case _:
                    pass
            await transaction.record(
                organisation,
                f"policy/{order.derive('thing')}",
                PolicyAdopted(
                    kind="thing", policy_version=1, effective_from=date(2024, 1, 1), terms={}
                ),
            )
            return f"/organisations/{organisation}/things/{order.derive('thing')}"

        return answered(await kit.shell.handle(order, work))

    @routes.get("/organisations/{organisation}/things/{thing}")
    async def show(
        organisation: Organisation,
        thing: str,
        caller: Annotated[Caller, Depends(allowed("coordinator", "auditor"))],
    ) -> dict[str, str]:
        if thing == "none":
            raise unknown()
        return {"organisation": organisation, "actor": caller.actor}

    return routes


class Gate:
    """Whether logs may be written to just now."""

    open = True

    def may_write(self, _: str) -> bool:
        return self.open


@pytest.fixture
def issuer(tmp_path: Path) -> EvaluationIssuer:
    return EvaluationIssuer(tmp_path)


@pytest.fixture
def settings(database: Database, issuer: EvaluationIssuer) -> ServiceSettings:
    return ServiceSettings(
        deployment="engagement-test",
        organisations=("RAJ", "QH8"),
        embedded=True,
        database_url=SecretStr(database.service),
        bootstrap_servers="127.0.0.1:1",
        jwks_file=issuer.key_set_file,
        idempotency_secret=SecretStr("i" * 32),
        directory_secret=SecretStr("d" * 32),
        key_encryption_keys=SecretStr(json.dumps({"k": base64.b64encode(b"k" * 32).decode()})),
        register_folder=REGISTER,
    )


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def kit(settings: ServiceSettings, pool: Pool, gate: Gate) -> AsyncIterator[Kit]:
    clock = SystemClock()
    keys = Keys.of(settings, clock)
    shell = Shell(
        pool,
        "engagement",
        clock,
        idempotency_secret=b"i" * 32,
        sealer=keys,
        may_write=gate.may_write,
    )
    opener = Opener("engagement", settings, shell, pool, keys)
    async with pool.acquire() as connection:
        for code in settings.organisations:
            await log.open_log(connection, "engagement", code, "partners.invalid", clock.now())
    sources = Sources(settings)
    yield Kit(
        service="engagement",
        settings=settings,
        pool=pool,
        clock=clock,
        shell=shell,
        keys=keys,
        opener=opener,
        sources=sources,
        metrics=Metrics(),
        register=read_register(REGISTER),
    )
    await opener.close()
    await sources.close()


@pytest.fixture
def app(kit: Kit) -> FastAPI:
    routers = (
        things(kit),
        log_router(kit, frozenset({"auditor", "service"})),
        policies_router(kit, {"rates": Terms}),
    )
    return make_app(kit, TokenVerifier(kit.settings), routers)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://engagement") as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def coordinator(issuer: EvaluationIssuer) -> dict[str, str]:
    return bearer(issuer.token("asha", {"RAJ": ["coordinator"]}))


async def events(pool: Pool, organisation: str = "RAJ") -> list[str]:
    async with pool.acquire() as connection:
        return await log.read(connection, organisation, 1, 1_000)


# Who asks


async def test_without_a_token_nobody_is_let_in(client: httpx.AsyncClient) -> None:
    reply = await client.post(ROUTE, json={"name": "a"}, headers=KEY)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["detail"] == "This needs a bearer token."


def claims(**other: Any) -> dict[str, Any]:
    good = {
        "iss": EVALUATION_ISSUER,
        "aud": "partners",
        "sub": "asha",
        "exp": 4_000_000_000,
        "organisations": {"RAJ": ["coordinator"]},
    }
    return {name: value for name, value in (good | other).items() if value is not None}


WRONG_CLAIMS = {
    "another issuer": claims(iss="https://elsewhere.example.org"),
    "another audience": claims(aud="payroll"),
    "expired": claims(exp=1_000_000_000),
    "no expiry": claims(exp=None),
    "nobody": claims(sub=None),
    "an empty subject": claims(sub=""),
    "not yet": claims(nbf=3_900_000_000),
    "no organisations": claims(organisations=None),
    "organisations as text": claims(organisations="RAJ"),
}


@pytest.mark.parametrize("wrong", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS.keys())
async def test_a_token_with_wrong_claims_is_refused(
    client: httpx.AsyncClient, tmp_path: Path, issuer: EvaluationIssuer, wrong: Mapping[str, Any]
) -> None:
    key = OKPKey.import_key(json.loads((tmp_path / "issuer.json").read_text()))
    header = {"alg": "Ed25519", "kid": "evaluation"}
    token = jwt.encode(header, dict(wrong), key, algorithms=["Ed25519"])
    reply = await client.get(f"{ROUTE}/1", headers=bearer(token))
    assert reply.status_code == 401, reply.text


async def test_a_token_signed_with_another_key_is_refused(client: httpx.AsyncClient) -> None:
    other = OKPKey.generate_key("Ed25519", {"kid": "evaluation"})
    token = jwt.encode({"alg": "Ed25519"}, claims(), other, algorithms=["Ed25519"])
    assert (await client.get(f"{ROUTE}/1", headers=bearer(token))).status_code == 401


async def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(
    client: httpx.AsyncClient, issuer: EvaluationIssuer
) -> None:
    public = OctKey.import_key(issuer.key_set_file.read_text().ljust(64))
    token = jwt.encode({"alg": "HS256", "kid": "evaluation"}, claims(), public)
    assert (await client.get(f"{ROUTE}/1", headers=bearer(token))).status_code == 401


async def test_an_unsigned_token_is_refused(client: httpx.AsyncClient) -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    token = f"{part({'alg': 'none'})}.{part(claims())}."
    assert (await client.get(f"{ROUTE}/1", headers=bearer(token))).status_code == 401


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer  ", "Bearer a.b.c", "Bearer é"])
async def test_what_is_no_token_is_refused(client: httpx.AsyncClient, header: str) -> None:
    reply = await client.get(f"{ROUTE}/1", headers={b"authorization": header.encode()})
    assert reply.status_code == 401


async def test_another_organisation_does_not_exist(
    client: httpx.AsyncClient, coordinator: Mapping[str, str]
) -> None:
    for path in ("/organisations/QH8/things/1", "/organisations/R1L/things/1", "/log/QH8"):
        reply = await client.get(path, headers=coordinator)
        assert reply.status_code == 404, path
        assert reply.json()["type"] == "urn:partners:not-found"


async def test_an_organisation_not_served_here_does_not_exist(
    client: httpx.AsyncClient, issuer: EvaluationIssuer
) -> None:
    token = bearer(issuer.token("asha", {"R1L": ["coordinator"]}))
    assert (await client.get("/organisations/R1L/things/1", headers=token)).status_code == 404


async def test_a_role_one_lacks_is_named(
    client: httpx.AsyncClient, issuer: EvaluationIssuer
) -> None:
    token = bearer(issuer.token("asha", {"RAJ": ["partner"], "QH8": ["coordinator"]}))
    reply = await client.post(ROUTE, json={"name": "a"}, headers={**token, **KEY})
    assert reply.status_code == 403
    assert reply.json()["detail"] == "This is for the role coordinator or operator."


async def test_a_role_nobody_has_heard_of_counts_for_nothing(
    client: httpx.AsyncClient, issuer: EvaluationIssuer
) -> None:
    token = bearer(issuer.token("asha", {"RAJ": ["superuser"]}))
    assert (await client.get(f"{ROUTE}/1", headers=token)).status_code == 404


async def test_the_actor_is_ours_and_never_the_tokens_subject(
    client: httpx.AsyncClient, coordinator: Mapping[str, str], issuer: EvaluationIssuer
) -> None:
    first = (await client.get(f"{ROUTE}/1", headers=coordinator)).json()["actor"]
    again = bearer(issuer.token("asha", {"RAJ": ["coordinator"]}, seconds=60))
    other = bearer(issuer.token("ben", {"RAJ": ["coordinator"]}))
    assert first.startswith("coordinator/")
    assert "asha" not in first
    assert (await client.get(f"{ROUTE}/1", headers=again)).json()["actor"] == first
    assert (await client.get(f"{ROUTE}/1", headers=other)).json()["actor"] != first


# What is sent


@pytest.mark.parametrize("keys", [[], ["a", "b"], [""], ["a" * 65], ["a b"], ["\xe9"]])
async def test_a_command_needs_one_good_idempotency_key(
    client: httpx.AsyncClient, coordinator: Mapping[str, str], pool: Pool, keys: Sequence[str]
) -> None:
    headers = [(n.encode(), v.encode()) for n, v in coordinator.items()]
    headers += [(b"idempotency-key", key.encode("latin-1")) for key in keys]
    reply = await client.post(ROUTE, json={"name": "a"}, headers=headers)
    assert reply.status_code == 400
    assert await events(pool) == []


MALFORMED = {
    "no JSON": b"{",
    "nothing": b"",
    "a member twice": b'{"name":"a","name":"b"}',
    "not a number": b'{"name":"a","count":NaN}',
    "a fraction": b'{"name":"a","count":1.0}',
    "U+0000": b'{"name":"a\\u0000"}',
    "half a pair": b'{"name":"\\ud800"}',
    "not UTF-8": b'{"name":"\xff"}',
    "not in form C": '{"name":"e\u0301"}'.encode(),
    "an array": b"[]",
    "too large a number": b'{"name":"a","count":9007199254740993}',
    "an unknown field": b'{"name":"a","colour":"red"}',
    "a missing field": b'{"count":1}',
    "a number as text": b'{"name":"a","count":"1"}',
    "true for a number": b'{"name":"a","count":true}',
    "too long": b'{"name":"' + b"a" * 21 + b'"}',
    "very deep": b"[" * 60_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_command_is_refused_in_a_sentence_and_nothing_is_written(
    client: httpx.AsyncClient, coordinator: Mapping[str, str], pool: Pool, body: bytes
) -> None:
    headers = {**coordinator, **KEY, "content-type": "application/json"}
    reply = await client.post(ROUTE, content=body, headers=headers)
    assert reply.status_code == 422, reply.text
    assert reply.json()["detail"].endswith(".")
    assert await events(pool) == []


async def test_a_malformed_command_says_which_field_and_never_repeats_its_value(
    client: httpx.AsyncClient, coordinator: Mapping[str, str]
) -> None:
    secret = "Grace Okafor, 1 Example Street"
    reply = await client.post(ROUTE, json={"name": secret}, headers={**coordinator, **KEY})
    assert reply.json()["errors"] == [{"field": "name", "why": "write at most 20 characters"}]
    assert secret not in reply.text


@pytest.mark.parametrize("declared", [True, False])
async def test_a_command_over_128_kib_is_refused(
    client: httpx.AsyncClient, coordinator: Mapping[str, str], declared: bool
) -> None:
    body = b'{"name":"' + b"a" * 131_072 + b'"}'

    async def stream() -> AsyncIterator[bytes]:
        yield body

    headers = {**coordinator, **KEY, "content-type": "application/json"}
    content = body if declared else stream()
    reply = await client.post(ROUTE, content=content, headers=headers)
    assert reply.status_code == 413


async def test_another_media_type_is_refused(
    client: httpx.AsyncClient, coordinator: Mapping[str, str]
) -> None:
    reply = await client.post(ROUTE, data={"name": "a"}, headers={**coordinator, **KEY})
    assert reply.status_code == 415


async def test_a_stranger_learns_nothing_about_what_is_wrong_with_the_body(
    client: httpx.AsyncClient,
) -> None:
    reply = await client.post(ROUTE, content=b"{", headers={"content-type": "application/json"})
    assert reply.status_code == 401


# What is answered


async def test_a_command_answers_where_the_thing_is_and_its_position(
    client: httpx.AsyncClient, coordinator: Mapping[str, str]
) -> None:
    reply = await client.post(ROUTE, json={"name": "a"}, headers={**coordinator, **KEY})
    assert reply.status_code == 201
    assert reply.headers["log-position"] == "engagement.RAJ/2"
    assert reply.headers["location"].startswith(ROUTE)
    assert reply.content == b""


async def test_a_repeated_command_is_answered_alike_and_happens_once(
    client: httpx.AsyncClient, coordinator: Mapping[str, str], pool: Pool
) -> None:
    headers = {**coordinator, **KEY}
    first = await client.post(ROUTE, json={"name": "a"}, headers=headers)
    second = await client.post(ROUTE, json={"name": "a"}, headers=headers)
    assert (second.status_code, second.headers["location"], second.headers["log-position"]) == (
        201,
        first.headers["location"],
        first.headers["log-position"],
    )
    assert len(await events(pool)) == 1


async def test_the_same_key_with_another_body_is_refused(
    client: httpx.AsyncClient, coordinator: Mapping[str, str], pool: Pool
) -> None:
    headers = {**coordinator, **KEY}
    await client.post(ROUTE, json={"name": "a"}, headers=headers)
    reply = await client.post(ROUTE, json={"name": "b"}, headers=headers)
    assert reply.status_code == 422
    assert len(await events(pool)) == 1


async def test_the_same_key_of_another_person_is_another_command(
    client: httpx.AsyncClient,
    coordinator: Mapping[str, str],
    issuer: EvaluationIssuer,
    pool: Pool,
) -> None:
    other = bearer(issuer.token("ben", {"RAJ": ["coordinator"]}))
    await client.post(ROUTE, json={"name": "a"}, headers={**coordinator, **KEY})
    reply = await client.post(ROUTE, json={"name": "b"}, headers={**other, **KEY})
    assert reply.status_code == 201
    assert len(await events(pool)) == 2


async def test_a_refusal_is_the_rules_sentence_and_leaves_the_key_free(
    client: httpx.AsyncClient, coordinator: Mapping[str, str]
) -> None:
    headers = {**coordinator, **KEY}
    reply = await client.post(ROUTE, json={"name": "full"}, headers=headers)
    assert reply.status_code == 409
    assert reply.json() == {
        "type": "urn:partners:rule:nothing-more",
        "title": "nothing more",
        "status": 409,
        "detail": "No more things are taken today; come back tomorrow.",
    }
    assert (await client.post(ROUTE, json={"name": "a"}, headers=headers)).status_code == 201


async def test_a_bug_shows_nothing_of_itself(
    client: httpx.AsyncClient, coordinator: Mapping[str, str], pool: Pool
) -> None:
    reply = await client.post(ROUTE, json={"name": "bug"}, headers={**coordinator, **KEY})
    assert reply.status_code == 500
    assert "secret detail" not in reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert await events(pool) == []


async def test_a_lost_connection_asks_to_try_again(
    client: httpx.AsyncClient, coordinator: Mapping[str, str]
) -> None:
    reply = await client.post(ROUTE, json={"name": "away"}, headers={**coordinator, **KEY})
    assert reply.status_code == 503
    assert reply.headers["retry-after"] == "2"


async def test_a_log_on_hold_takes_no_command(
    client: httpx.AsyncClient, coordinator: Mapping[str, str], gate: Gate, pool: Pool
) -> None:
    gate.open = False
    reply = await client.post(ROUTE, json={"name": "a"}, headers={**coordinator, **KEY})
    assert reply.status_code == 503
    assert reply.json()["type"] == "urn:partners:log-on-hold"
    assert await events(pool) == []


async def test_an_unknown_address_and_a_wrong_method_are_problems_too(
    client: httpx.AsyncClient, coordinator: Mapping[str, str]
) -> None:
    for reply, status in (
        (await client.get("/nowhere"), 404),
        (await client.delete(ROUTE, headers=coordinator), 405),
        (await client.get(f"{ROUTE}/none", headers=coordinator), 404),
    ):
        assert reply.status_code == status
        assert reply.headers["content-type"] == "application/problem+json"


# Routes that do not say who may use them


def test_a_route_that_names_nobody_does_not_start() -> None:
    routes = guarded_router("open")
    with pytest.raises(TypeError, match="who may use it"):

        @routes.get("/open")
        async def anyone() -> None:
            """Forgets to say."""


def test_a_public_route_may_not_change_anything() -> None:
    routes = guarded_router("open")
    with pytest.raises(TypeError, match="may not be public"):

        @routes.post("/open")
        async def anyone(caller: Annotated[Caller, Depends(allowed())]) -> None:
            """Would let everybody write."""


@pytest.mark.parametrize("inside_another", [False, True])
def test_an_unguarded_router_is_not_taken_in(kit: Kit, inside_another: bool) -> None:
    routes, outer = APIRouter(), APIRouter()

    @routes.get("/open")
    async def anyone() -> None:
        """Stands outside the guard."""

    outer.include_router(routes)
    with pytest.raises(TypeError, match="/open"):
        make_app(kit, TokenVerifier(kit.settings), [outer if inside_another else routes])


async def test_a_trace_that_is_none_is_replaced_and_a_good_one_is_kept(
    client: httpx.AsyncClient, coordinator: Mapping[str, str], pool: Pool
) -> None:
    """What a client sends as its trace would stand in the log for ever, and go into a header."""
    good = f"00-{'1' * 32}-{'2' * 16}-01"
    for number, trace in enumerate(
        [good, "Grace Okafor", "é" * 40_000, f"00-{'0' * 32}-{'2' * 16}-01"]
    ):
        headers = {**coordinator, "idempotency-key": f"k{number}"}
        sent = [
            (n.encode(), v.encode("latin-1")) for n, v in {**headers, "traceparent": trace}.items()
        ]
        assert (await client.post(ROUTE, json={"name": "a"}, headers=sent)).status_code == 201
    traces = [json.loads(body)["traceparent"] for body in await events(pool)]
    assert traces[0] == good
    assert len(set(traces)) == 4
    assert all(re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", trace) for trace in traces)


def test_a_role_outside_the_closed_list_is_refused() -> None:
    with pytest.raises(ValueError, match="no role manager"):
        allowed("manager")


# The log API


async def test_the_log_is_answered_verbatim_in_pages(
    client: httpx.AsyncClient,
    coordinator: Mapping[str, str],
    issuer: EvaluationIssuer,
    pool: Pool,
) -> None:
    for number in range(5):
        headers = {**coordinator, "idempotency-key": f"k-{number}"}
        await client.post(ROUTE, json={"name": "a"}, headers=headers)
    auditor = bearer(issuer.token("ada", {"RAJ": ["auditor"]}))
    first = await client.get("/log/RAJ", params={"after": 1, "limit": 3}, headers=auditor)
    rest = await client.get("/log/RAJ", params={"after": 4}, headers=auditor)
    assert first.headers["content-type"] == "application/x-ndjson"
    assert (first.text + rest.text).splitlines() == await events(pool)
    head = (await client.get("/log/RAJ/head", headers=auditor)).json()
    assert (head["organisation"], head["sequence"]) == ("RAJ", 6)
    assert head["recordedtime"] == json.loads((await events(pool))[-1])["recordedtime"]


@pytest.mark.parametrize(
    "query", [{"after": -1}, {"limit": 0}, {"limit": 1001}, {"after": "x"}, {"after": 10**10}]
)
async def test_a_page_outside_the_limits_is_refused(
    client: httpx.AsyncClient, issuer: EvaluationIssuer, query: dict[str, Any]
) -> None:
    auditor = bearer(issuer.token("ada", {"RAJ": ["auditor"]}))
    assert (await client.get("/log/RAJ", params=query, headers=auditor)).status_code == 422


async def test_a_coordinator_does_not_read_the_log(
    client: httpx.AsyncClient, coordinator: Mapping[str, str]
) -> None:
    assert (await client.get("/log/RAJ", headers=coordinator)).status_code == 403


# Policies


async def test_a_policy_is_adopted_with_its_defaults_and_listed(
    client: httpx.AsyncClient, issuer: EvaluationIssuer
) -> None:
    operator = bearer(issuer.token("olu", {"RAJ": ["operator"]}))
    form = {"kind": "rates", "version": 1, "effective_from": "2023-04-01", "terms": {}}
    url = "/organisations/RAJ/policies"
    assert (await client.post(url, json=form, headers={**operator, **KEY})).status_code == 201
    listed = (await client.get(url, headers=operator)).json()
    assert listed == [form | {"terms": {"rate_pence": 7_500}}]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "unheard"}, None),
        ({"terms": {"rate_pence": "75"}}, "terms.rate_pence"),
        ({"terms": {"rate": 1}}, "terms.rate"),
        ({"version": 0}, "version"),
    ],
)
async def test_a_policy_that_does_not_fit_is_refused(
    client: httpx.AsyncClient, issuer: EvaluationIssuer, change: dict[str, Any], field: str | None
) -> None:
    operator = bearer(issuer.token("olu", {"RAJ": ["operator"]}))
    form = {"kind": "rates", "version": 1, "effective_from": "2023-04-01", "terms": {}} | change
    reply = await client.post("/organisations/RAJ/policies", json=form, headers={**operator, **KEY})
    assert reply.status_code == 422
    assert [e["field"] for e in reply.json().get("errors", [])] == ([field] if field else [])
