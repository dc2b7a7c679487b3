"""How much of what is sent is kept in memory at once: beyond it, a service says "come back".

How many are answered at once is bounded for all of a service: shared/admission.py.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Message

from shared.errors import Rejected


class TooBusy(Rejected):
    """Too much is coming in just now: try again in a moment."""

    http_status = 429


class TooLarge(Rejected):
    """A submission may have at most {limit} bytes."""

    http_status = 413


class TooSlow(Rejected):
    """The submission did not arrive within {seconds:g} seconds: please send it again."""

    http_status = 408


@dataclass
class BodyBudget:
    """The bodies being taken, by size: of one that is arriving, what is here counts."""

    bytes_max: int
    size_bytes: int = 0

    @contextmanager
    def body(self) -> Iterator["Body"]:
        """The body of one request, whose bytes count until the end."""
        body = Body(self)
        try:
            yield body
        finally:
            self.size_bytes -= body.size_bytes


@dataclass
class Body:
    """One body, arriving or being taken."""

    budget: BodyBudget
    size_bytes: int = 0

    async def read(self, request: Request, limit: int, seconds_max: float) -> bytes:
        """The request's body, if it is here in time.

        Raises `TooLarge` or `TooBusy`, before it is all in memory, or `TooSlow`.
        """
        async with self.arriving(request, limit, seconds_max) as counted:
            return await counted.body()

    @asynccontextmanager
    async def arriving(
        self, request: Request, limit: int, seconds_max: float
    ) -> AsyncIterator[Request]:
        """The request, to be read by whoever understands its form; raises as `read` does."""
        declared = request.headers.get("content-length", "")
        if declared.isdecimal():
            self._may_hold(int(declared), limit)

        async def counted() -> Message:
            message = await request.receive()
            size_bytes = len(message.get("body", b""))
            self._may_hold(self.size_bytes + size_bytes, limit)
            self.size_bytes += size_bytes
            self.budget.size_bytes += size_bytes
            return message

        try:
            async with asyncio.timeout(seconds_max):
                yield Request(request.scope, counted)
        except TimeoutError as error:
            raise TooSlow(seconds=seconds_max) from error

    def _may_hold(self, size_bytes: int, limit: int) -> None:
        if size_bytes > limit:
            raise TooLarge(limit=f"{limit:,}")
        others = self.budget.size_bytes - self.size_bytes
        if others + size_bytes > self.budget.bytes_max:
            raise TooBusy
