"""Appending to the log by group commit, beside single-row inserts by as many clients."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from shared.clock import monotonic_seconds
from shared.ids import uuid7
from shared.log import Batch, Log, NewEvent
from shared.postgres import Pool, open_pool
from shared.testing.infra import TestServers
from shared.testing.spec import T0

CALLERS = 32
EACH = 60
BODY = '{"started_by":"agent:anna","started_at":"2026-03-02T09:00:00Z","pad":"' + "x" * 250 + '"}'

Measure = Callable[[], Awaitable[float]]


@asynccontextmanager
async def rows(
    servers: TestServers,
) -> AsyncIterator[list[tuple[str, str, tuple[Measure, Measure]]]]:
    """The rows of this bench: name, name of the floor, and the two to measure."""
    database = await servers.database("resolution")
    pool = await open_pool(database.url, CALLERS, "bench")
    owner = await open_pool(database.owner_url, CALLERS, "bench")
    await owner.execute("create table floor (id uuid primary key, data json not null)")
    log = Log(pool, "resolution")

    async def append_all() -> float:
        return await per_second(lambda: append_one(log))

    async def insert_all() -> float:
        return await per_second(lambda: insert_one(owner))

    name = f"append, {CALLERS} callers, one event each"
    yield [(name, "one INSERT a transaction, as many clients", (append_all, insert_all))]
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


def event(subject: UUID) -> NewEvent:
    """A small event that begins a stream."""
    event_id = uuid7()
    return NewEvent(
        subject=subject,
        author="resolution",
        version=1,
        id=event_id,
        topic="tickets",
        type="WorkStarted",
        after="intake=4,sla=3",
        correlation=event_id,
        actor="agent:anna",
        occurred_at=T0,
        data=BODY,
    )
