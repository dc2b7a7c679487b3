"""What the gateway's routes share: readers, owners, sessions, and the record of looks."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.gateway.auth import Sessions, identity_of
from services.gateway.drafts import Drafts
from services.gateway.finders import Finders
from services.gateway.limiting import SignInLimit
from services.gateway.owners import Answer, Owners
from services.gateway.past import PastTicket, stood
from services.gateway.projection import DeskView
from services.gateway.rows import AgentRow, TicketRow
from services.gateway.settings import Settings
from services.gateway.views import Views
from shared.log.vector import Vector
from shared.service import Runtime


@dataclass(frozen=True)
class Gateway:
    """Built once, in `app.py`."""

    runtime: Runtime
    settings: Settings
    finders: Finders
    owners: Owners
    sessions: Sessions
    views: Views
    limit: SignInLimit
    drafts: Drafts

    @classmethod
    def of(cls, runtime: Runtime, owners: Owners | None = None) -> "Gateway":
        """The gateway of a running service."""
        settings = runtime.settings
        assert isinstance(settings, Settings)
        return cls(
            runtime=runtime,
            settings=settings,
            finders=Finders(runtime.pool),
            owners=owners or Owners(settings, runtime.clock),
            sessions=Sessions(settings.identity_secret, timedelta(hours=settings.session_hours)),
            views=Views(runtime),
            limit=SignInLimit(),
            drafts=Drafts(runtime.pool),
        )

    async def look(self, ticket: str, me: AgentRow, after: Vector | None = None) -> TicketRow:
        """The ticket, no older than `after`; that `me` looked at it goes on record."""
        row = await self.find(ticket, after)
        self.views.note(me.agent_id, row.subject)
        return row

    async def find(self, ticket: str, after: Vector | None = None) -> TicketRow:
        """The ticket, no older than `after`. Raises `NotFound`, `NotYet`, `TicketParked`."""
        ticket_id = await self.finders.ticket_id(ticket)
        await self.wait(ticket_id, after)
        return await self.finders.ticket(ticket_id)

    async def look_back(self, ticket: str, me: AgentRow, as_of: datetime) -> PastTicket:
        """The ticket as it stood then; that `me` looked at it goes on record."""
        past = await stood(self.runtime.log, await self.finders.ticket_id(ticket), as_of)
        self.views.note(me.agent_id, past.row.subject)
        messages = await self.finders.named_messages(past.messages)
        timeline = await self.finders.named_timeline(past.timeline)
        return replace(past, messages=messages, timeline=timeline)

    async def wait(self, ticket_id: UUID, after: Vector | None) -> None:
        """Wait until the read model knows what the caller has seen."""
        if after is not None:
            await self.runtime.wait_for(ticket_id, after, projection=DeskView.name)

    async def send(self, me: AgentRow, owner: str, method: str, path: str, **more: Any) -> Answer:
        """Send a request to an owner as `me`."""
        return await self.owners.send(owner, method, path, identity_of(me), **more)
