"""The hot queries of intake use their indexes, also when there are many rows."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from deploy.local.databases import Database
from services.intake.projection import QUERIES

ROWS = 100_000

FILL = f"""
insert into register.tickets
select gen_random_uuid(), 'LD-' || n, 'api', 'general', 'Help', md5((n / 20)::text)::uuid, 'Carla',
    'carla@example.com', now() - n * interval '1 minute', 'New', now(), 'sent', now(), null, null
from generate_series(1, {ROWS}) as n;
insert into triage.tickets
select subject, number, requester_id, opened_at, random() < 0.1, '{{help}}', '[]', now(), 'general',
    'general', 'General', 'support', 1, 'low', 'low', 'low', false, '', '[]', null
from register.tickets;
insert into submissions.received
select gen_random_uuid(), subject, 'ticket', 'email', 'carla@example.com', '<' || number || '@x>',
    opened_at
from register.tickets;
insert into submissions.quarantine
select subject, 'automatic', md5(number), 10, '', '{{}}', opened_at from register.tickets;
insert into submissions.files
select subject, subject, md5(number), 'a.txt', 'text/plain', 3 from register.tickets;
analyze;
"""

PERSON = UUID(int=7)


@pytest.fixture
async def full(
    service_database: Callable[[str], Awaitable[Database]],
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    database = await service_database("intake")
    connection = await asyncpg.connect(database.url)
    await connection.execute(FILL)
    yield connection
    await connection.close()


async def test_no_hot_query_scans_a_table(full: "asyncpg.Connection[asyncpg.Record]") -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    asked: dict[str, tuple[object, ...]] = {
        "open_of_requesters": ([PERSON], 50),
        "open_with_words": ([PERSON], ["'terminal' | 'printer'"], 300, 50),
        "tickets_of_numbers": (["LD-7", "LD-8"],),
        "tickets_of_message_ids": (["<LD-7@x>", "<LD-8@x>"],),
        "quarantine": (now, PERSON, 50),
        "quarantined": (PERSON,),
        "file_named": ("f" * 32,),
    }
    for name, arguments in asked.items():
        plan = json.loads(
            await full.fetchval(f"explain (format json) {getattr(QUERIES, name)}", *arguments)
        )
        assert "Seq Scan" not in str(plan), f"{name}: {plan}"
