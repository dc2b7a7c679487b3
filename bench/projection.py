"""Read models: kept up to date, and rebuilt beside the live one, against reading and decoding.

Twenty events a ticket, as a ticket's life brings them, put into the log by COPY. `EVENTS` says
how many in all.
"""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.row import Row
from services.assignment.projection import Queues
from shared.clock import monotonic_seconds
from shared.events import event_type
from shared.followers.projection import ProjectionFollower
from shared.followers.rebuild import Build, connect
from shared.ids import uuid7
from shared.log import Log
from shared.postgres import Connection, open_pool
from shared.testing.infra import TestServers
from shared.testing.spec import T0

EVENTS = int(os.environ.get("EVENTS") or 1_000_000)
LIVE_EVENTS = min(EVENTS, 100_000)
PAGE = 5_000
RUNS = 3

LIFE = (
    "TicketOpened", "TicketVerified", "TicketCategorised", "TicketPrioritised", "AgentAssigned",
    "SlaPlanApplied", "ClockStarted", "ClockStarted", "NotificationRequested",
    "NotificationSent", "WorkStarted", "AgentReplied", "TargetMet", "CustomerMessageReceived",
    "AgentReplied", "ProgressReported", "TicketResolved", "ResolutionConfirmed", "TicketClosed",
    "FollowUpRequested",
)  # fmt: skip
GOLDEN = Path(__file__).parents[1] / "tests" / "contract" / "golden"

COLUMNS = [
    "subject", "author", "version", "id", "previous", "said", "topic", "type", "after",
    "revision", "correlation", "causation", "actor", "occurred_at", "traceparent", "data",
]  # fmt: skip


@asynccontextmanager
async def rows(servers: TestServers) -> AsyncIterator[Sequence[Row]]:
    """Of assignment's `queues`: live in pages of the follower's size, rebuilt in all."""
    database = await servers.database("assignment")
    owner = await asyncpg.connect(database.owner_url)
    await fill(owner, EVENTS)
    await owner.close()
    pool = await open_pool(database.url, 4, "bench")
    log = Log(pool, "assignment")
    follower = ProjectionFollower(log, Queues(), "bench")
    await follower.create(born=0)
    generations = count(2)

    async def live() -> float:
        await pool.execute("delete from queues.tickets")
        await pool.execute("update ledger.cursors set position = 0 where name = 'queues'")
        follower._lease_renewed, follower.leading = 0.0, False
        assert await follower._lead()
        begun = monotonic_seconds()
        while follower.position < LIVE_EVENTS and await follower.step():
            pass
        return follower.position / (monotonic_seconds() - begun)

    async def rebuild() -> float:
        while await follower.step():
            pass
        await follower.store()
        connection = await connect(database.url)
        build = Build(log, Queues(), next(generations), connection)
        begun = monotonic_seconds()
        await build.run()
        seconds = monotonic_seconds() - begun
        assert build.progress.phase == "live", build.progress
        await connection.close()
        return EVENTS / seconds

    async def read_all() -> float:
        return await read_and_decode(log, EVENTS)

    async def read_some() -> float:
        return await read_and_decode(log, LIVE_EVENTS)

    floor = "reading and decoding"
    yield [
        Row(f"projection, live, {LIVE_EVENTS:,} events", floor, live, read_some, 0.3, RUNS),
        Row(f"projection, rebuilt, {EVENTS:,} events", floor, rebuild, read_all, 0.5, RUNS),
    ]
    await pool.close()


async def fill(owner: Connection, events: int) -> None:
    """Tickets of twenty events each, some tickets at a time under way."""
    types = [(name, event_type(name), (GOLDEN / f"{name}.1.json").read_text()) for name in LIFE]
    at_once = PAGE // len(LIFE) * 4
    for start in range(0, events // len(LIFE), at_once):
        batch: list[tuple[object, ...]] = []
        tickets = [(uuid7(), start + n) for n in range(at_once)]
        latest: dict[tuple[UUID, str], tuple[int, UUID | None]] = {}
        for place, (name, cls, text) in enumerate(types):
            assert cls is not None
            for ticket, number in tickets[: max(0, events // len(LIFE) - start)]:
                version, previous = latest.get((ticket, cls.author), (0, None))
                event_id = uuid7()
                latest[ticket, cls.author] = (version + 1, event_id)
                data = text.replace("LD-", f"LD{number}-") if name == "TicketOpened" else text
                at = T0 + timedelta(seconds=place)
                batch.append(
                    (
                        ticket,
                        cls.author,
                        version + 1,
                        event_id,
                        previous,
                        cls.author == "assignment",
                        "tickets",
                        name,
                        "",
                        1,
                        ticket,
                        None,
                        "x",
                        at,
                        "",
                        data,
                    )
                )
        await owner.copy_records_to_table(
            "log", schema_name="ledger", columns=COLUMNS, records=batch
        )
    await owner.execute("analyze ledger.log")


async def read_and_decode(log: Log, events: int) -> float:
    """How many events a second are read in pages and decoded, nothing else."""
    begun, position, seen = monotonic_seconds(), 0, 0
    while seen < events:
        page = await log.page(position, PAGE)
        for event in page:
            _ = event.event
        position, seen = page[-1].position, seen + len(page)
    return seen / (monotonic_seconds() - begun)
