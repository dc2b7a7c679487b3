"""What is asked of a service that stops: an answer that says to come back.

Whoever is still waited for when the time to finish is over is cancelled, and the HTTP server
would answer 500, as if something were broken. Nothing is: what was asked may have been done or
not, as in any outage, and a retry with the same key is safe.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web import problem

STOPPING = "This service is just stopping: please try again."


class Leaving:
    """ASGI middleware: a request that is cancelled before its answer began is answered 503."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            if scope["type"] != "http" or begun:
                raise
            answer = problem(503, "stopping", STOPPING, headers={"Retry-After": "2"})
            await answer(scope, receive, send)
