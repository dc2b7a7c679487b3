"""The rows of `queues`, and the state that each shows.

A ticket's row is the state that commands are decided from, made visible, with what is
counted and sorted by beside it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from services.assignment.domain.choice import Need
from services.assignment.domain.tickets import Closed, Held, Incoming, Open, Waiting
from shared.events import DESK
from shared.events.intake import TicketOpened
from shared.followers.view import Table


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket, and where it stands."""

    subject: UUID
    number: str
    stage: str
    """incoming, waiting or held; what it was, if it is closed."""
    closed: bool
    verified: bool
    prioritised: bool
    team_id: str | None
    team_name: str | None
    skills: list[str]
    tier: int
    declined: list[str]
    need: str | None
    """All of what it needs in one value: tickets with the same are taken up alike."""
    queued: bool
    had_before: str | None
    agent_id: str | None
    agent_tier: int
    recategorised: bool
    participants: list[str]
    priority: str | None
    rank: int
    since: datetime
    """When it was opened, or reopened: its age in the queue."""
    queued_at: datetime | None
    """When it came into the queue; None if it is not there."""
    last_agent_id: str | None
    assigned_at: datetime | None
    reason: str
    """Why it was last decided as it was."""
    candidates: list[dict[str, Any]]
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent, as defined, and whether online."""

    subject: UUID
    agent_id: str
    name: str
    role: str
    team_ids: list[str]
    skills: list[str]
    tier: int
    capacity: int
    active: bool
    online: bool


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team, as defined."""

    subject: UUID
    team_id: str
    name: str


TICKET_ROWS: Final = Table("tickets", TicketRow)
AGENT_ROWS: Final = Table("agents", AgentRow, topic=DESK)
TEAM_ROWS: Final = Table("teams", TeamRow, topic=DESK)


def need_key(need: Need) -> str:
    """All of a need in one sortable value, from which `need_of` makes it again."""
    parts = [need.team_id, need.tier, sorted(need.skills), sorted(need.declined), need.team_name]
    return orjson.dumps(parts).decode()


def need_of(key: str) -> Need:
    """The need that `key` was made of."""
    team_id, tier, skills, declined, team_name = orjson.loads(key)
    return Need(team_id, team_name, tuple(skills), tier, tuple(declined))


def state_of(row: TicketRow) -> Open | Closed:
    """The state that `row` shows."""
    state = _open_state_of(row)
    return Closed(state) if row.closed else state


def _open_state_of(row: TicketRow) -> Open:
    participants = frozenset(row.participants)
    need = None
    if row.team_id is not None:
        skills, declined = tuple(row.skills), tuple(row.declined)
        need = Need(row.team_id, row.team_name or "", skills, row.tier, declined)
    if need is None or row.stage == "incoming":
        return Incoming(row.verified, row.prioritised, need, participants)
    if row.agent_id is None:
        return Waiting(need, row.queued, row.had_before, participants)
    return Held(need, row.agent_id, row.agent_tier, row.recategorised, participants)


def opened(subject: UUID, event: TicketOpened) -> TicketRow:
    """The row of a ticket that was just opened."""
    return TicketRow(
        subject=subject,
        number=event.number,
        stage="incoming",
        closed=False,
        verified=False,
        prioritised=False,
        team_id=None,
        team_name=None,
        skills=[],
        tier=1,
        declined=[],
        need=None,
        queued=False,
        had_before=None,
        agent_id=None,
        agent_tier=0,
        recategorised=False,
        participants=[],
        priority=None,
        rank=0,
        since=event.opened_at,
        queued_at=None,
        last_agent_id=None,
        assigned_at=None,
        reason="",
        candidates=[],
        decided_at=None,
    )


def shown(row: TicketRow, state: Open | Closed) -> TicketRow:
    """The row that shows `state`."""
    inner = state.before if isinstance(state, Closed) else state
    need = inner.need
    row = replace(
        row,
        closed=isinstance(state, Closed),
        stage=type(inner).__name__.lower(),
        participants=sorted(inner.participants),
        team_id=need.team_id if need else None,
        team_name=need.team_name if need else None,
        skills=list(need.skills) if need else [],
        tier=need.tier if need else 1,
        declined=list(need.declined) if need else [],
        need=need_key(need) if need else None,
        queued=False,
        had_before=None,
        agent_id=None,
        agent_tier=0,
        recategorised=False,
    )
    match inner:
        case Incoming():
            return replace(row, verified=inner.verified, prioritised=inner.prioritised)
        case Waiting():
            return replace(row, queued=inner.queued, had_before=inner.had_before)
        case Held():
            return replace(
                row,
                agent_id=inner.agent_id,
                agent_tier=inner.tier,
                recategorised=inner.recategorised,
            )
