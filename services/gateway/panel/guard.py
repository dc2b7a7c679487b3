"""Who may see a page: the session in the cookie, and the token that each form carries."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import structlog
from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from services.gateway.auth import COOKIE, Session
from services.gateway.context import Gateway
from services.gateway.panel.rendering import render
from services.gateway.rows import AgentRow
from shared.errors import NotYet, Rejected, TicketParked
from shared.events.assignment import Role
from shared.identity import NotSignedIn
from shared.outages import COME_BACK
from shared.watched import route_of

log = structlog.get_logger()


_FOREIGN: Final = frozenset({"cross-site", "same-site"})
"""What browsers say of a form that another site's page sent (Fetch metadata)."""

_FOR_PROGRAMS: Final = ("/api/", "/v1/", "/health/", "/metrics", "/openapi.json")


class FormTooOld(Rejected):
    """This form is not of your present session: nothing was done. Please send it again."""

    http_status = 403


@dataclass(frozen=True)
class Visitor:
    """Whoever is signed in, and in which session."""

    agent: AgentRow
    session: Session
    form_token: str

    @property
    def manages(self) -> bool:
        """Whether priority and plan are theirs to set."""
        return Role(self.agent.role) is not Role.AGENT


async def visitor(gateway: Gateway, request: Request) -> Visitor:
    """Who is signed in. Raises `NotSignedIn`."""
    session = gateway.sessions.read(request.cookies.get(COOKIE))
    agent = await gateway.sessions.agent(session, gateway.finders)
    return Visitor(agent, session, gateway.sessions.form_token(session))


def check_form(gateway: Gateway, who: Visitor, token: str) -> None:
    """Raises `FormTooOld` for a form that is not of this session."""
    if not gateway.sessions.check_form(who.session, token):
        raise FormTooOld


class PageRoute(APIRoute):
    """A route whose errors are pages."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handler = super().get_route_handler()

        async def with_pages(request: Request) -> Response:
            return await _as_page(handler, request)

        return with_pages


class NoPage(PageRoute):
    """Whatever no other page is; the addresses that programs ask have answers of their own."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["path"].startswith(_FOR_PROGRAMS):
            return Match.NONE, {}
        return super().matches(scope)


async def _as_page(handler: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
    try:
        if request.method != "GET" and request.headers.get("sec-fetch-site") in _FOREIGN:
            raise FormTooOld
        return await handler(request)
    except NotSignedIn:
        return RedirectResponse(f"/sign-in{_next(request)}", 303, {"Cache-Control": "no-store"})
    except Rejected as rejection:
        return _trouble(rejection.http_status, rejection.message)
    except (NotYet, TicketParked) as error:
        return _trouble(503, error.message)
    except COME_BACK as error:
        log.warning("page_not_served", route=route_of(request.scope), error=type(error).__name__)
        return _trouble(503, "What this needs is away just now. Please try again in a moment.")
    except Exception as error:
        log.error("page_failed", route=route_of(request.scope), exc_info=error)
        return _trouble(500, "Something broke on our side. Please try again.")


def _next(request: Request) -> str:
    if request.method != "GET" or request.url.path == "/":
        return ""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"?next={quote(request.url.path + query)}"


def _trouble(status: int, message: str) -> Response:
    return render("trouble.html", status, message=message, status=status)
