"""What these tests are told with: a ticket's past, agents, moments."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, settings

from services.assignment.domain.choice import Found
from services.assignment.domain.commands import By
from services.assignment.domain.hours import WEEKDAYS
from services.assignment.domain.people import Agent, Need
from shared.events import Event, Level, Person, Priority, TicketType
from shared.events.assignment import (
    AgentAssigned,
    AgentDefined,
    AgentUnassigned,
    Candidate,
    TicketQueued,
)
from shared.events.intake import (
    Channel,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.resolution import ClosedHow, TicketClosed, TicketHeld, TicketReopened
from shared.events.sla import CalendarValues, ClockKind, ClockPaused, ClockStarted, Interval
from shared.testing.spec import T0

LAW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Laws hold on a machine that is busy with other things, too."""

NOW = T0 + timedelta(hours=1)
SUPPORT = Need("support", "Support")
MANAGER = By("mara", manager=True)
ANNA = By("anna")
BEN = By("ben")

OPENED = TicketOpened(
    number="LD-7KQ4-M2XR-9",
    channel=Channel.API,
    topic_id="router",
    topic_name="Router",
    requester=Person(person_id=UUID(int=7), email="kim@example.org"),
    subject="The router is down",
    description="Since nine.",
    opened_at=T0,
)
VERIFIED = TicketVerified(verified_at=T0)


def categorised(
    team_id: str = "support", skills: tuple[str, ...] = (), tier: int = 1
) -> TicketCategorised:
    return TicketCategorised(
        type=TicketType.TECHNICAL,
        topic_id="router",
        topic_name="Router",
        team_id=team_id,
        team_name=team_id.capitalize(),
        skills=skills,
        tier=tier,
    )


def prioritised(priority: Priority = Priority.MEDIUM) -> TicketPrioritised:
    return TicketPrioritised(impact=Level.MEDIUM, urgency=Level.MEDIUM, priority=priority)


READY: tuple[Event, ...] = (OPENED, VERIFIED, categorised(), prioritised())
"""The past of a ticket that can be given to somebody."""

QUEUED = TicketQueued(team_id="support", team_name="Support", reason="nobody is free", queued_at=T0)
CLOSED = TicketClosed(how=ClosedHow.CONFIRMED, closed_by="customer", closed_at=T0)
REOPENED = TicketReopened(reason="again", reopened_by="customer", reopened_at=NOW)
DUE = ClockStarted(
    clock=ClockKind.FIRST_RESPONSE,
    target_minutes=30,
    started_at=T0,
    due_at=T0 + timedelta(minutes=30),
    warn_at=T0 + timedelta(minutes=20),
)
PAUSED = ClockPaused(
    clock=ClockKind.FIRST_RESPONSE, paused_at=T0, remaining_seconds=60, reason="waiting"
)
HELD_UP = TicketHeld(reason="a part is missing", held_by="anna", held_at=NOW)


def assigned(agent_id: str = "anna", tier: int = 1, team_id: str = "support") -> AgentAssigned:
    return AgentAssigned(
        agent_id=agent_id,
        agent_name=agent_id.capitalize(),
        team_id=team_id,
        team_name=team_id.capitalize(),
        tier=tier,
        by="routing",
        reason="the only one free",
        assigned_at=T0,
    )


def unassigned(agent_id: str = "anna", reason: str = "closed", by: str = "routing") -> Event:
    return AgentUnassigned(agent_id=agent_id, by=by, reason=reason, unassigned_at=T0)


def agent(agent_id: str, **fields: object) -> Agent:
    made = Agent(agent_id, agent_id.capitalize(), team_ids=("support",))
    return replace(made, **fields)


def defined(agent_id: str = "anna", **fields: object) -> AgentDefined:
    values: dict[str, object] = {
        "agent_id": agent_id,
        "name": agent_id.capitalize(),
        "email": f"{agent_id}@desk.example",
        "team_ids": ("support",),
        "revision": 1,
        **fields,
    }
    return AgentDefined.model_validate(values)


def verdicts(found: Iterable[Candidate | Found]) -> dict[str, str]:
    return {candidate.agent_id: candidate.verdict for candidate in found}


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


OFFICE = CalendarValues(
    timezone="UTC",
    hours={day: (Interval(start="09:00", end="17:00"),) for day in WEEKDAYS[:5]},
    holidays=("2026-03-03",),
)
