"""What audit takes in: every event of every log, verbatim; nothing is ever passed by."""

from collections.abc import Sequence

from services.audit import copies
from shared.infra.bus.consumers import Fold
from shared.infra.kit import Kit
from shared.kernel.identifiers import SERVICES


def folds(_: Kit) -> Sequence[Fold]:
    """One copy of the logs of all services, the auditor's own included."""
    return [
        Fold(
            consumer="audit.copies",
            sources=SERVICES,
            schema="kit",
            apply=copies.keep,
            parks=False,
            compare=copies.differing,
        )
    ]
