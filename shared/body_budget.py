"""How much of what is sent is kept in memory at once: beyond it, intake says "come back".

How many are answered at once is bounded for all of the service: shared/admission.py.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.requests import Request

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
class Admission:
    """The submissions being taken, by size: of one that is arriving, what is here counts."""

    bytes_max: int
    size_bytes: int = 0

    @contextmanager
    def body(self) -> Iterator["Body"]:
        """The body of one submission, whose bytes count until the end."""
        body = Body(self)
        try:
            yield body
        finally:
            self.size_bytes -= body.size_bytes


@dataclass
class Body:
    """One body, arriving or being taken."""

    admission: Admission
    size_bytes: int = 0

    async def read(self, request: Request, limit: int, seconds_max: float) -> bytes:
        """The request's body, if it is here in time.

        Raises `TooLarge` or `TooBusy`, before it is all in memory, or `TooSlow`.
        """
        try:
            async with asyncio.timeout(seconds_max):
                return await self._read(request, limit)
        except TimeoutError as error:
            raise TooSlow(seconds=seconds_max) from error

    async def _read(self, request: Request, limit: int) -> bytes:
        declared = request.headers.get("content-length", "")
        if declared.isdecimal():
            self._may_hold(int(declared), limit)
        chunks = []
        async for chunk in request.stream():
            self._may_hold(self.size_bytes + len(chunk), limit)
            self.size_bytes += len(chunk)
            self.admission.size_bytes += len(chunk)
            chunks.append(chunk)
        return b"".join(chunks)

    def _may_hold(self, size_bytes: int, limit: int) -> None:
        if size_bytes > limit:
            raise TooLarge(limit=f"{limit:,}")
        others = self.admission.size_bytes - self.size_bytes
        if others + size_bytes > self.admission.bytes_max:
            raise TooBusy
