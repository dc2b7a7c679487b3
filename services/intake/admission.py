"""How much is taken at once: intake says "come back" before it is overrun."""

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


@dataclass
class Admission:
    """The submissions being taken, by number and by size."""

    requests_max: int
    bytes_max: int
    requests: int = 0
    size_bytes: int = 0

    @contextmanager
    def place(self) -> Iterator["Place"]:
        """A place for one submission. Raises `TooBusy` when none is left."""
        if self.requests >= self.requests_max:
            raise TooBusy
        self.requests += 1
        place = Place(self)
        try:
            yield place
        finally:
            self.requests -= 1
            self.size_bytes -= place.size_bytes


@dataclass
class Place:
    """One submission being taken."""

    admission: Admission
    size_bytes: int = 0

    async def read(self, request: Request, limit: int) -> bytes:
        """The request's body. Raises `TooLarge` or `TooBusy`, before it is all in memory."""
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
