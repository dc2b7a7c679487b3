"""The rows of `desk_view`: what agents see of tickets and of the desk."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.events import DESK
from shared.events import TICKETS as TICKETS_TOPIC
from shared.followers.view import Table


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket as it stands; queues are pages of these."""

    subject: UUID
    """The ticket's id, as `subject` is in every read model; its subject is `title`."""
    number: str
    title: str
    status: str
    active: bool
    """Somebody here has to do something: not resolved, closed or archived."""
    channel: str
    topic_id: str
    topic_name: str
    requester_id: UUID
    requester_name: str
    requester_email: str
    requester_phone: str
    opened_at: datetime
    updated_at: datetime
    vector: str
    """How much of each author's stream is folded in: the ticket's ETag."""
    impact: str | None = None
    urgency: str | None = None
    priority: str | None = None
    priority_reason: str = ""
    type: str | None = None
    tier: int = 1
    team_id: str | None = None
    team_name: str | None = None
    agent_id: str | None = None
    agent_name: str | None = None
    participants: dict[str, str] = field(default_factory=dict)
    """Names of the agents who take part beside the one who has it, by their ids."""
    plan_id: str | None = None
    plan_name: str | None = None
    due_at: datetime | None = None
    """When the next of the running clocks is due; None while none runs."""
    due_clock: str | None = None
    breached: bool = False
    """A promise of the present clocks was broken."""
    pinned: list[dict[str, Any]] = field(default_factory=list)
    questions: list[dict[str, str]] = field(default_factory=list)
    """What the customer was asked and has not answered yet."""
    related: list[dict[str, Any]] = field(default_factory=list)
    absorbed: list[dict[str, str]] = field(default_factory=list)
    merged_into: dict[str, str] | None = None
    custom_fields: dict[str, str] = field(default_factory=dict)
    solution: dict[str, Any] | None = None
    """The last solution: kind, cause, note, and whether it was verified."""
    articles: list[dict[str, Any]] = field(default_factory=list)
    reopened: int = 0
    undelivered: str = ""
    """Why our last mail to the customer did not arrive; empty when it did."""
    confirmed: bool = False
    """Whoever opened it has the requester's address, as far as we know."""
    proof_lapsed: bool = False
    """The requester has not shown in time that they have: an agent decides."""
    rating: int | None = None
    quality_score: int | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    suggested: list[dict[str, str]] = field(default_factory=list)
    """People to whom the requester sent a mail, too, and whom nobody has asked into it yet."""
    organisation_id: str = ""
    """Of the organisation that the requester belongs to; empty when unknown."""
    language: str = ""
    timezone: str = ""
    """The requester's; empty when unknown."""
    tags: list[str] = field(default_factory=list)
    linked: list[dict[str, str]] = field(default_factory=list)
    """Tickets that people say have to do with it."""
    decided: dict[str, str] = field(default_factory=dict)
    """Which rule decided type, team, impact, urgency, priority and tags."""
    followed_up_at: datetime | None = None
    """When the customer was asked whether it held."""
    hand_tags: list[str] = field(default_factory=list)
    """Those of its tags that people put on it."""
    off_tags: list[str] = field(default_factory=list)
    """Tags of rules that people took away."""
    followers: list[str] = field(default_factory=list)
    """Ids of agents who want to know what becomes of it."""
    mentioned: list[str] = field(default_factory=list)
    """Ids of agents whom a note was meant for, and who have said nothing on it since."""
    minutes_spent: float = 0
    parent: dict[str, str] | None = None
    """The incident that it is part of."""
    children: list[dict[str, str]] = field(default_factory=list)
    closes_at: datetime | None = None
    """When silence closes it, as far as that was said."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One entry of a ticket's conversation, internal notes included."""

    id: UUID
    subject: UUID
    position: int
    kind: str
    """opened, customer, clarification, answer, reply, note, progress, resolution, …"""
    public: bool
    """The customer sees it too."""
    author_name: str
    text: str
    at: datetime
    label: str = ""
    """What is worth saying beside the name: a workaround, waits for the customer, …"""
    pinned: bool = False
    automatic: bool = False
    attachments: list[dict[str, Any]] = field(default_factory=list)
    stream: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """An event of a ticket, in words."""

    id: UUID
    subject: UUID
    position: int
    stream: str
    """Which service said it; with `version`, the event's place in the ticket's vector."""
    version: int
    type: str
    actor: str
    words: str
    quiet: bool
    """Nothing an answer depends on: deliveries, warnings, clocks."""
    at: datetime


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A promise of the SLA plan in force, and how it stands."""

    id: UUID
    subject: UUID
    kind: str
    state: str
    """running, paused, met, missed (answered, but late) or stopped."""
    target_minutes: float
    started_at: datetime
    due_at: datetime
    remaining_seconds: float | None = None
    """Business seconds left while paused."""
    reason: str = ""
    warned: bool = False
    breached_at: datetime | None = None
    ended_at: datetime | None = None
    previous_due_at: datetime | None = None
    """Where a changed plan or priority, or a reopening, moved it from."""
    cycle: int = 1
    """How many times it was promised: answers and progress are owed again and again."""


@dataclass(frozen=True, slots=True)
class WordsRow:
    """The words by which a ticket is found."""

    subject: UUID
    body: str


@dataclass(frozen=True, slots=True)
class SharedRow:
    """A ticket that a further team sees, as its mail came to them, too."""

    id: UUID
    subject: UUID
    team_id: str


@dataclass(frozen=True, slots=True)
class AgentRow:
    """Somebody who works at the desk, and signs in here."""

    subject: UUID
    agent_id: str
    name: str
    email: str
    role: str
    team_ids: list[str]
    skills: list[str]
    tier: int
    capacity: int
    token_hash: str
    active: bool
    online: bool = False
    revision: int = 0


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """A program that may call the API."""

    subject: UUID
    """The key's id."""
    name: str
    scopes: list[str]
    key_hash: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team of the desk."""

    subject: UUID
    team_id: str
    name: str


@dataclass(frozen=True, slots=True)
class PlanRow:
    """An SLA plan that a manager may choose."""

    subject: UUID
    plan_id: str
    name: str
    description: str
    targets: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """Customers who belong together."""

    subject: UUID
    organisation_id: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody with further addresses, or whose language we were told."""

    subject: UUID
    linked: list[dict[str, str]] = field(default_factory=list)
    """Their other addresses, each with its person's id."""
    language: str = ""
    timezone: str = ""


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic that tickets are opened under."""

    subject: UUID
    topic_id: str
    name: str
    active: bool
    labels: dict[str, str] = field(default_factory=dict)
    """What people read of each field of its form, by the field's name."""


@dataclass(frozen=True, slots=True)
class WorkRulesRow:
    """What the desk has prepared for agents: canned responses and macros."""

    subject: UUID
    responses: list[dict[str, Any]]
    macros: list[dict[str, Any]]


TICKETS: Table[TicketRow] = Table("tickets", TicketRow, topic=TICKETS_TOPIC)
ARCHIVE: Table[TicketRow] = Table("archive", TicketRow, topic=TICKETS_TOPIC)
"""Tickets that are archived, in the place of `TICKETS`: every ticket is in one of the two."""
MESSAGES: Table[MessageRow] = Table(
    "messages", MessageRow, key="id", append_only=True, topic=TICKETS_TOPIC
)
TIMELINE: Table[TimelineRow] = Table(
    "timeline", TimelineRow, key="id", append_only=True, topic=TICKETS_TOPIC
)
CLOCKS: Table[ClockRow] = Table("clocks", ClockRow, key="id", topic=TICKETS_TOPIC)
WORDS: Table[WordsRow] = Table("words", WordsRow, topic=TICKETS_TOPIC)
SHARED: Table[SharedRow] = Table(
    "shared", SharedRow, key="id", append_only=True, topic=TICKETS_TOPIC
)
AGENTS: Table[AgentRow] = Table("agents", AgentRow, topic=DESK)
API_KEYS: Table[ApiKeyRow] = Table("api_keys", ApiKeyRow, topic=DESK)
TEAMS: Table[TeamRow] = Table("teams", TeamRow, topic=DESK)
PLANS: Table[PlanRow] = Table("plans", PlanRow, topic=DESK)
ORGANISATIONS: Table[OrganisationRow] = Table("organisations", OrganisationRow, topic=DESK)
PEOPLE: Table[PersonRow] = Table("people", PersonRow, topic=DESK)
TOPICS: Table[TopicRow] = Table("topics", TopicRow, topic=DESK)
WORK_RULES: Table[WorkRulesRow] = Table("work_rules", WorkRulesRow, topic=DESK)

TABLES = (
    *(TICKETS, ARCHIVE, MESSAGES, TIMELINE, CLOCKS, WORDS, SHARED),
    *(AGENTS, API_KEYS, TEAMS, PLANS, ORGANISATIONS, TOPICS, WORK_RULES),
    *(PEOPLE,),
)
