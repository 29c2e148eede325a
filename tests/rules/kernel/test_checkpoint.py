"""Checkpoint texts, notes and key ids, byte for byte as C2SP writes them."""

from base64 import b64decode

import pytest

from shared.kernel.checkpoint import (
    COSIGNATURE_V1,
    ED25519,
    Checkpoint,
    MalformedNote,
    Note,
    Signature,
    cosigned_text,
    key_id,
    log_of,
    origin,
    read_note,
    read_verifier_key,
    verifier_key,
    witness_name,
)
from shared.kernel.identifiers import LogName

# The example of C2SP tlog-cosignature.
WRITTEN = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dl"
    "rDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
# The public key of Go's checksum database, as every Go installation carries it.
GO_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


def test_the_published_example_is_read_and_written_back_unchanged() -> None:
    checkpoint, note = read_note(WRITTEN)
    assert checkpoint == Checkpoint(
        "example.com/behind-the-sofa",
        20852163,
        b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="),
    )
    assert [signature.name for signature in note.signatures] == [
        "example.com/behind-the-sofa",
        "witness.example.com/w1",
    ]
    assert note.write() == WRITTEN
    assert checkpoint.text() == note.text


def test_a_cosigned_text_is_the_published_one() -> None:
    checkpoint, note = read_note(WRITTEN)
    posix_seconds = int.from_bytes(note.signatures[1].value[:8], "big")
    assert cosigned_text(checkpoint.text(), posix_seconds) == (
        "cosignature/v1\n"
        "time 1679315147\n"
        "example.com/behind-the-sofa\n"
        "20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


def test_a_key_id_is_the_published_one() -> None:
    name, kind, public = read_verifier_key(GO_KEY)
    assert (name, kind) == ("sum.golang.org", ED25519)
    assert key_id(name, kind, public).hex() == "033de0ae"
    assert verifier_key(name, kind, public) == GO_KEY
    assert key_id(name, COSIGNATURE_V1, public).hex() != "033de0ae"


@pytest.mark.parametrize(
    "damage", [("033d", "033e"), ("Ac4z", "Ac4y"), ("sum", "sun"), ("8OuAn8", "!")]
)
def test_a_damaged_verifier_key_is_refused(damage: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"damaged|base64"):
        read_verifier_key(GO_KEY.replace(*damage))


def test_names_carry_the_installation() -> None:
    log = LogName("engagement", "L-PROVIDE")
    assert origin("partners.invalid", log) == "partners.invalid/log/engagement.L-PROVIDE"
    assert log_of("partners.invalid/log/engagement.L-PROVIDE") == log
    assert witness_name("partners.invalid", "RAJ") == "partners.invalid/witness/RAJ"
    with pytest.raises(ValueError, match="not the name of a log"):
        log_of("example.com/behind-the-sofa")


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("\n\n", "\n", "no signatures"),
        ("20852163", "020852163", "not a number"),
        ("20852163", "-1", "not a number"),
        ("CsUY", "CsU", "not base64"),
        ("q2I=", "q2J=", "as its writer"),
        ("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", "CsUY", "not a SHA-256"),
        ("q2I=\n\n", "q2I=\nextension\n\n", "three lines"),
        ("\u2014 example", "- example", "dash"),
        ("\u2014 example.com/behind-the-sofa ", "\u2014 ", "dash, a name"),
        ("witness.example.com/w1", "witness+1", "dash, a name"),
        ("20852163", "2085\t2163", "control characters"),
        ("20852163", "2085\r2163", "control characters"),
    ],
)
def test_a_damaged_note_is_refused_with_a_sentence(before: str, after: str, why: str) -> None:
    with pytest.raises(MalformedNote, match=why):
        read_note(WRITTEN.replace(before, after, 1))


def test_a_flood_of_signatures_is_refused() -> None:
    _, note = read_note(WRITTEN)
    flooded = Note(note.text, note.signatures * 17)
    with pytest.raises(MalformedNote, match="too many"):
        read_note(flooded.write())
    with pytest.raises(MalformedNote, match="too long"):
        read_note(Note(note.text, note.signatures * 1000).write())


def test_a_signature_line_is_added_once() -> None:
    _, note = read_note(WRITTEN)
    another = Signature("witness.example.com/w2", b"1234", b"5678")
    assert note.signed_also(another).signed_also(another).signatures == (*note.signatures, another)


@pytest.mark.parametrize("name", ["", "two words", "no\u00a0break", "a+b", "tab\t"])
def test_a_key_name_has_no_space_and_no_plus(name: str) -> None:
    with pytest.raises(ValueError, match="key name"):
        key_id(name, ED25519, bytes(32))
