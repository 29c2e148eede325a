"""Adopting a policy: data that enters the deciding service's own log, never code."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.infra.http.access import Caller, allowed, guarded_router, ordered
from shared.infra.http.answers import answered
from shared.infra.http.problems import Problem
from shared.infra.http.wording import wrong_fields
from shared.infra.kit import Kit
from shared.infra.policies import POLICY, policy_stream
from shared.infra.shell import Order, Transaction
from shared.kernel.identifiers import Organisation
from shared.kernel.policies import AdoptPolicy, PolicyVersion
from shared.kernel.written import Day


class PolicyForm(BaseModel):
    """One version of one policy; a version never changes once adopted."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(max_length=64)
    version: Annotated[int, Field(strict=True, ge=1, le=9_999)]
    effective_from: Day
    terms: dict[str, Any]


class PolicyDocument(BaseModel):
    """A policy version as it stands in the log."""

    kind: str
    version: int
    effective_from: date
    terms: dict[str, Any]


def router(kit: Kit, kinds: Mapping[str, type[BaseModel]]) -> APIRouter:
    """Adopt and list the policies this service decides by."""
    routes = guarded_router("policies")

    @routes.post("/organisations/{organisation}/policies", status_code=201, response_class=Response)
    async def adopt_policy(
        organisation: Organisation,
        form: PolicyForm,
        order: Annotated[Order, Depends(ordered("operator"))],
    ) -> Response:
        """Adopt a version of a policy. The same version again changes nothing."""
        terms = _terms(kinds, form)
        command = AdoptPolicy(form.kind, form.version, form.effective_from, terms)

        async def work(transaction: Transaction) -> str:
            await transaction.decide(POLICY, organisation, policy_stream(form.kind), command)
            return f"/organisations/{organisation}/policies"

        return answered(await kit.shell.handle(order, work))

    @routes.get("/organisations/{organisation}/policies")
    async def list_policies(
        organisation: Organisation,
        caller: Annotated[  # noqa: ARG001 - states who may read
            Caller,
            Depends(
                allowed(
                    "operator", "coordinator", "finance-preparer", "finance-approver", "auditor"
                )
            ),
        ],
    ) -> list[PolicyDocument]:
        """Every version of every policy adopted here, oldest first."""

        async def find(transaction: Transaction) -> list[PolicyVersion]:
            return [
                version
                for kind in sorted(kinds)
                for version in await transaction.policies(organisation, kind)
            ]

        return [
            PolicyDocument(
                kind=found.kind,
                version=found.version,
                effective_from=found.effective_from,
                terms=dict(found.terms),
            )
            for found in await kit.shell.look(find)
        ]

    return routes


def _terms(kinds: Mapping[str, type[BaseModel]], form: PolicyForm) -> dict[str, Any]:
    """The terms with every default written out, so that the log says all it decided by."""
    model = kinds.get(form.kind)
    if model is None:
        known = ", ".join(sorted(kinds)) or "none"
        raise Problem(422, "malformed", f"This service has no policy of that kind; it has {known}.")
    try:
        return model.model_validate(form.terms).model_dump(mode="json")
    except ValidationError as error:
        found = ({**each, "loc": ("body", "terms", *each["loc"])} for each in error.errors())
        errors = wrong_fields(found)
        sentence = f"The policy's {errors[0]['field']} is not right: {errors[0]['why']}."
        raise Problem(422, "malformed", sentence, errors=errors) from None
