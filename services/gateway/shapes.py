"""What the API answers with: the documented shapes, and how rows become them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.gateway.rows import AgentRow, ClockRow, MessageRow, TicketRow, TimelineRow
from shared.events.base import Priority


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Named(_Shape):
    id: str
    name: str


class Requester(_Shape):
    id: str
    name: str
    email: str
    phone: str


class Ticket(_Shape):
    """A ticket as it stands."""

    id: str
    number: str
    subject: str
    status: str
    priority: str | None
    priority_label: str | None
    priority_reason: str
    impact: str | None
    urgency: str | None
    type: str | None
    topic: Named
    channel: str
    requester: Requester
    team: Named | None
    agent: Named | None
    participants: list[Named]
    tier: int
    plan: Named | None
    due_at: datetime | None
    due_clock: str | None
    breached: bool
    pinned_notes: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    related: list[dict[str, Any]]
    absorbed: list[dict[str, Any]]
    linked: list[dict[str, Any]]
    tags: list[str]
    decided: dict[str, str]
    merged_into: dict[str, Any] | None
    custom_fields: dict[str, str]
    solution: dict[str, Any] | None
    articles: list[dict[str, Any]]
    reopened: int
    undelivered: str
    confirmed: bool
    proof_lapsed: bool
    organisation_id: str
    language: str
    timezone: str
    rating: int | None
    quality_score: int | None
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None
    followed_up_at: datetime | None
    followers: list[str]
    mentioned: list[str]
    minutes_spent: float
    parent: dict[str, Any] | None
    children: list[dict[str, Any]]
    closes_at: datetime | None
    version: str


class Clock(_Shape):
    """A promise, and how it stands."""

    clock: str
    state: str
    target_minutes: float
    started_at: datetime
    due_at: datetime
    remaining_seconds: float | None
    reason: str
    warned: bool
    breached_at: datetime | None
    ended_at: datetime | None
    previous_due_at: datetime | None
    cycle: int


class Message(_Shape):
    """One entry of the conversation; `public` says whether the customer sees it."""

    id: str
    position: int
    kind: str
    public: bool
    author: str
    text: str
    label: str
    pinned: bool
    automatic: bool
    attachments: list[dict[str, Any]]
    at: datetime


class Happening(_Shape):
    """An event, in words."""

    id: str
    position: int
    service: str
    version: int
    type: str
    actor: str
    words: str
    at: datetime


class Agent(_Shape):
    """Somebody who works at the desk."""

    id: str
    name: str
    email: str
    role: str
    team_ids: list[str]
    skills: list[str]
    tier: int
    capacity: int
    active: bool
    online: bool


class AgentWithLoad(Agent):
    load: int


class TicketPage(_Shape):
    tickets: list[Ticket]
    next: str | None


class Messages(_Shape):
    messages: list[Message]


class Timeline(_Shape):
    events: list[Happening]
    next: int | None


class Clocks(_Shape):
    clocks: list[Clock]


class Agents(_Shape):
    agents: list[AgentWithLoad]


class Queue(_Shape):
    name: str
    label: str
    count: int
    more: bool


class QueueCounts(_Shape):
    queues: list[Queue]


class Done(_Shape):
    """What a command came to."""

    model_config = ConfigDict(extra="allow")

    ticket_id: str
    events: list[str]


class Presence(BaseModel):
    agent_id: str
    events: list[str]


class Problem(BaseModel):
    """RFC 9457: `code` is stable."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[dict[str, str]] = []


def ticket_shape(row: TicketRow) -> dict[str, Any]:
    """A ticket as the API shows it."""
    label = Priority(row.priority).label if row.priority else None
    shape = {name: getattr(row, name) for name in _AS_THEY_ARE}
    return shape | {
        "id": str(row.subject),
        "subject": row.title,
        "priority_label": label,
        "topic": {"id": row.topic_id, "name": row.topic_name},
        "requester": {
            "id": str(row.requester_id),
            "name": row.requester_name,
            "email": row.requester_email,
            "phone": row.requester_phone,
        },
        "team": _named(row.team_id, row.team_name),
        "agent": _named(row.agent_id, row.agent_name),
        "participants": [{"id": i, "name": name} for i, name in row.participants.items()],
        "plan": _named(row.plan_id, row.plan_name),
        "pinned_notes": row.pinned,
        "version": row.vector,
    }


def clock_shape(row: ClockRow) -> dict[str, Any]:
    shape = asdict(row)
    del shape["id"], shape["subject"]
    return {"clock": shape.pop("kind"), **shape}


def message_shape(row: MessageRow) -> dict[str, Any]:
    shape = asdict(row)
    del shape["subject"], shape["stream"], shape["version"]
    return {"id": str(shape.pop("id")), "author": shape.pop("author_name"), **shape}


def happening_shape(row: TimelineRow) -> dict[str, Any]:
    shape = asdict(row)
    del shape["subject"], shape["quiet"]
    return {"id": str(shape.pop("id")), "service": shape.pop("stream"), **shape}


def agent_shape(row: AgentRow) -> dict[str, Any]:
    """An agent as the API shows one: without the hash of the token."""
    shape = asdict(row)
    del shape["subject"], shape["token_hash"], shape["revision"]
    return {"id": shape.pop("agent_id"), **shape}


def _named(key: str | None, name: str | None) -> dict[str, str] | None:
    return None if key is None else {"id": key, "name": name or key}


_AS_THEY_ARE = tuple(name for name in Ticket.model_fields if name in TicketRow.__dataclass_fields__)
