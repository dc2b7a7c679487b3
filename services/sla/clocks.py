"""The states of one clock of a ticket, folded from what was said of it: pure.

```
NotStarted ──► Running ◄──► Paused
                │  ▲          │
                ▼  │          │
                Over ◄────────┘      met, late, or called off; a reopening starts it again
```

A clock that was breached goes on until it is over, and stays breached, unless it turns out
that what would have prevented it had happened in time and was only heard late.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.business_time.calendar import Calendar
from shared.events import Event, Priority, Unknown
from shared.events.sla import (
    BreachRetracted,
    ClockKind,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    TargetApproaching,
    TargetBreached,
    TargetMet,
)

MINUTE_SECONDS: Final = 60


@dataclass(frozen=True)
class Terms:
    """The plan that holds for a ticket, with the values then in force."""

    plan_id: str
    priority: Priority
    target_minutes: dict[ClockKind, float]
    calendar: Calendar
    warn_at_share: float
    escalate_on_breach: bool

    def due(self, at: datetime, remaining_seconds: float) -> datetime:
        """When that much business time will have passed; in the past if negative."""
        return self.calendar.add(at, remaining_seconds) if remaining_seconds else at


@dataclass(frozen=True)
class NotStarted:
    """No plan holds for the ticket yet."""


@dataclass(frozen=True)
class Running:
    """Time passes: `elapsed_seconds` had passed at `since`."""

    target_seconds: float
    elapsed_seconds: float
    since: datetime
    due_at: datetime
    warned: bool = False
    breach: datetime | None = None
    """When it was due when it was breached."""


@dataclass(frozen=True)
class Paused:
    """Time stands still."""

    target_seconds: float
    elapsed_seconds: float
    since: datetime
    reason: str
    warned: bool = False
    breach: datetime | None = None

    @property
    def remaining_seconds(self) -> float:
        return self.target_seconds - self.elapsed_seconds


@dataclass(frozen=True)
class Over:
    """Met, late, or called off."""

    elapsed_seconds: float
    ended_at: datetime
    due_at: datetime | None
    late: bool = False
    breach: datetime | None = None


Clock = NotStarted | Running | Paused | Over


def clock_after(clock: Clock, event: Event | Unknown) -> Clock:
    """The clock, after what was said of it; never refuses history."""
    breach = None if isinstance(clock, NotStarted) else clock.breach
    match event, clock:
        case ClockStarted(), _:
            target = event.target_minutes * MINUTE_SECONDS
            started = Running(target, event.elapsed_seconds, event.started_at, event.due_at)
            return replace(started, breach=breach)
        case ClockPaused(), Running(target_seconds=target, warned=warned):
            elapsed = target - event.remaining_seconds
            return Paused(target, elapsed, event.paused_at, event.reason, warned, breach)
        case ClockResumed(), Paused(target_seconds=target, elapsed_seconds=elapsed):
            since, due_at = event.resumed_at, event.due_at
            return Running(target, elapsed, since, due_at, clock.warned, breach)
        case TargetApproaching(), Running():
            return replace(clock, warned=True)
        case TargetBreached(), Running() | Paused() | Over():
            return replace(clock, breach=event.due_at)
        case BreachRetracted(), Running() | Paused() | Over():
            return replace(clock, breach=None)
        case TargetMet(), _:
            return Over(event.elapsed_seconds, event.met_at, event.due_at)
        case ClockStopped(), _:
            ended_at, elapsed = event.stopped_at, event.elapsed_seconds
            return Over(elapsed, ended_at, event.due_at, event.late, breach)
        case _:
            return clock
