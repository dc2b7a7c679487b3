"""No hot query of the gateway reads a whole table, with a hundred thousand tickets there."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from services.gateway.finders import SQL
from tests.integration.gateway_harness import Databases

SMALL = {
    "organisation",
    "agents",
    "api_keys",
    "agent_names",
    "teams",
    "plans",
    "topics",
    "labels",
    "agent_by_id",
    "work_rules",
}
"""Queries of tables that stay small."""

WIDE = {"queue_all", "queue_unassigned", "queue_closed", "queue_archived"}
"""Pages of many tickets: they must come out of an index in their order."""

FILL = """
insert into desk_view.tickets
select gen_random_uuid(), 'LD-' || n, 'Title ' || n,
    case when n % 20 > 1 then 'Closed' when n % 3 = 0 then 'Resolved' else 'In progress' end,
    n % 20 <= 1 and n % 3 <> 0, 'web', 'topic', 'Topic', gen_random_uuid(), 'Name', 'a@b.example',
    '', now() - n * interval '1 minute', now(), 'intake=1', null, null,
    (array['low', 'medium', 'high', 'critical'])[n % 4 + 1], '', null, 1, 'team' || n % 5, 'Team',
    case when n % 7 > 0 then 'agent' || n % 150 end, 'Agent', '{}', null, null,
    case when n % 9 > 0 then now() + n * interval '1 second' end, 'resolution', n % 50 = 0,
    '[]', '[]', '[]', '[]', null, '{}', null, '[]', 0, '', null, null, null,
    case when n % 20 > 1 then now() - n * interval '1 second' end, null
from generate_series(1, 100000) as n;
insert into desk_view.archive
select made.* from desk_view.tickets, lateral jsonb_populate_record(tickets, jsonb_build_object(
    'subject', gen_random_uuid(), 'number', 'A' || number, 'status', 'Archived', 'active', false,
    'closed_at', coalesce(closed_at, updated_at)
)) as made;
insert into desk_view.words
select subject, title || ' word' || (row_number() over ()) % 5000 from (
    select subject, title from desk_view.tickets
    union all
    select subject, title from desk_view.archive
) as every;
insert into desk_view.messages
select gen_random_uuid(), subject, row_number() over (), 'reply', true, '', '', now(), '', false,
    false, '[]', '', 1
from desk_view.tickets;
insert into desk_view.timeline
select gen_random_uuid(), subject, row_number() over (), 'intake', 1, '', '', '', false, now()
from desk_view.tickets;
insert into desk_view.api_keys (subject, name, scopes, key_hash, created_by, created_at)
select gen_random_uuid(), 'Key ' || n, '{}', 'hash' || n, 'mara', now()
from generate_series(1, 5000) as n;
insert into desk_view.people
select gen_random_uuid(), '[]', 'de', '' from generate_series(1, 5000);
insert into desk_view.shared
select gen_random_uuid(), subject, 'team' || n % 500 from (
    select subject, row_number() over () as n from desk_view.tickets
) as numbered;
insert into desk_view.clocks
select gen_random_uuid(), subject, 'resolution', 'running', 1, now(), now(), null, '', false,
    null, null
from desk_view.tickets;
insert into drafts.kept
select 'agent' || n % 150, subject, 'reply', '{}', now() + n * interval '1 second' from (
    select subject, row_number() over () as n from desk_view.tickets limit 5000
) as numbered;
insert into sessions.ended
select gen_random_uuid(), now() + n * interval '1 second' from generate_series(1, 5000) as n;
"""


@pytest.fixture
async def filled(
    service_database: Databases,
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    database = await service_database("gateway")
    connection = await asyncpg.connect(database.url)
    await connection.execute(FILL)
    await connection.execute("vacuum analyze")
    yield connection
    await connection.close()


async def plan_of(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> dict[str, Any]:
    """The plan for any parameters, which is what a long-lived connection comes to use."""
    sql = getattr(SQL, name).rstrip().rstrip(";")
    parameters = max(map(int, re.findall(r"\$(\d+)", sql)), default=0)
    given = f"({', '.join(['null'] * parameters)})" if parameters else ""
    await connection.execute("set plan_cache_mode = force_generic_plan")
    await connection.execute(f"prepare {name} as {sql}")
    plan = await connection.fetchval(f"explain (format json) execute {name}{given}")
    found: dict[str, Any] = json.loads(plan)[0]["Plan"]
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


async def test_no_hot_query_reads_a_whole_table(
    filled: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    for name in SQL.names():
        if name in SMALL:
            continue
        plan = await plan_of(filled, name)
        kinds = {node["Node Type"] for node in nodes(plan)}
        assert name not in WIDE or "Sort" not in kinds, f"{name} sorts all there is: {plan}"
        whole = [
            node["Relation Name"]
            for node in nodes(plan)
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] != "agents"
        ]
        assert not whole, f"{name} reads all of {whole}: {plan}"
