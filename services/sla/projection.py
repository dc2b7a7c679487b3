"""The read models of sla: `desk`, what is promised, and `clocks`, how it stands."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from services.sla.clocks import ALL_WARNINGS, MINUTE_SECONDS
from services.sla.rows import (
    CALENDARS,
    CLOCKS,
    PLANS,
    TICKETS,
    CalendarRow,
    ClockRow,
    Json,
    PlanRow,
    TicketRow,
)
from shared.events import Event
from shared.events.assignment import AgentAssigned, AgentUnassigned, TicketQueued, TicketTransferred
from shared.events.intake import TicketOpened
from shared.events.sla import (
    BreachRetracted,
    CalendarDefined,
    ClockKind,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    DueStep,
    SlaPlanApplied,
    SlaPlanDefined,
    TargetApproaching,
    TargetBreached,
    TargetMet,
    TargetOverdue,
)
from shared.followers.contracts import Timer
from shared.followers.view import Table, View
from shared.ids import derived_id
from shared.log.records import Recorded
from shared.service import TIMERS

WARN = "warn"
OVERDUE = "overdue"
BREACH = "breach"


class Desk:
    """Plans and calendars as last defined."""

    name: ClassVar[str] = "desk"
    tables: ClassVar[Sequence[Table[Any]]] = (CALENDARS, PLANS)
    hears: ClassVar[frozenset[type[Event]]] = frozenset({CalendarDefined, SlaPlanDefined})

    def fold(self, view: View, recorded: Recorded) -> None:
        """Put what is defined in the place of what was."""
        match recorded.event:
            case CalendarDefined() as event:
                view.put(CALENDARS, CalendarRow(view.subject, **event.model_dump(mode="json")))
            case SlaPlanDefined() as event:
                view.put(PLANS, PlanRow(view.subject, **event.model_dump(mode="json")))
            case _:
                pass


class Clocks:
    """Each ticket's plan and clocks, and when something is due."""

    name: ClassVar[str] = "clocks"
    tables: ClassVar[Sequence[Table[Any]]] = (TICKETS, CLOCKS, TIMERS)
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            TicketOpened,
            TicketQueued,
            TicketTransferred,
            AgentAssigned,
            AgentUnassigned,
            SlaPlanApplied,
            ClockStarted,
            ClockPaused,
            ClockResumed,
            ClockStopped,
            TargetApproaching,
            TargetMet,
            TargetBreached,
            TargetOverdue,
            BreachRetracted,
        }
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        """Fold one event of a ticket."""
        match recorded.event:
            case SlaPlanApplied() as event:
                _plan_applied(view, event)
            case (
                ClockStarted()
                | ClockPaused()
                | ClockResumed()
                | ClockStopped()
                | TargetApproaching()
                | TargetMet()
                | TargetBreached()
                | TargetOverdue()
                | BreachRetracted()
            ) as event:
                _clock_changed(view, recorded, event)
            case event:
                _ticket_changed(view, event)


def clock_id(ticket_id: UUID, clock: ClockKind) -> UUID:
    """The key of a ticket's clock."""
    return derived_id("clock", ticket_id, clock.value)


def _ticket(view: View) -> TicketRow:
    row = view.get(TICKETS)
    if row is None:
        row = TicketRow(view.subject)
        view.put(TICKETS, row)
    return row


def _ticket_changed(view: View, event: object) -> None:
    _ticket(view)
    match event:
        case TicketOpened():
            view.change(TICKETS, number=event.number, opened_at=event.opened_at)
        case AgentAssigned():
            view.change(TICKETS, team_id=event.team_id, agent_id=event.agent_id)
        case AgentUnassigned():
            view.change(TICKETS, agent_id=None)
        case TicketQueued() | TicketTransferred():
            view.change(TICKETS, team_id=event.team_id)
        case _:
            pass


def _plan_applied(view: View, event: SlaPlanApplied) -> None:
    _ticket(view)
    view.change(
        TICKETS,
        priority=event.priority.value,
        plan_id=event.plan_id,
        plan_name=event.plan_name,
        plan_reason=event.reason,
        plan_by=event.by,
        plan_revision=event.plan_revision,
        applied_at=event.applied_at,
        calendar_id=event.calendar_id,
        calendar=event.calendar.model_dump(mode="json") if event.calendar else None,
    )


ClockEvent = (
    ClockStarted
    | ClockPaused
    | ClockResumed
    | ClockStopped
    | TargetApproaching
    | TargetMet
    | TargetBreached
    | TargetOverdue
    | BreachRetracted
)


def _clock_changed(view: View, recorded: Recorded, event: ClockEvent) -> None:
    key = clock_id(view.subject, event.clock)
    told = {"what": recorded.type, "id": str(recorded.id), "at": recorded.occurred_at.isoformat()}
    said = {**told, **event.model_dump(mode="json", exclude={"clock"})}
    old = view.get(CLOCKS, key)
    if isinstance(event, ClockStarted):
        view.put(CLOCKS, _started(view.subject, key, event, old))
    elif old is not None:
        view.change(CLOCKS, key, **_changes(event, old))
    row = view.update(CLOCKS, lambda row: replace(row, history=[*row.history, said]), key)
    if row is not None:
        _set_timers(view, recorded, row)


def _started(subject: UUID, key: UUID, event: ClockStarted, old: ClockRow | None) -> ClockRow:
    return ClockRow(
        id=key,
        subject=subject,
        clock=event.clock.value,
        state="running",
        target_minutes=event.target_minutes,
        started_at=event.started_at,
        due_at=event.due_at,
        warn_at=event.warn_at,
        reason=event.reason,
        elapsed_seconds=event.elapsed_seconds,
        previous_due_at=event.previous_due_at,
        cycle=event.cycle,
        steps=_steps(event),
        breached_at=old.breached_at if old and old.cycle == event.cycle else None,
        breaches=old.breaches if old else 0,
        history=old.history if old else [],
    )


def _steps(event: ClockStarted | ClockResumed) -> list[Json]:
    """The steps still to come; of an event from before there were several, the warning."""
    if event.steps or event.warn_at >= event.due_at:
        return [each.model_dump(mode="json") for each in event.steps]
    return [DueStep(share=ALL_WARNINGS, at=event.warn_at).model_dump(mode="json")]


def _changes(event: ClockEvent, old: ClockRow) -> Json:
    """The columns of a clock's row that the event changes."""
    match event:
        case ClockPaused():
            left = event.remaining_seconds
            return {
                "state": "paused",
                "due_at": None,
                "warn_at": None,
                "paused_at": event.paused_at,
                "pause_reason": event.reason,
                "remaining_seconds": left,
                "elapsed_seconds": old.target_minutes * MINUTE_SECONDS - left,
            }
        case ClockResumed():
            running = {"state": "running", "due_at": event.due_at, "warn_at": event.warn_at}
            steps = {"steps": _steps(event), "started_at": event.resumed_at}
            return {**running, **_NOT_PAUSED, **steps}
        case ClockStopped():
            state, ended_at = "late" if event.late else "stopped", event.stopped_at
            return _over(state, ended_at, event.due_at, event.elapsed_seconds)
        case TargetMet():
            return _over("met", event.met_at, event.due_at, event.elapsed_seconds)
        case TargetApproaching():
            later = _after(old.steps, event.share or ALL_WARNINGS)
            return {"warned_at": event.warned_at, "steps": later}
        case TargetBreached():
            return {"breached_at": event.breached_at, "breaches": old.breaches + 1}
        case TargetOverdue():
            return {"steps": _after(old.steps, event.share)}
        case BreachRetracted():
            return {"breached_at": None, "breaches": old.breaches - 1}
        case ClockStarted():
            return {}


def _after(steps: Sequence[Json], share: float) -> list[Json]:
    return [each for each in steps if each["share"] > share]


_NOT_PAUSED: Json = {"paused_at": None, "pause_reason": "", "remaining_seconds": None}


def _over(state: str, ended_at: datetime, due_at: datetime | None, elapsed: float) -> Json:
    ended = {"state": state, "ended_at": ended_at, "due_at": due_at, "elapsed_seconds": elapsed}
    return {**ended, **_NOT_PAUSED}


def _set_timers(view: View, recorded: Recorded, row: ClockRow) -> None:
    """What is due of the clock as it now is, in the place of what was due before."""
    for timer in view.all(TIMERS):
        if timer.command["clock"] == row.clock:
            view.delete(TIMERS, timer.id)
    if row.state != "running" or row.due_at is None:
        return
    due: list[tuple[str, datetime, Json]] = []
    if row.breached_at is None:
        due.append((BREACH, row.due_at, {}))
    for step in row.steps:
        if step["share"] > 1 or row.breached_at is None:
            at, share = datetime.fromisoformat(step["at"]), step["share"]
            due.append((WARN if share < 1 else OVERDUE, at, {"share": share}))
    for kind, due_at, more in due:
        # Of this event's own, so that one that was due at the same instant before, and led
        # to nothing as the clock was about to stand still, does not count as handled.
        timer = Timer(
            id=derived_id("timer", kind, row.id, recorded.id, *map(str, more.values())),
            subject=row.subject,
            kind=kind,
            due_at=due_at,
            command={"clock": row.clock, "due_at": row.due_at.isoformat(), **more},
            cause=recorded.id,
            correlation=recorded.correlation,
        )
        view.put(TIMERS, timer)
