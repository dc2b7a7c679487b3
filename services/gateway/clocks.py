"""How the promises of a ticket stand, folded from what the SLA service says."""

from datetime import datetime
from uuid import UUID

from services.gateway.rows import CLOCKS, ClockRow
from shared.events import Event, sla
from shared.followers.view import View
from shared.ids import derived_id


def clock_id(ticket_id: UUID, kind: str) -> UUID:
    return derived_id("clock", ticket_id, kind)


def fold_clocks(view: View, event: Event) -> None:
    """Change the clock that `event` is about, if any."""
    match event:
        case sla.ClockStarted():
            view.put(CLOCKS, _started(view, event))
        case sla.ClockPaused():
            _change(view, event.clock, _paused(event))
        case sla.ClockResumed():
            _change(view, event.clock, _running(event))
        case sla.TargetApproaching():
            _change(view, event.clock, {"warned": True})
        case sla.TargetBreached():
            _change(view, event.clock, {"breached_at": event.breached_at})
        case sla.BreachRetracted():
            _change(view, event.clock, {"breached_at": None})
        case sla.TargetMet():
            state = "met" if event.met_at <= event.due_at else "missed"
            _end(view, event.clock, state, event.met_at)
        case sla.ClockStopped():
            _end(view, event.clock, "missed" if event.late else "stopped", event.stopped_at)
        case _:
            pass


def next_due(view: View) -> tuple[datetime | None, str | None]:
    """When the next running clock is due, and which it is."""
    running = [clock for clock in view.all(CLOCKS) if clock.state == "running"]
    if not running:
        return None, None
    first = min(running, key=lambda clock: (clock.due_at, clock.kind))
    return first.due_at, first.kind


def any_breach(view: View) -> bool:
    """Whether a promise was broken, as the clocks stand."""
    return any(clock.breached_at is not None for clock in view.all(CLOCKS))


def _started(view: View, event: sla.ClockStarted) -> ClockRow:
    """A clock that is started again stays breached; one that is promised again does not."""
    key = clock_id(view.subject, event.clock)
    old = view.get(CLOCKS, key)
    return ClockRow(
        id=key,
        subject=view.subject,
        kind=event.clock.value,
        state="running",
        target_minutes=event.target_minutes,
        started_at=event.started_at,
        due_at=event.due_at,
        reason=event.reason,
        breached_at=old.breached_at if old is not None and old.cycle == event.cycle else None,
        previous_due_at=event.previous_due_at,
        cycle=event.cycle,
    )


def _paused(event: sla.ClockPaused) -> dict[str, object]:
    return {
        "state": "paused",
        "remaining_seconds": event.remaining_seconds,
        "reason": event.reason,
    }


def _running(event: sla.ClockResumed) -> dict[str, object]:
    return {"state": "running", "due_at": event.due_at, "reason": "", "remaining_seconds": None}


def _change(view: View, kind: str, fields: dict[str, object]) -> None:
    view.change(CLOCKS, clock_id(view.subject, kind), **fields)


def _end(view: View, kind: str, state: str, at: datetime) -> None:
    _change(view, kind, {"state": state, "ended_at": at, "reason": ""})
