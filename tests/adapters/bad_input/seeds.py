"""One applicant's way to a paid meeting, by the published examples: requests meet what exists."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any, Final

from deploy.demo.neighbours import Neighbours
from deploy.demo.stage import Stage
from deploy.embedded.children import wait_until
from deploy.embedded.evaluation import REGISTER
from shared.infra.register import read_policies, read_register
from tests.adapters.bad_input.asking import HERE, Asking
from tests.adapters.bad_input.system import SERVICES

Known = dict[str, list[str]]
"""Identifiers of what exists, by the name that paths and forms have for it."""
APPLYING: Final = datetime(2024, 1, 10, 9, 0, tzinfo=UTC)
ONBOARDING: Final = datetime(2024, 5, 1, 9, 0, tzinfo=UTC)
TODAY: Final = datetime(2024, 5, 14, 9, 0, tzinfo=UTC)
_LIGHTER: Final[dict[str, dict[str, Any]]] = {
    "onboarding": {"items": ["induction"], "training": []},
    "selection": {
        "panel": False,
        "interview": False,
        "references": 0,
        "checks": [],
        "acceptance": False,
    },
}
"""What the register's policies ask besides what happens here."""


class Seeds:
    """Sends each command as somebody who may, with the example its document publishes."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.known: Known = {}

    def sow(self) -> Known:
        """Let it all happen; answers what exists now."""
        self._adopt_policies()
        self._appoint(self._recruit())
        partner = self._onboard()
        self._meet(partner)
        self._pay()
        self._settle()
        return self.known

    def _adopt_policies(self) -> None:
        entry = read_register(REGISTER)[HERE]
        for policy in read_policies(REGISTER, entry):
            form = policy.model_dump(mode="json", exclude={"service"})
            form["terms"] |= _LIGHTER.get(policy.kind, {})
            self._command(policy.service, "operator", "policies", form)

    def _recruit(self) -> str:
        """A draft; a campaign with two applications; answers the first."""
        self._made("campaign", "recruitment", "campaigns", "CampaignForm")
        campaign = self._made("campaign", "recruitment", "campaigns", "CampaignForm")
        described = self._example("recruitment", "OpportunityForm") | {"payer": HERE}
        opportunity = self._made(
            "opportunity", "recruitment", f"{campaign}/opportunities", described
        )
        self._done("recruitment", f"{opportunity}/dbs-level", "DbsLevelForm")
        self._done("recruitment", f"{campaign}/publication", "PublicationForm")
        self.asking.system.clock.set(APPLYING)
        form = self._example("recruitment", "ApplicationForm")
        form |= {"opportunities": self.known["opportunity"]}
        applications = f"{campaign}/applications"
        first = self._made("application", "recruitment", applications, form, "applicant")
        other = form | {"name": "Bert Lyon", "email": "bert.lyon@example.org", "surname": "Lyon"}
        self._made("application", "recruitment", applications, other, "applicant")
        return first

    def _appoint(self, application: str) -> None:
        [opportunity] = self.known["opportunity"]
        outcome = self._example("recruitment", "OutcomeForm") | {"opportunity": opportunity}
        self._done("recruitment", f"{application}/outcome", outcome)
        self._done("recruitment", f"{application}/told", "ToldForm")
        self._done("recruitment", f"{application}/clearance", "Empty")
        # what the advert's role description promised
        agreed = {"check": "confidentiality-agreement", "decided_on": "2024-01-10"}
        agreed = self._example("recruitment", "CheckForm") | agreed
        self._done("recruitment", f"{application}/checks", agreed)
        self._done("recruitment", f"{application}/offer", "OfferForm")

    def _onboard(self) -> str:
        partner = self._await("partner", "engagement", "PartnerWelcomed")
        self.asking.system.clock.set(ONBOARDING)
        self._done("engagement", f"partners/{partner}/onboarding-items", "ItemForm")
        self._done("engagement", f"partners/{partner}/activation", "Empty")
        return partner

    def _meet(self, partner: str) -> None:
        form = self._example("engagement", "CommitteeForm") | {"required_training": []}
        committee = self._made("committee", "engagement", "committees", form)
        who = {"partner": partner}
        for path in ("offers", "seats"):
            self._done("engagement", f"{committee}/{path}", who)
        for _ in range(2):
            meeting = self._made("meeting", "engagement", "meetings", "MeetingForm")
        for path in ("invitations", "acceptances"):
            self._done("engagement", f"{meeting}/{path}", who)
        self.asking.system.clock.set(TODAY)
        self._done("engagement", f"{meeting}/held", "HeldForm")
        self._done("engagement", f"{meeting}/attendance", who)
        raised = self._example("engagement", "ContributionForm") | who
        self._made("contribution", "engagement", "contributions", raised)

    def _pay(self) -> None:
        payee = self._await("payee", "payments", "PayeeRegistered")
        details = f"payees/{payee}/bank-details"
        self._done("payments", details, "BankDetailsForm", "finance-preparer")
        self._done("payments", f"{details}/verification", "VerificationForm", "finance-approver")
        payment = self._await("payment", "payments", "PaymentDue")
        self._done("payments", f"payments/{payment}/approval", "Empty", "finance-approver")
        self._made("run", "payments", "payment-runs", "RunForm", "finance-preparer")
        self._await("message", "notifications", "MessageSent")

    def _settle(self) -> None:
        """Let every service come to rest, so that nothing more is written by itself."""
        services = [(name, HERE) for name in SERVICES]
        urls = {name: self.asking.system.url(name) for name in SERVICES}

        async def settle() -> None:
            neighbours = Neighbours(urls, self.asking.system.issuer)
            operator = neighbours.token("operator", {HERE: ["operator"]})
            await Stage(neighbours, self.asking.system.clock, services, operator).settle()
            await neighbours.close()

        asyncio.run(settle())

    def _example(self, service: str, form: str) -> dict[str, Any]:
        schemas = self.asking.services[service].document["components"]["schemas"]
        [example] = schemas[form]["examples"]
        return dict(example)

    def _done(
        self, service: str, path: str, form: str | dict[str, Any], who: str = "coordinator"
    ) -> str:
        body = self._example(service, form) if isinstance(form, str) else form
        return self._command(service, who, path, body)

    def _made(
        self,
        noun: str,
        service: str,
        path: str,
        form: str | dict[str, Any],
        who: str = "coordinator",
    ) -> str:
        location = self._done(service, path, form, who)
        self.known.setdefault(noun, []).append(location.rpartition("/")[2])
        return location

    def _command(self, service: str, who: str, path: str, body: dict[str, Any]) -> str:
        reply = self.asking.services[service].client.post(
            f"/organisations/{HERE}/{path}", json=body, headers=self.asking.headers(who)
        )
        assert reply.status_code in (200, 201), f"{path}: {reply.text}"
        return reply.headers["location"].removeprefix(f"/organisations/{HERE}/")

    def _await(self, noun: str, service: str, type_name: str) -> str:
        """What a service made of its own accord, when it has written an event of this type."""

        def found() -> list[str]:
            bodies = self.asking.lines(service)
            events = [json.loads(body) for body in bodies if f'"type":"{type_name}"' in body]
            return [event["subject"].partition("/")[2] for event in events]

        assert wait_until(lambda: bool(found()), seconds=30, pause=0.05), type_name
        self.known[noun] = found()
        return self.known[noun][0]
