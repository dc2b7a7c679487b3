"""Due times and timers: how many sums a second, how many timers fired, and how late.

`python -m bench.timers` runs the sla service itself, in three processes, with 200,000 timers
pending and 500 due a second for `SECONDS` (60); `KILL=1` kills, half-way, the one that fires;
`DOWN=60` has it stand still for so long first. Every timer fires once, dated by its due time.
"""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from bench.append import append_one, per_second
from bench.row import Row
from deploy.local import process
from deploy.local.databases import Database
from services.sla.app import due
from services.sla.domain import DECIDER
from services.sla.plans import BY_RULE, Plan
from services.sla.projection import Clocks
from shared.business_time.calendar import Calendar
from shared.business_time.hours import calendar
from shared.clock import monotonic_seconds, utc_now
from shared.events import Event, Priority, encode
from shared.events.sla import CalendarValues, ClockKind, ClockStarted, Interval, PlanTargets
from shared.followers.projection import ProjectionFollower
from shared.ids import derived_id, uuid7
from shared.log import Batch, Log, NewEvent
from shared.postgres import Pool, open_pool
from shared.privacy.master import new_master_key
from shared.testing.infra import TestServers, TopicNames
from shared.timers import TimerFollower

SUMS: Final = 20_000
FIRED: Final = 2_000
PENDING: Final = 200_000
DUE_PER_SECOND: Final = 500
PROCESSES: Final = 3
LEAD_SECONDS: Final = 60
"""From when everything is prepared until the first is due."""
PAGE: Final = 1_000
FOLDED: Final = 10**12
"""Where the projection of timers that are made without events stands."""
MASTER_KEY: Final = new_master_key("bench")

WEEK: Final = ("mon", "tue", "wed", "thu", "fri")
HOURS: Final = {day: [("08:00", "12:00"), ("13:00", "18:00")] for day in WEEK}
ALWAYS: Final = {day: (Interval(start="00:00", end="24:00"),) for day in (*WEEK, "sat", "sun")}
PLAN: Final = Plan(
    plan_id="standard",
    name="Standard",
    targets=(
        PlanTargets(priority=Priority.HIGH, first_response_minutes=60, resolution_minutes=240),
    ),
    calendar_id="always",
    calendar=CalendarValues(timezone="UTC", hours=ALWAYS),
)


@asynccontextmanager
async def rows(servers: TestServers) -> AsyncIterator[Sequence[Row]]:
    """Sums beside sums without a calendar; firing beside appending."""
    office = calendar("Europe/Berlin", HOURS, ["--12-25", "--12-26", "--01-01"])
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)

    async def sums() -> float:
        return _sums(office, start)

    async def plain_sums() -> float:
        return _plain_sums(start)

    database = await servers.database("sla")
    pool = await open_pool(database.url, 8, "bench")
    owner = await open_pool(database.owner_url, 2, "bench")
    log = Log(pool, "sla")
    follower = TimerFollower(log, "clocks", due, DECIDER, utc_now, "0")
    await pool.execute("insert into ledger.read_to (topic, partition, as_of) values ('t', 0, $1)",
                       utc_now() + timedelta(hours=1))  # fmt: skip
    # Timers are made without events here: as if all that comes had been folded.
    await ProjectionFollower(log, Clocks(), "0").create(born=FOLDED)

    async def fire() -> float:
        await owner.execute("delete from clocks.timers")
        await prepare(log, owner, FIRED, utc_now() - timedelta(minutes=1), 1e-6)
        begun = monotonic_seconds()
        while await follower.step():
            pass
        return FIRED / (monotonic_seconds() - begun)

    async def append() -> float:
        return await per_second(lambda: append_one(appends))

    other = await servers.database("resolution")
    floor_pool = await open_pool(other.url, 32, "bench")
    appends = Log(floor_pool, "resolution")
    yield [
        Row("due times within two years, and back", "instant + seconds", sums, plain_sums, 0.01),
        Row("timers fired, from due to breach", "append, 32 callers", fire, append, 0.1),
    ]
    for each in (pool, owner, floor_pool):
        await each.close()


def _sums(hours: Calendar, start: datetime) -> float:
    begun = monotonic_seconds()
    for number in range(SUMS):
        due_at = hours.add(start, number * 750.0)
        hours.between(start, due_at)
    return 2 * SUMS / (monotonic_seconds() - begun)


def _plain_sums(start: datetime) -> float:
    begun = monotonic_seconds()
    for number in range(SUMS):
        due_at = start + timedelta(seconds=number * 750.0)
        (due_at - start).total_seconds()
    return 2 * SUMS / (monotonic_seconds() - begun)


async def prepare(
    log: Log, owner: Pool, count: int, first_due: datetime, apart_seconds: float
) -> None:
    """Tickets whose first response is due one after the other, each with its timer."""
    for page in range(0, count, PAGE):
        numbers = range(page, min(page + PAGE, count))
        tickets = [
            (uuid7(), first_due + timedelta(seconds=number * apart_seconds)) for number in numbers
        ]
        await log.append(Batch(events=[e for ticket in tickets for e in _begun(*ticket)]))
        ids, subjects = [uuid7() for _ in tickets], [subject for subject, _ in tickets]
        await owner.execute(_TIMERS, ids, subjects, [due_at for _, due_at in tickets])


def _begun(subject: UUID, due_at: datetime) -> list[NewEvent]:
    started_at = due_at - timedelta(minutes=60)
    applied = PLAN.applied(Priority.HIGH, started_at, "", BY_RULE)
    started = ClockStarted(
        clock=ClockKind.FIRST_RESPONSE,
        target_minutes=60,
        started_at=started_at,
        due_at=due_at,
        warn_at=due_at,
    )
    first = _event(subject, 1, applied, None)
    return [first, _event(subject, 2, started, first.id)]


def _event(subject: UUID, version: int, event: Event, previous: UUID | None) -> NewEvent:
    event_id = uuid7()
    return NewEvent(
        subject=subject,
        author="sla",
        version=version,
        id=event_id,
        previous=previous,
        topic="tickets",
        type=type(event).__name__,
        after="",
        correlation=event_id,
        actor="sla",
        occurred_at=utc_now(),
        data=encode(event).decode(),
    )


async def lateness(seconds: int, *, kill: bool, down_seconds: int) -> None:
    """Fire `seconds` times `DUE_PER_SECOND` timers by the service itself, and tell how late."""
    servers = TestServers.create()
    replicas: list[Process] = []
    try:
        servers.postgres()
        database, topics = await servers.database("sla"), await servers.topics()
        owner = await open_pool(database.owner_url, 4, "bench")
        pool = await open_pool(database.url, 4, "bench")
        count = seconds * DUE_PER_SECOND
        begun_at = utc_now() + timedelta(seconds=LEAD_SECONDS)
        await prepare(Log(pool, "sla"), owner, count, begun_at, 1 / DUE_PER_SECOND)
        await owner.execute(_FAR, PENDING - count)
        # What was prepared is in no projection's past: its timers stand already.
        for name in ("clocks", "desk", "relay"):
            await owner.execute(_CURSOR, name)
        await asyncio.sleep(down_seconds)
        replicas = [await _replica(database, topics, str(n)) for n in range(PROCESSES)]
        end = begun_at + timedelta(seconds=seconds)
        if kill:
            await asyncio.sleep(max(0.0, (begun_at - utc_now()).total_seconds() + seconds / 2))
            await _kill_leader(owner, replicas)
        while utc_now() < end + timedelta(seconds=90):
            if all(replica.returncode is not None for replica in replicas):
                raise AssertionError("no process is left")
            told = await owner.fetchval("select count(*) from ledger.log where type = $1", _TYPE)
            if told >= count:
                break
            await asyncio.sleep(0.5)
        found: Any = await owner.fetchrow(_LATE, _TYPE)
        print(f"{count:,} due at {DUE_PER_SECOND}/s, {PENDING:,} pending")
        print(f"told {found['told']:,}, of {found['tickets']:,} tickets, dated by their due time "
              f"{found['truly']:,}")  # fmt: skip
        print(f"late by p50 {found['p50']:.2f} s, p99 {found['p99']:.2f} s, "
              f"at most {found['most']:.2f} s")  # fmt: skip
        await pool.close()
        await owner.close()
    finally:
        for replica in replicas:
            if replica.returncode is None:
                replica.kill()
            await replica.wait()
        servers.close()


_TYPE: Final = "TargetBreached"
_TIMERS: Final = """
insert into clocks.timers (id, subject, kind, due_at, command)
select i, s, 'breach', d, jsonb_build_object('clock', 'first_response', 'due_at', d)
from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as u (i, s, d)
"""
_FAR: Final = """
insert into clocks.timers (id, subject, kind, due_at, command)
select gen_random_uuid(), gen_random_uuid(), 'breach',
       now() + interval '1 day' + n * interval '1 second', '{"clock": "resolution"}'
from generate_series(1, $1::int) as n
"""
_CURSOR: Final = """
insert into ledger.cursors (name, generation, position, born_position)
select $1, 1, max(position), 0 from ledger.log
on conflict (name, generation) do update set position = excluded.position
"""
_LATE: Final = """
select count(*) as told, count(distinct subject) as tickets,
    count(*) filter (where data ->> 'breached_at' = data ->> 'due_at') as truly,
    percentile_cont(0.5) within group (order by late) as p50,
    percentile_cont(0.99) within group (order by late) as p99,
    max(late) as most
from (
    select *, extract(epoch from recorded_at - (data ->> 'due_at')::timestamptz)::float as late
    from ledger.log where type = $1
) as fired
"""


async def _replica(database: Database, topics: TopicNames, instance: str) -> Process:
    settings = {
        "SLA_DATABASE_URL": database.url,
        "SLA_PORT": str(process.free_port()),
        "SLA_INSTANCE": instance,
        "KAFKA_BOOTSTRAP_SERVERS": topics.bootstrap,
        "LEDGERDESK_TOPIC_PREFIX": topics.prefix,
        "LEDGERDESK_IDENTITY_SECRET": "i" * 32,
        "LEDGERDESK_LINK_SECRET": "l" * 32,
        "LEDGERDESK_MASTER_KEY": MASTER_KEY,
        "LEDGERDESK_LOG_LEVEL": "warning",
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "serve", "sla"),
        env={**os.environ, **settings},
        cwd=Path(__file__).parents[1],
    )


async def _kill_leader(owner: Pool, replicas: Sequence[Process]) -> None:
    """Kill the process that fires timers; another begins once its lease has run out."""
    leader = await owner.fetchval("select leader from ledger.cursors where name = 'timers:clocks'")
    for number, replica in enumerate(replicas):
        if derived_id("leader", "sla", str(number)) == leader:
            replica.kill()
            print(f"killed process {number}")
            return
    raise AssertionError("nobody fires timers")


if __name__ == "__main__":
    asyncio.run(
        lateness(
            int(os.environ.get("SECONDS") or 60),
            kill=bool(os.environ.get("KILL")),
            down_seconds=int(os.environ.get("DOWN") or 0),
        )
    )
