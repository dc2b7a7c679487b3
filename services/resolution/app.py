"""Resolution, put together: the only place where its parts are built."""

from datetime import datetime
from typing import Final

from services.resolution.api import routes
from services.resolution.beside_api import beside_routes
from services.resolution.closed import Closed
from services.resolution.desk_api import desk_routes
from services.resolution.domain import DECIDER
from services.resolution.domain.commands import (
    ArchiveWhenDue,
    CloseForSilence,
    Command,
    RemindOfClosure,
)
from services.resolution.projection import ARCHIVE, REMIND, SAID, Work
from services.resolution.reactions import AnswerChildren, CustomerSpeaks
from services.resolution.settings import Settings
from shared.events import Event
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
from shared.events.relations import TicketMerged, TicketUnmerged
from shared.events.review import FeedbackReceived
from shared.followers.contracts import Timer
from shared.running import run
from shared.service import Reacts, Service, Timers

HEARS: Final[frozenset[type[Event]]] = frozenset(
    {
        TicketOpened,
        TicketCategorised,
        ClarificationRequested,
        ClarificationLapsed,
        ClarificationProvided,
        CustomerMessageReceived,
        TicketMerged,
        TicketUnmerged,
        TicketQueued,
        AgentAssigned,
        AgentUnassigned,
        TicketTransferred,
        TicketEscalated,
        FeedbackReceived,
    }
)


def due(timer: Timer) -> Command:
    """What to do about a timer, dated by when it was due."""
    if timer.kind == ARCHIVE:
        closed_at = datetime.fromisoformat(timer.command["closed_at"])
        return ArchiveWhenDue(by="timer", now=timer.due_at, closed_at=closed_at)
    resolved_at = datetime.fromisoformat(timer.command["resolved_at"])
    if timer.kind == REMIND:
        return RemindOfClosure(by="timer", now=timer.due_at, resolved_at=resolved_at)
    return CloseForSilence(by="timer", now=timer.due_at, resolved_at=resolved_at)


SERVICE: Final = Service(
    name="resolution",
    hears=HEARS,
    says=SAID,
    projections=[Work(), Closed()],
    reactions=lambda _: [Reacts(CustomerSpeaks(), DECIDER), Reacts(AnswerChildren(), DECIDER)],
    timers=Timers("work", due, DECIDER),
    routers=lambda runtime: [routes(runtime), beside_routes(runtime), desk_routes(runtime)],
)


def main() -> None:
    """Run resolution until it is told to stop."""
    run(SERVICE, Settings())
