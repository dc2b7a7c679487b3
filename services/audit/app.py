"""Audit, put together: the only place where its parts are built."""

from typing import Final

from services.audit.api import routes
from services.audit.projection import Numbers
from services.audit.settings import Settings
from shared.events import Event, all_event_types
from shared.running import run
from shared.service import Service

HEARS: Final[frozenset[type[Event]]] = frozenset(all_event_types())
"""Every type of the vocabulary; types that it does not know yet are kept by the core."""

SERVICE: Final = Service(
    name="audit",
    hears=HEARS,
    says=frozenset(),
    projections=[Numbers()],
    routers=lambda runtime: [routes(runtime)],
)


def main() -> None:
    """Run audit until it is told to stop."""
    run(SERVICE, Settings())
