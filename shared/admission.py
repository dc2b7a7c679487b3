"""How much a service takes at once: it says "come back" before it is overrun.

A request has a place from when all of it is here until its answer begins. So one whose body
dribbles in, or whose answer is a stream that is read for hours, holds none; and everybody
for whom there is no place is told 429 at once, before any work is done for them.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.clock import monotonic_seconds
from shared.web import problem

RETRY_AFTER_SECONDS: Final = 1
SHRINK: Final = 0.8
"""What is left of the bound when answers have become too slow."""

VISIT: Final = "ledgerdesk.visit"
"""Under which name of the scope the request's place is found."""

OPERATIONS: Final = ("/health/", "/metrics", "/v1/followers", "/v1/parked")
"""What an operator asks of an overloaded service is answered all the same."""


@dataclass
class Limit:
    """How many requests may have a place at once.

    With a target it is found by measuring: one more is let in for every round of quick
    answers, a fifth fewer when answers take longer than the target (additive increase,
    multiplicative decrease, as TCP does). So the time that is spent waiting in line is
    bounded, however slow the disk has become.
    """

    most: int
    target_seconds: float | None = None
    """None: the limit stays as it is."""
    least: int = 4
    taken: int = 0
    current: float = field(init=False)
    _shrunk_at_seconds: float = field(default=-1e9, init=False)

    def __post_init__(self) -> None:
        self.current = float(self.most)

    @property
    def full(self) -> bool:
        return self.taken >= int(self.current)

    def enter(self) -> bool:
        """Take a place; False when there is none."""
        if self.full:
            return False
        self.taken += 1
        return True

    def leave(self) -> None:
        """Give the place back."""
        self.taken -= 1

    def measured(self, took_seconds: float, now_seconds: float) -> None:
        """An answer took so long: at most once in that time does the limit shrink."""
        if self.target_seconds is None:
            return
        if took_seconds <= self.target_seconds:
            self.current = min(self.current + 1 / self.current, float(self.most))
        elif now_seconds - self._shrunk_at_seconds >= took_seconds:
            self._shrunk_at_seconds = now_seconds
            self.current = max(self.current * SHRINK, float(min(self.least, self.most)))


def too_busy() -> ASGIApp:
    """The usual answer to whom there is no place for."""
    detail = "Too much is coming in just now: please try again in a moment."
    return problem(429, "too_busy", detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


class Admission:
    """ASGI middleware that gives each request a place, or an answer that says to come back.

    Only answers on `measured_paths` are measured: others may wait on purpose.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: Limit,
        measured_paths: Collection[str] = (),
        busy: Callable[[], ASGIApp] = too_busy,
    ) -> None:
        self._app = app
        self._limit = limit
        self._measured_paths = measured_paths
        self._busy = busy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, if there is a place for it."""
        if scope["type"] != "http" or scope["path"].startswith(OPERATIONS):
            await self._app(scope, receive, send)
        elif self._limit.full:
            await self._busy()(scope, receive, send)
        else:
            measured = scope["path"] in self._measured_paths
            visit = _Visit(self._limit, receive, send, measured=measured)
            try:
                if not _has_body(scope):
                    visit.enter()
                scope[VISIT] = visit  # no copy: who watches from outside reads the route of it
                await self._app(scope, visit.receive, visit.send)
            except _NoPlace:
                await self._busy()(scope, receive, send)
            finally:
                visit.leave()


def leave_place(request: Request) -> None:
    """Give the request's place back before its answer: it only waits from here on."""
    visit = request.scope.get(VISIT)
    if visit is not None:
        visit.done()


class _NoPlace(BaseException):
    """The request is all here, and there is no place for it any more.

    No `Exception`, so that nobody on its way takes it for a mistake of the caller's.
    """


class _Visit:
    """One request on its way through."""

    def __init__(self, limit: Limit, receive: Receive, send: Send, *, measured: bool) -> None:
        self._limit = limit
        self._receive = receive
        self._send = send
        self._measured = measured
        self._entered_seconds: float | None = None
        self._answered = False

    def enter(self) -> None:
        if not self._limit.enter():
            raise _NoPlace
        self._entered_seconds = monotonic_seconds()

    def leave(self) -> None:
        if self._entered_seconds is None:
            return
        entered, self._entered_seconds = self._entered_seconds, None
        self._limit.leave()
        if self._measured:
            now = monotonic_seconds()
            self._limit.measured(now - entered, now)

    def done(self) -> None:
        """Leave for good."""
        self._answered = True
        self.leave()

    async def receive(self) -> Message:
        """The body, as it comes; once it is whole the request needs a place."""
        message = await self._receive()
        whole = message["type"] == "http.request" and not message.get("more_body", False)
        if whole and self._entered_seconds is None and not self._answered:
            self.enter()
        return message

    async def send(self, message: Message) -> None:
        """The answer; once it begins, the place is somebody else's."""
        if message["type"] == "http.response.start":
            self.done()
        await self._send(message)


def _has_body(scope: Scope) -> bool:
    headers = {name for name, _ in scope["headers"]}
    return b"content-length" in headers or b"transfer-encoding" in headers
