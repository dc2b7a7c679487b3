"""The hot queries of assignment stay quick however many tickets there were."""

from collections import Counter
from collections.abc import Awaitable, Callable

import asyncpg

from deploy.local.databases import Database
from services.assignment.directory import QUERIES
from shared.ids import uuid7

Databases = Callable[[str], Awaitable[Database]]


async def test_hot_queries_never_scan_a_hundred_thousand_tickets(
    service_database: Databases,
) -> None:
    database = await service_database("assignment")
    connection = await asyncpg.connect(database.url)
    await connection.execute(
        """
        insert into queues.tickets
        select gen_random_uuid(), 'LD-' || n, case when n % 25 = 0 then 'held' else 'waiting' end,
            n % 25 > 1, true, true, 'team-' || n % 7, 'Team', '{}', 1, '{}', 'need-' || n % 50,
            true, null, case when n % 25 = 0 then 'agent-' || n % 300 end, 1, false, '{}',
            'medium', n % 4, now() - n * interval '1 second',
            case when n % 25 = 1 then now() end, 'agent-' || n % 300, now(), '', '[]', now()
        from generate_series(1, 100000) as n
        """
    )
    await connection.execute("vacuum analyze queues.tickets")
    hot: dict[str, tuple[object, ...]] = {
        "queued_needs": (),
        "queue_heads": (["need-1", "need-26"], [5, 20]),
        "held_by": ("agent-5",),
        "why": (uuid7(),),
        "agents_of": ("team-1",),
        "queued_counts": (),
        "held_counts": (),
    }
    for name, arguments in hot.items():
        plan = await connection.fetch(f"explain {QUERIES.__getattr__(name)}", *arguments)
        text = "\n".join(row[0] for row in plan)
        assert "Seq Scan on tickets" not in text, f"{name}:\n{text}"
    needs = await connection.fetch(QUERIES.queued_needs)
    assert {row["need"] for row in needs} == {f"need-{n}" for n in (1, 26)}
    heads = await connection.fetch(QUERIES.queue_heads, ["need-1", "need-26"], [5, 20])
    assert Counter(row["need"] for row in heads) == {"need-1": 5, "need-26": 20}
    await connection.close()
