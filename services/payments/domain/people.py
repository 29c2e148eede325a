"""Who is who among actors: a rule about a second person looks at the person, not at the role."""

from collections.abc import Collection
from uuid import UUID


def role_of(actor: str) -> str:
    """The role in `finance-approver/<uuid>`."""
    return actor.partition("/")[0]


def same(actor: str, *others: str) -> bool:
    """Whether the actor is one of the others, in whatever role."""
    return _identity(actor) in {_identity(other) for other in others}


def is_one_of(actor: str, identities: Collection[UUID]) -> bool:
    """Whether the actor's identifier in the directory is one of these."""
    return _identity(actor) in {str(identity) for identity in identities}


def _identity(actor: str) -> str:
    return actor.partition("/")[2]
