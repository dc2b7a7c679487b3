"""The rows of sla's read models, and their tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.followers.view import Table

Json = dict[str, Any]


@dataclass(frozen=True)
class CalendarRow:
    subject: UUID
    calendar_id: str
    timezone: str
    hours: Json
    holidays: Sequence[str]
    special_hours: Json
    revision: int
    country: str = ""
    region: str = ""
    public_holidays: Sequence[str] = field(default_factory=list)


@dataclass(frozen=True)
class PlanRow:
    subject: UUID
    plan_id: str
    name: str
    description: str
    calendar_id: str
    targets: Sequence[Json]
    default_for: Sequence[str]
    warn_at_share: float
    escalate_on_breach: bool
    revision: int
    escalation: Sequence[Json] = field(default_factory=list)
    stops: Sequence[Json] = field(default_factory=list)
    organisations: Sequence[str] = field(default_factory=list)
    topics: Sequence[str] = field(default_factory=list)
    types: Sequence[str] = field(default_factory=list)


CALENDARS: Table[CalendarRow] = Table("calendars", CalendarRow)
PLANS: Table[PlanRow] = Table("plans", PlanRow)


@dataclass(frozen=True)
class TicketRow:
    subject: UUID
    number: str = ""
    opened_at: datetime | None = None
    priority: str | None = None
    plan_id: str | None = None
    plan_name: str = ""
    plan_reason: str = ""
    plan_by: str = ""
    plan_revision: int = 0
    applied_at: datetime | None = None
    calendar_id: str | None = None
    calendar: Json | None = None
    team_id: str | None = None
    agent_id: str | None = None


@dataclass(frozen=True)
class ClockRow:
    id: UUID
    subject: UUID
    clock: str
    state: str
    """running, paused, met, late or stopped."""
    target_minutes: float
    started_at: datetime
    """When it began to run, the last time."""
    due_at: datetime | None
    """None while paused."""
    warn_at: datetime | None
    reason: str
    elapsed_seconds: float
    """Business seconds up to the last change."""
    paused_at: datetime | None = None
    pause_reason: str = ""
    remaining_seconds: float | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    ended_at: datetime | None = None
    previous_due_at: datetime | None = None
    """Where the last move of the due time moved it from."""
    cycle: int = 1
    """How many times it was promised: answers and progress are owed again and again."""
    breaches: int = 0
    """How many of them were missed."""
    steps: Sequence[Json] = field(default_factory=list)
    """What the plan asks for before and after the target, as far as it is still to come."""
    history: Sequence[Json] = field(default_factory=list)
    """Everything that was said of the clock, in order."""


TICKETS: Table[TicketRow] = Table("tickets", TicketRow)
CLOCKS: Table[ClockRow] = Table("clocks", ClockRow, key="id")
