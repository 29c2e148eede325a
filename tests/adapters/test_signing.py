"""Ed25519 over checkpoints: what is accepted, what is ignored, and what condemns a note."""

from base64 import b64decode, b64encode
from dataclasses import replace

import pytest

from shared.infra.signing import (
    NotSigned,
    SigningKey,
    VerifyingKey,
    cosigned_by,
    read_signed,
)
from shared.kernel.checkpoint import COSIGNATURE_V1, Checkpoint, Signature

CHECKPOINT = Checkpoint("partners.invalid/log/engagement.RAJ", 42, bytes(range(32)))
AUDITOR = SigningKey(bytes(32))
STRANGER = SigningKey(bytes([1]) * 32)
WITNESS = SigningKey(bytes([2]) * 32)
WITNESS_NAME = "partners.invalid/witness/RAJ"
TRUSTED = [VerifyingKey.parse(AUDITOR.verifier_key(CHECKPOINT.origin))]


def test_the_published_signature_of_a_note_is_accepted() -> None:
    """The example of Go's note package, in which a note has only text."""
    key = VerifyingKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    value = b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    assert key.accepts(text, Signature("PeterNeumann", value[:4], value[4:]))
    assert not key.accepts(text.upper(), Signature("PeterNeumann", value[:4], value[4:]))


def test_a_checkpoint_signed_by_the_auditor_is_read_back() -> None:
    checkpoint, note = read_signed(AUDITOR.sign(CHECKPOINT).write(), TRUSTED)
    assert checkpoint == CHECKPOINT
    assert note == AUDITOR.sign(CHECKPOINT)


def test_a_key_is_read_from_text() -> None:
    assert SigningKey.from_text(b64encode(bytes(32)).decode()).public == AUDITOR.public
    with pytest.raises(ValueError, match="32 bytes"):
        SigningKey.from_text(b64encode(bytes(31)).decode())


@pytest.mark.parametrize(
    "forged",
    [
        replace(CHECKPOINT, size=43),
        replace(CHECKPOINT, root=bytes(32)),
    ],
)
def test_another_text_under_the_same_signature_is_forged(forged: Checkpoint) -> None:
    written = AUDITOR.sign(CHECKPOINT).write().replace(CHECKPOINT.text(), forged.text())
    with pytest.raises(NotSigned, match="forged"):
        read_signed(written, TRUSTED)


def test_a_stranger_signs_nothing_that_counts() -> None:
    with pytest.raises(NotSigned, match="No signature"):
        read_signed(STRANGER.sign(CHECKPOINT).write(), TRUSTED)


def test_a_key_trusted_for_one_log_signs_for_no_other() -> None:
    other = replace(CHECKPOINT, origin="partners.invalid/log/engagement.QH8")
    with pytest.raises(NotSigned):
        read_signed(AUDITOR.sign(other).write(), TRUSTED)


def test_a_key_that_is_trusted_under_another_name_signs_nothing_here() -> None:
    other = replace(CHECKPOINT, origin="partners.invalid/log/engagement.QH8")
    named = AUDITOR.sign(other)
    key_id = AUDITOR.sign(CHECKPOINT).signatures[0].key_id
    line = replace(named.signatures[0], name=CHECKPOINT.origin, key_id=key_id)
    assert TRUSTED[0].accepts(named.text, line)
    with pytest.raises(NotSigned, match="No signature"):
        read_signed(replace(named, signatures=(line,)).write(), TRUSTED)


def test_lines_of_unknown_keys_are_ignored_and_one_bad_line_of_a_known_key_condemns() -> None:
    note = AUDITOR.sign(CHECKPOINT)
    unknown = STRANGER.sign(CHECKPOINT).signatures[0]
    assert read_signed(note.signed_also(unknown).write(), TRUSTED)[0] == CHECKPOINT
    bad = replace(note.signatures[0], value=bytes(64))
    with pytest.raises(NotSigned, match="forged"):
        read_signed(note.signed_also(bad).write(), TRUSTED)


def test_a_witness_cosigns_and_does_not_replace_the_auditor() -> None:
    note = AUDITOR.sign(CHECKPOINT)
    line = WITNESS.cosign(WITNESS_NAME, note, 1679315147)
    witness = VerifyingKey.parse(WITNESS.verifier_key(WITNESS_NAME, COSIGNATURE_V1))
    assert cosigned_by(note.signed_also(line), [witness]) == [WITNESS_NAME]
    assert cosigned_by(note, [witness]) == []
    later = replace(line, value=(1679315148).to_bytes(8, "big") + line.value[8:])
    assert cosigned_by(note.signed_also(later), [witness]) == []
    alone = replace(note, signatures=(line,))
    with pytest.raises(NotSigned):
        read_signed(alone.write(), [witness, *TRUSTED])


def test_a_key_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="not used here"):
        VerifyingKey.parse(AUDITOR.verifier_key(CHECKPOINT.origin, 2))
