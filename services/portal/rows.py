"""The rows of the read model `pages`: what a customer may see, and nothing besides."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.events import DESK
from shared.events.base import Status
from shared.followers.view import Table


@dataclass(frozen=True)
class TicketRow:
    """A ticket as its page shows it."""

    subject: UUID
    number: str
    title: str
    topic_name: str
    requester_id: UUID
    requester_name: str
    opened_at: datetime
    updated_at: datetime
    status: str = Status.NEW.value
    priority: str = ""
    """As people read it."""
    plan_name: str = ""
    agent_name: str = ""
    """First name of whoever has it; empty while nobody does."""
    team_name: str = ""
    first_due_at: datetime | None = None
    first_state: str = ""
    """running, paused or met; empty before the clock."""
    solution_due_at: datetime | None = None
    solution_state: str = ""
    questions: list[dict[str, str]] = field(default_factory=list)
    """What the customer is asked: `{"field": …, "text": …}`."""
    solution: dict[str, str] = field(default_factory=dict)
    """`kind`, `note`, `cause` and `agent` of the last one offered."""
    closed_how: str = ""
    rating: int | None = None
    merged_into: UUID | None = None
    merged_number: str = ""
    topic_id: str = ""
    details: dict[str, str] = field(default_factory=dict)
    """What was filled into the topic's own fields, by their names."""
    confirmed: bool = False
    """Whoever opened it has the requester's address, as far as we know."""
    held: bool = False
    """It waits until that is known."""
    timezone: str = ""
    """Where the requester is (IANA), if they said so."""


@dataclass(frozen=True)
class MessageRow:
    """Something that was said between the customer and the desk."""

    id: UUID
    subject: UUID
    position: int
    at: datetime
    side: str
    """customer or desk."""
    person_id: UUID | None
    name: str
    label: str
    """What kind of message it is, when it isn't plainly one, in English."""
    text: str
    attachments: list[dict[str, Any]] = field(default_factory=list)
    """`file_id`, `name`, `content_type`, `size_bytes`."""
    cause: str = ""
    """Of what was solved."""


@dataclass(frozen=True)
class TimelineRow:
    """Something that happened, in plain words."""

    id: UUID
    subject: UUID
    position: int
    at: datetime
    words: str
    """In English, with room for the facts."""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TopicRow:
    """A topic's form."""

    subject: UUID
    topic_id: str
    name: str
    description: str
    fields: list[dict[str, Any]]
    """`name`, `label`, `kind`, `required`, `choices`."""
    plans: Sequence[str]
    """Ids of the plans that a customer may choose."""
    active: bool
    prove_address: bool = False
    """Tickets wait until their requester's address is known to be theirs."""


@dataclass(frozen=True)
class PlanRow:
    """A plan, as it is offered."""

    subject: UUID
    plan_id: str
    name: str
    description: str


@dataclass(frozen=True)
class EntitlementRow:
    """Whom a plan is for; one without a row is open to everybody."""

    subject: UUID
    plan_id: str
    people: Sequence[UUID]
    domains: Sequence[str]


@dataclass(frozen=True)
class DeskRow:
    """What the desk calls itself."""

    subject: UUID
    name: str


@dataclass(frozen=True)
class CopyRow:
    """Somebody in copy of a ticket."""

    id: UUID
    subject: UUID
    person_id: UUID
    name: str
    state: str
    """invited, taking part or ended."""


@dataclass(frozen=True)
class ArticleRow:
    """An article that helps with tickets like the one it was drafted from, its subject."""

    subject: UUID
    article_id: str
    title: str
    body: str
    topics: Sequence[str]
    """Ids of those it helps with; none: nobody said."""
    language: str
    published_at: datetime


TICKETS: Final[Table[TicketRow]] = Table("tickets", TicketRow)
MESSAGES: Final[Table[MessageRow]] = Table("messages", MessageRow, key="id", append_only=True)
TIMELINE: Final[Table[TimelineRow]] = Table("timeline", TimelineRow, key="id", append_only=True)
TOPICS: Final[Table[TopicRow]] = Table("topics", TopicRow, topic=DESK)
PLANS: Final[Table[PlanRow]] = Table("plans", PlanRow, topic=DESK)
ENTITLEMENTS: Final[Table[EntitlementRow]] = Table("entitlements", EntitlementRow, topic=DESK)
ARTICLES: Final[Table[ArticleRow]] = Table("articles", ArticleRow, key="article_id")
COPIES: Final[Table[CopyRow]] = Table("copies", CopyRow, key="id")
NAMES: Final[Table[DeskRow]] = Table("desk", DeskRow, topic=DESK)
