"""The agents' HTTP API under /api/v1, and its description."""

from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse

from services.gateway.assigning import add_assigning
from services.gateway.context import Gateway
from services.gateway.forwarding import add_commands, add_lookups, add_presence
from services.gateway.http import respond, signed_in
from services.gateway.keys import add_keys
from services.gateway.notifications import add_notifications
from services.gateway.opening import add_opening
from services.gateway.people import add_people
from services.gateway.promises import add_promises
from services.gateway.quality import add_quality
from services.gateway.reads import add_desk, add_parts, add_tickets
from services.gateway.webhooks import add_webhooks
from services.gateway.work import add_work
from shared.scopes import Scope

PREFIX: Final = "/api/v1"

TITLE: Final = "Ledgerdesk: the agents' API"

ABOUT: Final = """\
Queues, tickets and every command of an agent; tickets opened in batches, API keys, webhooks.

Sign in with `Authorization: Bearer …`: an agent's token, or an API key, which does what its
scopes name (tickets:open, tickets:read, tickets:work, tickets:manage, webhooks). A ticket is
named by its id or by its number. Pages go on with `cursor`, the `next` of the page before.
Commands take `If-Match` with a ticket's ETag (412 if it has moved on since) and
`Idempotency-Key` (a retry is the same fact); they answer with a new ETag and with
`Ledgerdesk-After`: a read that carries it waits until it shows what the command did.
Errors are problem+json (RFC 9457) with a stable `code`.
"""


def routers(gateway: Gateway) -> list[APIRouter]:
    """The API, and what describes it."""
    router = routes(gateway)
    return [router, documentation(router)]


def routes(gateway: Gateway) -> APIRouter:
    """Every route of the API."""
    router = APIRouter(prefix=PREFIX)
    opener = signed_in(gateway, Scope.TICKETS_OPEN)
    reader = signed_in(gateway, Scope.TICKETS_READ)
    agent = signed_in(gateway)
    add_desk(router, gateway, reader)
    add_opening(router, gateway, opener)
    add_tickets(router, gateway, reader)
    add_parts(router, gateway, reader)
    add_lookups(router, gateway, reader)
    add_presence(router, gateway, agent)
    add_commands(router, gateway)
    add_assigning(router, gateway, reader, agent)
    add_people(router, gateway, agent)
    add_quality(router, gateway, reader)
    add_notifications(router, gateway, reader, agent)
    add_keys(router, gateway, agent)
    add_work(router, gateway, reader, agent)
    add_webhooks(router, gateway, signed_in(gateway, Scope.WEBHOOKS))
    add_promises(router, gateway, reader, agent)
    return router


def description(router: APIRouter) -> dict[str, Any]:
    """The API's OpenAPI document."""
    return get_openapi(title=TITLE, version="1", description=ABOUT, routes=router.routes)


def documentation(router: APIRouter) -> APIRouter:
    """Routes that serve the description, and a page that points at it."""
    pages = APIRouter(include_in_schema=False)
    document = description(router)

    @pages.get("/api/openapi.json")
    async def openapi() -> Response:
        return respond(document)

    @pages.get("/api", response_class=HTMLResponse)
    async def about() -> Response:
        from services.gateway.panel.rendering import render

        return render("api.html", document=document)

    return pages
