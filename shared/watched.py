"""Every request, watched: counted, timed, and made part of a trace.

Requests are told apart by their route's template: paths hold tickets, and links that act.
"""

import asyncio
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.clock import monotonic_seconds
from shared.identity import HEADER
from shared.log import Log
from shared.metrics import Metrics
from shared.telemetry import SERVER, Passing, valid

log = structlog.get_logger()

UNWATCHED: Final = frozenset({"/metrics", "/health/live", "/health/ready"})
"""Asked every few seconds by machines."""

SLOW_SECONDS: Final = 5.0
"""A request that takes longer is worth a line in the log."""

LOOP_LOOK_SECONDS: Final = 0.5


class Watched:
    """ASGI middleware, outside of all others."""

    def __init__(self, app: ASGIApp, *, event_log: Log) -> None:
        self._app = app
        self._metrics = event_log.metrics
        self._traces = event_log.traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note what became of it."""
        if scope["type"] != "http" or scope["path"] in UNWATCHED:
            await self._app(scope, receive, send)
            return
        began, status = monotonic_seconds(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._traces.span(scope["method"], self._parent(scope), kind=SERVER) as span:
            try:
                await self._app(scope, receive, noting)
            finally:
                took_seconds = monotonic_seconds() - began
                route = route_of(scope)
                self._metrics.answered(scope["method"], route, status, took_seconds)
                if self._traces.on:
                    _tell(span, scope["method"], route, status)
                if took_seconds > SLOW_SECONDS:
                    log.warning("request_slow", route=route, status=status, seconds=took_seconds)

    def _parent(self, scope: Scope) -> str:
        """The trace that the caller is in. Whether it is recorded, no stranger decides."""
        parent, ours = "", False
        for name, value in scope["headers"]:
            if name == b"traceparent":
                parent = valid(value.decode("latin-1"))
            elif name == _OURS:
                ours = True
        return parent if ours or not parent else self._traces.adopted(parent)


_OURS: Final = HEADER.lower().encode()


def route_of(scope: Scope) -> str:
    """The template of the route that answered, e.g. `/v1/tickets/{ticket_id}/merge`."""
    # A router that is included with a prefix tells its routes' whole paths only there.
    whole = scope.get("fastapi", {}).get("effective_route_context")
    path: str = getattr(whole or scope.get("route"), "path", "")
    return path or "unmatched"


def _tell(span: Passing, method: str, route: str, status: int) -> None:
    span.rename(f"{method} {route}")
    span.note(
        {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
        }
    )
    if status >= 500:
        span.failed(str(status))


async def watch_loop(metrics: Metrics) -> None:
    """Measure how much later than asked this task is woken, until cancelled."""
    while True:
        asked = monotonic_seconds() + LOOP_LOOK_SECONDS
        await asyncio.sleep(LOOP_LOOK_SECONDS)
        metrics.loop_delay_seconds.observe(max(monotonic_seconds() - asked, 0.0))
