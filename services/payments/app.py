"""What payments is made of."""

from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from services.payments import api, consumers, files
from services.payments.domain.policy import (
    INVOLVEMENT_PAYMENT,
    PAYMENT_FILE,
    InvolvementTerms,
    PaymentFileTerms,
)
from services.payments.settings import PaymentsSettings
from shared.infra.kit import Kit
from shared.infra.service import Service


def _background(kit: Kit) -> Sequence[Coroutine[Any, Any, None]]:
    return [files.expire_for_ever(kit)]


SERVICE: Final = Service(
    name="payments",
    router=api.router,
    examples=Path(__file__).parent / "examples.json",
    settings=PaymentsSettings,
    reactions=consumers.reactions,
    folds=consumers.folds,
    background=_background,
    policies={INVOLVEMENT_PAYMENT: InvolvementTerms, PAYMENT_FILE: PaymentFileTerms},
    log_readers=frozenset(
        {"service", "auditor", "operator", "finance-preparer", "finance-approver"}
    ),
)
