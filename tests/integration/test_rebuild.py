"""Rebuilds: a new generation beside the live one, equal to it, swapped while it is read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import pytest

from deploy.local.databases import Database
from shared.events.operations import ParkedSkipped
from shared.followers import generations
from shared.followers.projection import ProjectionFollower
from shared.followers.rebuilding import BeingBuilt, Generations, StillLive
from shared.ids import uuid7
from shared.log import Batch, Log, NewEvent
from shared.log.log import QUERIES
from shared.postgres import open_pool
from shared.testing.eventually import eventually
from shared.testing.spec import T0
from tests.integration.test_followers import Counts, note

Databases = Callable[[str], Awaitable[Database]]

DDL = """
create schema counts;
create table counts.counted (
    subject uuid primary key,
    notes int not null check (notes > 0),
    texts text[] not null,
    summary text generated always as (notes || ' notes') stored
) with (fillfactor = 70);
create unique index counted_once on counts.counted (subject, notes) where notes > 0;
create index counted_texts on counts.counted using gin (texts);
"""


@dataclass
class Room:
    """A service's database with one projection, and as many replicas as a test starts."""

    url: str
    log: Log

    @asynccontextmanager
    async def replica(self, instance: str = "0") -> "AsyncIterator[ProjectionFollower]":
        """A replica's live follower, running."""
        pool = await open_pool(self.url, 4, "test")
        follower = ProjectionFollower(Log(pool, "resolution"), Counts(), instance)
        follower.pace_seconds = 0.005
        await follower.create(born=0)
        tasks = [asyncio.create_task(each()) for each in (follower.run, follower.log.watch)]
        try:
            yield follower
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await follower.release()
            await pool.close()

    @asynccontextmanager
    async def built(self) -> "AsyncIterator[Generations]":
        made = Generations(self.log, [Counts()], self.url)
        yield made
        await made.close()

    async def finished(self, generation: int) -> asyncpg.Record:
        async def done() -> asyncpg.Record:
            row = await self.generation(generation)
            assert row["phase"] in {"live", "differs", "failed", "ready"}, row
            return row

        return await eventually(done)

    async def generation(self, generation: int) -> asyncpg.Record:
        rows = await self.log.pool.fetch(QUERIES.generations)
        (row,) = [row for row in rows if row["generation"] == generation]
        return row

    async def rows(self, schema: str = "counts") -> dict[UUID, list[str]]:
        rows = await self.log.pool.fetch(f"select subject, texts from {schema}.counted")
        return {row["subject"]: row["texts"] for row in rows}

    async def caught_up(self) -> None:
        async def there() -> None:
            cursor = await self.log.pool.fetchrow(QUERIES.cursor, "counts")
            assert cursor is not None
            assert cursor["position"] == await self.log.end()

        await eventually(there)


@pytest.fixture
async def room(service_database: Databases) -> AsyncIterator[Room]:
    database = await service_database("resolution")
    pool = await open_pool(database.url, 8, "test")
    await pool.execute(DDL)
    yield Room(database.url, Log(pool, "resolution"))
    await pool.close()


async def tickets(room: Room, count: int = 5, notes: int = 3) -> list[UUID]:
    made = [uuid7() for _ in range(count)]
    for number in range(notes):
        for ticket in made:
            await note(room.log, ticket, str(number))
    return made


async def shape(room: Room, schema: str) -> list[tuple[str, ...]]:
    """Everything about the tables of a schema but the schema's name."""
    columns = await room.log.pool.fetch(
        "select column_name, data_type, is_nullable, generation_expression, column_default"
        " from information_schema.columns where table_schema = $1 order by ordinal_position",
        schema,
    )
    rest = await room.log.pool.fetch(
        "select 'index', replace(indexdef, $1, '') from pg_indexes where schemaname = $1"
        " union all select conname, pg_get_constraintdef(oid) from pg_constraint"
        " where connamespace = $1::regnamespace"
        " union all select relname, reloptions::text from pg_class"
        " where relnamespace = $1::regnamespace and relkind = 'r' order by 1, 2",
        schema,
    )
    return [tuple(map(str, row)) for row in (*columns, *rest)]


async def test_a_rebuild_is_equal_row_by_row_and_is_swapped_in_and_the_old_one_is_kept(
    room: Room,
) -> None:
    async with room.replica(), room.built() as built:
        await tickets(room)
        await room.caught_up()
        before, old_shape = await room.rows(), await shape(room, "counts")
        row = await room.finished(await built.begin("counts"))
        assert (row["phase"], row["detail"]) == ("live", "")
        assert (row["events"], row["events_expected"], row["rows_compared"]) == (15, 15, 5)
        assert await room.rows() == before == await room.rows("counts_g1")
        assert await shape(room, "counts") == old_shape
        assert (await room.generation(1))["phase"] == "kept"
        (new,) = await tickets(room, 1)
        await room.caught_up()
        assert (await room.rows())[new] == ["0", "1", "2"]
        assert new not in await room.rows("counts_g1")
        await built.drop("counts", 1)
        with pytest.raises(StillLive):
            await built.drop("counts", 2)
    schemas = await room.log.pool.fetch("select nspname from pg_namespace where nspname ~ 'counts'")
    assert [row["nspname"] for row in schemas] == ["counts"]


async def test_while_it_is_swapped_again_and_again_no_read_fails_or_misses_what_was_there(
    room: Room,
) -> None:
    """Two replicas follow, one writes, others read through cached plans: all the while."""
    stop = asyncio.Event()
    seen: dict[UUID, int] = {}

    async def write(ticket: UUID) -> None:
        while not stop.is_set():
            await note(room.log, ticket)
            await asyncio.sleep(0.005)

    async def read(ticket: UUID) -> None:
        while not stop.is_set():
            notes = await room.log.pool.fetchval(
                "select notes from counts.counted where subject = $1", ticket
            )
            assert notes >= seen[ticket], "a read went back in time"
            seen[ticket] = notes
            await asyncio.sleep(0)

    async with room.replica("0") as first, room.replica("1") as second, room.built() as built:
        made = await tickets(room, 3)
        await room.caught_up()
        seen = dict.fromkeys(made, 3)
        busy = [asyncio.create_task(each(ticket)) for ticket in made for each in (read, write)]
        for _ in range(5):
            row = await room.finished(await built.begin("counts"))
            assert (row["phase"], row["detail"]) == ("live", "")
        stop.set()
        await asyncio.gather(*busy)
        await room.caught_up()
        assert {first.generation, second.generation} >= {6}
    assert {ticket: len(texts) for ticket, texts in (await room.rows()).items()} == {
        ticket: len((await room.log.read(ticket)).events) for ticket in made
    }


async def test_where_rows_differ_nothing_is_swapped_unless_that_is_accepted(room: Room) -> None:
    async with room.replica(), room.built() as built:
        (ticket,) = await tickets(room, 1)
        await room.caught_up()
        await room.log.pool.execute("update counts.counted set texts = '{wrong}'")
        number = await built.begin("counts")
        row = await room.finished(number)
        assert row["phase"] == "differs"
        assert row["detail"] == f"counted: 1 of 1 rows differ, e.g. {ticket}"
        assert await room.rows() == {ticket: ["wrong"]}
        assert (await room.rows(f"counts_g{number}"))[ticket] == ["0", "1", "2"]
        row = await room.finished(await built.begin("counts", accept=True))
        assert row["phase"] == "live"
        assert await room.rows() == {ticket: ["0", "1", "2"]}


async def test_what_can_t_be_folded_is_parked_in_the_new_generation_too(room: Room) -> None:
    async with room.replica(), room.built() as built:
        bad, good = await tickets(room, 2, notes=1)
        await note(room.log, bad, "poison")
        await room.caught_up()
        row = await room.finished(await built.begin("counts"))
        assert row["phase"] == "live"
        (parked,) = await room.log.pool.fetch(QUERIES.parked)
        assert (parked["follower"], parked["subject"]) == ("counts", bad)
        assert set(await room.rows()) == {good}


async def test_a_row_that_postgres_refuses_parks_its_ticket_live_and_rebuilt(room: Room) -> None:
    await room.log.pool.execute(
        "alter table counts.counted add constraint short check (texts <> '{refused}')"
    )
    async with room.replica(), room.built() as built:
        bad, good = uuid7(), uuid7()
        await note(room.log, bad, "refused")
        await note(room.log, good, "fine")
        await room.caught_up()
        (parked,) = await room.log.pool.fetch(QUERIES.parked)
        assert (parked["subject"], parked["reason"]) == (bad, "CheckViolationError")
        assert await room.rows() == {good: ["fine"]}
        row = await room.finished(await built.begin("counts"))
        assert (row["phase"], row["detail"]) == ("live", "")
        (parked,) = await room.log.pool.fetch(QUERIES.parked)
        assert (parked["follower"], parked["subject"]) == ("counts", bad)
        assert await room.rows() == {good: ["fine"]}


async def test_a_skipped_event_is_passed_over_by_a_rebuild(room: Room) -> None:
    async with room.replica() as follower, room.built() as built:
        (bad,) = await tickets(room, 1)
        await note(room.log, bad, "poison")
        await note(room.log, bad, "after")
        await room.caught_up()
        (parked,) = await room.log.pool.fetch(QUERIES.parked)
        await _skip(room, parked)
        await follower.retry(bad, parked["id"])
        row = await room.finished(await built.begin("counts"))
        assert (row["phase"], row["detail"]) == ("live", "")
        assert await room.rows() == {bad: ["0", "1", "2", "after"]}


async def _skip(room: Room, parked: asyncpg.Record) -> None:
    fact = ParkedSkipped(
        service="resolution", follower="counts", subject=parked["subject"],
        event_id=parked["event_id"], reason="", detail="", skipped_by="x", skipped_at=T0,
    )  # fmt: skip
    event_id = uuid7()
    new = NewEvent(
        subject=uuid7(), author="resolution", version=1, id=event_id, topic="access",
        type="ParkedSkipped", after="", correlation=event_id, actor="x", occurred_at=T0,
        data=fact.model_dump_json(),
    )  # fmt: skip
    await room.log.append(Batch(events=[new]))


async def test_only_one_is_built_at_a_time_and_a_crash_leaves_the_live_one_and_is_cleared_up(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with room.replica(), room.built() as other:
        made = await tickets(room)
        await room.caught_up()
        never = asyncio.Event()
        whole = generations.create_indexes

        async def stuck(*_: object) -> None:
            await never.wait()

        monkeypatch.setattr(generations, "create_indexes", stuck)
        async with room.built() as crashing:
            number = await crashing.begin("counts")

            async def indexing() -> None:
                assert (await room.generation(number))["phase"] == "indexing"

            await eventually(indexing)
            with pytest.raises(BeingBuilt):
                await other.begin("counts")
        monkeypatch.setattr(generations, "create_indexes", whole)
        assert set(await room.rows()) == set(made)
        row = await room.finished(await eventually(lambda: other.begin("counts")))
        assert row["phase"] == "live"
        kept = {r["generation"]: r["phase"] for r in await room.log.pool.fetch(QUERIES.generations)}
        assert kept == {1: "kept", row["generation"]: "live"}


async def test_a_replay_stands_as_it_did_then_and_leaves_everything_else_alone(room: Room) -> None:
    async with room.replica(), room.built() as built:
        first, second = await tickets(room, 2)
        then: datetime = await room.log.pool.fetchval("select clock_timestamp()")
        await note(room.log, first, "later")
        await tickets(room, 1)
        await room.caught_up()
        now = await room.rows()
        number = await built.begin("counts", until=then)
        row = await room.finished(number)
        assert (row["kind"], row["phase"]) == ("replay", "ready")
        assert await room.rows(f"counts_g{number}") == {s: ["0", "1", "2"] for s in (first, second)}
        assert await room.rows() == now
        cursors = await room.log.pool.fetch("select name, generation from ledger.cursors")
        assert [tuple(cursor) for cursor in cursors] == [("counts", 1)]
        await built.drop("counts", number)
