"""The auditor over HTTP: its copies, the checkpoints it signed, and proofs for those who ask."""

from base64 import b64decode, b64encode
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.audit import checkpoints, copies
from services.audit.settings import audit_settings
from services.audit.witness import OutOfDate
from shared.contracts.envelope import read as read_event
from shared.infra.http import Caller, Problem, allowed, guarded_router, unknown
from shared.infra.http.documents import problem_responses
from shared.infra.http.log_api import Lines
from shared.infra.kit import Kit
from shared.kernel.checkpoint import ED25519, LARGEST_NOTE_OCTETS, origin, read_note, verifier_key
from shared.kernel.identifiers import LARGEST_SEQUENCE, LogName, Organisation
from shared.kernel.merkle import leaf_hash
from shared.kernel.moments import Moment
from shared.kernel.written import Whole

LARGEST_PAGE: Final = 1_000
ServiceName: TypeAlias = Literal[
    "recruitment", "engagement", "payments", "notifications", "audit", "portal"
]
_Number = Annotated[Whole, Query(ge=1, le=LARGEST_SEQUENCE)]
_After = Annotated[Whole, Query(ge=0, le=LARGEST_SEQUENCE)]
_Limit = Annotated[Whole, Query(ge=1, le=LARGEST_PAGE)]
_reader = Depends(allowed("auditor", "operator", "service"))
_Reader = Annotated[Caller, _reader]


class CopyHead(BaseModel):
    """Where the copy of a log stands."""

    organisation: Organisation
    sequence: int
    recordedtime: Moment


class TreeDocument(BaseModel):
    """The tree over a log now; the root is in base64."""

    log: str
    origin: str
    size: int
    root: str


class CheckpointDocument(BaseModel):
    """A signed note and when it was signed."""

    size: int
    note: str
    signed_at: Moment


class ProofDocument(BaseModel):
    """Hashes in base64, in the order of RFC 6962; `note` is the checkpoint they lead to."""

    log: str
    size: int
    hashes: list[str]
    note: str | None


class InclusionDocument(ProofDocument):
    """That event `sequence`, whose leaf hash this is, stands in the tree of `size`."""

    sequence: int
    leaf: str


class ConsistencyDocument(ProofDocument):
    """That the tree of `size` extends the one of `earlier`."""

    earlier: int


class WitnessedDocument(BaseModel):
    """The largest checkpoint cosigned here for a log."""

    size: int
    note: str


class CosignForm(BaseModel):
    """A checkpoint and the proof (base64) that it extends the one of `earlier` events."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=LARGEST_NOTE_OCTETS)]
    earlier: Annotated[int, Field(strict=True, ge=0, le=LARGEST_SEQUENCE)]
    hashes: Annotated[list[Annotated[str, Field(max_length=44)]], Field(max_length=64)]


class CosignatureDocument(BaseModel):
    """The signature line of this witness."""

    line: str


def router(kit: Kit) -> APIRouter:
    """All routes of the audit service."""
    routes = guarded_router("audit")
    _add_copies(routes, kit)
    _add_checkpoints(routes, kit)
    _add_keys(routes, kit)
    _add_inclusion(routes, kit)
    _add_consistency(routes, kit)
    _add_witness(routes, kit)
    return routes


def _add_copies(routes: APIRouter, kit: Kit) -> None:
    @routes.get("/copies/{service}/{organisation}", response_class=Lines)
    async def read_copy(
        service: ServiceName,
        organisation: Organisation,
        caller: _Reader,  # noqa: ARG001 - states who may read
        after: _After = 0,
        limit: _Limit = LARGEST_PAGE,
    ) -> Lines:
        """The auditor's copy after number `after`, oldest first: one body a line, verbatim."""
        async with kit.pool.acquire() as connection:
            bodies = await copies.read(connection, LogName(service, organisation), after, limit)
        return Lines("".join(f"{body}\n" for body in bodies))

    @routes.get("/copies/{service}/{organisation}/head")
    async def read_copy_head(
        service: ServiceName,
        organisation: Organisation,
        caller: _Reader,  # noqa: ARG001 - states who may read
    ) -> CopyHead:
        """The last number the copy has."""
        log = LogName(service, organisation)
        async with kit.pool.acquire() as connection:
            tree = await copies.tree_of(connection, log)
            last = await copies.read(connection, log, tree.size - 1, 1) if tree else []
        if tree is None or not last:
            raise unknown()
        recorded_at = read_event(last[0]).recorded_at
        return CopyHead(organisation=organisation, sequence=tree.size, recordedtime=recorded_at)


def _add_checkpoints(routes: APIRouter, kit: Kit) -> None:
    installation = kit.settings.installation

    @routes.get("/organisations/{organisation}/trees")
    async def list_trees(
        organisation: Organisation,
        caller: _Reader,  # noqa: ARG001 - states who may read
    ) -> list[TreeDocument]:
        """The trees over all logs of an organisation as they are now, signed or not."""
        async with kit.pool.acquire() as connection:
            found = await copies.trees(connection, [organisation])
        return [
            TreeDocument(
                log=str(tree.log),
                origin=origin(installation, tree.log),
                size=tree.size,
                root=_base64(tree.root()),
            )
            for tree in found
        ]

    @routes.get("/organisations/{organisation}/checkpoints")
    async def list_checkpoints(
        organisation: Organisation,
        caller: _Reader,  # noqa: ARG001 - states who may read
        service: ServiceName,
        after: _After = 0,
        limit: _Limit = LARGEST_PAGE,
    ) -> list[CheckpointDocument]:
        """The checkpoints of one log larger than `after`, in order of size."""
        async with kit.pool.acquire() as connection:
            kept = await checkpoints.after(connection, LogName(service, organisation), after, limit)
        return [
            CheckpointDocument(size=found.size, note=found.note, signed_at=found.signed_at)
            for found in kept
        ]


def _add_keys(routes: APIRouter, kit: Kit) -> None:
    @routes.get("/organisations/{organisation}/verifier-keys")
    async def list_verifier_keys(
        organisation: Organisation,
        caller: _Reader,  # noqa: ARG001 - states who may read
        service: ServiceName,
    ) -> list[str]:
        """The public keys that sign this log's checkpoints, the present one first (C2SP vkey).

        Whoever verifies should have them from elsewhere: who changes a log may change this answer.
        """
        name = origin(kit.settings.installation, LogName(service, organisation))
        return [verifier_key(name, ED25519, public) for public in audit_settings(kit).publics()]


def _add_inclusion(routes: APIRouter, kit: Kit) -> None:
    @routes.get("/organisations/{organisation}/proofs/inclusion")
    async def prove_inclusion(
        organisation: Organisation,
        caller: _Reader,  # noqa: ARG001 - states who may read
        service: ServiceName,
        sequence: _Number,
    ) -> InclusionDocument:
        """That an event stands in its log, by the smallest checkpoint that covers it."""
        log = LogName(service, organisation)
        async with kit.pool.acquire() as connection:
            note = await checkpoints.covering(connection, log, sequence)
            if note is None:
                raise Problem(
                    404, "not-signed", "No checkpoint covers this number yet. Ask again later."
                )
            size = read_note(note)[0].size
            [body] = await copies.read(connection, log, sequence - 1, 1)
            hashes = await copies.inclusion_proof(connection, log, sequence, size)
        return InclusionDocument(
            log=str(log),
            sequence=sequence,
            size=size,
            leaf=_base64(leaf_hash(body.encode())),
            hashes=[_base64(found) for found in hashes],
            note=note,
        )


def _add_consistency(routes: APIRouter, kit: Kit) -> None:
    @routes.get("/organisations/{organisation}/proofs/consistency")
    async def prove_consistency(
        organisation: Organisation,
        caller: _Reader,  # noqa: ARG001 - states who may read
        service: ServiceName,
        earlier: _Number,
        later: _Number,
    ) -> ConsistencyDocument:
        """That the log of size `later` begins with the log of size `earlier`."""
        log = LogName(service, organisation)
        if earlier > later:
            raise Problem(422, "malformed", "`earlier` must not be larger than `later`.")
        async with kit.pool.acquire() as connection:
            tree = await copies.tree_of(connection, log)
            if tree is None or tree.size < later:
                raise unknown()
            hashes = await copies.consistency_proof(connection, log, earlier, later)
            note = await checkpoints.covering(connection, log, later)
        same = note is not None and read_note(note)[0].size == later
        return ConsistencyDocument(
            log=str(log),
            earlier=earlier,
            size=later,
            hashes=[_base64(found) for found in hashes],
            note=note if same else None,
        )


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode()


def _add_witness(routes: APIRouter, kit: Kit) -> None:
    witness = audit_settings(kit).witness()

    @routes.get("/organisations/{organisation}/witnessed")
    async def read_witnessed(
        organisation: Organisation,
        caller: _Reader,  # noqa: ARG001 - states who may read
        service: ServiceName,
    ) -> WitnessedDocument:
        """The largest checkpoint of a log that this process, as a witness, cosigned."""
        name = origin(kit.settings.installation, LogName(service, organisation))
        async with kit.pool.acquire() as connection, connection.transaction():
            found = await checkpoints.witnessed(connection, name)
        if found is None:
            raise unknown()
        return WitnessedDocument(size=found[0].size, note=found[1].write())

    @routes.post("/organisations/{organisation}/cosignatures", responses=problem_responses(409))
    async def cosign_checkpoint(
        organisation: Organisation,
        form: CosignForm,
        caller: Annotated[Caller, Depends(allowed("service"))],  # noqa: ARG001 - who may ask
    ) -> CosignatureDocument:
        """Cosign a checkpoint (cosignature/v1) that extends the last one cosigned here."""
        if witness is None:
            raise unknown()
        try:
            proof = [b64decode(found, validate=True) for found in form.hashes]
            async with kit.pool.acquire() as connection, connection.transaction():
                line = await witness.cosign(
                    connection, organisation, form.note, form.earlier, proof, kit.clock.now()
                )
        except OutOfDate as error:
            raise Problem(409, "out-of-date", str(error)) from None
        except ValueError as error:
            raise Problem(422, "not-cosigned", str(error)) from None
        return CosignatureDocument(line=line.line().rstrip("\n"))
