"""Opening sealed values: recorded first, by role and purpose, cached briefly."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from shared.contracts.envelope import Recorded, read
from shared.contracts.openings import PersonalDataOpened
from shared.contracts.personal import Clear, Sealed
from shared.infra import log
from shared.infra.database import AWAY, Pool, open_pool
from shared.infra.key_access import (
    PAYING,
    SHOWING,
    WELCOMING,
    WRITING,
    OpenedKeys,
    OpenKeys,
    Purpose,
    serve_keys,
)
from shared.infra.opening import Opener, Unavailable
from shared.infra.sealing import sealed_in
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Cause, Shell
from shared.kernel.ijson import Json
from tests.adapters.conftest import OPENED_AT, MakeDatabase
from tests.adapters.personal import (
    CAUSE,
    PERSON,
    FixedClock,
    SampleMoney,
    draft,
    given,
    keys,
    recorded,
    sealed,
    sealed_by,
)

ACTOR = "coordinator/55555555-5555-8555-8555-555555555555"
SECRET = "a secret of at least 32 characters"


def settings(service: str, organisation: str, urls: dict[str, str]) -> ServiceSettings:
    values: dict[str, Any] = {
        "deployment": f"{service}-test",
        "organisations": organisation,
        "embedded": True,
        "database_url": "postgresql://unused",
        "bootstrap_servers": "unused",
        "service_urls": urls,
        "machine_token": "machine",
        "idempotency_secret": SECRET,
        "directory_secret": SECRET,
        "key_encryption_keys": "{}",
        "jwks_file": Path("unused"),
        "register_folder": Path("unused"),
    }
    return ServiceSettings.model_validate(values)


@dataclass
class Party:
    """One service: its database, and what it opens with."""

    service: str
    pool: Pool
    opener: Opener

    async def openings(self, organisation: str) -> list[Recorded]:
        async with self.pool.acquire() as connection:
            bodies = await log.read(connection, organisation, 1, 1000)
        return [read(body) for body in bodies]


@dataclass
class Keeper:
    """Recruitment, which seals for QH8 and serves its keys over HTTP to a bearer with `roles`."""

    pool: Pool
    roles: frozenset[str] = frozenset({"service"})
    calls: int = 0
    status: int = 200

    async def seal(self, name: Json = "Ada Oyelaran") -> Sealed:
        async with self.pool.acquire() as connection:
            [written] = await sealed_by(keys(), connection, draft(given(name)))
        return sealed_in(recorded(written))["name"]

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/keys/{organisation}/open")
        async def open_keys(organisation: str, asked: OpenKeys) -> OpenedKeys:
            self.calls += 1
            async with self.pool.acquire() as connection:
                return await serve_keys(connection, keys(), organisation, asked, self.roles)

        return app

    def transport(self) -> httpx.AsyncBaseTransport:
        inner = httpx.ASGITransport(self.app())
        keeper = self

        class Sometimes(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                assert request.headers["authorization"] == "Bearer machine"
                if keeper.status == 0:
                    raise httpx.ConnectError("nobody there")
                if keeper.status != 200:
                    return httpx.Response(keeper.status, request=request)
                return await inner.handle_async_request(request)

        return Sometimes()


@pytest.fixture
async def keeper(make_database: MakeDatabase) -> AsyncIterator[Keeper]:
    database = await make_database()
    pool = await open_pool(database.service, name="keeper")
    yield Keeper(pool)
    await pool.close()


@pytest.fixture
async def party(make_database: MakeDatabase, keeper: Keeper) -> AsyncIterator[Callable[..., Any]]:
    pools: list[Pool] = []
    openers: list[Opener] = []

    async def make(service: str = "engagement", organisation: str = "RAJ") -> Party:
        pool = keeper.pool
        if service != "recruitment":
            pool = await open_pool((await make_database()).service, name=service)
            pools.append(pool)
        async with pool.acquire() as connection:
            await log.open_log(connection, service, organisation, "partners.invalid", OPENED_AT)
        shell = Shell(pool, service, FixedClock(), idempotency_secret=b"s", sealer=keys())
        opener = Opener(
            service,
            settings(service, organisation, {"recruitment": "http://recruitment"}),
            shell,
            pool,
            keys(),
            keeper.transport(),
        )
        openers.append(opener)
        return Party(service, pool, opener)

    yield make
    for opener in openers:
        await opener.close()
    for pool in pools:
        await pool.close()


async def test_a_service_opens_its_own_and_records_it_first(
    keeper: Keeper, party: Callable[..., Any]
) -> None:
    own: Party = await party("recruitment", "QH8")
    value = await keeper.seal()
    assert await own.opener.open({"name": value}, SHOWING, organisation="QH8", actor=ACTOR) == {
        "name": "Ada Oyelaran"
    }
    assert keeper.calls == 0
    [opening] = await own.openings("QH8")
    assert opening.event() == PersonalDataOpened(
        keys=(value.key,), keeper="recruitment.QH8", purpose=SHOWING
    )
    assert opening.actor == ACTOR
    assert opening.stream == f"opening/{opening.correlation_id}"


async def test_a_service_opens_what_another_keeps_and_records_it_in_its_own_log(
    keeper: Keeper, party: Callable[..., Any]
) -> None:
    engagement: Party = await party()
    value = await keeper.seal()
    cause = Cause(CAUSE, CAUSE, "system/engagement", "00-1-2-01")
    found = await engagement.opener.open(
        {"name": value, "same": value},
        WELCOMING,
        organisation="RAJ",
        actor="system/engagement",
        cause=cause,
    )
    assert found == {"name": "Ada Oyelaran", "same": "Ada Oyelaran"}
    [opening] = await engagement.openings("RAJ")
    assert opening.data["keeper"] == "recruitment.QH8"
    assert opening.causation_id == CAUSE
    assert keeper.calls == 1


async def test_nothing_is_handed_out_that_could_not_be_recorded(
    keeper: Keeper, party: Callable[..., Any]
) -> None:
    engagement: Party = await party()
    value = await keeper.seal()
    with pytest.raises(log.LogNotOpen):
        await engagement.opener.open(
            {"name": value}, WRITING, organisation="QJ2", actor="system/engagement"
        )


async def test_a_key_is_cached_for_its_reader_and_purpose_and_not_for_long(
    keeper: Keeper, party: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    engagement: Party = await party()
    value = await keeper.seal()
    now = 1000.0
    monkeypatch.setattr("shared.infra.opening.monotonic", lambda: now)

    async def open_as(actor: str, purpose: str = SHOWING) -> Any:
        found = await engagement.opener.open(
            {"name": value}, purpose, organisation="RAJ", actor=actor
        )
        return found["name"]

    for _ in range(3):
        assert await open_as(ACTOR) == "Ada Oyelaran"
    assert keeper.calls == 1
    await open_as("coordinator/another")
    await open_as("system/engagement", WRITING)
    assert keeper.calls == 3
    assert len(await engagement.openings("RAJ")) == 3

    async with keeper.pool.acquire() as connection:
        await keys().destroy(connection, "QH8", [value.key])
    now += 59.9
    assert await open_as(ACTOR) == "Ada Oyelaran"
    now += 0.2
    assert await open_as(ACTOR) == Unavailable("erased")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0, Unavailable("away")),
        (500, Unavailable("away")),
        (503, Unavailable("away")),
        (401, Unavailable("not-allowed")),
        (403, Unavailable("not-allowed")),
        (404, Unavailable("not-allowed")),
    ],
)
async def test_a_keeper_that_is_away_gives_unavailable_and_no_exception(
    keeper: Keeper, party: Callable[..., Any], status: int, expected: Unavailable
) -> None:
    engagement: Party = await party()
    value = await keeper.seal()
    keeper.status = status
    found = await engagement.opener.open({"name": value}, SHOWING, organisation="RAJ", actor=ACTOR)
    assert found == {"name": expected}
    assert not expected.for_ever
    assert await engagement.openings("RAJ") == []


async def test_a_keeper_nobody_told_of_is_away(keeper: Keeper, party: Callable[..., Any]) -> None:
    engagement: Party = await party()
    value = (await keeper.seal()).model_copy(update={"at": f"payments.QH8 {CAUSE} /name"})
    found = await engagement.opener.open({"name": value}, SHOWING, organisation="RAJ", actor=ACTOR)
    assert found == {"name": Unavailable("away")}


async def test_what_cannot_be_opened_any_more_says_why(
    keeper: Keeper, party: Callable[..., Any]
) -> None:
    own: Party = await party("recruitment", "QH8")
    engagement: Party = await party()
    value = await keeper.seal()
    values = {
        "good": value,
        "damaged": value.model_copy(update={"case": "application/another"}),
        "nowhere": value.model_copy(update={"at": "nowhere"}),
        "unknown": value.model_copy(update={"key": UUID(int=7)}),
    }
    expected = {
        "good": "Ada Oyelaran",
        "damaged": Unavailable("damaged"),
        "nowhere": Unavailable("damaged"),
        "unknown": Unavailable("unknown"),
    }
    for opener, organisation in ((own.opener, "QH8"), (engagement.opener, "RAJ")):
        found = await opener.open(values, SHOWING, organisation=organisation, actor=ACTOR)
        assert found == expected
    assert all(
        found.for_ever and found.sentence
        for found in expected.values()
        if isinstance(found, Unavailable)
    )


async def test_more_than_500_keys_take_more_than_one_call(
    keeper: Keeper, party: Callable[..., Any]
) -> None:
    engagement: Party = await party()
    drafts = [draft(given(str(n)), stream=f"application/{n}") for n in range(501)]
    async with keeper.pool.acquire() as connection:
        written = await sealed_by(keys(), connection, *drafts)
    values = {str(n): sealed_in(recorded(one))["name"] for n, one in enumerate(written)}
    found = await engagement.opener.open(values, SHOWING, organisation="RAJ", actor=ACTOR)
    assert found == {str(n): str(n) for n in range(501)}
    assert keeper.calls == 2
    assert [len(one.event().model_dump()["keys"]) for one in await engagement.openings("RAJ")] == [
        500,
        1,
    ]


async def test_a_purpose_is_one_of_the_closed_list(party: Callable[..., Any]) -> None:
    engagement: Party = await party()
    with pytest.raises(ValueError, match="not one of the purposes"):
        await engagement.opener.open({}, "curiosity", organisation="RAJ", actor=ACTOR)


ALLOWED: list[tuple[set[str], str, Purpose, bool, bool]] = [
    ({"service"}, "system/payments", PAYING, False, True),
    ({"service"}, "system/engagement", WELCOMING, True, False),
    ({"service"}, "system/notifications", WRITING, True, True),
    ({"service"}, "system/portal", SHOWING, False, False),
    ({"service"}, ACTOR, SHOWING, True, False),
    ({"service"}, ACTOR, PAYING, False, False),
    ({"service"}, "finance-approver/1", SHOWING, False, True),
    ({"service"}, "auditor/1", SHOWING, False, False),
    ({"coordinator"}, ACTOR, SHOWING, True, False),
    ({"coordinator"}, "finance-approver/1", SHOWING, False, False),
    ({"coordinator"}, "system/payments", PAYING, False, False),
    (set(), ACTOR, SHOWING, False, False),
]
"""Roles of the token, actor, purpose; whether application and money are opened."""


async def test_keys_are_served_by_role_and_purpose(keeper: Keeper) -> None:
    account = SampleMoney(
        person=PERSON, payee=UUID(int=5), tax_year="2023-24", account=Clear("12345678")
    )
    name = await keeper.seal()
    async with keeper.pool.acquire() as connection:
        [written] = await sealed_by(keys(), connection, draft(account, stream="payee/5"))
        bank = sealed(sealed_in(recorded(written))["account"])
        for roles, actor, purpose, application, money in ALLOWED:
            asked = OpenKeys(keys=(name.key, bank.key), purpose=purpose, actor=actor)
            answer = await serve_keys(connection, keys(), "QH8", asked, roles)
            allowed = {name.key: application, bank.key: money}
            assert set(answer.opened) == {key for key, may in allowed.items() if may}, actor
            assert set(answer.refused) == {key for key, may in allowed.items() if not may}, actor
            assert "opened" not in repr(answer)
            elsewhere = await serve_keys(connection, keys(), "RAJ", asked, roles)
            assert (elsewhere.opened, elsewhere.refused) == ({}, ())


async def test_a_key_that_cannot_be_unwrapped_here_is_away(
    keeper: Keeper, party: Callable[..., Any]
) -> None:
    own: Party = await party("recruitment", "QH8")
    async with keeper.pool.acquire() as connection:
        [written] = await sealed_by(keys("forgotten"), connection, draft(given(), stream="a/1"))
    value = sealed_in(recorded(written))["name"]
    found = await own.opener.open({"name": value}, SHOWING, organisation="QH8", actor=ACTOR)
    assert found == {"name": Unavailable("away")}


async def test_an_outage_of_the_own_database_is_an_exception(
    keeper: Keeper, party: Callable[..., Any], make_database: MakeDatabase
) -> None:
    own: Party = await party("recruitment", "QH8")
    value = await keeper.seal()
    async with keeper.pool.acquire() as connection:
        name = await connection.fetchval("SELECT current_database()")
    assert name
    superuser = await asyncpg.connect((await make_database()).superuser)
    await superuser.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    await superuser.close()
    with pytest.raises((asyncpg.PostgresError, *AWAY)):
        await own.opener.open({"name": value}, SHOWING, organisation="QH8", actor=ACTOR)
