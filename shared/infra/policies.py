"""The decider of policy streams: the kernel's rules over the contract's event."""

from collections.abc import Sequence
from typing import Final

from shared.contracts.policies import PolicyAdopted
from shared.kernel.decider import Decider
from shared.kernel.policies import Adopted, AdoptPolicy, PolicyVersion, adopt


def policy_stream(kind: str) -> str:
    """Where the versions of this policy stand."""
    return f"policy/{kind}"


def _decide(adopted: Adopted, command: AdoptPolicy) -> Sequence[PolicyAdopted]:
    return [
        PolicyAdopted(
            kind=version.kind,
            policy_version=version.version,
            effective_from=version.effective_from,
            terms=dict(version.terms),
        )
        for version in adopt(adopted, command)
    ]


def _evolve(adopted: Adopted, event: PolicyAdopted) -> Adopted:
    version = PolicyVersion(event.kind, event.policy_version, event.effective_from, event.terms)
    return (*adopted, version)


POLICY: Final[Decider[Adopted, AdoptPolicy, PolicyAdopted]] = Decider(
    initial=(), decide=_decide, evolve=_evolve
)
