"""One look at the desk for everybody: how each ticket stands, page by page."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from cli.demo.agents import Agents
from shared.clock import monotonic_seconds

LOOK_SECONDS: Final = 0.8
PAGE: Final = 200

Json = dict[str, Any]


class NeverHappened(Exception):
    """What was waited for did not happen in time."""


@dataclass
class Watch:
    """What the gateway shows of all tickets, looked at again and again."""

    agents: Agents
    seen: dict[str, Json] = field(default_factory=dict)
    """Tickets by their numbers."""
    by_email: dict[str, str] = field(default_factory=dict)
    """The first ticket of each requester."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            for queue in ("all", "resolved", "closed"):
                await self._look(queue, pages=3 if queue != "closed" else 1)
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()
            await asyncio.sleep(LOOK_SECONDS)

    async def until(
        self, number: str, what: str, holds: Callable[[Json], bool], timeout: float = 90.0
    ) -> Json:
        """The ticket, as soon as something holds. Raises `NeverHappened`."""
        give_up_at = monotonic_seconds() + timeout
        while True:
            ticket = self.seen.get(number)
            if ticket is not None and holds(ticket):
                return ticket
            if monotonic_seconds() > give_up_at:
                status = ticket["status"] if ticket else "not shown"
                raise NeverHappened(f"{number} never was {what}; it is {status}")
            await self._next()

    async def number_of(self, email: str, timeout: float = 60.0) -> str:
        """The number of a requester's first ticket."""
        give_up_at = monotonic_seconds() + timeout
        while email not in self.by_email:
            if monotonic_seconds() > give_up_at:
                raise NeverHappened(f"no ticket of {email} is shown")
            await self._next()
        return self.by_email[email]

    async def _next(self) -> None:
        changed = self._changed
        try:
            async with asyncio.timeout(LOOK_SECONDS * 5):
                await changed.wait()
        except TimeoutError:
            return

    async def _look(self, queue: str, pages: int) -> None:
        cursor: dict[str, str] = {}
        for _ in range(pages):
            page = await self.agents.get(
                self.agents.manager, "/tickets", queue=queue, limit=PAGE, **cursor
            )
            for ticket in page["tickets"]:
                self.note(ticket)
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def note(self, ticket: Json) -> None:
        """Take a ticket as it stands, unless it is older than what is known."""
        known = self.seen.get(ticket["number"])
        if known is None or known["updated_at"] <= ticket["updated_at"]:
            self.seen[ticket["number"]] = ticket
        self.by_email.setdefault(ticket["requester"]["email"], ticket["number"])
