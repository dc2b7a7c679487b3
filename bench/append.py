"""Appending to the log by group commit, beside single-row inserts by as many clients."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from bench.row import Row
from shared.clock import monotonic_seconds
from shared.ids import uuid7
from shared.log import Batch, Log, NewEvent
from shared.postgres import Pool, open_pool
from shared.testing.infra import TestServers
from shared.testing.spec import T0

CALLERS = 32
EACH = 60
BODY = '{"started_by":"agent:anna","started_at":"2026-03-02T09:00:00Z","pad":"' + "x" * 250 + '"}'


@asynccontextmanager
async def rows(servers: TestServers) -> AsyncIterator[Sequence[Row]]:
    """One event each: the wheel has no pgbench, so asyncpg inserts, as our own client does."""
    database = await servers.database("resolution")
    pool = await open_pool(database.url, CALLERS, "bench")
    owner = await open_pool(database.owner_url, CALLERS, "bench")
    await owner.execute("create table floor (id uuid primary key, data json not null)")
    log = Log(pool, "resolution")

    async def append_all() -> float:
        return await per_second(lambda: append_one(log))

    async def insert_all() -> float:
        return await per_second(lambda: insert_one(owner))

    floor = f"one INSERT a transaction, {CALLERS} connections"
    yield [Row(f"append, {CALLERS} callers", floor, append_all, insert_all, 0.6)]
    await pool.close()
    await owner.close()


async def per_second(once: Callable[[], Awaitable[object]]) -> float:
    """How often a second, by `CALLERS` at once."""

    async def caller() -> None:
        for _ in range(EACH):
            await once()

    begun = monotonic_seconds()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return CALLERS * EACH / (monotonic_seconds() - begun)


async def append_one(log: Log) -> None:
    await log.append(Batch(events=[event(uuid7())]))


async def insert_one(pool: Pool) -> None:
    await pool.execute("insert into floor values ($1, $2)", uuid7(), BODY)


def event(subject: UUID, version: int = 1, previous: UUID | None = None) -> NewEvent:
    """A small event, the first of its stream unless told otherwise."""
    event_id = uuid7()
    return NewEvent(
        subject=subject,
        author="resolution",
        version=version,
        id=event_id,
        previous=previous,
        topic="tickets",
        type="WorkStarted",
        after="",
        correlation=event_id,
        actor="agent:anna",
        occurred_at=T0,
        data=BODY,
    )
