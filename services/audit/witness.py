"""This process as a witness: it cosigns another operator's checkpoint once it has checked it."""

from collections.abc import Sequence
from datetime import datetime

from services.audit import checkpoints
from shared.infra.database import Connection
from shared.infra.signing import SigningKey, VerifyingKey, read_signed
from shared.kernel.checkpoint import Checkpoint, Signature, log_of
from shared.kernel.merkle import EMPTY_ROOT, verify_consistency


class NotOurs(ValueError):
    """The checkpoint is of another organisation's log."""


class OutOfDate(ValueError):
    """The proof does not begin at the checkpoint this witness cosigned last."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"This witness has cosigned {size}; prove consistency from there.")


class NotConsistent(ValueError):
    """The checkpoint does not extend the one this witness cosigned last: the log was forked."""


class Witness:
    """Cosigns the logs whose keys it was given, each only ever forwards."""

    def __init__(self, name: str, key: SigningKey, trusted: Sequence[VerifyingKey]) -> None:
        self._name = name
        self._key = key
        self._trusted = trusted

    async def cosign(
        self,
        connection: Connection,
        organisation: str,
        written: str,
        earlier: int,
        proof: Sequence[bytes],
        at: datetime,
    ) -> Signature:
        """The cosignature of a checkpoint, in the caller's transaction, which keeps it as the last.

        Raises MalformedNote, NotSigned, NotOurs, OutOfDate or NotConsistent.
        """
        checkpoint, note = read_signed(written, self._trusted)
        if log_of(checkpoint.origin).organisation != organisation:
            raise NotOurs(f"The checkpoint is not of a log of {organisation}.")
        await checkpoints.only_signer(connection)
        last = await checkpoints.witnessed(connection, checkpoint.origin)
        before = last[0] if last else Checkpoint(checkpoint.origin, 0, EMPTY_ROOT)
        if earlier != before.size:
            raise OutOfDate(before.size)
        if not verify_consistency(
            before.size, before.root, checkpoint.size, checkpoint.root, proof
        ):
            raise NotConsistent(
                f"The checkpoint of {checkpoint.size} does not extend the one of {before.size} "
                "that this witness cosigned."
            )
        await checkpoints.keep_witnessed(connection, checkpoint, note)
        return self._key.cosign(self._name, note, int(at.timestamp()))
