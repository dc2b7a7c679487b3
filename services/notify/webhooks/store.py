"""Deliveries and their tries, and the breaker of each endpoint.

A delivery is claimed by compare-and-swap for the time of a lease, so that two senders never
have the same one. A crash between posting and writing that down posts it again, under the
same `webhook-id`: receivers see that it is the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.postgres import Pool
from shared.sql import load_queries

QUERIES: Final = load_queries(__file__)

CLAIMED_PER_ENDPOINT: Final = 8
"""Deliveries of one endpoint that a sender takes at once."""


@dataclass(frozen=True)
class Claimed:
    """A delivery in hand."""

    id: UUID
    webhook_id: UUID
    event_id: UUID
    ticket_id: UUID
    type: str
    tries: int
    """Those before this one."""
    url: str
    generation: int
    rotated_at: datetime | None
    probe: bool
    """Its endpoint's breaker is open: this one finds out whether it is well again."""


@dataclass(frozen=True)
class Breaker:
    """When an endpoint is left alone, and for how long."""

    failures: int = 5
    """So many in a row."""
    seconds: float = 60.0
    """The first time; it doubles each time it fails again."""
    seconds_max: float = 3600.0


class Store:
    """What stands in `callouts`, as one sender sees it."""

    def __init__(self, pool: Pool, holder: UUID, breaker: Breaker) -> None:
        self._pool = pool
        self._holder = holder
        self._breaker = breaker

    async def claim(
        self, lease_seconds: float, only: UUID | None = None, but: Collection[UUID] = ()
    ) -> list[Claimed]:
        """Take what is due, a few of each endpoint; of one alone, or of all but some."""
        rows = await self._pool.fetch(
            QUERIES.claim, self._holder, lease_seconds, CLAIMED_PER_ENDPOINT, only, list(but)
        )
        return [Claimed(**row) for row in rows]

    async def note(
        self, one: Claimed, at: datetime, status: int | None, trouble: str, duration_ms: int
    ) -> None:
        """Put a try on record."""
        await self._pool.execute(QUERIES.note_try, one.id, at, status, trouble, duration_ms)

    async def delivered(self, one: Claimed, at: datetime) -> None:
        """The endpoint took it, and is well."""
        await self._pool.execute(QUERIES.settle, one.id, self._holder, "delivered", at)
        await self._pool.execute(QUERIES.endpoint_well, one.webhook_id)

    async def failed(self, one: Claimed, at: datetime) -> None:
        """All its tries are used up."""
        await self._pool.execute(QUERIES.settle, one.id, self._holder, "failed", at)
        await self._ill(one)

    async def put_off(self, one: Claimed, until: datetime) -> None:
        """To be posted again."""
        await self._pool.execute(QUERIES.put_off, one.id, self._holder, until)
        await self._ill(one)

    async def release(self) -> None:
        """Give back what this sender still has."""
        await self._pool.execute(QUERIES.release, self._holder)

    async def forget(self, before: datetime) -> None:
        """Forget what was settled before an instant."""
        await self._pool.execute(QUERIES.forget, before)

    async def _ill(self, one: Claimed) -> None:
        its = self._breaker
        await self._pool.execute(
            QUERIES.endpoint_ill, one.webhook_id, its.failures, its.seconds, its.seconds_max
        )


async def endpoints(pool: Pool, webhook_id: UUID | None = None) -> list[dict[str, Any]]:
    """Every webhook there is, or one."""
    return [dict(row) for row in await pool.fetch(QUERIES.endpoints, webhook_id)]


async def deliveries(
    pool: Pool, webhook_id: UUID, state: str | None, before: tuple[int, UUID], limit: int
) -> Sequence[dict[str, Any]]:
    """Deliveries of a webhook, the newest event first."""
    rows = await pool.fetch(QUERIES.deliveries, webhook_id, state, *before, limit)
    return [dict(row) for row in rows]
