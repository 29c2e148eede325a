"""A witness over HTTP: it cosigns what extends what it saw, and remembers for the signer."""

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.audit import copies
from services.audit.settings import AuditSettings
from shared.contracts.envelope import read
from shared.infra.database import open_pool
from shared.infra.signing import VerifyingKey, cosigned_by
from shared.kernel.checkpoint import COSIGNATURE_V1, Checkpoint, Note, read_note
from shared.kernel.merkle import leaf_hash, root
from tests.adapters.auditing import AUDIT, KEY, STRANGER, access
from tests.adapters.auditing_http import (
    OTHER_LOG,
    SIGNING_KEY,
    WITNESS_KEY,
    WITNESS_NAME,
    Installation,
    installed,
    values,
)
from tests.adapters.conftest import MakeDatabase
from tests.servers import BusServer

WITNESS = VerifyingKey.parse(WITNESS_KEY.verifier_key(WITNESS_NAME, COSIGNATURE_V1))
ADDRESS = "http://witness/organisations/RAJ"


@pytest.fixture
async def installation(
    make_database: MakeDatabase, broker: BusServer, organisation: str, tmp_path: Path
) -> AsyncIterator[Installation]:
    database = await make_database(AUDIT)
    async with installed(database, access(broker), organisation, tmp_path) as found:
        witnesses = found.ask_the_witness()
        yield found
        await witnesses.close()


async def notes(installation: Installation) -> dict[int, Note]:
    """The notes kept, by size."""
    found = [read_note(note) for note in await installation.audited.notes()]
    return {checkpoint.size: note for checkpoint, note in found}


async def ask(installation: Installation, note: Note, earlier: int, *hashes: bytes) -> Any:
    body = {
        "note": note.write(),
        "earlier": earlier,
        "hashes": [b64encode(found).decode() for found in hashes],
    }
    return await installation.post(f"{ADDRESS}/cosignatures", body)


async def test_what_is_signed_is_cosigned_and_only_forwards(installation: Installation) -> None:
    audited = installation.audited
    await audited.sign()
    await audited.write(300)
    await audited.sign()
    kept = await notes(installation)
    assert [cosigned_by(kept[size], [WITNESS]) for size in (2, 5, 7, 307)] == [
        [],
        [],
        [WITNESS_NAME],
        [WITNESS_NAME],
    ]
    assert (await audited.verify()).difference is None
    reply = await installation.get("http://witness/organisations/RAJ/witnessed?service=engagement")
    assert reply.json()["size"] == 307


async def test_a_witness_that_is_away_stops_nothing(installation: Installation) -> None:
    installation.away.add("witness")
    await installation.audited.sign()
    kept = await notes(installation)
    assert cosigned_by(kept[7], [WITNESS]) == []
    installation.away.clear()
    await installation.audited.write(1)
    await installation.audited.sign()
    assert cosigned_by((await notes(installation))[8], [WITNESS]) == [WITNESS_NAME]


async def test_a_line_that_is_not_the_witnesss_own_is_not_added(installation: Installation) -> None:
    key = VerifyingKey.parse(STRANGER.verifier_key(WITNESS_NAME, COSIGNATURE_V1))
    installation.ask_the_witness(key)
    await installation.audited.sign()
    assert len((await notes(installation))[7].signatures) == 1


async def test_a_signer_refuses_below_what_a_witness_saw(
    installation: Installation, make_database: MakeDatabase, fresh_broker: Any
) -> None:
    audited = installation.audited
    await audited.sign()
    bodies = await audited.writer.bodies()

    # table and topic are lost together, the witness remembers
    restored = await make_database(AUDIT)
    audited.access = access(BusServer(fresh_broker.bootstrap_servers, idempotence=False))
    before, audited.pool = audited.pool, await open_pool(restored.service, name="restored")
    async with audited.pool.acquire() as connection:
        await copies.keep(connection, audited.name, [read(body) for body in bodies[:6]])
    signer = audited.signer()
    await signer.work_off()
    assert await audited.sizes() == []
    assert signer.refusals[audited.name].kind == "behind"
    await audited.pool.close()
    audited.pool = before


async def test_a_fork_is_not_cosigned(installation: Installation) -> None:
    audited = installation.audited
    await audited.sign()
    leaves = [leaf_hash(body) for body in await audited.writer.bodies()]
    forked = KEY.sign(Checkpoint(audited.origin, 8, root([*leaves[:6], *leaves[:2]])))
    reply = await ask(installation, forked, 7, leaves[0])
    assert reply.status_code == 422
    assert "does not extend the one of 7" in reply.json()["detail"]
    same_size = KEY.sign(Checkpoint(audited.origin, 7, bytes(32)))
    assert (await ask(installation, same_size, 7)).status_code == 422


async def test_a_proof_begins_where_the_witness_stands(installation: Installation) -> None:
    audited = installation.audited
    await audited.sign()
    note = KEY.sign(Checkpoint(audited.origin, 9, bytes(32)))
    reply = await ask(installation, note, 0)
    assert reply.status_code == 409
    assert "has cosigned 7" in reply.json()["detail"]
    smaller = KEY.sign(Checkpoint(audited.origin, 3, bytes(32)))
    assert (await ask(installation, smaller, 7)).status_code == 422


async def test_only_what_the_logs_own_key_signed_is_cosigned(installation: Installation) -> None:
    audited = installation.audited
    forged = STRANGER.sign(Checkpoint(audited.origin, 9, bytes(32)))
    assert (await ask(installation, forged, 0)).status_code == 422
    other = KEY.sign(Checkpoint(OTHER_LOG, 9, bytes(32)))
    assert "is not of a log of" in (await ask(installation, other, 0)).json()["detail"]
    reply = await installation.post(f"{ADDRESS}/cosignatures", {"note": "", "earlier": 0})
    assert reply.status_code == 422
    bad = {"note": "nothing", "earlier": 0, "hashes": ["!"]}
    assert (await installation.post(f"{ADDRESS}/cosignatures", bad)).status_code == 422


async def test_cosigning_is_for_services_and_at_a_witness_only(installation: Installation) -> None:
    body = {"note": "nothing", "earlier": 0, "hashes": []}
    path = "/organisations/RAJ/cosignatures"
    assert (await installation.post(f"http://witness{path}", body, "auditor")).status_code == 403
    assert (await installation.post(f"http://audit{path}", body)).status_code == 404
    path = "/organisations/RAJ/witnessed?service=payments"
    assert (await installation.get(f"http://witness{path}")).status_code == 404


async def test_a_witness_is_set_up_whole(installation: Installation) -> None:
    common = values(installation.issuer, "RAJ") | {"signing_key": SIGNING_KEY}
    for wrong in (
        {"witness_key": SIGNING_KEY, "witness_organisation": "RNA"},
        {"witness_key": "b64"},
        {"witness_organisation": "RNA"},
        {"witnesses": ("http://witness",)},
    ):
        with pytest.raises(ValidationError, match="PARTNERS_WITNESS"):
            AuditSettings.model_validate(common | wrong)
    key = WITNESS_KEY.verifier_key(WITNESS_NAME, COSIGNATURE_V1)
    right = common | {"witnesses": (f"http://witness {key}",)}
    witnesses = AuditSettings.model_validate(right).other_witnesses()
    assert witnesses.urls == ["http://witness"]
    await witnesses.close()
