"""What can be asked of the read models of resolution."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.resolution.domain.rejections import TicketNotClosed, TicketNotFound
from shared.sql import load_queries

QUERIES = load_queries(__file__)

Row = dict[str, Any]


async def work_of(pool: "asyncpg.Pool[Any]", ticket_id: UUID) -> Row:
    """Where the work on a ticket stands. Raises `TicketNotFound`."""
    row = await pool.fetchrow(QUERIES.work_of, ticket_id)
    if row is None:
        raise TicketNotFound
    return dict(row)


async def quiet(
    pool: "asyncpg.Pool[Any]", since: datetime, agent_id: str | None, limit: int
) -> list[Row]:
    """Open tickets whose customer has heard nothing since then, the longest first."""
    return [dict(row) for row in await pool.fetch(QUERIES.quiet, since, agent_id, limit)]


async def closing_of(pool: "asyncpg.Pool[Any]", ticket_id: UUID) -> Row:
    """How a ticket ended. Raises `TicketNotClosed`."""
    row = await pool.fetchrow(QUERIES.closing_of, ticket_id)
    if row is None:
        raise TicketNotClosed
    return dict(row)


async def closings(pool: "asyncpg.Pool[Any]", before: datetime, limit: int) -> list[Row]:
    """How tickets ended, the latest first."""
    return [dict(row) for row in await pool.fetch(QUERIES.closings, before, limit)]
