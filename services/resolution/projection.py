"""The read model `work`: where the work on each ticket stands, and what is due.

How each ticket ended is in `closed.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

from shared.events import Event, Status, Unknown, status_after
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    TicketEscalated,
    TicketQueued,
    TicketTransferred,
)
from shared.events.intake import (
    ClarificationLapsed,
    ClarificationProvided,
    ClarificationRequested,
    CustomerMessageReceived,
    TicketCategorised,
    TicketOpened,
)
from shared.events.relations import TicketMerged
from shared.events.resolution import (
    AgentReplied,
    ChildLinked,
    ChildUnlinked,
    ClosureReminded,
    EscalationRequested,
    NoteAdded,
    NoteUnpinned,
    ParentLinked,
    ParentUnlinked,
    ProgressReported,
    ResolutionConfirmed,
    ResolutionRejected,
    ResolutionVerified,
    TagsChanged,
    TicketArchived,
    TicketClosed,
    TicketFollowed,
    TicketHeld,
    TicketReopened,
    TicketResolved,
    TicketUnfollowed,
    TimeSpent,
    WorkResumed,
    WorkRulesDefined,
    WorkStarted,
)
from shared.followers.contracts import Timer
from shared.followers.view import Table, View
from shared.ids import derived_id
from shared.log.records import Recorded
from shared.service import TIMERS

CLOSE: Final = "close"
ARCHIVE: Final = "archive"
REMIND: Final = "remind"

CLOSE_AFTER_MINUTES: Final[float] = TicketCategorised.model_fields["close_after_minutes"].default
ARCHIVE_AFTER_MINUTES: Final[float] = TicketCategorised.model_fields[
    "archive_after_minutes"
].default

SAID: Final[frozenset[type[Event]]] = frozenset(
    {
        WorkStarted,
        AgentReplied,
        NoteAdded,
        ProgressReported,
        TicketHeld,
        WorkResumed,
        EscalationRequested,
        TicketResolved,
        ResolutionVerified,
        ResolutionConfirmed,
        ResolutionRejected,
        TicketReopened,
        TicketClosed,
        TicketArchived,
        ClosureReminded,
        NoteUnpinned,
        TagsChanged,
        TicketFollowed,
        TicketUnfollowed,
        TimeSpent,
        ParentLinked,
        ChildLinked,
        ParentUnlinked,
        ChildUnlinked,
        WorkRulesDefined,
    }
)
"""All that resolution says."""


@dataclass(frozen=True)
class WorkRow:
    """Where the work on a ticket stands."""

    subject: UUID
    number: str
    status: str
    opened_at: datetime
    changed_at: datetime
    agent_id: str | None = None
    agent_name: str = ""
    team_id: str | None = None
    started_at: datetime | None = None
    held_at: datetime | None = None
    """Since when it is on hold; None when it is not."""
    hold_reason: str = ""
    informed_at: datetime | None = None
    """When the customer last heard of us: a reply or a report."""
    last_reply_at: datetime | None = None
    last_reply_by: str | None = None
    last_message_at: datetime | None = None
    """When the customer last wrote, by themselves."""
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    holds: int = 0
    replies: int = 0
    notes: int = 0
    reports: int = 0
    messages: int = 0
    escalations: int = 0
    resolutions: int = 0
    rejections: int = 0
    reopenings: int = 0
    closes_at: datetime | None = None
    """When silence closes it; None: after `close_after_minutes`."""
    remind_at: datetime | None = None
    parent_id: UUID | None = None
    """The incident that it is part of."""
    minutes_spent: float = 0
    close_after_minutes: float = CLOSE_AFTER_MINUTES
    archive_after_minutes: float = ARCHIVE_AFTER_MINUTES


WORK: Final = Table("tickets", WorkRow)


class Work:
    """Where the work on each ticket stands, and what is due."""

    name: ClassVar[str] = "work"
    tables: ClassVar[Sequence[Table[Any]]] = (WORK, TIMERS)
    hears: ClassVar[frozenset[type[Event]]] = SAID | {
        TicketOpened,
        TicketCategorised,
        ClarificationRequested,
        ClarificationLapsed,
        ClarificationProvided,
        CustomerMessageReceived,
        TicketMerged,
        TicketQueued,
        AgentAssigned,
        AgentUnassigned,
        TicketTransferred,
        TicketEscalated,
    }

    def fold(self, view: View, recorded: Recorded) -> None:
        """Change the ticket's row; its timers follow from the row."""
        event = recorded.event
        row = view.get(WORK)
        if row is None:
            if isinstance(event, TicketOpened):
                view.put(WORK, _opened(event, recorded))
            return
        if isinstance(event, Unknown):
            return
        status = status_after(Status(row.status), event) or Status.NEW
        changed = replace(
            row,
            status=status.value,
            changed_at=max(row.changed_at, recorded.occurred_at),
            **_who(event),
            **_conversation(row, event),
            **_progress(row, event),
            **_beside(row, event),
        )
        view.put(WORK, changed)
        for kind in (CLOSE, REMIND, ARCHIVE):
            _set_timer(view, changed, kind, recorded)
        if changed.status == Status.ARCHIVED:
            view.delete(WORK)


def _opened(event: TicketOpened, recorded: Recorded) -> WorkRow:
    return WorkRow(
        subject=recorded.subject,
        number=event.number,
        status=(status_after(None, event) or Status.NEW).value,
        opened_at=event.opened_at,
        changed_at=recorded.occurred_at,
    )


def _who(event: Event) -> Mapping[str, Any]:
    """Who has it, and what its topic sets."""
    match event:
        case AgentAssigned(agent_id=agent_id, agent_name=agent_name, team_id=team_id):
            return {"agent_id": agent_id, "agent_name": agent_name, "team_id": team_id}
        case AgentUnassigned():
            return {"agent_id": None, "agent_name": ""}
        case TicketQueued(team_id=team_id) | TicketTransferred(team_id=team_id):
            return {"team_id": team_id}
        case TicketCategorised():
            return {
                "close_after_minutes": event.close_after_minutes,
                "archive_after_minutes": event.archive_after_minutes,
            }
        case _:
            return {}


def _conversation(row: WorkRow, event: Event) -> Mapping[str, Any]:
    match event:
        case AgentReplied(replied_at=at, replied_by=by):
            said = {"last_reply_at": at, "last_reply_by": by, "informed_at": at}
            held = {"held_at": None, "hold_reason": ""} if event.awaits_customer else {}
            return {"replies": row.replies + 1, **said, **held}
        case ProgressReported(reported_at=at):
            return {"reports": row.reports + 1, "informed_at": at}
        case NoteAdded():
            return {"notes": row.notes + 1}
        case CustomerMessageReceived(automatic=False, received_at=at):
            return {"messages": row.messages + 1, "last_message_at": at}
        case _:
            return {}


def _progress(row: WorkRow, event: Event) -> Mapping[str, Any]:
    going_on = {"held_at": None, "hold_reason": ""}
    match event:
        case WorkStarted(started_at=at):
            return {"started_at": row.started_at or at, **going_on}
        case WorkResumed():
            return going_on
        case TicketHeld(held_at=at, reason=reason):
            return {"holds": row.holds + 1, "held_at": at, "hold_reason": reason}
        case EscalationRequested():
            return {"escalations": row.escalations + 1}
        case TicketResolved(resolved_at=at):
            times = {"resolved_at": at, "closes_at": event.closes_at, "remind_at": event.remind_at}
            return {"resolutions": row.resolutions + 1, **times, **going_on}
        case ResolutionRejected():
            return {"rejections": row.rejections + 1}
        case TicketReopened():
            again = {"reopenings": row.reopenings + 1, "resolved_at": None, "closed_at": None}
            return {**again, **going_on}
        case TicketClosed(closed_at=at):
            return {"closed_at": at, **going_on}
        case _:
            return {}


def _beside(row: WorkRow, event: Event) -> Mapping[str, Any]:
    match event:
        case ClosureReminded():
            return {"remind_at": None}
        case TimeSpent(minutes=minutes):
            return {"minutes_spent": row.minutes_spent + minutes}
        case ParentLinked(parent_ticket_id=parent_id):
            return {"parent_id": parent_id}
        case ParentUnlinked():
            return {"parent_id": None}
        case _:
            return {}


def _set_timer(view: View, row: WorkRow, kind: str, recorded: Recorded) -> None:
    """Let the row's timer of this kind be what the row calls for."""
    timer_id = derived_id("timer", kind, row.subject)
    due_at, command = _due(row, kind)
    there = view.get(TIMERS, timer_id)
    if due_at is None:
        if there is not None:
            view.delete(TIMERS, timer_id)
    elif there is None or there.due_at != due_at:
        timer = Timer(
            id=timer_id,
            subject=row.subject,
            kind=kind,
            due_at=due_at,
            command=command,
            cause=recorded.id,
            correlation=recorded.correlation,
        )
        view.put(TIMERS, timer)


def _due(row: WorkRow, kind: str) -> tuple[datetime | None, dict[str, Any]]:
    """When silence closes it, or rest archives it: with what must still be so then."""
    if kind != ARCHIVE and row.status == Status.RESOLVED and row.resolved_at is not None:
        after = timedelta(minutes=row.close_after_minutes)
        closes_at = row.closes_at or row.resolved_at + after
        due_at = closes_at if kind == CLOSE else row.remind_at
        return due_at, {"resolved_at": row.resolved_at.isoformat()}
    if kind == ARCHIVE and row.status == Status.CLOSED and row.closed_at is not None:
        due_at = row.closed_at + timedelta(minutes=row.archive_after_minutes)
        return due_at, {"closed_at": row.closed_at.isoformat()}
    return None, {}
