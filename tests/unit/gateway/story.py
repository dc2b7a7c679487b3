"""A desk and its tickets, as events that the gateway hears."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from shared.events import Event
from shared.events.assignment import AgentAssigned, AgentDefined, AgentWentOnline, Role, TeamDefined
from shared.events.base import Level, Person, Priority, TicketType
from shared.events.desk import TopicDefined
from shared.events.intake import (
    Channel,
    CustomerMessageReceived,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.notify import NotificationKind, NotificationRequested, NotificationSent
from shared.events.relations import Relation, TicketsRelated
from shared.events.resolution import AgentReplied, NoteAdded, ProgressKind, ProgressReported
from shared.events.sla import ClockKind, ClockStarted, SlaPlanApplied, SlaPlanDefined, Target
from shared.ids import derived_id, desk_id, person_id
from shared.numbers import number_for
from shared.testing.spec import T0

TOKENS = {"anna": "token-of-anna", "ben": "token-of-ben", "mara": "token-of-mara"}

OUTAGE = """\
Hello,

since 8:40 nothing works in the whole shop: no tills, no card terminals, no phones.
The router in the back office blinks red. We have customers standing in line!

Please hurry.
Olga Brandt"""


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def person(name: str = "Olga Brandt", email: str = "olga@example.com") -> Person:
    return Person(person_id=person_id(email), name=name, email=email, phone="+49 30 1234567")


def ticket(number: int) -> UUID:
    return derived_id("story", number)


def number(n: int) -> str:
    """The number of the ticket `n`, with its check character."""
    return number_for(ticket(n), b"story")


NUMBER = number(1)


def opened(number: str = NUMBER, subject: str = "Nothing works", **more: Any) -> Event:
    given = {
        "number": number,
        "channel": Channel.WEB,
        "topic_id": "outage",
        "topic_name": "Business critical outage",
        "requester": person(),
        "subject": subject,
        "description": OUTAGE,
        "opened_at": T0,
        "impact": Level.HIGH,
        "urgency": Level.HIGH,
        "custom_fields": {"site": "Berlin Mitte"},
    }
    return TicketOpened(**{**given, **more})


def triaged(
    priority: Priority = Priority.CRITICAL, team: tuple[str, str] = ("network", "Network")
) -> list[Event]:
    return [
        TicketVerified(verified_at=T0, checks=("complete",)),
        TicketCategorised(
            type=TicketType.TECHNICAL,
            topic_id="outage",
            topic_name="Business critical outage",
            team_id=team[0],
            team_name=team[1],
            tier=2,
        ),
        TicketPrioritised(impact=Level.HIGH, urgency=Level.HIGH, priority=priority),
    ]


def assigned(agent: str = "anna", name: str = "Anna Berg") -> Event:
    return AgentAssigned(
        agent_id=agent,
        agent_name=name,
        team_id="network",
        team_name="Network",
        tier=2,
        by="routing",
        reason="least loaded of 2",
        assigned_at=T0,
    )


def clocks(first: datetime, resolution: datetime) -> list[Event]:
    return [
        SlaPlanApplied(
            plan_id="emergency",
            plan_name="Emergency",
            priority=Priority.CRITICAL,
            targets=(
                Target(clock=ClockKind.FIRST_RESPONSE, minutes=15),
                Target(clock=ClockKind.RESOLUTION, minutes=240),
            ),
            calendar_id="always",
            reason="the priority's own plan",
            applied_at=T0,
        ),
        clock(ClockKind.FIRST_RESPONSE, first),
        clock(ClockKind.RESOLUTION, resolution),
    ]


def clock(kind: ClockKind, due: datetime) -> Event:
    minutes = max((due - T0).total_seconds() / 60, 1.0)
    return ClockStarted(clock=kind, target_minutes=minutes, started_at=T0, due_at=due, warn_at=due)


def reply(text: str = "We are on it.", **more: Any) -> Event:
    return AgentReplied(
        **{"replied_by": "anna", "agent_name": "Anna Berg", "text": text, "replied_at": T0, **more}
    )


def note(text: str = "The customer is upset", pinned: bool = True) -> Event:
    return NoteAdded(noted_by="anna", agent_name="Anna Berg", text=text, pinned=pinned, noted_at=T0)


def progress(text: str = "The core switch lost power.") -> Event:
    return ProgressReported(
        kind=ProgressKind.FINDING,
        text=text,
        reported_by="anna",
        agent_name="Anna Berg",
        reported_at=T0,
    )


def message(text: str = "Still nothing!", **more: Any) -> Event:
    given = {"sender": person(), "channel": Channel.EMAIL, "text": text, "received_at": T0}
    return CustomerMessageReceived(**{**given, **more})


def related(*numbers: str) -> Event:
    return TicketsRelated(
        related=tuple(Relation(ticket_id=ticket(9), number=n, score=0.61) for n in numbers)
    )


def acknowledged() -> list[Event]:
    one = derived_id("notification")
    kind = NotificationKind.ACKNOWLEDGMENT
    return [
        NotificationRequested(
            notification_id=one,
            kind=kind,
            recipient="olga@example.com",
            to_customer=True,
            subject="We have your message",
            text="…",
            message_id="<x@desk>",
            requested_at=T0,
        ),
        NotificationSent(notification_id=one, kind=kind, to_customer=True, attempts=1, sent_at=T0),
    ]


def desk() -> Iterable[tuple[UUID, list[Event]]]:
    """Teams, agents, a plan and a topic, each under its own subject."""
    for team, name in (("network", "Network"), ("billing", "Billing")):
        yield desk_id("team", team), [TeamDefined(team_id=team, name=name, revision=1)]
    people = (
        ("anna", "Anna Berg", Role.AGENT, ("network",)),
        ("ben", "Ben Okoye", Role.AGENT, ("billing",)),
        ("mara", "Mara Lind", Role.MANAGER, ("network", "billing")),
    )
    for agent, name, role, teams in people:
        yield desk_id("agent", agent), [defined(agent, name, role, teams), online(agent)]
    plan = SlaPlanDefined(
        plan_id="emergency", name="Emergency", calendar_id="always", targets=(), revision=1
    )
    yield desk_id("plan", "emergency"), [plan]
    topic = TopicDefined(
        topic_id="outage",
        name="Business critical outage",
        type=TicketType.TECHNICAL,
        team_id="network",
        team_name="Network",
        revision=1,
    )
    yield desk_id("topic", "outage"), [topic]


def defined(
    agent: str = "anna",
    name: str = "Anna Berg",
    role: Role = Role.AGENT,
    teams: tuple[str, ...] = ("network",),
    **more: Any,
) -> Event:
    given = {
        "agent_id": agent,
        "name": name,
        "email": f"{agent}@desk.example",
        "role": role,
        "team_ids": teams,
        "tier": 2,
        "token_hash": sha256(TOKENS[agent].encode()).hexdigest(),
        "revision": 1,
    }
    return AgentDefined(**{**given, **more})


def online(agent: str) -> Event:
    return AgentWentOnline(agent_id=agent, at=T0)
