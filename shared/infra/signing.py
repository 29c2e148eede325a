"""Ed25519 over checkpoints: the auditor's signature and a witness's cosignature."""

from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.kernel.checkpoint import (
    COSIGNATURE_V1,
    ED25519,
    Checkpoint,
    MalformedNote,
    Note,
    Signature,
    cosignature_value,
    cosigned_text,
    key_id,
    read_note,
    read_verifier_key,
    verifier_key,
)

_TIME_OCTETS = 8


class NotSigned(ValueError):
    """No key that is trusted here signed this checkpoint."""


class SigningKey:
    """A private Ed25519 key; it signs under whatever name the log or witness has."""

    def __init__(self, seed: bytes) -> None:
        """Take the 32 bytes of an RFC 8032 private key."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @classmethod
    def from_text(cls, encoded: str) -> "SigningKey":
        """Read the base64 of the 32 bytes; ValueError when it is something else."""
        seed = b64decode(encoded, validate=True)
        if len(seed) != 32:
            raise ValueError("A signing key is the base64 of 32 bytes.")
        return cls(seed)

    def sign(self, checkpoint: Checkpoint) -> Note:
        """The signed note of a checkpoint; the signer's name is the origin."""
        text = checkpoint.text()
        identifier = key_id(checkpoint.origin, ED25519, self.public)
        signature = Signature(checkpoint.origin, identifier, self._key.sign(text.encode()))
        return Note(text, (signature,))

    def cosign(self, name: str, note: Note, posix_seconds: int) -> Signature:
        """A witness's cosignature/v1 over the note's text at this time."""
        message = cosigned_text(note.text, posix_seconds).encode()
        value = cosignature_value(posix_seconds, self._key.sign(message))
        return Signature(name, key_id(name, COSIGNATURE_V1, self.public), value)

    def verifier_key(self, name: str, kind: int = ED25519) -> str:
        """The public half, as an auditor is given it."""
        return verifier_key(name, kind, self.public)


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key under a name. `kind` tells a log's signature from a witness's cosignature."""

    name: str
    kind: int
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "VerifyingKey":
        """Read a C2SP verifier key; ValueError when it is damaged or of a type unknown here."""
        name, kind, public = read_verifier_key(text)
        if kind not in (ED25519, COSIGNATURE_V1):
            raise ValueError("The verifier key is of a type that is not used here.")
        return cls(name, kind, public)

    def names(self, signature: Signature) -> bool:
        """Whether the line says that this key made it."""
        return (signature.name, signature.key_id) == (
            self.name,
            key_id(self.name, self.kind, self.public),
        )

    def accepts(self, text: str, signature: Signature) -> bool:
        """Whether this key made the signature over this text."""
        message, value = text, signature.value
        if self.kind == COSIGNATURE_V1:
            message = cosigned_text(text, int.from_bytes(value[:_TIME_OCTETS], "big"))
            value = value[_TIME_OCTETS:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(value, message.encode())
        except InvalidSignature:
            return False
        return True


def read_signed(written: str, trusted: Iterable[VerifyingKey]) -> tuple[Checkpoint, Note]:
    """A checkpoint that a trusted log key signed under its own origin.

    Lines of unknown keys are ignored; one bad line of a trusted key condemns the note (C2SP).
    Raises MalformedNote or NotSigned.
    """
    checkpoint, note = read_note(written)
    keys = list(trusted)
    signers = [key for key in keys if key.kind == ED25519 and key.name == checkpoint.origin]
    good = 0
    for signature in note.signatures:
        named = [key for key in keys if key.names(signature)]
        if named and not any(key.accepts(note.text, signature) for key in named):
            raise NotSigned(f"The signature of {signature.name} is forged or damaged.")
        good += any(key in signers for key in named)
    if not good:
        raise NotSigned("No signature on it is of a key that is trusted for this log.")
    return checkpoint, note


def read_signed_by(written: str, publics: Iterable[bytes]) -> tuple[Checkpoint, Note]:
    """A checkpoint signed under its own origin by one of an installation's public keys.

    Raises MalformedNote or NotSigned.
    """
    origin = read_note(written)[0].origin
    return read_signed(written, [VerifyingKey(origin, ED25519, public) for public in publics])


def cosigned_by(note: Note, witnesses: Sequence[VerifyingKey]) -> list[str]:
    """The names of the witnesses whose cosignatures on this note are good."""
    return [
        key.name
        for key in witnesses
        if any(key.names(line) and key.accepts(note.text, line) for line in note.signatures)
    ]


__all__ = [
    "MalformedNote",
    "NotSigned",
    "SigningKey",
    "VerifyingKey",
    "cosigned_by",
    "read_signed",
    "read_signed_by",
]
