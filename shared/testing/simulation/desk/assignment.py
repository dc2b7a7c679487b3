"""Assignment in small: agents with capacities, and a reaction on two tickets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.assignment import (
    AgentAssigned,
    AgentDefined,
    AgentUnassigned,
    ParticipantAdded,
    TicketEscalated,
    TicketQueued,
)
from shared.events.resolution import EscalationRequested, TicketClosed, WorkStarted
from shared.followers.contracts import Directed
from shared.log import Claim, Past, Recorded
from shared.postgres import Pool
from shared.service import Reacts, Service
from shared.testing.simulation.desk.diary import Diary

LOADS = "select resource, used, ceiling from ledger.capacity order by resource"


@dataclass(frozen=True)
class Define:
    agent: str
    capacity: int


@dataclass(frozen=True)
class Assign:
    agent: str
    """Nobody if empty: the ticket waits in the queue."""
    at: datetime


@dataclass(frozen=True)
class Release:
    at: datetime


@dataclass(frozen=True)
class Raise:
    at: datetime


@dataclass(frozen=True)
class Involve:
    at: datetime


Command = Define | Assign | Release | Raise | Involve


@dataclass(frozen=True)
class Ticket:
    agent: str = ""
    capacity: int = 0


def _decide(command: Command, ticket: Ticket) -> list[Event]:
    match command:
        case Define(agent=agent, capacity=capacity):
            defined = AgentDefined(agent_id=agent, name="", email="", capacity=capacity, revision=1)
            return [] if capacity == ticket.capacity else [defined]
        case Assign(agent=agent, at=at) if agent:
            return [_assigned(agent, at)]
        case Assign(at=at):
            return [TicketQueued(team_id="all", team_name="", reason="full", queued_at=at)]
        case Release(at=at):
            return [AgentUnassigned(agent_id=ticket.agent, by="", reason="", unassigned_at=at)]
        case Raise(at=at):
            return [TicketEscalated(from_tier=1, tier=2, by="", reason="", escalated_at=at)]
        case Involve(at=at):
            return [ParticipantAdded(agent_id="zoe", agent_name="", by="", added_at=at)]


def _assigned(agent: str, at: datetime) -> AgentAssigned:
    return AgentAssigned(
        agent_id=agent, agent_name=agent.title(), team_id="all", team_name="", tier=1, by="routing",
        reason="", assigned_at=at,
    )  # fmt: skip


def _evolve(ticket: Ticket, event: Event | Unknown) -> Ticket:
    match event:
        case AgentAssigned(agent_id=agent):
            return replace(ticket, agent=agent)
        case AgentUnassigned():
            return replace(ticket, agent="")
        case AgentDefined(capacity=capacity):
            return replace(ticket, capacity=capacity)
        case _:
            return ticket


def claims(event: Event) -> Sequence[Claim]:
    """What an event takes of an agent's capacity, or sets it to."""
    match event:
        case AgentAssigned(agent_id=agent):
            return [Claim(agent, 1)]
        case AgentUnassigned(agent_id=agent) if agent:
            return [Claim(agent, -1)]
        case AgentDefined(agent_id=agent, capacity=capacity):
            return [Claim(agent, ceiling=capacity)]
        case _:
            return []


DECIDER: Final[Decider[Command, Ticket]] = Decider(Ticket(), _decide, _evolve, claims)


class Route:
    """A ticket goes to whoever has most room, or to the queue."""

    name: ClassVar[str] = "route"
    hears: ClassVar[frozenset[type[Event]]] = frozenset({WorkStarted})

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[Command]]:
        rows = await self._pool.fetch(LOADS)
        room = {row["resource"]: row["ceiling"] - row["used"] for row in rows}
        agent = max(room, key=lambda name: room[name], default="")
        free = agent if room.get(agent, 0) > 0 else ""
        return [Directed(recorded.subject, Assign(free, recorded.occurred_at))]


class Let:
    """Who had a ticket that is closed has room for another."""

    name: ClassVar[str] = "let"
    hears: ClassVar[frozenset[type[Event]]] = frozenset({TicketClosed})

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[Command]]:
        return [Directed(recorded.subject, Release(recorded.occurred_at))]


class Escalate:
    """The ticket is raised, and its twin's people are involved."""

    name: ClassVar[str] = "escalate"
    hears: ClassVar[frozenset[type[Event]]] = frozenset({EscalationRequested})

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[Command]]:
        at = recorded.occurred_at
        return [
            Directed(recorded.subject, Raise(at)),
            Directed(twin_of(recorded.subject), Involve(at)),
        ]


def twin_of(ticket: UUID) -> UUID:
    """The ticket that belongs to this one."""
    return UUID(int=ticket.int ^ 1)


SAYS: Final[frozenset[type[Event]]] = frozenset(
    {
        AgentDefined,
        AgentAssigned,
        TicketQueued,
        AgentUnassigned,
        TicketEscalated,
        ParticipantAdded,
    }
)
HEARS: Final[frozenset[type[Event]]] = frozenset({WorkStarted, TicketClosed, EscalationRequested})


class Queues(Diary):
    """The diary of all that is known here."""

    name: ClassVar[str] = "queues"
    hears: ClassVar[frozenset[type[Event]]] = SAYS | HEARS


SERVICE: Final = Service(
    name="assignment",
    hears=HEARS,
    says=SAYS,
    projections=[Queues()],
    reactions=lambda runtime: [
        Reacts(Route(runtime.pool), DECIDER, actor="route"),
        Reacts(Let(), DECIDER, actor="let"),
        Reacts(Escalate(), DECIDER, actor="escalate"),
    ],
)
