"""What the portal is made of."""

from collections.abc import Coroutine, Sequence
from typing import Any, Final

from services.portal import api
from services.portal.reading import views_of
from shared.infra.bus.handling import Fold
from shared.infra.kit import Kit
from shared.infra.service import Service
from shared.infra.views.building import keep_built


async def _prepare(kit: Kit) -> None:
    await views_of(kit).prepare()


def _folds(kit: Kit) -> Sequence[Fold]:
    return views_of(kit).folds()


def _background(kit: Kit) -> Sequence[Coroutine[Any, Any, None]]:
    return [keep_built(views_of(kit), kit.sources)]


SERVICE: Final = Service(
    name="portal",
    router=api.router,
    folds=_folds,
    background=_background,
    prepare=_prepare,
)
