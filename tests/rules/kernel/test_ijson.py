"""Bodies and commands are I-JSON as BYTES narrows it: each rule says no to one thing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.ijson import NotIJson, check, dumps, loads, loads_object

WRONG = {
    "a member twice": '{"a":1,"a":2}',
    "a member twice, deep inside": '{"a":[{"b":{"c":1,"c":1}}]}',
    "a member twice, written differently": '{"a":1,"\\u0061":2}',
    "a fraction": '{"a":0.5}',
    "an exponent": '{"a":1e3}',
    "not a number": '{"a":NaN}',
    "infinity": '{"a":-Infinity}',
    "a number beyond 2^53 - 1": '{"a":9007199254740992}',
    "a number of five thousand digits": '{"a":' + "9" * 5000 + "}",
    "U+0000": '{"a":"\\u0000"}',
    "U+0000 in a name": '{"\\u0000":1}',
    "half a surrogate pair": '{"a":"\\ud83d"}',
    "text that is not in form C": '{"a":"e\u0301"}',
    "text cut short": '{"a":1',
    "a comment": '{"a":1}//',
    "two values": '{"a":1}{"b":2}',
    "nothing": "",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_what_is_not_i_json_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(NotIJson) as refusal:
        loads(text)
    assert str(refusal.value).endswith(".")


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    with pytest.raises(NotIJson, match="UTF-8"):
        loads(b'{"a":"\xff"}')


def test_a_byte_order_mark_is_refused() -> None:
    with pytest.raises(NotIJson):
        loads(b'\xef\xbb\xbf{"a":1}')


def test_deep_nesting_is_refused_and_does_not_end_the_process() -> None:
    with pytest.raises(NotIJson):
        loads("[" * 100_000 + "]" * 100_000)


@pytest.mark.parametrize("text", [' {"a":1}', '{"a":1} ', '{"a":1}\n', '{\n"a":1}', "[1]", '"a"'])
def test_a_body_is_one_object_on_one_line_with_nothing_around_it(text: str) -> None:
    with pytest.raises(NotIJson, match="one JSON object"):
        loads_object(text)


@pytest.mark.parametrize("value", [1.0, float("nan"), b"a", {1}, object(), 2**53])
def test_a_value_without_a_form_of_ours_is_not_written(value: object) -> None:
    with pytest.raises(NotIJson):
        dumps({"a": [value]})


def test_the_largest_number_is_read_and_written() -> None:
    assert loads(dumps({"a": 2**53 - 1, "b": -(2**53) + 1})) == {
        "a": 9007199254740991,
        "b": -9007199254740991,
    }


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(st.dictionaries(TEXT, VALUES))
def test_what_is_written_is_read_back_the_same(value: dict[str, object]) -> None:
    try:
        check(value)
    except NotIJson:
        return
    text = dumps(value)
    assert loads_object(text) == value
    assert json.loads(text) == value


@given(
    st.text(alphabet=st.sampled_from('ae"\\n/\u0301\u0338\u00e9\u1100\u1161\x00\ud83d\ude00')),
    st.booleans(),
)
def test_what_is_read_is_what_a_thorough_look_lets_pass(text: str, escaped: bool) -> None:
    written = json.dumps({"a": text}, ensure_ascii=escaped)
    read = json.loads(written)
    try:
        check(read)
    except NotIJson:
        with pytest.raises(NotIJson):
            loads(written)
    else:
        assert loads(written) == read
