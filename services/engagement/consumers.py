"""What engagement does when other services' events arrive."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.engagement.domain.onboarding import ONBOARDING, PlanOnboarding
from services.engagement.domain.partner import PARTNER, NotWelcomed, WelcomePartner
from services.engagement.domain.terms import TERMS, StartTerm, TakeUpAppointment
from services.engagement.lookups import onboarding_policy, partner_of, term_policy, today
from shared.contracts.envelope import Recorded
from shared.contracts.personal import Clear
from shared.contracts.recruitment import PartnerAppointed
from shared.infra.bus.handling import Handler, Reaction
from shared.infra.erasure import erasing
from shared.infra.key_access import WELCOMING
from shared.infra.kit import Kit
from shared.infra.opening import Opened, Unavailable
from shared.infra.sealing import sealed_in
from shared.infra.shell import Transaction
from shared.kernel.identifiers import derive


async def welcome(
    transaction: Transaction, recorded: Recorded, opened: Mapping[str, Opened]
) -> None:
    """Someone was appointed here: their term starts or is set aside, and onboarding begins."""
    event = recorded.event()
    if not isinstance(event, PartnerAppointed):
        raise TypeError(f"{recorded.type} is no appointment.")
    organisation = recorded.log.organisation
    partner = partner_of(event.person, organisation)
    start = StartTerm(
        term=derive(event.appointment, "term"),
        partner=partner,
        person=event.person,
        appointment=event.appointment,
        starts_on=event.term_starts_on,
        ends_on=event.term_ends_on,
        today=today(transaction),
        policy=await term_policy(transaction, organisation),
    )
    terms = f"terms/{partner}"
    await transaction.decide(TERMS, organisation, terms, TakeUpAppointment(start))
    set_aside = (await transaction.state(TERMS, organisation, terms)).set_aside
    stream = f"partner/{partner}"
    known = await transaction.state(PARTNER, organisation, stream)
    if event.appointment in set_aside and not isinstance(known, NotWelcomed):
        return
    welcomed = await transaction.decide(
        PARTNER, organisation, stream, _welcome(partner, event, opened)
    )
    policy = await onboarding_policy(transaction, organisation)
    if welcomed and policy is not None:
        await transaction.decide(ONBOARDING, organisation, stream, PlanOnboarding(policy))


def _welcome(
    partner: UUID, event: PartnerAppointed, opened: Mapping[str, Opened]
) -> WelcomePartner:
    return WelcomePartner(
        partner=partner,
        person=event.person,
        appointment=event.appointment,
        payer=event.payer,
        role_family=event.role_family,
        carries_payment=event.carries_payment,
        contact_channel=event.contact_channel,
        lead_contact=event.lead_contact,
        name=_clear(opened, "name"),
        email=_clear(opened, "email"),
        address=_clear(opened, "address"),
        phone=_clear(opened, "phone"),
        support_needs=_clear(opened, "support_needs"),
    )


def _clear(opened: Mapping[str, Opened], field: str) -> Clear | None:
    """The value to seal again under engagement's own key; None when its key was destroyed."""
    value = opened.get(field)
    return None if value is None or isinstance(value, Unavailable) else Clear(value)


def reactions(kit: Kit) -> Sequence[Reaction]:
    """Appointments to the organisations served here, and erasures: never one before the other."""
    return [
        Reaction(
            "engagement.people",
            "recruitment",
            {
                "PartnerAppointed": Handler(welcome, sealed_in, WELCOMING),
                "ErasureRequested": Handler(erasing(kit.keys)),
            },
        )
    ]
