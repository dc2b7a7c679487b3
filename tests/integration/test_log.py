"""The log: appended whole or not at all, in one order, and never changed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest

from deploy.local.databases import Database
from shared.errors import CapacityExceeded, CursorLost, DuplicateEvent, VersionConflict
from shared.events import encode
from shared.events.resolution import WorkStarted
from shared.ids import uuid7
from shared.log import Batch, Claim, CursorMove, Log, NewEvent
from shared.log.log import QUERIES
from shared.postgres import open_pool
from shared.testing.eventually import eventually
from shared.testing.spec import T0

Databases = Callable[[str], Awaitable[Database]]

BLOCKS_SOMEBODY = """
select exists (
    select from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))
)
"""


@pytest.fixture
async def database(service_database: Databases) -> Database:
    return await service_database("resolution")


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    pool = await open_pool(database.url, 8, "test")
    yield Log(pool, "resolution")
    await pool.close()


def event(subject: UUID, version: int, **changes: object) -> NewEvent:
    fact = WorkStarted(started_by="agent:anna", started_at=T0)
    event_id = uuid7()
    new = NewEvent(
        subject=subject,
        author="resolution",
        version=version,
        id=event_id,
        topic="tickets",
        type="WorkStarted",
        after="",
        correlation=event_id,
        actor="agent:anna",
        occurred_at=T0,
        data=encode(fact).decode(),
    )
    return new._replace(**changes)  # type: ignore[arg-type]


async def test_what_was_appended_is_read_back_byte_for_byte_with_its_predecessor(log: Log) -> None:
    subject = uuid7()
    first, second = event(subject, 1), event(subject, 2)
    await log.append(Batch(events=[first, second]))
    past = await log.read(subject)
    assert [e.version for e in past.events] == [1, 2]
    assert [e.previous for e in past.events] == [None, first.id]
    assert past.events[0].data == first.data
    assert dict(past.vector) == {"resolution": 2}


async def test_a_stale_version_is_a_conflict_and_appends_nothing(log: Log) -> None:
    subject, other = uuid7(), uuid7()
    await log.append(Batch(events=[event(subject, 1)]))
    with pytest.raises(VersionConflict):
        await log.append(Batch(events=[event(other, 1), event(subject, 1)]))
    assert not (await log.read(other)).events


async def test_the_same_version_with_another_predecessor_is_a_conflict(log: Log) -> None:
    subject = uuid7()
    await log.append(Batch(events=[event(subject, 1)]))
    with pytest.raises(VersionConflict):
        await log.append(Batch(events=[event(subject, 2, previous=uuid7())]))


async def test_an_event_id_is_taken_once(log: Log) -> None:
    first = event(uuid7(), 1)
    await log.append(Batch(events=[first]))
    with pytest.raises(DuplicateEvent) as raised:
        await log.append(Batch(events=[event(uuid7(), 1, id=first.id)]))
    assert raised.value.event_id == first.id


async def test_callers_of_one_group_succeed_and_fail_each_on_their_own(log: Log) -> None:
    contested = uuid7()
    batches = [Batch(events=[event(contested, 1)]) for _ in range(10)]
    batches += [Batch(events=[event(uuid7(), 1)]) for _ in range(10)]
    answers = await asyncio.gather(*map(log.append, batches), return_exceptions=True)
    assert sum(isinstance(a, VersionConflict) for a in answers) == 9
    assert sum(isinstance(a, int) for a in answers) == 11
    assert len(await log.page(0, 100)) == 11


async def test_the_same_id_on_two_subjects_at_once_is_taken_by_one(log: Log) -> None:
    one_id = uuid7()
    batches = [Batch(events=[event(uuid7(), 1, id=one_id)]) for _ in range(5)]
    batches += [Batch(events=[event(uuid7(), 1)]) for _ in range(5)]
    answers = await asyncio.gather(*map(log.append, batches), return_exceptions=True)
    assert sum(isinstance(a, DuplicateEvent) for a in answers) == 4
    assert sum(isinstance(a, int) for a in answers) == 6


async def test_what_postgres_refuses_of_one_caller_is_no_trouble_for_the_others(log: Log) -> None:
    batches = [Batch(events=[event(uuid7(), 1)]) for _ in range(5)]
    batches.insert(2, Batch(events=[event(uuid7(), 1, data="not json")]))
    answers = await asyncio.gather(*map(log.append, batches), return_exceptions=True)
    assert [isinstance(a, asyncpg.DataError) for a in answers] == [False] * 2 + [True] + [False] * 3
    assert len(await log.page(0, 100)) == 5


async def test_a_cursor_moves_only_from_where_it_was_seen(log: Log) -> None:
    await log.pool.execute(QUERIES.create_cursor, "f", 1, 0)
    subject = uuid7()
    await log.append(Batch(events=[event(subject, 1)], cursor=CursorMove("f", 1, 0, 5)))
    with pytest.raises(CursorLost):
        await log.append(Batch(events=[event(subject, 2)], cursor=CursorMove("f", 1, 0, 7)))
    assert len((await log.read(subject)).events) == 1
    row = await log.pool.fetchrow(QUERIES.cursor, "f")
    assert row["position"] == 5


async def test_a_cursor_that_is_put_back_meanwhile_is_lost(log: Log, database: Database) -> None:
    """As when an operator has a parked subject taken up again while the leader appends."""
    await log.pool.execute(QUERIES.create_cursor, "f", 1, 5)
    parked_id, parked = uuid7(), ("f", uuid7(), 3, None, "poison", "", None, None)
    await log.pool.execute(QUERIES.park, parked_id, *parked)
    operator = await asyncpg.connect(database.url)
    async with operator.transaction():
        assert await operator.fetchval(QUERIES.unpark_reaction, parked_id, "f", 5)
        batch = Batch(events=[event(uuid7(), 1)], cursor=CursorMove("f", 1, 5, 9))
        appending = asyncio.create_task(log.append(batch))
        await eventually(lambda: operator.fetchval(BLOCKS_SOMEBODY))
    with pytest.raises(CursorLost):
        await appending
    assert (await operator.fetchrow(QUERIES.cursor, "f"))["position"] == 4
    assert await log.end() == 0
    await operator.close()


async def test_a_resource_is_never_taken_above_its_ceiling(log: Log) -> None:
    await log.append(Batch(events=[event(uuid7(), 1)], claims=[Claim("r", ceiling=3)]))
    batches = [Batch(events=[event(uuid7(), 1)], claims=[Claim("r", 1)]) for _ in range(10)]
    answers = await asyncio.gather(*map(log.append, batches), return_exceptions=True)
    assert sum(isinstance(a, CapacityExceeded) for a in answers) == 7
    await log.append(Batch(events=[event(uuid7(), 1)], claims=[Claim("r", -1)]))
    await log.append(Batch(events=[event(uuid7(), 1)], claims=[Claim("r", 1)]))


async def test_position_order_is_commit_order_for_a_tailing_reader(
    log: Log, database: Database
) -> None:
    """Two processes append; a reader that only ever looks behind its cursor sees all."""
    pool = await open_pool(database.url, 4, "other")
    other = Log(pool, "resolution")
    seen: list[int] = []

    async def write(one: Log, count: int) -> None:
        for _ in range(count):
            await one.append(Batch(events=[event(uuid7(), 1)]))

    async def read() -> None:
        cursor = 0
        while len(seen) < 400:
            page = await log.page(cursor, 50)
            seen.extend(recorded.position for recorded in page)
            cursor = seen[-1] if seen else 0

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(read())
        for writer in (log, other, log, other):
            group.create_task(write(writer, 100))
    await pool.close()
    assert len(set(seen)) == 400


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger.log set actor = 'nobody'",
        "delete from ledger.log",
        "truncate ledger.log",
        "insert into ledger.log overriding system value select * from ledger.log",
        "alter table ledger.log disable trigger all",
        "drop table ledger.log",
        "update ledger.heads set version = 9",
        "delete from ledger.heads",
        (
            "create or replace function ledger.refuse_change() returns trigger language plpgsql "
            "as $$ begin return old; end $$"
        ),
    ],
)
async def test_the_service_role_cannot_change_the_past(log: Log, statement: str) -> None:
    subject = uuid7()
    await log.append(Batch(events=[event(subject, 1)]))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await log.pool.execute(statement)
    assert len((await log.read(subject)).events) == 1


@pytest.mark.parametrize(
    "statement",
    ["update ledger.log set actor = 'x'", "delete from ledger.log", "truncate ledger.log"],
)
async def test_even_the_owner_is_stopped_by_a_trigger(
    log: Log, database: Database, statement: str
) -> None:
    await log.append(Batch(events=[event(uuid7(), 1)]))
    owner = await asyncpg.connect(database.owner_url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await owner.execute(statement)
    await owner.close()
