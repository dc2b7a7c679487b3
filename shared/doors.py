"""Doors: routes that are asked so often that no framework is on their way.

A request for a door passes what every request passes (it is watched, given a place, and told
when the service leaves), and then nothing else: finding a route, and being ready for all that
a route may want, costs more than what is done behind a door. The application has the same
route, for its description and for whoever asks it otherwise.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.web import answer_to

Handler = Callable[[Request], Awaitable[Response]]
"""Answers a request by itself, or raises what `shared.web` has an answer to."""

Doors = dict[tuple[str, str], Handler]
"""By method and path."""


@dataclass(frozen=True, slots=True)
class _Route:
    """What `route_of` looks at."""

    path: str


class Entrance:
    """ASGI: a door's requests go to it, `around` by the usual middleware; all others to `app`."""

    def __init__(
        self,
        app: ASGIApp,
        doors: Mapping[tuple[str, str], Handler],
        around: Callable[[ASGIApp], ASGIApp],
    ) -> None:
        self._app = app
        self._doors = {
            place: around(_behind(handler, app, _Route(place[1])))
            for place, handler in doors.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        found = self._app
        if scope["type"] == "http":
            found = self._doors.get((scope["method"], scope["path"]), found)
        await found(scope, receive, send)


def _behind(handler: Handler, app: ASGIApp, route: _Route) -> ASGIApp:
    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"], scope["route"] = app, route
        request = Request(scope, receive)
        try:
            answer = await handler(request)
        except Exception as error:  # noqa: BLE001 - each has its answer, as in the application
            answer = answer_to(request, error)
        await answer(scope, receive, send)

    return door
