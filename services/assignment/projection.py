"""The read model `queues`: tickets and who has them, agents, teams.

Rows and decisions can't differ about a ticket, since the same `evolve` makes both.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

from services.assignment.domain.tickets import Closed, Held, Incoming, Waiting, evolve
from services.assignment.rows import (
    AGENT_ROWS,
    TEAM_ROWS,
    TICKET_ROWS,
    AgentRow,
    TeamRow,
    TicketRow,
    opened,
    shown,
    state_of,
)
from shared.events import Event, Unknown
from shared.events.assignment import (
    AgentAssigned,
    AgentDefined,
    AgentUnassigned,
    AgentWentOffline,
    AgentWentOnline,
    ParticipantAdded,
    ParticipantRemoved,
    TeamDefined,
    TicketEscalated,
    TicketQueued,
    TicketTransferred,
)
from shared.events.intake import (
    TicketCategorised,
    TicketMerged,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.resolution import TicketArchived, TicketClosed, TicketReopened
from shared.followers.view import Table, View
from shared.log.records import Recorded


class Queues:
    """Folds what was heard and said into tickets, agents and teams."""

    name: ClassVar[str] = "queues"
    tables: ClassVar[Sequence[Table[Any]]] = (TICKET_ROWS, AGENT_ROWS, TEAM_ROWS)
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            TicketOpened,
            TicketVerified,
            TicketCategorised,
            TicketPrioritised,
            TicketMerged,
            TicketReopened,
            TicketClosed,
            TicketArchived,
            TicketQueued,
            AgentAssigned,
            AgentUnassigned,
            TicketTransferred,
            TicketEscalated,
            ParticipantAdded,
            ParticipantRemoved,
            AgentDefined,
            AgentWentOnline,
            AgentWentOffline,
            TeamDefined,
        }
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        event = recorded.event
        match event:
            case TeamDefined():
                view.put(TEAM_ROWS, TeamRow(view.subject, event.team_id, event.name))
            case AgentDefined():
                view.put(AGENT_ROWS, _agent(view.subject, event, view.get(AGENT_ROWS)))
            case AgentWentOnline():
                view.change(AGENT_ROWS, online=True)
            case AgentWentOffline():
                view.change(AGENT_ROWS, online=False)
            case TicketOpened() if view.get(TICKET_ROWS) is None:
                view.put(TICKET_ROWS, opened(view.subject, event))
            case _:
                view.update(TICKET_ROWS, lambda row: _ticket(row, event))


def _ticket(row: TicketRow, event: Event | Unknown) -> TicketRow:
    state = evolve(state_of(row), event)
    assert isinstance(state, Incoming | Waiting | Held | Closed)
    return _in_queue(shown(_told(row, event), state), event)


def _told(row: TicketRow, event: Event | Unknown) -> TicketRow:
    """The row with what the event itself tells: urgency, age, and why."""
    match event:
        case TicketPrioritised():
            return replace(row, priority=event.priority.value, rank=event.priority.rank)
        case TicketReopened() if row.closed:
            return replace(row, since=event.reopened_at)
        case TicketQueued():
            return replace(
                row,
                reason=event.reason,
                candidates=[c.model_dump() for c in event.candidates],
                decided_at=event.queued_at,
            )
        case AgentAssigned():
            return replace(
                row,
                last_agent_id=event.agent_id,
                assigned_at=event.assigned_at,
                reason=event.reason,
                candidates=[c.model_dump() for c in event.candidates],
                decided_at=event.assigned_at,
            )
        case AgentUnassigned():
            return replace(row, reason=event.reason, candidates=[], decided_at=event.unassigned_at)
        case _:
            return row


def _in_queue(row: TicketRow, event: Event | Unknown) -> TicketRow:
    """The row with its place in the queue: from when nobody was found until somebody is."""
    if row.closed or row.stage != "waiting":
        return replace(row, queued_at=None)
    match event:
        case TicketQueued():
            return replace(row, queued_at=row.queued_at or event.queued_at)
        case AgentUnassigned():
            return replace(row, queued_at=row.queued_at or event.unassigned_at)
        case _:
            return row


def _agent(subject: UUID, event: AgentDefined, before: AgentRow | None) -> AgentRow:
    return AgentRow(
        subject=subject,
        agent_id=event.agent_id,
        name=event.name,
        role=event.role.value,
        team_ids=list(event.team_ids),
        skills=list(event.skills),
        tier=event.tier,
        capacity=event.capacity,
        active=event.active,
        online=before.online if before else False,
    )
