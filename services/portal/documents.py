"""What the portal answers: one document per view, its rows, and what each row says.

Names lie sealed in the views: a row has its name once it was opened, or says under `unavailable`
why it cannot be shown.
"""

from datetime import date
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict

from shared.kernel.identifiers import Organisation
from shared.kernel.ijson import loads
from shared.kernel.moments import Moment


def _parsed(value: object) -> object:
    return loads(value) if isinstance(value, str) else value


Parsed: TypeAlias = Annotated[dict[str, Any] | None, BeforeValidator(_parsed)]
"""A JSON column as an object."""


class Row(BaseModel):
    """One row of a view."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NamedRow(Row):
    """A row about a person. Without a name, `unavailable` may say why it cannot be shown."""

    name: str | None = None
    unavailable: dict[str, str] = {}


class Waiting(NamedRow):
    """Something that waits on somebody: whose turn it is, since when, and until when it is due."""

    kind: str
    item: str
    turn: str
    since: Moment
    due_on: date | None
    subject: UUID | None


class Campaign(Row):
    """A campaign, its stage, and how many applications stand where."""

    campaign: UUID
    title: str | None
    role_family: str | None
    hosts: tuple[Organisation, ...] | None
    places: int | None
    opens_at: Moment | None
    closes_at: Moment | None
    closed_at: Moment | None
    stage: str
    received: int
    late: int
    admitted: int
    withdrawn: int
    shortlisted: int
    successful: int
    unsuccessful: int
    appointed: int
    told: int
    untold: int


class Application(NamedRow):
    """An application, its stage and since when it has been there."""

    application: UUID
    campaign: UUID
    person: UUID
    channel: str | None
    received_at: Moment | None
    late: bool
    admitted: bool
    stage: str
    since: Moment | None
    successful: bool | None
    told: bool
    told_at: Moment | None
    host: Organisation | None
    references_needed: int
    references_satisfactory: int
    checks_needed: int
    checks_done: int


class PartnerRow(NamedRow):
    """A partner on a day; without `partner` somebody appointed who is not welcomed yet."""

    partner: UUID | None
    person: UUID
    role_family: str | None
    payer: Organisation | None
    status: str
    since: date
    term_starts_on: date | None
    term_ends_on: date | None
    lead_contact: UUID | None
    training_required: int
    training_done: int
    still_open: tuple[str, ...]


class Member(NamedRow):
    """Somebody who sits on a committee, and which of its courses they lack."""

    committee: UUID
    partner: UUID
    person: UUID
    seated_on: date
    courses_lacking: tuple[str, ...]


class Committee(Row):
    """A committee on a day: are its partners enough, and if not, since which day.

    `trained` hold every course of the committee; `overdue` lack one they had to have by now.
    """

    organisation: Organisation
    committee: UUID
    name: str
    kind: str
    safety_related: bool
    places: int
    minimum_partners: int
    seated: int
    trained: int
    overdue: int
    enough: bool
    not_since: date | None


class Meeting(Row):
    """A meeting, and how those who were invited answered."""

    meeting: UUID
    committee: UUID | None
    title: str
    on: date
    starts_at: Moment
    ends_at: Moment
    time_zone: str
    format: str
    venue: str | None
    carries_payment: bool
    held_from: Moment | None
    held_to: Moment | None
    cancelled_because: str | None
    stage: str
    invited: int
    accepted: int
    apologies: int
    attended: int
    minutes: int


class Invitation(NamedRow):
    """One partner and one meeting: the last answer, and how long they were there."""

    meeting: UUID
    partner: UUID
    person: UUID
    answer: str | None
    minutes: int | None


class Totals(Row):
    """The books at the end of a day, in pence; the sentences balance when nothing is apart."""

    due_pence: int
    declined_pence: int
    reversed_pence: int
    in_run_pence: int
    waiting_pence: int
    run_pence: int
    settled_pence: int
    returned_pence: int
    in_flight_pence: int
    reissued_pence: int
    payments_apart_pence: int
    runs_apart_pence: int
    sides_apart_pence: int


class Payment(NamedRow):
    """One payment: what is owed, approved, in runs, settled and returned, and why."""

    payment: UUID
    person: UUID
    partner: UUID | None
    earned_at: Organisation | None
    earned_on: date
    session: str | None
    standing: str
    reason: str | None
    explanation: Parsed
    due_pence: int
    declined_pence: int
    reversed_pence: int
    approved_pence: int
    in_run_pence: int
    waiting_pence: int
    settled_pence: int
    returned_pence: int
    payee_details: str | None


class Run(Row):
    """A payment run and how far it came."""

    run: UUID
    pay_on: date | None
    line_count: int | None
    total_pence: int | None
    left_out: int | None
    frozen_at: Moment | None
    approved_at: Moment | None
    withdrawn_at: Moment | None
    sent_at: Moment | None
    file_name: str | None
    file_sha256: str | None
    settled_pence: int
    returned_pence: int
    in_flight_pence: int
    stage: str


class Document(BaseModel):
    """One view of one organisation; `positions` say how far each log is in it."""

    organisation: Organisation
    view: str
    version: int
    as_of: Moment | None
    positions: tuple[str, ...]


class Attention(Document):
    """Everything that waits on somebody, the longest first."""

    waiting: list[Waiting]


class Pipeline(Document):
    """Campaigns and applications."""

    campaigns: list[Campaign]
    applications: list[Application]


class Roster(Document):
    """Partners on a day."""

    on: date
    partners: list[PartnerRow]


class Compliance(Document):
    """Committees on a day."""

    on: date
    committees: list[Committee]
    members: list[Member]


class Calendar(Document):
    """Meetings of a stretch of days, both included."""

    first: date
    last: date
    meetings: list[Meeting]
    invitations: list[Invitation]


class Money(Document):
    """The books of the organisation that pays, at the end of a day."""

    on: date
    totals: Totals
    balances: bool
    payments: list[Payment]
    runs: list[Run]


class NationalShare(BaseModel):
    """How many committees of an organisation, a region or a kind of body have enough partners."""

    name: str
    organisations: int
    committees: int
    enough: int
    safety_related: int
    safety_related_enough: int


class NationalCompliance(BaseModel):
    """Compliance over every organisation the caller may see, on a day."""

    on: date
    as_of: Moment | None
    by_organisation: list[NationalShare]
    by_region: list[NationalShare]
    by_kind: list[NationalShare]
    committees: list[Committee]


class ViewStanding(BaseModel):
    """A view of this deployment: its version, and why it could not be filled anew if so."""

    view: str
    version: int
    ready: bool
    being_filled: bool
    trouble: str | None
    positions: tuple[str, ...]
