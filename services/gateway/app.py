"""The gateway, put together: the only place where its parts are built."""

from typing import Final

from services.gateway import api, casefile
from services.gateway.context import Gateway
from services.gateway.drafts import forget_drafts
from services.gateway.http import BODY_BYTES_MAX, may_send
from services.gateway.panel import pages
from services.gateway.projection import HEARS, DeskView
from services.gateway.settings import Settings
from shared.events.gateway import TicketViewed
from shared.running import run
from shared.service import Runtime, Service


class Assembly:
    """One `Gateway` for the routes and the background work of a runtime."""

    def __init__(self) -> None:
        self._built: list[tuple[Runtime, Gateway]] = []

    def gateway(self, runtime: Runtime) -> Gateway:
        """The runtime's gateway, built when first asked for."""
        for known, built in self._built:
            if known is runtime:
                return built
        gateway = Gateway.of(runtime)
        self._built = [(runtime, gateway)]
        return gateway

    async def background(self, gateway: Gateway) -> None:
        """Put looks on record until told to stop, then hang up."""
        try:
            await gateway.views.run()
        finally:
            await gateway.owners.close()


def service() -> Service:
    """The gateway, ready to run."""
    assembly = Assembly()
    return Service(
        name="gateway",
        hears=HEARS,
        says=frozenset({TicketViewed}),
        projections=[DeskView()],
        known_bytes_max=lambda runtime: may_send(assembly.gateway(runtime), BODY_BYTES_MAX),
        routers=lambda runtime: [
            *api.routers(assembly.gateway(runtime)),
            casefile.operators(assembly.gateway(runtime)),
            pages.routes(assembly.gateway(runtime)),
        ],
        forget=forget_drafts,
        other_tables=("drafts.kept",),
        tasks=lambda runtime: [lambda: assembly.background(assembly.gateway(runtime))],
    )


SERVICE: Final = service()


def main() -> None:
    """Run the gateway until it is told to stop."""
    run(SERVICE, Settings())
