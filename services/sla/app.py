"""Sla, put together: the only place where its parts are built."""

from datetime import datetime
from typing import Final

from services.sla.api import routes
from services.sla.clocks import ALL_WARNINGS
from services.sla.commands import Breach, Command, Warn
from services.sla.domain import DECIDER
from services.sla.finders import Plans
from services.sla.projection import BREACH, Clocks, Desk
from services.sla.reactions import KeepClocks
from services.sla.settings import Settings
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
    SlaPlanApplied,
    SlaPlanDefined,
    TargetApproaching,
    TargetBreached,
    TargetMet,
    TargetOverdue,
)
from shared.followers.contracts import Timer
from shared.running import run
from shared.service import Reacts, Service, Timers

SAYS: Final[frozenset[type[Event]]] = frozenset(
    {
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
        CalendarDefined,
        SlaPlanDefined,
    }
)
HEARS: Final[frozenset[type[Event]]] = KeepClocks.hears | {
    TicketOpened,
    TicketQueued,
    TicketTransferred,
    AgentAssigned,
    AgentUnassigned,
}


def due(timer: Timer) -> Command:
    """What to do about a timer, dated by when it was due."""
    clock = ClockKind(timer.command["clock"])
    due_at = datetime.fromisoformat(timer.command["due_at"])
    if timer.kind == BREACH:
        return Breach(clock, due_at)
    return Warn(clock, due_at, timer.due_at, timer.command.get("share", ALL_WARNINGS))


SERVICE: Final = Service(
    name="sla",
    hears=HEARS,
    says=SAYS,
    projections=[Desk(), Clocks()],
    reactions=lambda rt: [Reacts(KeepClocks(Plans(rt.pool), rt.clock), DECIDER, actor="sla")],
    timers=Timers("clocks", due, DECIDER),
    routers=lambda runtime: [routes(runtime)],
)


def main() -> None:
    """Run sla until it is told to stop."""
    run(SERVICE, Settings())
