"""Sla in small: one clock a ticket, whose timer is set, moved, taken away, and fires."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.assignment import AgentAssigned
from shared.events.resolution import (
    AgentReplied,
    TicketClosed,
    TicketHeld,
    WorkResumed,
    WorkStarted,
)
from shared.events.sla import (
    ClockKind,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    TargetBreached,
)
from shared.followers.contracts import Directed, Timer
from shared.followers.view import Table, View
from shared.ids import derived_id
from shared.log import Past, Recorded
from shared.service import TIMERS, Reacts, Service, Timers
from shared.testing.simulation.desk.diary import DIARY, RECENT, Diary

TARGET_SECONDS = 2.0
"""How long a clock may run."""

CLOCK = ClockKind.RESOLUTION


@dataclass(frozen=True)
class Start:
    at: datetime


@dataclass(frozen=True)
class Pause:
    at: datetime


@dataclass(frozen=True)
class Resume:
    at: datetime


@dataclass(frozen=True)
class Stop:
    at: datetime


@dataclass(frozen=True)
class Breach:
    due_at: datetime


Command = Start | Pause | Resume | Stop | Breach


@dataclass(frozen=True)
class Clock:
    due_at: datetime | None = None
    unanswered: int = 0
    """Events heard that will still change it: until then nothing is broken."""


def _decide(command: Command, clock: Clock) -> list[Event]:
    match command:
        case Start(at=at):
            due_at = at + timedelta(seconds=TARGET_SECONDS)
            return [
                ClockStarted(
                    clock=CLOCK, target_minutes=0, started_at=at, due_at=due_at, warn_at=due_at
                )
            ]
        case Resume(at=at):
            due_at = at + timedelta(seconds=TARGET_SECONDS)
            return [ClockResumed(clock=CLOCK, resumed_at=at, due_at=due_at, warn_at=due_at)]
        case Pause(at=at):
            return [ClockPaused(clock=CLOCK, paused_at=at, remaining_seconds=0, reason="")]
        case Stop(at=at):
            return [ClockStopped(clock=CLOCK, stopped_at=at, reason="")]
        case Breach(due_at=due_at) if due_at == clock.due_at and not clock.unanswered:
            return [TargetBreached(clock=CLOCK, due_at=due_at, breached_at=due_at)]
        case _:
            return []


def _evolve(clock: Clock, event: Event | Unknown) -> Clock:
    match event:
        case WorkStarted() | AgentReplied() | TicketHeld() | WorkResumed() | TicketClosed():
            return replace(clock, unanswered=clock.unanswered + 1)
        case ClockStarted(due_at=due_at) | ClockResumed(due_at=due_at):
            return Clock(due_at, clock.unanswered - 1)
        case ClockPaused() | ClockStopped():
            return Clock(None, clock.unanswered - 1)
        case TargetBreached():
            return replace(clock, due_at=None)
        case _:
            return clock


DECIDER: Final[Decider[Command, Clock]] = Decider(Clock(), _decide, _evolve)


class Keep:
    """The clock follows what happens to its ticket."""

    name: ClassVar[str] = "keep"
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {WorkStarted, AgentReplied, TicketHeld, WorkResumed, TicketClosed}
    )

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[Command]]:
        return [Directed(recorded.subject, _command(recorded))]


def _command(recorded: Recorded) -> Command:
    at = recorded.occurred_at
    match recorded.event:
        case TicketHeld():
            return Pause(at)
        case WorkResumed():
            return Resume(at)
        case TicketClosed():
            return Stop(at)
        case _:
            return Start(at)


SAYS: Final[frozenset[type[Event]]] = frozenset(
    {ClockStarted, ClockPaused, ClockResumed, ClockStopped, TargetBreached}
)
HEARS: Final[frozenset[type[Event]]] = Keep.hears | {AgentAssigned}


class Clocks(Diary):
    """The diary, and when each clock is due."""

    name: ClassVar[str] = "clocks"
    tables: ClassVar[Sequence[Table[Any]]] = (DIARY, RECENT, TIMERS)
    hears: ClassVar[frozenset[type[Event]]] = SAYS | HEARS

    def fold(self, view: View, recorded: Recorded) -> None:
        """Set the timer, move it, or take it away."""
        super().fold(view, recorded)
        key = derived_id("timer", view.subject)
        match recorded.event:
            case ClockStarted(due_at=due_at) | ClockResumed(due_at=due_at):
                timer = Timer(key, view.subject, "breach", due_at, {}, recorded.id)
                view.put(TIMERS, replace(timer, correlation=recorded.correlation))
            case ClockPaused() | ClockStopped() | TargetBreached():
                view.delete(TIMERS, key)
            case _:
                pass


SERVICE: Final = Service(
    name="sla",
    hears=HEARS,
    says=SAYS,
    projections=[Clocks()],
    reactions=lambda _: [Reacts(Keep(), DECIDER, actor="keep")],
    timers=Timers("clocks", lambda timer: Breach(timer.due_at), DECIDER),
)
