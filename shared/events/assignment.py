"""What assignment says: stage 4, who works on a ticket and why."""

from enum import StrEnum
from typing import ClassVar

from shared.events.base import DESK, AgentName, Event, Moment, Personal, Value


class _AssignmentEvent(Event):
    author: ClassVar[str] = "assignment"


class Candidate(Value):
    """An agent who was looked at, with what was true at that moment."""

    agent_id: str
    load: int
    """Tickets the agent had."""
    capacity: int
    """Tickets the agent may have."""
    verdict: str
    """chosen, or why not: offline, full, wrong team, lacks skill …, tier too low."""


class TicketQueued(_AssignmentEvent):
    """The ticket waits in a team's queue for an agent."""

    public: ClassVar[bool] = True

    team_id: str
    team_name: str
    skills: tuple[str, ...] = ()
    tier: int = 1
    reason: str
    candidates: tuple[Candidate, ...] = ()
    queued_at: Moment


class AgentAssigned(_AssignmentEvent):
    """An agent has the ticket, and the event says why this one."""

    public: ClassVar[bool] = True

    agent_id: str
    agent_name: AgentName
    team_id: str
    team_name: str
    tier: int
    """The agent's, which may be higher than what the ticket needs."""
    by: str
    """An agent's id, `routing`, or `escalation`."""
    reason: Personal
    candidates: tuple[Candidate, ...] = ()
    assigned_at: Moment


class AgentUnassigned(_AssignmentEvent):
    """The agent no longer has the ticket."""

    public: ClassVar[bool] = True

    agent_id: str
    by: str
    reason: Personal
    declined: bool = False
    """The agent gave it back, and is not chosen for it again unless somebody names them."""
    unassigned_at: Moment


class ParticipantAdded(_AssignmentEvent):
    """One more agent takes part in the ticket, beside the one who has it."""

    agent_id: str
    agent_name: AgentName
    by: str
    added_at: Moment


class ParticipantRemoved(_AssignmentEvent):
    """An agent takes part no longer."""

    agent_id: str
    by: str
    removed_at: Moment


class TicketTransferred(_AssignmentEvent):
    """The ticket belongs to another team now."""

    public: ClassVar[bool] = True

    from_team_id: str
    team_id: str
    team_name: str
    skills: tuple[str, ...] = ()
    tier: int = 1
    by: str
    reason: Personal
    transferred_at: Moment


class TicketEscalated(_AssignmentEvent):
    """The ticket needs a higher tier."""

    public: ClassVar[bool] = True

    from_tier: int
    tier: int
    by: str
    reason: Personal
    escalated_at: Moment


class AgentWentOnline(_AssignmentEvent):
    """The agent takes tickets. Subject: the agent."""

    topic: ClassVar[str] = DESK

    agent_id: str
    at: Moment


class AgentWentOffline(_AssignmentEvent):
    """The agent takes no new tickets. Subject: the agent."""

    topic: ClassVar[str] = DESK

    agent_id: str
    at: Moment


class TeamDefined(_AssignmentEvent):
    """A team of the desk. Subject: the team."""

    topic: ClassVar[str] = DESK

    team_id: str
    name: str
    email: str = ""
    revision: int


class Role(StrEnum):
    """What somebody signed in at the gateway may do; each includes the one before."""

    AGENT = "agent"
    MANAGER = "manager"
    OPERATOR = "operator"
    ADMIN = "admin"


class AgentDefined(_AssignmentEvent):
    """Somebody who works at the desk. Subject: the agent."""

    topic: ClassVar[str] = DESK

    agent_id: str
    name: AgentName
    email: AgentName
    role: Role = Role.AGENT
    team_ids: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    tier: int = 1
    capacity: int = 10
    token_hash: str = ""
    """SHA-256 of the bearer token, hex: the token itself is kept nowhere."""
    active: bool = True
    revision: int
