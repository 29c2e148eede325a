"""Sealed values, byte for byte as BYTES lays them out, and every way in which one must not open."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import PydanticSerializationError

from shared.contracts.catalogue import every_event
from shared.contracts.envelope import Draft, compose, read
from shared.contracts.event import Event
from shared.contracts.personal import Clear, Sealed, Written
from shared.infra import sealing
from shared.infra.sealing import (
    At,
    CannotOpen,
    CannotSeal,
    Holder,
    PersonKey,
    places,
    sealed_in,
    unseal,
)
from shared.kernel.identifiers import LogName
from shared.kernel.ijson import Json
from tests.adapters.personal import (
    EVENT,
    LOG,
    PERSON,
    REFEREE,
    STREAM,
    SampleAnswer,
    SampleCopied,
    SampleMoney,
    SampleUndeclared,
    draft,
    given,
    recorded,
)
from tests.contracts.samples import body_of

KEY = bytes(range(32))
KEY_ID = UUID("44444444-4444-4444-8444-444444444444")
HOLDER = Holder("QH8", PERSON, "application", STREAM)
PLACE = At(LOG, EVENT, "/name")
OTHER_EVENT = UUID("018d7f00-0000-7000-8000-000000000009")


def seal(value: Json, key: PersonKey, at: At) -> Sealed:
    """A value sealed, as it is read back."""
    return Sealed.model_validate(sealing.seal(value, key, at))


def octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def flipped(text: str) -> str:
    changed = bytearray(octets(text))
    changed[0] ^= 1
    return urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode()


def test_a_sealed_value_is_laid_out_as_bytes_says() -> None:
    written = sealing.seal("Ada Oyelaran", PersonKey.of(KEY_ID, HOLDER, KEY), PLACE)
    value = Sealed.model_validate(written)
    assert list(written) == ["sealed", "key", "person", "class", "case", "at", "iv", "ct"]
    assert written | {"iv": "", "ct": ""} == {
        "sealed": 1,
        "key": str(KEY_ID),
        "person": str(PERSON),
        "class": "application",
        "case": STREAM,
        "at": f"recruitment.QH8 {EVENT} /name",
        "iv": "",
        "ct": "",
    }
    assert len(octets(value.iv)) == 12
    assert "=" not in value.iv + value.ct
    associated = "\n".join(
        ("partners-seal-1", str(KEY_ID), str(PERSON), "application", STREAM, value.at)
    )
    plaintext = AESGCM(KEY).decrypt(octets(value.iv), octets(value.ct), associated.encode())
    assert plaintext == b'"Ada Oyelaran"'.ljust(64)
    assert value.model_dump(mode="json", by_alias=True) == written


@pytest.mark.parametrize("length", [0, 1, 61, 62, 63, 64, 126, 127, 500])
def test_plaintext_is_padded_to_a_multiple_of_64_octets(length: int) -> None:
    value = seal("x" * length, PersonKey.of(KEY_ID, HOLDER, KEY), PLACE)
    plain = len(octets(value.ct)) - 16
    assert plain == -(-(length + 2) // 64) * 64
    assert unseal(value, KEY) == "x" * length


@pytest.mark.parametrize("value", [None, True, 7, "Zoë", ["a", 1], {"lines": ["1 High Street"]}])
def test_any_value_comes_back(value: Json) -> None:
    assert unseal(seal(value, PersonKey.of(KEY_ID, HOLDER, KEY), PLACE), KEY) == value


def test_equal_values_do_not_look_equal() -> None:
    first, second = (seal("same", PersonKey.of(KEY_ID, HOLDER, KEY), PLACE) for _ in range(2))
    assert first.iv != second.iv
    assert first.ct != second.ct


@pytest.mark.parametrize(
    "change",
    [
        {"key": UUID(int=1)},
        {"person": REFEREE},
        {"retention_class": "money"},
        {"case": "application/another"},
        {"at": f"recruitment.QH8 {EVENT} /email"},
        {"at": f"recruitment.QH8 {OTHER_EVENT} /name"},
        {"at": f"recruitment.RAJ {EVENT} /name"},
        {"iv": None},
        {"ct": None},
        {"ct": ""},
    ],
    ids=str,
)
def test_a_value_with_anything_changed_does_not_open(change: dict[str, Any]) -> None:
    value = seal("Ada Oyelaran", PersonKey.of(KEY_ID, HOLDER, KEY), PLACE)
    for name, new in change.items():
        changed = flipped(getattr(value, name)) if new is None else new
        with pytest.raises(CannotOpen):
            unseal(value.model_copy(update={name: changed}), KEY)
    with pytest.raises(CannotOpen):
        unseal(value, bytes(32))


def test_every_declared_value_is_found_with_its_holder() -> None:
    event = given(
        email=Clear("ada@example.org"),
        answers=(
            SampleAnswer(question="Why?", answer=Clear("Because")),
            SampleAnswer(question="How?", answer=Clear("So")),
        ),
        notes=(Clear("a note"),),
        referee=REFEREE,
        referee_name=Clear("Bo Lindqvist"),
    )
    found = {place.pointer: place for place in places(draft(event))}
    assert list(found) == [
        "/name",
        "/email",
        "/answers/0/answer",
        "/answers/1/answer",
        "/notes/0",
        "/referee_name",
    ]
    assert {place.holder for at, place in found.items() if at != "/referee_name"} == {HOLDER}
    assert found["/referee_name"].holder == Holder("QH8", REFEREE, "reference", STREAM)


def test_a_case_may_be_named_by_a_member_of_the_event() -> None:
    payee = UUID(int=5)
    event = SampleMoney(
        person=PERSON,
        payee=payee,
        tax_year="tax-year/2023-24",
        account=Clear("12345678"),
        total=Clear(7500),
    )
    assert [place.holder.case for place in places(draft(event))] == [
        f"payee/{payee}",
        "tax-year/2023-24",
    ]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (SampleUndeclared(person=PERSON, name=Clear("Ada")), "not declared"),
        (given(referee_name=Clear("Bo Lindqvist")), "whose it is"),
        (
            SampleMoney(
                person=PERSON, payee=UUID(int=5), tax_year="", account=Clear("1"), total=Clear(1)
            ),
            "which case",
        ),
        (
            SampleMoney(
                person=PERSON,
                payee=UUID(int=5),
                tax_year="2024\n25",
                account=Clear(1),
                total=Clear(1),
            ),
            "which case",
        ),
    ],
)
def test_a_value_whose_key_is_not_declared_is_refused(event: Event, why: str) -> None:
    with pytest.raises(CannotSeal, match=why):
        places(draft(event))


def test_a_value_in_clear_hidden_in_a_list_of_anything_is_refused() -> None:
    event = given().model_copy(update={"answers": [{"answer": Clear("hidden")}]})
    with pytest.raises(CannotSeal, match="answers/0/answer"):
        places(draft(event))


def test_a_value_sealed_by_another_event_stands_only_in_a_copy_in_the_same_log() -> None:
    before = seal("Ada", PersonKey.of(KEY_ID, HOLDER, KEY), At(LOG, OTHER_EVENT, "/name"))
    copied = draft(SampleCopied(person=PERSON, name=before))
    assert places(copied) == []
    assert sealed_in(recorded(copied)) == {"name": before}

    with pytest.raises(CannotSeal, match="not a copy"):
        places(draft(given().model_copy(update={"name": before})))
    with pytest.raises(CannotSeal, match="another log"):
        places(draft(SampleCopied(person=PERSON, name=before), LogName("recruitment", "RAJ")))
    money = before.model_copy(update={"retention_class": "money"})
    with pytest.raises(CannotSeal, match="retention class"):
        places(draft(SampleCopied(person=PERSON, name=money)))


def test_a_reader_refuses_a_value_brought_from_elsewhere() -> None:
    def carrying(name: Sealed) -> Draft:
        return draft(given().model_copy(update={"name": name}))

    foreign = seal("Ada", PersonKey.of(KEY_ID, HOLDER, KEY), At(LOG, OTHER_EVENT, "/name"))
    with pytest.raises(CannotOpen, match="not a copy"):
        sealed_in(recorded(carrying(foreign)))
    elsewhere = seal(
        "Ada", PersonKey.of(KEY_ID, HOLDER, KEY), At(LogName("recruitment", "RAJ"), EVENT, "/name")
    )
    with pytest.raises(CannotOpen, match="another log"):
        sealed_in(recorded(carrying(elsewhere)))
    with pytest.raises(CannotOpen, match="first written"):
        sealed_in(recorded(carrying(foreign.model_copy(update={"at": "here"}))))


def sealed(before: Draft) -> Draft:
    """The draft with what stands in it in clear sealed, each value under a key of its holder's."""
    for pointer, holder, clear in places(before):
        at = At(before.log, before.id, pointer)
        written = sealing.seal(clear.value, PersonKey.of(KEY_ID, holder, KEY), at)
        before.sealed.append((clear, written))
    return before


def test_sealed_values_are_written_in_the_place_of_those_in_clear() -> None:
    event = given(answers=(SampleAnswer(question="Why?", answer=Clear("Because")),))
    after = sealed(draft(event))
    [name, answer] = (written for _, written in after.sealed)
    found = recorded(after)
    assert found.data == {
        "person": str(PERSON),
        "name": name,
        "email": None,
        "answers": [{"question": "Why?", "answer": answer}],
        "notes": [],
        "referee": None,
        "referee_name": None,
    }
    assert {at: unseal(value, KEY) for at, value in sealed_in(found).items()} == {
        "name": "Ada Oyelaran",
        "answers/0/answer": "Because",
    }
    assert sealed_in(found)["answers/0/answer"].at == f"recruitment.QH8 {EVENT} /answers/0/answer"


@pytest.mark.parametrize("kind", every_event(), ids=lambda kind: kind.__name__)
def test_every_event_is_sealed_place_by_place(kind: type[Event]) -> None:
    sample = read(body_of(kind))
    pointers = sealed_in(sample)
    data = deepcopy(sample.data)
    for pointer in pointers:
        *inside, last = (int(part) if part.isdigit() else part for part in pointer.split("/"))
        owner: Any = data
        for part in inside:
            owner = owner[part]
        owner[last] = Clear(pointer)
    found = recorded(sealed(draft(kind.model_validate(data), sample.log)))
    assert {at: unseal(value, KEY) for at, value in sealed_in(found).items()} == {
        pointer: pointer for pointer in pointers
    }


@pytest.mark.parametrize(
    "disturb", [list.reverse, list.pop, list.clear], ids=["in another order", "too few", "none"]
)
def test_a_value_is_never_written_in_the_place_of_another(
    disturb: Callable[[list[Written]], object],
) -> None:
    before = sealed(draft(given(notes=(Clear("first"), Clear("second")))))
    disturb(before.sealed)
    with pytest.raises(PydanticSerializationError, match="must be sealed"):
        compose(before)
