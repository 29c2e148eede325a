"""What an organisation's policies say about recruitment; each number has a stated default."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from shared.contracts.recruitment import CheckKind, DbsLevel

Count = Annotated[int, Field(strict=True, ge=0, le=100)]
Days = Annotated[int, Field(strict=True, ge=1, le=3_650)]


class SelectionTerms(BaseModel):
    """Policy kind `selection`: which steps a campaign has and what each asks.

    A campaign is decided throughout by the version in force when it was published.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    minimum_places: Count = 2
    """Fewer places than this in one opportunity need a reason."""
    minimum_age: Count = 16
    """Applicants confirm that they have this age; 0 asks nothing."""
    panel: StrictBool = True
    """Whether a panel scores and shortlists before an outcome is decided."""
    panel_minimum: Annotated[int, Field(strict=True, ge=1, le=20)] = 2
    """Members without an interest in the applicant who must have scored."""
    highest_score: Annotated[int, Field(strict=True, ge=1, le=100)] = 4
    interview: StrictBool = True
    """Whether an informal interview comes before a successful outcome."""
    reserve_list_days: Annotated[int, Field(strict=True, ge=0, le=3_650)] = 183
    """How long somebody may be kept on the reserve list; 0 keeps none."""
    references: Count = 2
    """Satisfactory references before starting."""
    reference_reminder_days: Days = 7
    reference_reminders: Count = 2
    """How often a silent referee is reminded."""
    checks: tuple[CheckKind, ...] = ("dbs", "identity", "own-staff-conflict")
    """Decided before starting; a confidentiality agreement is added where the role needs one."""
    dbs_level: DbsLevel = "none"
    """The level where nothing else was decided for the role."""
    acceptance: StrictBool = True
    """Whether the offer must be accepted before the appointment."""
    term_months: Annotated[int, Field(strict=True, ge=1, le=120)] = 18


@dataclass(frozen=True, slots=True)
class SelectionPolicy:
    """The terms a campaign is decided by, and their version; None is the stated default."""

    terms: SelectionTerms = field(default_factory=SelectionTerms)
    version: int | None = None


class RoleDescriptionTerms(BaseModel):
    """Policy kind `role-description`: the standard statements an advert starts from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who_can_apply: str = (
        "Patient and public partners can be patients, service users, carers "
        "or members of the public."
    )
    key_requirements: tuple[str, ...] = (
        "Lived or related experience, or knowledge, of what the group discusses.",
        "A wish to help develop and shape the services the group looks after.",
        "Able to put patient and public views from many perspectives, beyond your own experience.",
        "Committed to addressing health inequalities.",
        "Understands confidentiality, and keeps and respects it.",
        "Confident to talk with a wide range of people, to voice opinions and to join the debate.",
        "Contributes constructively, taking part in discussions and keeping to the agenda.",
        "Open to other people's points of view, and respectful of them.",
        "Willing to take up training that helps to understand the meetings and contribute to them.",
    )
    questions: tuple[str, ...] = (
        "Tell us a bit about yourself.",
        "What interests you about this role?",
        "What would you bring to the role: experience, background, skills and knowledge?",
    )
    equal_opportunities_statement: str = (
        "We offer equal opportunities. Nobody is treated less favourably because of gender, age, "
        "disability, religion, belief, sexual orientation, marital status or race, or is put at a "
        "disadvantage by conditions or requirements that cannot be justified."
    )
    expenses: str = "You will be reimbursed for out-of-pocket expenses."
    lead_contact: str = (
        "A lead contact answers questions and supports you before, during and after meetings."
    )
    induction: str = "You will have an induction, and support sessions are available."
