"""One look at the desk for everybody: how each ticket stands, page by page."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from cli.demo.agents import Agents
from shared.clock import monotonic_seconds

LOOK_SECONDS: Final = 0.6
PAGES_MAX: Final = 3

Json = dict[str, Any]

OPEN: Final = {"queue": "all", "limit": 200}
"""Looked at each time: whoever is new stands here."""

LATER: Final = (
    {"queue": "resolved", "limit": 100},
    {"queue": "closed", "limit": 50},
    {"queue": "closed", "status": "Archived", "limit": 50},
)
"""Looked at in turn, as long as somebody waits for a ticket that was not found so far."""


class NeverHappened(Exception):
    """What was waited for did not happen in time."""


@dataclass
class Watch:
    """What the gateway shows of all tickets, looked at again and again."""

    agents: Agents
    seen: dict[str, Json] = field(default_factory=dict)
    """Tickets by their numbers."""
    by_email: dict[str, list[str]] = field(default_factory=dict)
    """The tickets of each requester, in the order in which they were seen."""
    _awaited: Counter[str] = field(default_factory=Counter)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once: at all that is open, and at the rest as far as somebody waits for it."""
        found = await self._look(OPEN, frozenset())
        for queue in LATER:
            missing = frozenset(+self._awaited) - found
            if not missing:
                break
            found |= await self._look(queue, missing)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def until(
        self, number: str, what: str, holds: Callable[[Json], bool], timeout: float = 90.0
    ) -> Json:
        """The ticket, as soon as something holds. Raises `NeverHappened`."""
        give_up_at = monotonic_seconds() + timeout
        with self._awaiting(number):
            while True:
                ticket = self.seen.get(number)
                if ticket is not None and holds(ticket):
                    return ticket
                if monotonic_seconds() > give_up_at:
                    status = ticket["status"] if ticket else "not shown"
                    raise NeverHappened(f"{number} never was {what}; it is {status}")
                await self._next()

    async def look_at(self, number: str) -> None:
        """Wait until the ticket was looked at once more."""
        with self._awaiting(number):
            await self._next()

    async def number_of(self, email: str, beside: str = "", timeout: float = 60.0) -> str:
        """The number of a requester's first ticket that is not `beside`."""
        give_up_at = monotonic_seconds() + timeout
        while True:
            for number in self.by_email.get(email, ()):
                if number != beside:
                    return number
            if monotonic_seconds() > give_up_at:
                raise NeverHappened(f"no ticket of {email} is shown")
            await self._next()

    @contextmanager
    def _awaiting(self, number: str) -> Iterator[None]:
        self._awaited[number] += 1
        try:
            yield
        finally:
            self._awaited[number] -= 1

    async def _next(self) -> None:
        changed = self._changed
        try:
            async with asyncio.timeout(LOOK_SECONDS * 5):
                await changed.wait()
        except TimeoutError:
            return

    async def _look(self, queue: Json, wanted: frozenset[str]) -> frozenset[str]:
        """Look at some pages, no further than what is wanted; what was found there."""
        cursor: dict[str, str] = {}
        found: set[str] = set()
        for _ in range(PAGES_MAX):
            page = await self.agents.get(self.agents.manager, "/tickets", **queue, **cursor)
            for ticket in page["tickets"]:
                found.add(ticket["number"])
                self.note(ticket)
            if page["next"] is None or (wanted and wanted <= found):
                break
            cursor = {"cursor": page["next"]}
        return frozenset(found)

    def note(self, ticket: Json) -> None:
        """Take a ticket as it stands, unless it is older than what is known."""
        known = self.seen.get(ticket["number"])
        if known is None or known["updated_at"] <= ticket["updated_at"]:
            self.seen[ticket["number"]] = ticket
        numbers = self.by_email.setdefault(ticket["requester"]["email"], [])
        if ticket["number"] not in numbers:
            numbers.append(ticket["number"])
