"""The agents' queue with 100,000 open tickets: one page, beside one scan of its index."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg

from bench.row import Row
from bench.whole.flow import quantile
from services.gateway.finders import Finders
from services.gateway.queues import QUEUES, Ask
from services.gateway.rows import AgentRow
from shared.clock import monotonic_seconds
from shared.ids import uuid7
from shared.postgres import open_pool
from shared.testing.infra import TestServers

TICKETS = 100_000
PAGES = 100
P99_MS_MAX = 50

_FILL = f"""
insert into desk_view.tickets
select p.*
from generate_series(1, {TICKETS}) as n,
lateral json_populate_record(null::desk_view.tickets, json_build_object(
    'subject', gen_random_uuid(), 'number', 'LD-' || n, 'title', 'Help with till ' || n,
    'status', case n % 5 when 0 then 'Queued' when 1 then 'Waiting for customer' else 'Assigned'
        end,
    'active', true, 'channel', 'api', 'topic_id', 'general', 'topic_name', 'General',
    'requester_id', md5((n % 5000)::text)::uuid, 'requester_name', 'Carla',
    'requester_email', 'carla@example.com', 'requester_phone', '',
    'opened_at', now() - n * interval '1 minute', 'updated_at', now(), 'vector', 'intake=4',
    'impact', 'low', 'urgency', 'low', 'priority', 'low', 'priority_reason', '',
    'type', 'general', 'tier', 1, 'team_id', 'team-' || n % 4, 'team_name', 'Team',
    'agent_id', case when n % 5 = 0 then null else 'agent-' || n % 20 end,
    'participants', '[]'::json, 'breached', n % 50 = 0, 'pinned', '[]'::json,
    'questions', '[]'::json, 'related', '[]'::json, 'absorbed', '[]'::json,
    'custom_fields', '{{}}'::json, 'articles', '[]'::json, 'reopened', 0, 'undelivered', '',
    'due_at', now() + (n % 3000) * interval '1 minute'
)) as p
"""

_FLOOR = """
select * from desk_view.tickets where active
order by coalesce(due_at, timestamptz 'infinity'), opened_at, subject limit 51
"""


@asynccontextmanager
async def rows(servers: TestServers) -> AsyncIterator[Sequence[Row]]:
    """Every queue in turn, first pages and later ones."""
    database = await servers.database("gateway")
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(_FILL)
    await owner.execute("analyze desk_view.tickets")
    await owner.close()
    pool = await open_pool(database.url, 4, "bench")
    finders = Finders(pool)
    me = _agent()

    async def pages() -> float:
        cursors: dict[str, str | None] = dict.fromkeys(QUEUES)

        async def one(number: int) -> None:
            queue = list(QUEUES)[number % len(QUEUES)]
            page = await finders.page(Ask(queue=queue, cursor=cursors[queue]), me)
            cursors[queue] = page.next

        return await _timed("queue pages", one)

    async def scans() -> float:
        return await _timed("index scans", lambda _: pool.fetch(_FLOOR))

    what = f"agents' queues, a page of 50, {TICKETS:,} open"
    yield [Row(what, "one index scan", pages, scans, 0.3)]
    await pool.close()


async def _timed(name: str, once: Callable[[int], Awaitable[object]]) -> float:
    """How many a second, one after the other; says the slowest of a hundred."""
    taken = []
    for number in range(PAGES):
        begun = monotonic_seconds()
        await once(number)
        taken.append(monotonic_seconds() - begun)
    print(f"  {name}: p50 {quantile(taken, 0.5) * 1000:.1f} ms, "
          f"p99 {quantile(taken, 0.99) * 1000:.1f} ms (at most {P99_MS_MAX})")  # fmt: skip
    return PAGES / sum(taken)


def _agent() -> AgentRow:
    return AgentRow(
        subject=uuid7(),
        agent_id="agent-1",
        name="Anna",
        email="anna@example.com",
        role="agent",
        team_ids=["team-1", "team-2"],
        skills=[],
        tier=1,
        capacity=10,
        token_hash="",
        active=True,
    )
