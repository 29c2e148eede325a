"""The auditor's routes, and a whole verification over HTTP between real applications."""

import asyncio
import base64
import contextlib
import json
import os
import sys
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from services.audit.remote import Unreachable, verify
from shared.infra.signing import read_signed_by
from shared.kernel.merkle import leaf_hash, root, verify_consistency, verify_inclusion
from tests.adapters.auditing import AUDIT, KEY, STRANGER, access
from tests.adapters.auditing_http import REGISTER, URLS, Installation, installed
from tests.adapters.bus import until
from tests.adapters.conftest import MakeDatabase
from tests.servers import BusServer


@pytest.fixture
async def installation(
    make_database: MakeDatabase, broker: BusServer, organisation: str, tmp_path: Path
) -> AsyncIterator[Installation]:
    database = await make_database(AUDIT)
    async with installed(database, access(broker), organisation, tmp_path) as found:
        yield found


async def test_the_copy_is_read_verbatim_in_pages(installation: Installation) -> None:
    bodies = await installation.audited.writer.bodies()
    reply = await installation.get("/copies/engagement/RAJ")
    assert reply.headers["content-type"].startswith("application/x-ndjson")
    assert reply.content == b"".join(body + b"\n" for body in bodies)
    page = await installation.get("/copies/engagement/RAJ", after=2, limit=2)
    assert page.content == b"".join(body + b"\n" for body in bodies[2:4])
    head = (await installation.get("/copies/engagement/RAJ/head")).json()
    assert (head["organisation"], head["sequence"]) == (installation.code, 7)
    assert head["recordedtime"] == "2024-03-05T10:00:00.000000Z"


NOT_THERE = [
    ("/copies/payments/RAJ", 200),
    ("/copies/payments/RAJ/head", 404),
    ("/copies/nothing/RAJ", 422),
    ("/copies/engagement/QH8", 404),
    ("/copies/engagement/RAJ?limit=1001", 422),
    ("/copies/engagement/RAJ?after=-1", 422),
    ("/organisations/RAJ/checkpoints", 422),
    ("/organisations/RAJ/checkpoints?service=payments", 200),
    ("/organisations/RAJ/proofs/inclusion?service=engagement&sequence=0", 422),
    ("/organisations/RAJ/proofs/inclusion?service=engagement&sequence=7", 404),
    ("/organisations/RAJ/proofs/consistency?service=engagement&earlier=1&later=9", 404),
    ("/organisations/RAJ/proofs/consistency?service=engagement&earlier=2&later=1", 422),
]


async def test_what_is_not_there_is_said_so(installation: Installation) -> None:
    for path, status in NOT_THERE:
        assert (await installation.get(path)).status_code == status, path


async def test_the_trail_is_for_auditors_and_services_of_that_organisation(
    installation: Installation,
) -> None:
    for path in (
        "/copies/engagement/RAJ",
        "/copies/engagement/RAJ/head",
        "/organisations/RAJ/trees",
        "/organisations/RAJ/checkpoints?service=engagement",
        "/organisations/RAJ/verifier-keys?service=engagement",
        "/organisations/RAJ/proofs/inclusion?service=engagement&sequence=1",
        "/organisations/RAJ/proofs/consistency?service=engagement&earlier=1&later=2",
    ):
        for role, organisation, status in (
            ("auditor", None, 200),
            ("service", None, 200),
            ("operator", None, 200),
            ("coordinator", None, 403),
            ("auditor", "RNA", 404),
        ):
            token = installation.token(role, organisation)
            assert (await installation.get(path, token)).status_code == status, (path, role)
        assert (await installation.get(path, "not a token")).status_code == 401


async def test_an_event_is_proven_with_the_auditors_public_key_alone(
    installation: Installation,
) -> None:
    body = (await installation.audited.writer.bodies())[2]
    proof = (
        await installation.get(
            "/organisations/RAJ/proofs/inclusion", service="engagement", sequence=3
        )
    ).json()
    checkpoint, _ = read_signed_by(proof["note"], [KEY.public])
    hashes = [b64decode(found) for found in proof["hashes"]]
    assert checkpoint.origin == installation.audited.origin
    assert (checkpoint.size, b64decode(proof["leaf"])) == (5, leaf_hash(body))
    assert verify_inclusion(leaf_hash(body), 2, checkpoint.size, hashes, checkpoint.root)


async def test_a_log_is_proven_to_extend_an_earlier_one(installation: Installation) -> None:
    leaves = [leaf_hash(body) for body in await installation.audited.writer.bodies()]
    for earlier, later, signed in ((2, 5, True), (3, 7, False), (5, 5, True)):
        proof = (
            await installation.get(
                "/organisations/RAJ/proofs/consistency",
                service="engagement",
                earlier=earlier,
                later=later,
            )
        ).json()
        hashes = [b64decode(found) for found in proof["hashes"]]
        before, after = root(leaves[:earlier]), root(leaves[:later])
        assert verify_consistency(earlier, before, later, after, hashes)
        assert (proof["note"] is not None) == signed


async def test_trees_and_keys_are_told(installation: Installation) -> None:
    leaves = [leaf_hash(body) for body in await installation.audited.writer.bodies()]
    [tree] = (await installation.get("/organisations/RAJ/trees")).json()
    assert tree == {
        "log": str(installation.audited.name),
        "origin": installation.audited.origin,
        "size": 7,
        "root": base64.b64encode(root(leaves)).decode(),
    }
    reply = await installation.get("/organisations/RAJ/verifier-keys", service="engagement")
    assert reply.json() == [KEY.verifier_key(installation.audited.origin)]


async def verification(installation: Installation, **options: Any) -> Any:
    return await verify(
        [installation.code],
        lambda service, _: URLS.get(service),
        installation.token(),
        transport=installation.transport,
        **options,
    )


async def test_an_installation_is_verified_over_http(installation: Installation) -> None:
    told: list[str] = []
    found = await verification(installation, told=lambda verdict: told.append(verdict.log))
    assert told == [str(installation.audited.name)]
    assert found.document() == {
        "verified": True,
        "difference": None,
        "logs": [
            {
                "log": str(installation.audited.name),
                "events": 7,
                "checkpoints": 2,
                "signed": 5,
                "waiting": 0,
                "difference": None,
            }
        ],
    }
    assert (await verification(installation, publics=[KEY.public])).verified


async def test_a_difference_is_found_over_http(installation: Installation) -> None:
    await installation.audited.tamper(
        "log.events", "UPDATE log.events SET body = replace(body, 'note 1', 'note 7')"
    )
    found = await verification(installation)
    assert not found.verified
    assert found.difference == (
        f"{installation.audited.name}/3: the service's log was changed: "
        "the auditor's copy and the signed checkpoint of 5 agree against it."
    )


async def test_a_key_given_from_elsewhere_is_the_one_believed(installation: Installation) -> None:
    found = await verification(installation, publics=[STRANGER.public])
    assert "No signature on it is of a key that is trusted" in found.difference


async def test_a_service_that_is_away_is_said_so(installation: Installation) -> None:
    for service in ("engagement", "audit"):
        installation.away.add(service)
        with pytest.raises(Unreachable, match=f"{service} of .* does not answer"):
            await verification(installation)
        installation.away.clear()


async def test_a_token_that_is_refused_is_said_so(installation: Installation) -> None:
    with pytest.raises(Unreachable, match="answers 403"):
        await verify(
            [installation.code],
            lambda service, _: URLS.get(service),
            installation.token("coordinator"),
            transport=installation.transport,
        )


async def test_nothing_to_verify_is_not_verified(installation: Installation) -> None:
    found = await verify(
        ["RNA"],
        lambda service, _: "http://audit" if service == "audit" else None,
        installation.token("auditor", "RNA"),
        transport=installation.transport,
    )
    assert (found.verified, found.logs) == (False, ())


@contextlib.asynccontextmanager
async def listening(app: Any) -> AsyncIterator[str]:
    """The application on a port of its own, as it is in production."""
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


async def partners(installation: Installation, *arguments: str, **urls: str) -> tuple[int, str]:
    """Exit code and output of the command line, which knows these addresses."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from deploy.cli.audit import app; app()",
        *arguments,
        env={
            "PATH": os.environ["PATH"],
            "COLUMNS": "200",
            "PARTNERS_SERVICE_URLS": json.dumps(urls),
            "PARTNERS_ORGANISATIONS": installation.code,
            "PARTNERS_TOKEN": installation.token(),
        },
        cwd=REGISTER.parents[1],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_the_command_says_what_was_found(installation: Installation) -> None:
    async with (
        listening(installation.apps["audit"]) as audit,
        listening(installation.apps["engagement"]) as engagement,
    ):
        urls = {"audit": audit, "engagement": engagement}
        code, said = await partners(installation, "verify", **urls)
        assert code == 0, said
        assert "Every event is as it was written." in said
        assert "2 of them are not under a checkpoint yet." in said
        assert "The auditor's own word was taken for its key" in said

        await installation.audited.tamper(
            "log.events", "UPDATE log.events SET body = replace(body, 'note 1', 'note 7')"
        )
        key = KEY.verifier_key(installation.audited.origin)
        code, said = await partners(installation, "verify", "--json", "--key", key, **urls)
        assert code == 3
        difference = json.loads(said)["difference"]
        assert difference.startswith(
            f"{installation.audited.name}/3: the service's log was changed"
        )

    code, said = await partners(installation, "verify", audit="http://127.0.0.1:1")
    assert code == 1
    assert "does not answer" in said
