"""Assignment, put together: the only place where its parts are built."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from services.assignment.api import routes
from services.assignment.directory import Directory
from services.assignment.domain.commands import NoticeUntouched
from services.assignment.domain.decisions import TICKETS
from services.assignment.domain.desk import AGENTS
from services.assignment.domain.watch import WORK
from services.assignment.projection import CLOCKS, Queues
from services.assignment.reactions import Escalate, Release, Route
from services.assignment.settings import Settings
from services.assignment.take_up import Queue
from shared.events import Event
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
from shared.events.intake import TicketCategorised, TicketOpened, TicketPrioritised, TicketVerified
from shared.events.relations import TicketMerged
from shared.events.resolution import (
    EscalationRequested,
    TicketArchived,
    TicketClosed,
    TicketReopened,
)
from shared.events.sla import TargetApproaching, TargetBreached, TargetOverdue
from shared.followers.contracts import Timer
from shared.running import run
from shared.service import Reacts, Runtime, Service, Timers

HEARS: Final[frozenset[type[Event]]] = frozenset(
    {
        TicketOpened,
        TicketVerified,
        TicketCategorised,
        TicketPrioritised,
        TicketMerged,
        EscalationRequested,
        TicketReopened,
        TicketClosed,
        TicketArchived,
        TargetApproaching,
        TargetBreached,
        *CLOCKS,
        *WORK,
        TargetOverdue,
    }
)

SAYS: Final[frozenset[type[Event]]] = frozenset(
    {
        TicketQueued,
        AgentAssigned,
        AgentUnassigned,
        ParticipantAdded,
        ParticipantRemoved,
        TicketTransferred,
        TicketEscalated,
        TicketRouted,
        TicketLeftUntouched,
        AgentWentOnline,
        AgentWentOffline,
        TeamDefined,
        AgentDefined,
        RoutingDefined,
    }
)


def reactions(runtime: Runtime) -> Sequence[Reacts]:
    """What is done about what is heard."""
    directory = Directory(runtime.pool, runtime.clock)
    return [
        Reacts(Route(directory, runtime.clock, runtime.log), TICKETS, actor="routing"),
        Reacts(Escalate(directory, runtime.clock), TICKETS, actor="escalation"),
        Reacts(Release(runtime.pool, runtime.clock), TICKETS, actor="routing"),
    ]


def due(timer: Timer) -> NoticeUntouched:
    """The command of a timer that is due."""
    since = datetime.fromisoformat(timer.command["since"])
    return NoticeUntouched(since=since, now=timer.due_at)


def tasks(runtime: Runtime) -> Sequence[Callable[[], Awaitable[None]]]:
    """The queue is taken up, whoever gets free."""
    settings = runtime.settings
    assert isinstance(settings, Settings)
    return [Queue(runtime, settings.take_up_interval_seconds).run]


SERVICE: Final = Service(
    name="assignment",
    hears=HEARS,
    says=SAYS,
    projections=[Queues()],
    reactions=reactions,
    timers=Timers(Queues.name, due, TICKETS, actor="routing"),
    claims=[TICKETS.claims, AGENTS.claims],
    routers=lambda runtime: [routes(runtime)],
    tasks=tasks,
)


def main() -> None:
    """Run assignment until it is told to stop."""
    run(SERVICE, Settings())
