"""What may be commanded on a ticket.

Candidates, with their loads, come in with the command. A load may have changed by the
time of the append: then the claim finds no room, and the command is given again with
fresh candidates.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from services.assignment.domain.people import Agent, Team
from services.assignment.domain.policy import NO_POLICY, Policy


@dataclass(frozen=True)
class By:
    """Who commands."""

    id: str
    """An agent's id, `routing` or `escalation`."""
    manager: bool = False
    """May do with any ticket what an agent may with their own."""


ROUTING: Final = By("routing", manager=True)
ESCALATION: Final = By("escalation", manager=True)


@dataclass(frozen=True, kw_only=True)
class RouteTicket:
    """Give the ticket to the agent who suits best, or queue it."""

    candidates: tuple[Agent, ...]
    now: datetime
    others_ahead: bool = False
    """Others, whose turn is sooner, wait for those who are free: it goes behind them."""
    policy: Policy = NO_POLICY
    by_rules: bool = False
    """Look at the routing rules anew: something that they go by has changed."""
    helped_before: str | None = None
    """Who last had a ticket of this requester."""


@dataclass(frozen=True, kw_only=True)
class ClaimTicket:
    """Take a ticket that nobody has."""

    agent: Agent
    now: datetime
    policy: Policy = NO_POLICY


@dataclass(frozen=True, kw_only=True)
class AssignTicket:
    """Give the ticket to this agent: a manager to anybody with room, others to who suits."""

    agent: Agent
    by: By
    reason: str
    now: datetime
    policy: Policy = NO_POLICY


@dataclass(frozen=True, kw_only=True)
class GiveBackTicket:
    """The agent can't go on with it: somebody else is to have it."""

    candidates: tuple[Agent, ...]
    by: By
    reason: str
    now: datetime
    policy: Policy = NO_POLICY


@dataclass(frozen=True, kw_only=True)
class HandOnTicket:
    """The agent leaves: if they have the ticket, somebody else is to."""

    agent_id: str
    candidates: tuple[Agent, ...]
    by: By
    reason: str
    now: datetime
    policy: Policy = NO_POLICY


@dataclass(frozen=True, kw_only=True)
class TransferTicket:
    """It belongs to another team."""

    team: Team
    candidates: tuple[Agent, ...]
    """The agents of that team."""
    by: By
    reason: str
    now: datetime
    policy: Policy = NO_POLICY


@dataclass(frozen=True, kw_only=True)
class EscalateTicket:
    """It needs a higher tier: the next one, or `tier`."""

    candidates: tuple[Agent, ...]
    by: By
    reason: str
    now: datetime
    tier: int | None = None
    policy: Policy = NO_POLICY


@dataclass(frozen=True, kw_only=True)
class AddParticipant:
    """One more agent is to take part."""

    agent: Agent
    by: By
    now: datetime


@dataclass(frozen=True, kw_only=True)
class RemoveParticipant:
    """An agent is to take part no longer."""

    agent_id: str
    by: By
    now: datetime


@dataclass(frozen=True, kw_only=True)
class ReleaseClosed:
    """Whoever has a closed ticket is free of it."""

    now: datetime


@dataclass(frozen=True, kw_only=True)
class ReleaseAgent:
    """The agent no longer works here: if they have the ticket, somebody else is to."""

    agent_id: str
    now: datetime


@dataclass(frozen=True, kw_only=True)
class NoticeUntouched:
    """Nothing was done about the ticket since `since`, for too long."""

    since: datetime
    now: datetime


TicketCommand: TypeAlias = (
    RouteTicket
    | ClaimTicket
    | AssignTicket
    | GiveBackTicket
    | HandOnTicket
    | TransferTicket
    | EscalateTicket
    | AddParticipant
    | RemoveParticipant
    | ReleaseClosed
    | ReleaseAgent
    | NoticeUntouched
)
