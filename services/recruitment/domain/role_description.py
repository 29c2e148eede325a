"""When a role description is complete enough to be published."""

from collections.abc import Sequence

from services.recruitment.domain.policies import SelectionTerms
from shared.contracts.recruitment import RoleDescription

_TEXTS = (
    ("group_name", "the name of the board, committee, workstream or group"),
    ("who_can_apply", "who can apply"),
    ("remit_and_aims", "the remit and aims of the group"),
    ("current_membership", "the current membership of the group"),
    ("priorities", "the priorities of the group"),
    ("what_the_role_involves", "what the role involves"),
    ("where_meetings_take_place", "where meetings take place"),
    ("equal_opportunities_statement", "the equal opportunities statement"),
    ("reports_to", "whom the partner reports to"),
    ("responsible_to", "whom the partner is responsible to"),
)
_TIME = (
    ("how_many_meetings", "how many meetings"),
    ("how_often", "how often meetings are"),
    ("how_long", "how long meetings take"),
    ("papers_to_read", "whether there are papers to read"),
    ("other_contribution", "whether another contribution is expected"),
)
_PROMISES = (
    ("expenses", "what is said about expenses"),
    ("lead_contact", "what is said about the lead contact"),
    ("induction", "what is said about the induction"),
)
_LISTS = (
    ("key_requirements", "the key requirements"),
    ("questions", "the questions applicants answer"),
    ("criteria", "the criteria applicants are assessed against"),
)


def missing_parts(description: RoleDescription, terms: SelectionTerms) -> Sequence[str]:
    """The parts of the template that are still blank, in the template's words."""
    missing = _blank(description, _TEXTS)
    if description.places == 0:
        missing.append("how many places there are")
    elif description.places < terms.minimum_places and not _text(description.reason_for_few_places):
        missing.append(f"the reason for fewer than {terms.minimum_places} places")
    missing += _blank(description.time_commitment, _TIME)
    missing += _blank(description.additional_information, _PROMISES)
    missing += [name for part, name in _LISTS if not _filled(getattr(description, part))]
    return missing


def _blank(part: object, names: Sequence[tuple[str, str]]) -> list[str]:
    return [name for field, name in names if not _text(getattr(part, field))]


def _filled(items: Sequence[object]) -> bool:
    return bool(items) and all(_text(item) for item in items if isinstance(item, str))


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
