"""What assignment says: stage 4, who works on a ticket and why."""

from enum import StrEnum
from typing import ClassVar

from shared.events.base import DESK, AgentName, Event, Moment, Personal, Priority, TicketType, Value
from shared.events.sla import CalendarValues


class _AssignmentEvent(Event):
    author: ClassVar[str] = "assignment"


class Candidate(Value):
    """An agent who was looked at, with what was true at that moment."""

    agent_id: str
    load: int
    """Places that the agent's tickets took."""
    capacity: int
    """Places the agent has."""
    verdict: str
    """chosen, or why not: offline, off shift, full, wrong team, lacks skill …, tier too low."""


class Strategy(StrEnum):
    """Who of those that are free gets a ticket of a queue."""

    LEAST_LOADED = "least_loaded"
    MOST_SPARE = "most_spare"
    """Whoever has the most places free."""
    ROUND_ROBIN = "round_robin"
    """Whoever has waited longest for a ticket."""


class TicketRouted(_AssignmentEvent):
    """A routing rule, or that none holds any more, changed what the ticket needs."""

    rule: str
    """Its id; empty when none holds, and the ticket needs what its topic says."""
    rule_name: str = ""
    team_id: str
    team_name: str
    skills: tuple[str, ...] = ()
    levels: dict[str, int] = {}
    """The lowest level of a skill that will do, where it is not any."""
    tier: int = 1
    strategy: str = ""
    """Empty: the team's own."""
    owner: str = ""
    """The agent who is asked first."""
    routed_at: Moment


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
    levels: dict[str, int] = {}
    rule: str = ""
    """The routing rule in force, if any."""
    untouched_after_minutes: float = 0.0
    """Rest that is then noticed; 0: none is."""
    untouched_calendar: CalendarValues | None = None
    """Business hours in which that rest is counted; None: real time."""


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
    rule: str = ""
    """The routing rule in force, if any."""
    strategy: str = ""
    """How the agent was found: a `Strategy`, `had_before`, `owner`, `helped_before`, or
    `by_hand`."""
    weight: int = 1
    """Places that the ticket takes of the agent's capacity."""
    overrides: tuple[str, ...] = ()
    """What a manager passed over: offline, wrong team, lacks skill …"""
    untouched_after_minutes: float = 0.0
    """Rest that is then noticed; 0: none is."""
    untouched_calendar: CalendarValues | None = None
    """Business hours in which that rest is counted; None: real time."""


class AgentUnassigned(_AssignmentEvent):
    """The agent no longer has the ticket."""

    public: ClassVar[bool] = True

    agent_id: str
    by: str
    reason: Personal
    declined: bool = False
    """The agent gave it back, and is not chosen for it again unless somebody names them."""
    unassigned_at: Moment
    weight: int = 1
    """Places that are free again."""


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


class TicketLeftUntouched(_AssignmentEvent):
    """Nobody has done anything about the ticket for too long: its agent and manager are told."""

    team_id: str
    team_name: str
    agent_id: str | None = None
    """Who has it; None while it is queued."""
    since: Moment
    """When something was last done."""
    noticed_at: Moment


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
    strategy: Strategy = Strategy.LEAST_LOADED


class RoutingRule(Value):
    """What tickets of some kind need; what a rule leaves empty, any ticket has."""

    rule_id: str
    name: str = ""
    topics: tuple[str, ...] = ()
    types: tuple[TicketType, ...] = ()
    priorities: tuple[Priority, ...] = ()
    organisations: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    team_id: str = ""
    """Empty: the one that intake named."""
    team_name: str = ""
    skills: tuple[str, ...] = ()
    levels: dict[str, int] = {}
    tier: int = 1
    strategy: Strategy | None = None
    owner: str = ""
    """The agent who is asked first."""


class RoutingDefined(_AssignmentEvent):
    """How the desk routes. The first rule that holds decides. Subject: the desk's routing."""

    topic: ClassVar[str] = DESK

    rules: tuple[RoutingRule, ...] = ()
    weights: dict[str, int] = {}
    """Places that a ticket takes, by priority; 1 if not named."""
    same_agent: bool = True
    """Whoever last helped a requester is asked before others."""
    untouched_queued_minutes: float = 0.0
    """Rest of a queued ticket that is noticed; 0: none is."""
    untouched_assigned_minutes: float = 0.0
    """Rest of a ticket that somebody has."""
    untouched_calendar_id: str = ""
    untouched_calendar: CalendarValues | None = None
    """Business hours in which rest is counted; None: real time."""
    revision: int


class Role(StrEnum):
    """What somebody signed in at the gateway may do; each includes the one before."""

    AGENT = "agent"
    MANAGER = "manager"
    OPERATOR = "operator"
    ADMIN = "admin"


class Shift(Value):
    """Hours of a day, local wall time `HH:MM`; an end before the start is on the next day."""

    start: str
    end: str


class Leave(Value):
    """Whole days away, first and last, `2026-12-24`."""

    first: str
    last: str


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
    levels: dict[str, int] = {}
    """How good they are at a skill, where it is more than 1."""
    timezone: str = "UTC"
    """Of shifts and leave, an IANA zone."""
    shifts: dict[str, tuple[Shift, ...]] = {}
    """By weekday: mon, tue, …; none at all: always."""
    leave: tuple[Leave, ...] = ()
