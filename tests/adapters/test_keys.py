"""Keys on real PostgreSQL: who can read what, rotation, erased cases, known persons."""

from datetime import date, timedelta
from uuid import UUID

import asyncpg
import pytest
from pydantic_core import PydanticSerializationError

from shared.contracts.envelope import compose
from shared.contracts.personal import Clear
from shared.infra.database import Connection
from shared.infra.keys import KeyEncryptionKeys, NoWrappingKey, PersonErasedInThisCase
from shared.infra.known_persons import KnownPersons, Traits
from shared.infra.sealing import Holder, sealed_in, unseal
from shared.kernel.identifiers import LogName
from tests.adapters.conftest import Database
from tests.adapters.personal import (
    NOW,
    PERSON,
    REFEREE,
    STREAM,
    FixedClock,
    draft,
    given,
    keys,
    recorded,
    sealed,
    sealed_by,
    wrapping,
)

HOLDER = Holder("QH8", PERSON, "application", STREAM)


async def test_what_is_sealed_is_opened_again(connection: Connection) -> None:
    ours = keys()
    [written] = await sealed_by(ours, connection, draft(given(email=Clear("ada@example.org"))))
    values = sealed_in(recorded(written))
    found = await ours.find(connection, "QH8", [values["name"].key])
    key = ours.unwrap(found[values["name"].key])
    assert {name: unseal(value, key) for name, value in values.items()} == {
        "name": "Ada Oyelaran",
        "email": "ada@example.org",
    }
    assert found[values["name"].key].holder == HOLDER


async def test_nothing_of_a_personal_value_is_in_the_body(connection: Connection) -> None:
    before = draft(given("Ada Oyelaran"))
    with pytest.raises(PydanticSerializationError, match="must be sealed"):
        compose(before)
    with pytest.raises(PydanticSerializationError, match="unknown type"):
        compose(draft(given().model_copy(update={"person": [Clear("Ada Oyelaran")]})))
    [written] = await sealed_by(keys(), connection, before)
    assert "Oyelaran" not in compose(written)
    assert "Oyelaran" not in repr(before)


async def test_a_value_that_stands_twice_is_sealed_for_each_of_its_places(
    connection: Connection,
) -> None:
    name = Clear("Ada Oyelaran")
    twice = given().model_copy(update={"name": name, "notes": (name, name)})
    [written] = await sealed_by(keys(), connection, draft(twice))
    values = sealed_in(recorded(written))
    assert {at: value.at.rpartition(" ")[2] for at, value in values.items()} == {
        "name": "/name",
        "notes/0": "/notes/0",
        "notes/1": "/notes/1",
    }
    assert len({value.iv for value in values.values()}) == 3


async def test_one_key_for_each_person_organisation_class_and_case(connection: Connection) -> None:
    ours = keys()
    both = given(email=Clear("a@example.org"), referee=REFEREE, referee_name=Clear("Bo"))
    [first] = await sealed_by(ours, connection, draft(both))
    board_of_raj = draft(both, LogName("recruitment", "RAJ"))
    [again, elsewhere] = await sealed_by(ours, connection, draft(both), board_of_raj)
    other_case = (await sealed_by(ours, connection, draft(both, stream="application/other")))[0]
    mine, same, board, other = (
        sealed_in(recorded(found)) for found in (first, again, elsewhere, other_case)
    )
    assert mine["name"].key == mine["email"].key == same["name"].key
    assert mine["name"].key != mine["referee_name"].key
    assert len({mine["name"].key, board["name"].key, other["name"].key}) == 3


async def test_a_key_made_by_a_transaction_that_fails_is_not_there(connection: Connection) -> None:
    ours = keys()
    with pytest.raises(ZeroDivisionError):
        async with connection.transaction():
            await sealed_by(ours, connection, draft(given()))
            raise ZeroDivisionError
    assert await ours.of_person(connection, "QH8", PERSON) == []


async def test_two_transactions_that_need_the_same_new_key_make_one(database: Database) -> None:
    first = await asyncpg.connect(database.service)
    second = await asyncpg.connect(database.service)
    ours = keys()
    async with first.transaction():
        [one] = await sealed_by(ours, first, draft(given()))
    [two] = await sealed_by(ours, second, draft(given()))
    assert sealed_in(recorded(one))["name"].key == sealed_in(recorded(two))["name"].key
    await first.close()
    await second.close()


@pytest.mark.parametrize("table", ["person_keys", "wrapping", "known_persons"])
async def test_the_service_cannot_read_or_change_the_tables_of_keys(
    connection: Connection, table: str
) -> None:
    for statement in (
        f"SELECT * FROM keys.{table}",
        f"DELETE FROM keys.{table}",
        f"CREATE TABLE keys.{table}_copy AS TABLE keys.{table}",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_the_owner_of_the_log_does_not_read_the_keys_by_itself(database: Database) -> None:
    owner = await asyncpg.connect(database.owner)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.fetch("SELECT * FROM keys.person_keys")
    await owner.close()


async def test_the_schema_of_keys_without_the_outside_key_opens_nothing(
    connection: Connection,
) -> None:
    [written] = await sealed_by(keys("2024-02"), connection, draft(given()))
    value = sealed(sealed_in(recorded(written))["name"])
    thief = keys("stolen")
    found = await thief.find(connection, "QH8", [value.key])
    with pytest.raises(NoWrappingKey, match="not here"):
        thief.unwrap(found[value.key])
    same_name = keys("2024-02")
    same_name._wrapping = KeyEncryptionKeys({"2024-02": bytes(32)})
    with pytest.raises(NoWrappingKey, match="not what"):
        same_name.unwrap(found[value.key])


async def test_the_outside_key_without_the_schema_of_keys_opens_nothing(
    connection: Connection, database: Database
) -> None:
    ours = keys("2024-02")
    [written] = await sealed_by(ours, connection, draft(given()))
    value = sealed_in(recorded(written))["name"]
    superuser = await asyncpg.connect(database.superuser)
    await superuser.execute("DROP SCHEMA keys CASCADE")
    await superuser.close()
    with pytest.raises(asyncpg.InvalidSchemaNameError):
        await ours.find(connection, "QH8", [value.key])
    with pytest.raises(ValueError, match="changed"):
        unseal(value, b"2024-02".ljust(32, b"."))


async def test_a_key_put_in_anothers_place_does_not_unwrap(
    connection: Connection, database: Database
) -> None:
    ours = keys()
    event = given(referee=REFEREE, referee_name=Clear("Bo"))
    values = sealed_in(recorded((await sealed_by(ours, connection, draft(event)))[0]))
    superuser = await asyncpg.connect(database.superuser)
    await superuser.execute(
        "UPDATE keys.person_keys SET wrapped ="
        " (SELECT wrapped FROM keys.person_keys WHERE key = $1) WHERE key = $2",
        values["name"].key,
        values["referee_name"].key,
    )
    await superuser.close()
    found = await ours.find(connection, "QH8", [values["referee_name"].key])
    with pytest.raises(NoWrappingKey, match="not what"):
        ours.unwrap(found[values["referee_name"].key])


async def test_keys_are_found_for_their_own_organisation_only(connection: Connection) -> None:
    ours = keys()
    value = sealed_in(recorded((await sealed_by(ours, connection, draft(given())))[0]))["name"]
    assert set(await ours.find(connection, "QH8", [value.key, UUID(int=1)])) == {value.key}
    assert await ours.find(connection, "RAJ", [value.key]) == {}
    assert await ours.destroy(connection, "RAJ", [value.key]) == []


async def test_nothing_is_sealed_in_a_case_that_was_erased(connection: Connection) -> None:
    ours = keys()
    value = sealed_in(recorded((await sealed_by(ours, connection, draft(given())))[0]))["name"]
    assert await ours.destroy(connection, "QH8", [value.key]) == [value.key]
    assert await ours.destroy(connection, "QH8", [value.key]) == []
    assert (await ours.find(connection, "QH8", [value.key]))[value.key].wrapped is None
    with pytest.raises(PersonErasedInThisCase):
        await sealed_by(ours, connection, draft(given()))
    await sealed_by(ours, connection, draft(given(), stream="application/new"))


async def test_a_rotated_key_wraps_what_is_new_and_after_rewrapping_everything(
    connection: Connection,
) -> None:
    old = keys("2024-01")
    values = [
        sealed_in(recorded((await sealed_by(old, connection, draft(given(), stream=f"a/{n}")))[0]))
        for n in range(3)
    ]
    month = timedelta(days=31)
    both = keys("2024-01", "2024-02", clock=FixedClock(NOW + month))
    await sealed_by(both, connection, draft(given(), stream="a/new"))
    assert [(w.name, w.first_used_at, w.keys) for w in await both.wrappings(connection)] == [
        ("2024-01", NOW, 3),
        ("2024-02", NOW + month, 1),
    ]
    assert await both.rewrap(connection) == 3
    assert [w.keys for w in await both.wrappings(connection)] == [0, 4]
    assert await both.rewrap(connection) == 0

    only_new = keys("2024-02")
    for value in values:
        key_id = value["name"].key
        found = (await only_new.find(connection, "QH8", [key_id]))[key_id]
        assert unseal(value["name"], only_new.unwrap(found)) == "Ada Oyelaran"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"a":"c2hvcnQ="}', '{"a":7}', '{"a":"!"}'])
def test_key_encryption_keys_that_are_none_are_refused_without_showing_them(text: str) -> None:
    with pytest.raises(ValueError, match="JSON object of names") as refused:
        KeyEncryptionKeys.parse(text)
    assert "c2hvcnQ" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_key_encryption_keys_are_read_newest_last() -> None:
    encoded = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    assert KeyEncryptionKeys.parse(f'{{"b":"{encoded}","a":"{encoded}"}}').newest == "a"
    assert wrapping("2024-01", "2024-02").newest == "2024-02"


ADA = Traits("Ada@Example.org ", "O'Brién-Smith", date(1961, 3, 4), "ss1 2ab")


@pytest.mark.parametrize(
    "told",
    [
        Traits(email="ada@example.ORG"),
        Traits(surname="obrien smith", birth_date=date(1961, 3, 4), postcode="SS12AB"),
        Traits("other@example.org", "O’BRIEN-SMITH", date(1961, 3, 4), " SS1  2AB"),
    ],
)
async def test_a_person_is_known_by_either_trait_however_it_is_written(
    connection: Connection, told: Traits
) -> None:
    known = keys().known
    await known.remember(connection, "QH8", PERSON, ADA)
    await known.remember(connection, "QH8", PERSON, ADA)
    assert await known.recall(connection, "QH8", told) == [PERSON]
    assert await known.recall(connection, "RAJ", told) == []
    assert await KnownPersons(b"another secret").recall(connection, "QH8", told) == []
    await known.forget(connection, "QH8", PERSON)
    assert await known.recall(connection, "QH8", told) == []


@pytest.mark.parametrize(
    "told",
    [
        Traits(),
        Traits(email=" "),
        Traits(surname="O'Brién-Smith", birth_date=date(1961, 3, 4)),
        Traits(surname="O'Brién-Smith", birth_date=date(1961, 3, 5), postcode="SS1 2AB"),
        Traits(surname="--", birth_date=date(1961, 3, 4), postcode="SS1 2AB"),
    ],
)
async def test_too_little_or_another_value_knows_nobody(
    connection: Connection, told: Traits
) -> None:
    known = keys().known
    await known.remember(connection, "QH8", PERSON, ADA)
    await known.remember(connection, "QH8", REFEREE, Traits())
    assert await known.recall(connection, "QH8", told) == []


async def test_traits_are_kept_as_hashes_and_do_not_show_themselves(
    connection: Connection, database: Database
) -> None:
    await keys().known.remember(connection, "QH8", PERSON, ADA)
    superuser = await asyncpg.connect(database.superuser)
    rows = await superuser.fetch("SELECT * FROM keys.known_persons")
    await superuser.close()
    assert [len(row["hash"]) for row in rows] == [32, 32]
    assert "Brién" not in repr(ADA)
