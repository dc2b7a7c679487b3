"""The portal, put together: the only place where its parts are built."""

from typing import Final

from fastapi import APIRouter

from services.portal import articles, finding, mine, opening, own_addresses, ticket_pages
from services.portal.context import Portal
from services.portal.guard import busy_page, no_pages
from services.portal.projection import HEARS, Pages
from services.portal.settings import Settings
from shared.body_limit import SIGNED_BYTES_MAX
from shared.running import run
from shared.service import Runtime, Service


class Assembly:
    """One `Portal` for the routes and the background work of a runtime."""

    def __init__(self) -> None:
        self._built: list[tuple[Runtime, Portal]] = []

    def portal(self, runtime: Runtime) -> Portal:
        """The runtime's portal, built when first asked for."""
        for known, built in self._built:
            if known is runtime:
                return built
        portal = Portal.of(runtime)
        self._built = [(runtime, portal)]
        return portal


def routers(portal: Portal) -> list[APIRouter]:
    """Every page; what leads nowhere comes last."""
    return [
        opening.routes(portal),
        finding.routes(portal),
        mine.routes(portal),
        own_addresses.routes(portal),
        articles.routes(portal),
        ticket_pages.routes(portal),
        no_pages(portal.desk),
    ]


def service() -> Service:
    """The portal, ready to run."""
    assembly = Assembly()
    return Service(
        name="portal",
        hears=HEARS,
        says=frozenset(),
        projections=[Pages()],
        stranger_bytes_max=SIGNED_BYTES_MAX,
        routers=lambda runtime: routers(assembly.portal(runtime)),
        busy=lambda runtime: busy_page(assembly.portal(runtime).desk),
        tasks=lambda runtime: [assembly.portal(runtime).background],
    )


SERVICE: Final = service()


def main() -> None:
    """Run the portal until it is told to stop."""
    run(SERVICE, Settings())
