"""Intake, put together: the only place where its parts are built."""

from typing import Final

from services.intake.api import routes
from services.intake.domain import DECIDER
from services.intake.forgetting import forget_files
from services.intake.imap import polling
from services.intake.projection import PROJECTIONS
from services.intake.projections.register import NOTIFICATION_EVENTS, STATUS_EVENTS
from services.intake.raising import BY, RaisePriority
from services.intake.reactions import GoOnWithoutAnswers, RelateSimilarTickets, due
from services.intake.settings import Settings
from services.intake.smtp import serve
from shared.events import Event, all_event_types
from shared.running import run
from shared.service import Reacts, Service, Timers

HEARS: Final[frozenset[type[Event]]] = STATUS_EVENTS | NOTIFICATION_EVENTS | RaisePriority.hears

SAYS: Final[frozenset[type[Event]]] = frozenset(
    event for event in all_event_types() if event.author == "intake"
)

SERVICE: Final = Service(
    name="intake",
    hears=HEARS,
    says=SAYS,
    projections=PROJECTIONS,
    unlimited_paths=frozenset({"/v1/tickets", "/v1/tickets/batch"}),
    measured_paths=frozenset({"/v1/tickets"}),
    reactions=lambda runtime: [
        Reacts(RelateSimilarTickets(runtime), DECIDER),
        Reacts(GoOnWithoutAnswers(runtime), DECIDER),
        Reacts(RaisePriority(runtime), DECIDER, actor=BY),
    ],
    timers=Timers("clarifications", due, DECIDER),
    routers=lambda runtime: [routes(runtime)],
    tasks=lambda runtime: [lambda: serve(runtime), *polling(runtime)],
    forget=forget_files,
)


def main() -> None:
    """Run intake until it is told to stop."""
    run(SERVICE, Settings())
