"""What people and programs send that nobody meant, by hand."""

from typing import Final
from uuid import UUID

BODIES: Final = {
    "nothing": b"",
    "white space": b" \n",
    "no JSON": b"{",
    "another after it": b"{}{}",
    "an array": b"[]",
    "text": b'"text"',
    "null": b"null",
    "a number": b"7",
    "U+0000": b'{"a":"\\u0000"}',
    "U+0000 in a name": b'{"\\u0000":"a"}',
    "half a pair": b'{"a":"\\ud800"}',
    "the other half": b'{"a":["\\udfff"]}',
    "NaN": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "1e400": b'{"a":1e400}',
    "a fraction": b'{"a":1.0}',
    "2^53": b'{"a":9007199254740992}',
    "ten thousand digits": b'{"a":' + b"9" * 10_000 + b"}",
    "a member twice": b'{"a":1,"a":2}',
    "a member twice, deep inside": b'{"a":[{"b":{"c":1,"c":1}}]}',
    "not UTF-8": b'{"a":"\xff"}',
    "UTF-16": '{"a":"b"}'.encode("utf-16"),
    "a byte-order mark": b"\xef\xbb\xbf{}",
    "not in form C": '{"a":"e\u0301"}'.encode(),
    "brackets": b"[" * 10_000 + b"]" * 10_000,
    "braces": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a field nobody asks for": b'{"Zq7 Marker Zq7":1}',
}
COMMANDS: Final = {
    "recruitment": ("coordinator", "campaigns"),
    "engagement": ("coordinator", "meetings"),
    "payments": ("finance-preparer", "payment-runs"),
    "notifications": ("operator", f"messages/{UUID(int=1)}/retry"),
    "audit": ("service", "cosignatures"),
    "portal": ("operator", "views/roster/rebuild"),
}


KEYS: Final[tuple[list[bytes], ...]] = (
    [],
    [b""],
    [b"k" * 65],
    ["clé".encode()],
    [b"\xe9"],
    [b"a b"],
    [b"a\tb"],
    [b"a", b"b"],
)


PLACES: Final = (
    "raj",
    "..",
    "%2e%2e",
    "%00",
    "RAJ%0A",
    "R%41J%20",
    "A" * 33,
    "R%C3%84J",
    "-",
    "%7BRAJ%7D",
    "1e400",
)


IDENTIFIERS: Final = (
    "1",
    "x" * 300,
    "%00",
    "..%2f..",
    "{%7B}",
    str(UUID(int=1))[:-1],
    "null",
    "urn:uuid:1",
)


DAYS: Final = (
    "0000-00-00",
    "10000-01-01",
    "9999-12-31",
    "0001-01-01",
    "2024-02-30",
    "1707000000",
    "now",
    "",
)
MOMENTS: Final = (
    "2024-06-20T14:00:00",
    "10000-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "2024-03-05T14:00:00+99:00",
    "2024-03-05T24:00:01Z",
    "1707000000",
    "infinity",
)
NUMBERS: Final = ("-1", "1e3", "1.5", "0x10", "99999999999999999999", "one", "NaN", "", "1_0")
QUERIES: Final = {
    "date": DAYS,
    "date-time": MOMENTS,
    "integer": NUMBERS,
    "uuid": IDENTIFIERS[:3],
    "boolean": ("2", "maybe", ""),
    "string": ("nothing", "", "a" * 5_000),
}


WAITS: Final = (
    "RAJ/1",
    "engagement.RAJ",
    "engagement.raj/1",
    "engagement.RAJ/-1",
    "weather.RAJ/1",
    "é",
    "x" * 9_000,
)
