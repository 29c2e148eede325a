"""Appoints as soon as nothing is outstanding: the host's log takes over the partner's details."""

from collections.abc import Mapping
from typing import Final

from services.recruitment.domain.appointment import APPOINTMENT, AppointPartner, is_ready
from services.recruitment.domain.clearance import Clearing
from shared.contracts.envelope import Recorded
from shared.contracts.personal import Clear, Sealed
from shared.infra.bus.applying import KeyAway
from shared.infra.bus.handling import Handler
from shared.infra.key_access import WELCOMING
from shared.infra.kit import Kit
from shared.infra.opening import Opened, Unavailable
from shared.infra.shell import Cause, Transaction

_DETAILS: Final = ("name", "email", "address", "phone", "support_needs")


class Appointing:
    """What follows a step that may have been the last one before an appointment."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def handler(self) -> Handler:
        """Opens what the host needs, then appoints."""
        return Handler(self._appoint, beforehand=self._details)

    async def _details(self, recorded: Recorded, _: Mapping[str, Opened]) -> Mapping[str, Opened]:
        """The applicant's details in clear, when the appointment can be made; else nothing."""
        organisation = recorded.log.organisation
        state = await self._kit.shell.look(
            lambda t: t.state(APPOINTMENT, organisation, recorded.stream)
        )
        if not is_ready(state) or not isinstance(state.clearance, Clearing):
            return {}
        received = state.clearance.received
        sealed = {
            name: value for name in _DETAILS if isinstance(value := getattr(received, name), Sealed)
        }
        cause = Cause.event(recorded, self._kit.service)
        opened = await self._kit.opener.open(
            sealed, WELCOMING, organisation=organisation, actor=cause.actor, cause=cause
        )
        if any(isinstance(v, Unavailable) and not v.for_ever for v in opened.values()):
            raise KeyAway
        return opened

    async def _appoint(
        self, transaction: Transaction, recorded: Recorded, opened: Mapping[str, Opened]
    ) -> None:
        organisation, stream = recorded.log.organisation, recorded.stream
        name = _clear(opened, "name")
        state = await transaction.state(APPOINTMENT, organisation, stream)
        # who was erased in the meantime is appointed nowhere
        if name is None or not is_ready(state):
            return
        command = AppointPartner(
            appointment=transaction.derive("appointment"),
            name=name,
            email=_clear(opened, "email"),
            address=_clear(opened, "address"),
            phone=_clear(opened, "phone"),
            support_needs=_clear(opened, "support_needs"),
        )
        await transaction.decide(APPOINTMENT, organisation, stream, command)


def _clear(opened: Mapping[str, Opened], name: str) -> Clear | None:
    value = opened.get(name)
    return None if value is None or isinstance(value, Unavailable) else Clear(value)
