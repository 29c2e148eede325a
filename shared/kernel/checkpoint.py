"""Checkpoints as text: C2SP tlog-checkpoint in a signed note, key ids, and what a witness cosigns.

Nothing here signs or verifies; shared.infra.signing does, over the texts this module lays out.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from shared.kernel.identifiers import LogName
from shared.kernel.merkle import HASH_OCTETS

ED25519: Final = 0x01
COSIGNATURE_V1: Final = 0x04
"""Signature types as C2SP signed-note assigns them."""
TOPIC: Final = "checkpoints"
"""Where signed checkpoints are published; they are not events."""
LARGEST_NOTE_OCTETS: Final = 65_536
MOST_SIGNATURES: Final = 32
_DASH: Final = "\u2014 "
_KEY_ID_OCTETS: Final = 4


class MalformedNote(ValueError):
    """The text is not a signed checkpoint."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who signed, under which key id, and the bytes of the algorithm."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        """The line as it stands in the note."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.value).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text ending in a newline, and the lines that sign it."""

    text: str
    signatures: tuple[Signature, ...]

    def write(self) -> str:
        """The note as it is kept and sent."""
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)

    def signed_also(self, signature: Signature) -> "Note":
        """This note with one more signature line; unchanged when it has that line already."""
        if signature in self.signatures:
            return self
        return Note(self.text, (*self.signatures, signature))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How many events a log had and the root of the tree over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note text: origin, size, root; no extension lines."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def origin(installation: str, log: LogName) -> str:
    """The name of a log and of its signer: `<installation>/log/engagement.RAJ`."""
    return f"{installation}/log/{log}"


def log_of(origin: str) -> LogName:
    """The log an origin names; ValueError when it names none."""
    _, _, name = origin.rpartition("/log/")
    return LogName.parse(name)


def witness_name(installation: str, organisation: str) -> str:
    """The name under which an organisation's witness cosigns."""
    return f"{installation}/witness/{organisation}"


def key_id(name: str, kind: int, public_key: bytes) -> bytes:
    """The four bytes by which a signature line names its key."""
    if not is_key_name(name):
        raise ValueError("A key name has no spaces and no plus sign.")
    return sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:_KEY_ID_OCTETS]


def is_key_name(name: str) -> bool:
    """Whether this can name a key: not empty, no space of any script, no plus sign."""
    return bool(name) and "+" not in name and name.isprintable() and not any(map(str.isspace, name))


def verifier_key(name: str, kind: int, public_key: bytes) -> str:
    """A public key as operators exchange it: name, key id and key, joined by plus signs."""
    encoded = b64encode(bytes([kind]) + public_key).decode()
    return f"{name}+{key_id(name, kind, public_key).hex()}+{encoded}"


def read_verifier_key(text: str) -> tuple[str, int, bytes]:
    """Name, signature type and public key of a verifier key; ValueError when it is not one."""
    name, _, rest = text.partition("+")
    identifier, _, encoded = rest.partition("+")
    key = _decode(encoded)
    if len(key) != 33 or key_id(name, key[0], key[1:]).hex() != identifier:
        raise ValueError("The verifier key is damaged: its key id does not fit its name and key.")
    return name, key[0], key[1:]


def cosigned_text(checkpoint_text: str, posix_seconds: int) -> str:
    """What a witness signs: the text, headed by cosignature/v1 and the time."""
    return f"cosignature/v1\ntime {posix_seconds}\n{checkpoint_text}"


def cosignature_value(posix_seconds: int, signature: bytes) -> bytes:
    """The bytes of a cosignature line: the time as eight bytes, then the signature."""
    return posix_seconds.to_bytes(8, "big") + signature


def read_note(written: str) -> tuple[Checkpoint, Note]:
    """The checkpoint and its note; MalformedNote says in a sentence what is wrong with the text."""
    if len(written) > LARGEST_NOTE_OCTETS or any(c < " " and c != "\n" for c in written):
        raise MalformedNote("The note is too long or has control characters.")
    text, separator, lines = written.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise MalformedNote("The note has no signatures after an empty line.")
    text += "\n"
    signed = [read_line(line) for line in lines[:-1].split("\n")]
    if len(signed) > MOST_SIGNATURES:
        raise MalformedNote("The note has too many signatures.")
    return _checkpoint(text), Note(text, tuple(signed))


def read_line(line: str) -> Signature:
    """One signature line without its newline; MalformedNote when it is none."""
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not is_key_name(name):
        raise MalformedNote("A signature line is a dash, a name and a signature.")
    value = _decode(encoded)
    if len(value) <= _KEY_ID_OCTETS:
        raise MalformedNote("A signature is missing.")
    return Signature(name, value[:_KEY_ID_OCTETS], value[_KEY_ID_OCTETS:])


def _checkpoint(text: str) -> Checkpoint:
    lines: Sequence[str] = text[:-1].split("\n")
    if len(lines) != 3 or not all(lines):
        raise MalformedNote("A checkpoint has three lines: origin, size and root.")
    size, root = lines[1], _decode(lines[2])
    if not (size.isascii() and size.isdigit() and len(size) <= 10 and size == str(int(size))):
        raise MalformedNote("The size of the tree is not a number.")
    if len(root) != HASH_OCTETS:
        raise MalformedNote("The root is not a SHA-256 hash.")
    return Checkpoint(lines[0], int(size), root)


def _decode(text: str) -> bytes:
    try:
        decoded = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise MalformedNote("A value is not base64.") from None
    if b64encode(decoded).decode() != text:
        raise MalformedNote("A value is not base64 as its writer would write it.")
    return decoded
