"""How much of a request's body is read at all, before anybody looks at it.

FastAPI reads a body whole before it asks who is calling; so it is bounded here: small for
a stranger, larger for whom gateway or portal vouch for.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.identity import HEADER, NotSignedIn, verify
from shared.outages import OUTAGES
from shared.web import away, problem

UNTOLD: Final = 2**62
"""The size of a body that comes in pieces."""

SIGNED_BYTES_MAX: Final = 140_000_000
"""For a request that gateway or portal signed: ten files of ten megabytes, in base64."""

STRANGER_BYTES_MAX: Final = 65_536

KnownBytes = Callable[[Scope], Awaitable[int]]
"""How much whoever sends a request may send, by what its headers prove; 0 for a stranger."""


class BodyLimit:
    """ASGI middleware that answers 413 to a body beyond the limit, and reads no further."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        secret: str,
        audience: str,
        stranger_bytes_max: int = STRANGER_BYTES_MAX,
        known_bytes_max: KnownBytes | None = None,
        unlimited_paths: Collection[str] = (),
    ) -> None:
        self._app = app
        self._secret = secret
        self._audience = audience
        self._stranger_bytes_max = stranger_bytes_max
        self._known_bytes_max = known_bytes_max
        self._unlimited_paths = unlimited_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its body bounded."""
        if scope["type"] != "http" or scope["path"] in self._unlimited_paths:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        limit = self._limit(headers)
        size = _declared(headers)
        if self._known_bytes_max is not None and size > limit:
            try:
                limit = max(limit, await self._known_bytes_max(scope))
            except OUTAGES as error:
                await away(error, "unavailable", "Who you are can't be looked up just now")(
                    scope, receive, send
                )
                return
        if limit < size < UNTOLD:
            await _refusal(limit)(scope, receive, send)
            return
        await self._bounded(limit, scope, receive, send)

    async def _bounded(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0
        refused = False

        async def counted() -> Message:
            nonlocal read, refused
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit and not refused:
                refused = True
                await _refusal(limit)(scope, receive, send)
            return {"type": "http.disconnect"} if refused else message

        async def unless_refused(message: Message) -> None:
            if not refused:
                await send(message)

        await self._app(scope, counted, unless_refused)

    def _limit(self, headers: dict[bytes, bytes]) -> int:
        token = headers.get(HEADER.lower().encode())
        if token is None:
            return self._stranger_bytes_max
        try:
            verify(self._secret, token.decode("latin-1"), self._audience)
        except NotSignedIn:
            return self._stranger_bytes_max
        return SIGNED_BYTES_MAX


def _declared(headers: dict[bytes, bytes]) -> int:
    """The size that is told, or `UNTOLD`."""
    if b"transfer-encoding" in headers:
        return UNTOLD
    told = headers.get(b"content-length", b"0")
    return min(int(told), UNTOLD - 1) if told.isdigit() else UNTOLD


def _refusal(limit: int) -> ASGIApp:
    return problem(413, "body_too_large", f"The request's body is larger than {limit:,} bytes.")
