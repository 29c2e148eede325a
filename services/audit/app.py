"""What the audit service is made of."""

from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from services.audit import api, consumers
from services.audit.notices import Notices
from services.audit.settings import AuditSettings, audit_settings
from services.audit.signer import Signer
from shared.infra.bus.access import BusAccess
from shared.infra.kit import Kit
from shared.infra.service import Service


def _background(kit: Kit) -> Sequence[Coroutine[Any, Any, None]]:
    settings = audit_settings(kit)
    signer = Signer(
        kit.pool,
        kit.clock,
        settings.installation,
        kit.organisations,
        settings.signer(),
        Notices(BusAccess.of(settings), settings.publics()),
        kit.metrics,
        settings.other_witnesses(),
    )
    return [signer.run(settings.checkpoint_seconds)]


SERVICE: Final = Service(
    name="audit",
    router=api.router,
    examples=Path(__file__).parent / "examples.json",
    settings=AuditSettings,
    folds=consumers.folds,
    background=_background,
)
