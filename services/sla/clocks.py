"""The states of one clock of a ticket, folded from what was said of it: pure.

```
NotStarted ──► Running ◄──► Paused
                │  ▲          │
                ▼  │          │
                Over ◄────────┘      met, late, or called off; a reopening starts it again,
                                     and what is owed again: the next cycle
```

A clock that was breached goes on until it is over, and stays breached, unless it turns out
that what would have prevented it had happened in time and was only heard late.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.sla.facts import STOPS, WaitFor
from shared.business_time.calendar import Calendar
from shared.events import Event, Priority, Unknown
from shared.events.sla import (
    BreachRetracted,
    ClockKind,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    DueStep,
    EscalationStep,
    TargetApproaching,
    TargetBreached,
    TargetMet,
    TargetOverdue,
)

MINUTE_SECONDS: Final = 60

ALL_WARNINGS: Final = 0.999
"""The share that a warning stands for that does not say its own, from before there were
several."""


@dataclass(frozen=True)
class Terms:
    """The plan that holds for a ticket, with the values then in force."""

    plan_id: str
    priority: Priority
    target_minutes: dict[ClockKind, float]
    calendar: Calendar
    steps: tuple[EscalationStep, ...]
    """What is done at which share of a target, the earliest first."""
    stops: dict[ClockKind, frozenset[WaitFor]]

    def target_seconds(self, kind: ClockKind) -> float:
        """How long the clock may run."""
        return self.target_minutes[kind] * MINUTE_SECONDS

    def stops_for(self, kind: ClockKind) -> frozenset[WaitFor]:
        """What the clock stands still for."""
        return self.stops.get(kind, STOPS[kind])

    def steps_of(self, kind: ClockKind) -> tuple[EscalationStep, ...]:
        """The steps that are about this target."""
        return tuple(each for each in self.steps if not each.clocks or kind in each.clocks)

    def step(self, kind: ClockKind, share: float) -> EscalationStep:
        """The step at this share; one that does nothing, if there is none."""
        found = (each for each in self.steps_of(kind) if each.share == share)
        return next(found, EscalationStep(share=share))

    def steps_due(
        self, kind: ClockKind, at: datetime, elapsed: float, reached: float = 0.0
    ) -> tuple[DueStep, ...]:
        """The steps beside the target that are still to come of a clock that runs from `at`; of
        those that would have come before, the last alone, at once."""
        target, found = self.target_seconds(kind), list[DueStep]()
        for step in self.steps_of(kind):
            if step.share == 1 or step.share <= reached:
                continue
            if target * step.share <= elapsed:
                found = [DueStep(share=step.share, at=at)]
            else:
                at_share = self.due(at, target * step.share - elapsed)
                found.append(DueStep(share=step.share, at=at_share))
        return tuple(found)

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
    began: datetime
    """When it was started, the last time."""
    reached: float = 0.0
    """The share of the last step that was said, besides the breach."""
    breach: datetime | None = None
    """When it was due when it was breached."""
    cycle: int = 1


@dataclass(frozen=True)
class Paused:
    """Time stands still."""

    target_seconds: float
    elapsed_seconds: float
    since: datetime
    reason: str
    began: datetime
    reached: float = 0.0
    breach: datetime | None = None
    cycle: int = 1

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
    cycle: int = 1
    met: bool = False

    @property
    def called_off(self) -> bool:
        """Nothing came of it, in time or late."""
        return not self.met and not self.late


Clock = NotStarted | Running | Paused | Over


def clock_after(clock: Clock, event: Event | Unknown) -> Clock:
    """The clock, after what was said of it; never refuses history."""
    breach, cycle = (None, 1) if isinstance(clock, NotStarted) else (clock.breach, clock.cycle)
    match event, clock:
        case ClockStarted(), _:
            return _started(event, clock)
        case ClockPaused(), Running(target_seconds=target, began=began, reached=reached):
            elapsed, since = target - event.remaining_seconds, event.paused_at
            return Paused(target, elapsed, since, event.reason, began, reached, breach, cycle)
        case ClockResumed(), Paused(target_seconds=target, elapsed_seconds=elapsed, began=began):
            since, due_at, reached = event.resumed_at, event.due_at, clock.reached
            return Running(target, elapsed, since, due_at, began, reached, breach, cycle)
        case TargetApproaching(), Running():
            return replace(clock, reached=event.share or ALL_WARNINGS)
        case TargetOverdue(), Running():
            return replace(clock, reached=event.share)
        case TargetBreached(), Running() | Paused() | Over():
            return replace(clock, breach=event.due_at)
        case BreachRetracted(), Running() | Paused():
            return replace(clock, breach=None, reached=min(clock.reached, ALL_WARNINGS))
        case BreachRetracted(), Over():
            return replace(clock, breach=None)
        case TargetMet(), _:
            elapsed = event.elapsed_seconds
            return Over(elapsed, event.met_at, event.due_at, cycle=cycle, met=True)
        case ClockStopped(), _:
            ended_at, elapsed = event.stopped_at, event.elapsed_seconds
            return Over(elapsed, ended_at, event.due_at, event.late, breach, cycle)
        case _:
            return clock


def _started(event: ClockStarted, clock: Clock) -> Running:
    running = Running(
        target_seconds=event.target_minutes * MINUTE_SECONDS,
        elapsed_seconds=event.elapsed_seconds,
        since=event.started_at,
        due_at=event.due_at,
        began=event.started_at,
        cycle=event.cycle,
    )
    match clock:
        case Running(began=began, cycle=event.cycle) | Paused(began=began, cycle=event.cycle):
            return replace(running, began=began, breach=clock.breach)
        case Over(breach=breach, cycle=event.cycle):
            return replace(running, breach=breach)
        case _:
            return running
