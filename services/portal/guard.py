"""Every page's way in: errors become pages, and other sites' forms are turned away."""

from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any, Final

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from services.portal.desk_name import DeskName
from services.portal.forms import FormTooOld, why
from services.portal.reader import chosen_in, read_by, reader_of, remember
from services.portal.rendering import render
from services.portal.speaking import Said, said
from shared.admission import RETRY_AFTER_SECONDS
from shared.errors import NotFound, NotYet, Rejected, TicketParked
from shared.links import LinkNotValid
from shared.outages import COME_BACK
from shared.watched import route_of

log = structlog.get_logger()

FOREIGN: Final = frozenset({"cross-site", "same-site"})
"""What browsers say of a form that another site's page sent (Fetch metadata)."""

FOR_PROGRAMS: Final = ("/v1/", "/health/", "/metrics", "/openapi.json")

AWAY: Final = said(
    "Something we need for this is away just now. Please reload the page in a moment."
)

BROKEN: Final = said("Something broke on our side. Please try again in a moment.")


def page_route(desk: DeskName, leaving: tuple[str, ...] = ()) -> type[APIRoute]:
    """The class of routes whose errors are pages of this desk; paths can be left to others."""

    class PageRoute(APIRoute):
        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            if scope["path"].startswith(leaving):
                return Match.NONE, {}
            return super().matches(scope)

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler = super().get_route_handler()

            async def with_pages(request: Request) -> Response:
                await desk.look()
                with read_by(reader_of(request)):
                    answer = await answered(request)
                if chosen := chosen_in(request):
                    remember(answer, chosen, secure=request.url.scheme == "https")
                return answer

            async def answered(request: Request) -> Response:
                try:
                    site = request.headers.get("sec-fetch-site")
                    if request.method == "POST" and site in FOREIGN:
                        raise FormTooOld
                    with ExitStack() as until_answered:
                        request.state.until_answered = until_answered
                        return await handler(request)
                except Exception as error:  # noqa: BLE001 - whatever it is, people get a page
                    return _trouble(desk, route_of(request.scope), error)

            return with_pages

    return PageRoute


def no_pages(desk: DeskName) -> APIRouter:
    """What leads nowhere is a page, too; what programs ask has answers of its own. Comes last."""
    route = page_route(desk, leaving=FOR_PROGRAMS)
    router = APIRouter(include_in_schema=False, route_class=route)

    @router.get("/{path:path}")
    async def nothing() -> Response:
        raise NotFound(what="page")

    return router


def busy_page(desk: DeskName) -> ASGIApp:
    """For whom there is no place just now; what was typed is sent again by reloading."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        message = said(
            "Too many people are writing to us just now. Please reload this page in a moment."
        )
        with read_by(reader_of(Request(scope))):
            page = _trouble_page(desk, said("One moment, please"), message, 429)
        await page(scope, receive, send)

    return answer


def _trouble(desk: DeskName, route: str, error: Exception) -> Response:
    match error:
        case LinkNotValid():
            message = said("This link is not valid, or too old. Please ask for a new one.")
            return _trouble_page(desk, said("This link does not work"), message, 403)
        case NotFound() | HTTPException(status_code=404) | RequestValidationError():
            message = said("Is the address complete?")
            return _trouble_page(desk, said("There is nothing here"), message, 404)
        case Rejected():
            return _trouble_page(desk, said("That did not work"), why(error), error.http_status)
        case NotYet() | TicketParked():
            message = said("We are still working on what you sent. Please try again in a moment.")
            return _trouble_page(desk, said("One moment, please"), message, 503)
        case _ if isinstance(error, COME_BACK):
            log.warning("page_not_served", route=route, error=type(error).__name__)
            return _trouble_page(desk, said("One moment, please"), AWAY, 503)
        case _:
            log.error("page_failed", route=route, exc_info=error)
            return _trouble_page(desk, said("That did not work"), BROKEN, 500)


def _trouble_page(desk: DeskName, title: Said, message: Said, status: int) -> Response:
    values = {"desk": desk.shown(), "title": title, "message": message}
    page = render("trouble.html", values, status)
    if status in {429, 503}:
        page.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    elif status in {408, 413}:
        # The rest of the form is not waited for.
        page.headers["Connection"] = "close"
    return page
