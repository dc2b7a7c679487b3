"""What agents have typed and not sent yet: kept on the server, so that it survives.

A draft belongs to one agent, ticket and form. It is no fact, so it stands in no log; it goes
when it is sent, when its ticket's people are forgotten, and after some time by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.gateway.finders import SQL
from shared.postgres import Pool
from shared.privacy.eraser import Forget, Forgotten
from shared.service import Runtime

KEPT_FOR: Final = timedelta(days=30)
LENGTH_MAX: Final = 60_000
"""Characters of a field; what is longer is cut."""

FIELDS_MAX: Final = 20
LISTED_MAX: Final = 50

_NOT_TYPED: Final = frozenset({"form_token", "seen", "key", "files"})
"""Fields that the page itself has filled in."""


@dataclass(frozen=True)
class Draft:
    """What stands in a form that was not sent."""

    form: str
    typed: dict[str, str]
    saved_at: datetime


class Drafts:
    """The table of drafts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(
        self, agent_id: str, ticket_id: UUID, form: str, typed: Mapping[str, str], now: datetime
    ) -> bool:
        """Keep what was typed; False if that is nothing, which drops the draft."""
        kept = _typed(typed)
        if not any(text.strip() for text in kept.values()):
            await self.drop(agent_id, ticket_id, form)
            return False
        await self._pool.execute(SQL.drop_old_drafts, now - KEPT_FOR)
        await self._pool.execute(SQL.keep_draft, agent_id, ticket_id, form, kept, now)
        return True

    async def drop(self, agent_id: str, ticket_id: UUID, form: str) -> None:
        """It was sent, or is not wanted any more."""
        await self._pool.execute(SQL.drop_draft, agent_id, ticket_id, form)

    async def of(self, agent_id: str, ticket_id: UUID) -> dict[str, Draft]:
        """The agent's drafts on a ticket, by form."""
        rows = await self._pool.fetch(SQL.drafts_of, agent_id, ticket_id)
        return {row["form"]: Draft(row["form"], row["typed"], row["saved_at"]) for row in rows}

    async def tickets(self, agent_id: str) -> list[UUID]:
        """Tickets on which the agent has drafts, the latest first."""
        rows = await self._pool.fetch(SQL.draft_tickets, agent_id, LISTED_MAX)
        return [row["ticket_id"] for row in rows]


def forget_drafts(runtime: Runtime) -> Forget:
    """Delete what agents have typed to people who are being forgotten."""

    async def forget(forgotten: Forgotten) -> bool:
        await runtime.pool.execute(SQL.forget_drafts, list(forgotten.subjects))
        return True

    return forget


def _typed(fields: Mapping[str, Any]) -> dict[str, str]:
    kept = [(n, t) for n, t in fields.items() if n not in _NOT_TYPED and isinstance(t, str)]
    return {name[:60]: text.replace("\x00", "")[:LENGTH_MAX] for name, text in kept[:FIELDS_MAX]}
