"""The read model `queues`: tickets and who has them, agents, teams.

Rows and decisions can't differ about a ticket, since the same `evolve` makes both.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final
from uuid import UUID

from services.assignment.domain.line import stands
from services.assignment.domain.tickets import Closed, Held, Incoming, Waiting, evolve
from services.assignment.domain.watch import WORK, Watch, watched
from services.assignment.rows import (
    AGENT_ROWS,
    ROUTING_ROWS,
    TEAM_ROWS,
    TICKET_ROWS,
    AgentRow,
    RoutingRow,
    TeamRow,
    TicketRow,
    opened,
    shown,
    standing_of,
    state_of,
    with_standing,
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
    RoutingDefined,
    TeamDefined,
    TicketEscalated,
    TicketLeftUntouched,
    TicketQueued,
    TicketRouted,
    TicketTransferred,
)
from shared.events.intake import (
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.relations import TicketMerged
from shared.events.resolution import (
    TicketArchived,
    TicketClosed,
    TicketReopened,
)
from shared.events.sla import (
    CalendarValues,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    TargetMet,
)
from shared.followers.contracts import Timer
from shared.followers.view import Table, View
from shared.ids import derived_id
from shared.log.records import Recorded
from shared.service import TIMERS

UNTOUCHED: Final = "untouched"
"""The timer of a ticket that rests too long."""

CLOCKS: Final[frozenset[type[Event]]] = frozenset(
    {ClockStarted, ClockPaused, ClockResumed, ClockStopped, TargetMet}
)


class Queues:
    """Folds what was heard and said into tickets, agents and teams."""

    name: ClassVar[str] = "queues"
    tables: ClassVar[Sequence[Table[Any]]] = (
        TICKET_ROWS,
        AGENT_ROWS,
        TEAM_ROWS,
        ROUTING_ROWS,
        TIMERS,
    )
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            *CLOCKS,
            *WORK,
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
            TicketRouted,
            TicketLeftUntouched,
            ParticipantAdded,
            ParticipantRemoved,
            AgentDefined,
            AgentWentOnline,
            AgentWentOffline,
            TeamDefined,
            RoutingDefined,
        }
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        event = recorded.event
        match event:
            case TeamDefined():
                team = TeamRow(view.subject, event.team_id, event.name, event.strategy.value)
                view.put(TEAM_ROWS, team)
            case RoutingDefined():
                view.put(ROUTING_ROWS, RoutingRow(view.subject, event.model_dump(mode="json")))
            case AgentDefined():
                view.put(AGENT_ROWS, _agent(view.subject, event, view.get(AGENT_ROWS)))
            case AgentWentOnline():
                view.change(AGENT_ROWS, online=True)
            case AgentWentOffline():
                view.change(AGENT_ROWS, online=False)
            case TicketOpened() if view.get(TICKET_ROWS) is None:
                view.put(TICKET_ROWS, opened(view.subject, event))
            case _:
                before = view.get(TICKET_ROWS)
                if before is not None:
                    row = _ticket(before, event)
                    view.put(TICKET_ROWS, row)
                    _set_timer(view, before, row, recorded)


def _ticket(row: TicketRow, event: Event | Unknown) -> TicketRow:
    if type(event) in CLOCKS:
        return _in_line(row, event)
    row = _rested(row, event)
    if type(event) in WORK:
        return row
    state = evolve(state_of(row), event)
    assert isinstance(state, Incoming | Waiting | Held | Closed)
    return _in_queue(_in_line(shown(_told(row, event), state), event), event)


def _in_line(row: TicketRow, event: Event | Unknown) -> TicketRow:
    before = standing_of(row)
    standing = stands(before, event)
    return row if standing is None or standing == before else with_standing(row, standing)


def _rested(row: TicketRow, event: Event | Unknown) -> TicketRow:
    """The row with since when nothing was done about the ticket."""
    if isinstance(event, TicketLeftUntouched):
        return replace(row, untouched_since=event.since)
    before = _watch_of(row)
    watch = watched(before, event)
    if watch == before:
        return row
    hours = watch.calendar
    return replace(
        row,
        watch_minutes=watch.minutes,
        watched_since=watch.since,
        watch_calendar=None if hours is None else hours.model_dump(mode="json"),
        untouched_since=None,
    )


def _watch_of(row: TicketRow) -> Watch:
    hours = row.watch_calendar
    calendar = None if hours is None else CalendarValues.model_validate(hours)
    return Watch(row.watch_minutes, row.watched_since, calendar)


def _watch(row: TicketRow) -> Watch:
    watch = _watch_of(row)
    return replace(watch, since=None) if row.closed else watch


def _set_timer(view: View, before: TicketRow, row: TicketRow, recorded: Recorded) -> None:
    """When it will have rested too long."""
    due_at = _watch(row).due_at
    if due_at == _watch(before).due_at:
        return
    timer_id = derived_id(UNTOUCHED, view.subject)
    if due_at is None:
        view.delete(TIMERS, timer_id)
        return
    assert row.watched_since is not None
    view.put(
        TIMERS,
        Timer(
            id=timer_id,
            subject=view.subject,
            kind=UNTOUCHED,
            due_at=due_at,
            command={"since": row.watched_since.isoformat()},
            cause=recorded.id,
            correlation=recorded.correlation,
        ),
    )


def _told(row: TicketRow, event: Event | Unknown) -> TicketRow:
    """The row with what the event itself tells: urgency, age, and why."""
    match event:
        case TicketPrioritised():
            return replace(row, priority=event.priority.value)
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
                how=event.strategy,
                overrides=list(event.overrides),
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
        levels=event.levels,
        timezone=event.timezone,
        shifts=event.model_dump(mode="json")["shifts"],
        leave=[each.model_dump() for each in event.leave],
    )
