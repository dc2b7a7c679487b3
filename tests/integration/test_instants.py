"""Where the log stood at an instant: found by an index, and whatever clocks have said."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import asyncpg
import pytest

from deploy.local.databases import Database
from shared.log.log import QUERIES
from shared.postgres import Connection
from shared.testing.spec import T0

Databases = Callable[[str], Awaitable[Database]]

ROWS = 100_000


@pytest.fixture
async def owner(service_database: Databases) -> AsyncIterator[Connection]:
    database = await service_database("resolution")
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


async def record(owner: Connection, *minutes: float) -> None:
    """Events recorded so many minutes after T0, one after the other."""
    moments = [T0 + timedelta(minutes=each) for each in minutes]
    await owner.execute(
        "insert into ledger.log (subject, author, version, id, said, topic, type, after, revision,"
        " correlation, actor, occurred_at, recorded_at, traceparent, data)"
        " select gen_random_uuid(), 'resolution', 1, gen_random_uuid(), true, 'tickets',"
        " 'WorkStarted', '', 1, gen_random_uuid(), 'x', at, at, '', '{}'"
        " from unnest($1::timestamptz[]) with ordinality as m (at, place) order by place",
        moments,
    )


async def stood_at(owner: Connection, minutes: float) -> int:
    moment: datetime = T0 + timedelta(minutes=minutes)
    position: int = await owner.fetchval(QUERIES.position_at, moment)
    return position


async def test_it_stood_at_the_last_event_that_was_recorded_by_then(owner: Connection) -> None:
    assert await stood_at(owner, 0) == 0
    await record(owner, 1, 2, 2, 600)
    found = [await stood_at(owner, minutes) for minutes in (0, 1, 1.5, 2, 500, 600, 9000)]
    assert found == [0, 1, 1, 3, 3, 4, 4]


async def test_an_event_that_a_clock_ahead_has_recorded_hides_none_behind_it(
    owner: Connection,
) -> None:
    await record(owner, 1, 2, 40, 3, 4, 41)
    found = [await stood_at(owner, minutes) for minutes in (1, 2, 3, 4, 40, 41)]
    assert found == [1, 2, 4, 5, 5, 6]


async def test_it_is_found_without_reading_the_log_through(owner: Connection) -> None:
    await record(owner, *(number / 10 for number in range(ROWS)))
    await owner.execute("analyze ledger.log")
    for mode in ("force_custom_plan", "force_generic_plan"):
        await owner.execute(f"set plan_cache_mode = {mode}")
        await owner.execute(f"prepare stood as {QUERIES.position_at}")
        moment = (T0 + timedelta(minutes=ROWS / 20)).isoformat()
        plan = json.loads(await owner.fetchval(f"explain (format json) execute stood('{moment}')"))
        assert "Seq Scan" not in str(plan), plan
        assert "log_pkey" not in str(plan), plan
        assert str(plan).count("log_recorded") == 2, plan
        await owner.execute("deallocate stood")
