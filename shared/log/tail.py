"""The newest events of a log, read and decoded once for all followers of a process.

Whoever follows closely is served from memory; whoever is further behind reads for itself.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable

from shared.log.records import Recorded

EVENTS_MAX = 500
CHARACTERS_MAX = 250_000
"""What is held at most, but for the page that was read last. Decoded, it takes some ten times
as much memory."""

Read = Callable[[int, int], Awaitable[list[Recorded]]]


class Tail:
    """All events between two positions of the log, the second of which moves on."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._reading = asyncio.Lock()
        self._start = self._end = 0
        self._events: list[Recorded] = []
        self._positions: list[int] = []
        self._characters = 0
        self._forgotten = 0
        """How often it had to forget: what was being read meanwhile is not to be held."""

    async def page(self, after: int, limit: int) -> list[Recorded]:
        """At most `limit` events behind the position `after`, in order."""
        if after < self._start:
            return await self._read(after, limit)
        async with self._reading:
            while after >= self._end:
                forgotten = self._forgotten
                page = await self._read(after, limit)
                if forgotten == self._forgotten:
                    self._take(after, page)
                    break
        if after < self._start:
            return await self._read(after, limit)
        first = bisect_right(self._positions, after)
        return self._events[first : first + limit]

    def forget(self) -> None:
        """Hold nothing any more, e.g. because somebody is to be forgotten."""
        self._forgotten += 1
        self._clear()

    def _clear(self) -> None:
        self._start = self._end
        self._events, self._positions, self._characters = [], [], 0

    def _take(self, after: int, page: list[Recorded]) -> None:
        if after > self._end:
            self._end = after
            self._clear()
        if not page:
            return
        if len(self._events) + len(page) > EVENTS_MAX or self._characters > CHARACTERS_MAX:
            self._clear()
        self._events += page
        self._positions += [event.position for event in page]
        self._characters += sum(len(event.data) for event in page)
        self._end = page[-1].position
