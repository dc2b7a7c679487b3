"""Who looked at what, put on record in the background: once per agent, ticket and minute."""

import asyncio
from collections import OrderedDict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from services.gateway.domain import DECIDER, ViewTicket
from shared.errors import LedgerdeskError
from shared.service import Runtime

log = structlog.get_logger()

FLUSH_INTERVAL_SECONDS: Final = 1.0
KNOWN_MAX: Final = 20_000
"""Looks remembered, so that a page that refreshes itself is one look a minute."""

View = tuple[str, UUID, str]
"""Agent, ticket, minute."""


class Views:
    """Takes looks at tickets, and says TicketViewed later, off everybody's way."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._known: OrderedDict[View, None] = OrderedDict()
        self._pending: dict[View, datetime] = {}

    def note(self, agent_id: str, ticket_id: UUID) -> None:
        """The agent, or who else it is as an actor, looks at the ticket now."""
        now = self._runtime.clock()
        view = (agent_id, ticket_id, now.strftime("%Y-%m-%dT%H:%M"))
        if view in self._known:
            return
        self._known[view] = None
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
        self._pending[view] = now

    async def run(self) -> None:
        """Say what was noted, every second, and once more when told to stop."""
        try:
            while True:
                await asyncio.sleep(FLUSH_INTERVAL_SECONDS)
                await self.flush()
        finally:
            await self.flush()

    async def flush(self) -> None:
        """Say everything that was noted; what fails is noted again."""
        pending, self._pending = self._pending, {}
        for view, at in pending.items():
            try:
                await self._say(view, at)
            except LedgerdeskError as error:
                log.warning("view_not_recorded", error=type(error).__name__)
                self._pending.setdefault(view, at)

    async def _say(self, view: View, at: datetime) -> None:
        agent_id, ticket_id, minute = view
        context: dict[str, Any] = {"derive_from": ("viewed", agent_id, ticket_id, minute)}
        await self._runtime.handle(
            DECIDER,
            ticket_id,
            ViewTicket(viewed_by=agent_id, now=at),
            actor=agent_id if ":" in agent_id else f"agent:{agent_id}",
            **context,
        )
