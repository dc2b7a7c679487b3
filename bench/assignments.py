"""Tickets given to two hundred agents; and three processes that race for five thousand tickets.

The first row is the reaction that routes, beside appending the same events with their claims.
The second runs what every replica of assignment runs (projection, reaction, queue) in three
processes of their own: five thousand tickets wait, then four thousand places come free at
once. Not one ticket may have two agents, and not one agent a ticket too many.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from bench.row import Row
from deploy.local.databases import Database
from services.assignment.app import SERVICE
from services.assignment.directory import Directory
from services.assignment.domain.decisions import TICKETS
from services.assignment.domain.desk import AGENTS, DefineAgent, SetPresence
from services.assignment.domain.tickets import Held
from services.assignment.projection import Queues
from services.assignment.reactions import Route
from services.assignment.settings import Settings
from services.assignment.take_up import Queue
from shared.clock import monotonic_seconds, utc_now
from shared.events import Event, Level, Person, Priority, TicketType
from shared.events.assignment import AgentAssigned, AgentDefined
from shared.events.intake import (
    Channel,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.followers.projection import ProjectionFollower
from shared.followers.reaction import ReactionFollower
from shared.ids import desk_id, uuid7
from shared.log import Batch, Claim, Log, NewEvent
from shared.postgres import open_pool
from shared.privacy.keyring import Keyring
from shared.privacy.master import MasterKeys, new_master_key
from shared.service import Runtime
from shared.testing.infra import TestServers
from shared.testing.spec import T0

AGENT_IDS = [f"agent-{number:03}" for number in range(200)]
TICKETS_A_RUN = 1_000
RACING = 3
RACED_TICKETS = int(os.environ.get("TICKETS") or 5_000)
PLACES_EACH = RACED_TICKETS * 4 // 5 // len(AGENT_IDS)
PAGE = 500
RACE_SECONDS_MAX = 400
MASTER = "BENCH_MASTER_KEY"
"""In the environment: what all processes of a race seal with."""


@asynccontextmanager
async def rows(servers: TestServers) -> AsyncIterator[Sequence[Row]]:
    """Routing alone, and the race."""
    os.environ.setdefault(MASTER, new_master_key("bench"))
    database = await servers.database("assignment")
    async with _runtime(database, "bench") as runtime:
        await _define(runtime, capacity=100_000)
        await _project(runtime)
        route = Route(Directory(runtime.pool), utc_now)
        follower = ReactionFollower(runtime.log, route, TICKETS, utc_now, "bench")
        await follower.create(born=0)
        assert await follower._lead()
        yield [
            Row(
                f"assignments, {len(AGENT_IDS)} agents",
                "appending the same events and claims",
                lambda: _routed(runtime, follower),
                lambda: _appended(runtime.log),
                0.1,
            ),
            Row(
                f"{RACING} processes race for {RACED_TICKETS:,} tickets",
                "one process",
                lambda: race(servers, RACING),
                lambda: race(servers, 1),
                0.3,
                runs=1,
            ),
        ]


@asynccontextmanager
async def _runtime(database: Database, instance: str) -> AsyncIterator[Runtime]:
    pool = await open_pool(database.url, 8, f"bench-{instance}")
    settings = Settings(
        database_url=database.url,
        instance=instance,
        identity_secret="i" * 32,
        link_secret="l" * 32,
        port=0,
    )
    keys = Keyring(pool, "assignment", MasterKeys(os.environ[MASTER]))
    runtime = Runtime(SERVICE, settings, pool, Log(pool, "assignment", keys))
    yield runtime
    await runtime.log.close()
    await pool.close()


async def _routed(runtime: Runtime, follower: ReactionFollower) -> float:
    """Tickets a second, from what was heard of them to who has them."""
    await _hear(runtime.log, TICKETS_A_RUN)
    begun = monotonic_seconds()
    while await follower.step():
        pass
    return TICKETS_A_RUN / (monotonic_seconds() - begun)


async def _appended(log: Log) -> float:
    """The floor: nobody is looked for, and nothing is read."""
    begun = monotonic_seconds()
    for start in range(0, TICKETS_A_RUN, PAGE):
        agents = [AGENT_IDS[number % len(AGENT_IDS)] for number in range(start, start + PAGE)]
        events = [_new(uuid7(), "assignment", 1, _assigned(agent), said=True) for agent in agents]
        claims = tuple(Claim(f"agent:{agent}", 1) for agent in agents)
        await log.append(Batch(events=sorted(events, key=lambda e: e.subject.int), claims=claims))
    return TICKETS_A_RUN / (monotonic_seconds() - begun)


async def race(servers: TestServers, processes: int) -> float:
    """Assignments a second by so many processes; raises if anybody has too much."""
    database = await servers.database("assignment")
    async with _runtime(database, "race") as runtime:
        await _define(runtime, capacity=0)
        tickets = await _hear(runtime.log, RACED_TICKETS)
        running = [await _racer(database, number) for number in range(processes)]
        try:
            await _until(runtime, "TicketQueued", tickets, len(tickets))
            before = await runtime.log.end()
            await _define(runtime, capacity=PLACES_EACH)
            begun = monotonic_seconds()
            places = PLACES_EACH * len(AGENT_IDS)
            await _until(runtime, "AgentAssigned", tickets, places)
            seconds = monotonic_seconds() - begun
            await asyncio.sleep(1)
        finally:
            for process in running:
                process.terminate()
            await asyncio.gather(*(process.wait() for process in running))
        await _check(runtime, tickets, places)
        print(f"  {processes} processes: {places:,} of {len(tickets):,} tickets given away once "
              f"in {seconds:.1f} s, {await runtime.log.end() - before:,} positions")  # fmt: skip
        return places / seconds


async def _racer(database: Database, number: int) -> asyncio.subprocess.Process:
    arguments = (sys.executable, "-m", "bench.assignments", database.url, str(number))
    return await asyncio.create_subprocess_exec(*arguments)


async def _until(runtime: Runtime, kind: str, tickets: Sequence[UUID], wanted: int) -> None:
    give_up_at = monotonic_seconds() + RACE_SECONDS_MAX
    count = "select count(*) from ledger.log where type = $1 and subject = any($2)"
    while await runtime.pool.fetchval(count, kind, tickets) < wanted:
        if monotonic_seconds() > give_up_at:
            raise TimeoutError(kind)
        await asyncio.sleep(0.1)


async def _check(runtime: Runtime, tickets: Sequence[UUID], places: int) -> None:
    """Nobody has a ticket twice, or one too many, and the log's own count says the same."""
    pasts = await runtime.log.read_many(tickets)
    held: Counter[str] = Counter()
    for past in pasts.values():
        said = [known.event for known in past.events if known.said]
        assert sum(isinstance(event, AgentAssigned) for event in said) <= 1, said
        state = TICKETS.fold([known.event for known in past.events])
        if isinstance(state, Held):
            held[state.agent_id] += 1
    assert sum(held.values()) == places, held
    assert max(held.values()) <= PLACES_EACH, held
    counted = await runtime.pool.fetch("select resource, used from ledger.capacity where used > 0")
    assert {row["resource"].removeprefix("agent:"): row["used"] for row in counted} == held


async def _define(runtime: Runtime, capacity: int) -> None:
    async def define(agent_id: str) -> None:
        defined = AgentDefined(
            agent_id=agent_id,
            name=agent_id,
            email=f"{agent_id}@desk.example",
            team_ids=("support",),
            capacity=capacity,
            revision=1,
        )
        for command in (
            DefineAgent(defined, utc_now()),
            SetPresence(agent_id, online=True, now=utc_now()),
        ):
            await runtime.handle(AGENTS, desk_id("agent", agent_id), command, actor="bench")

    await asyncio.gather(*(define(agent_id) for agent_id in AGENT_IDS))


async def _project(runtime: Runtime) -> None:
    follower = ProjectionFollower(runtime.log, Queues(), "bench")
    await follower.create(born=0)
    assert await follower._lead()
    while await follower.step():
        pass


async def _hear(log: Log, count: int) -> list[UUID]:
    """Tickets that are ready for somebody, each a second younger than the one before."""
    tickets = [uuid7() for _ in range(count)]
    for start in range(0, count, PAGE):
        events = [
            _new(ticket, "intake", version, event)
            for number, ticket in enumerate(tickets[start : start + PAGE], start)
            for version, event in enumerate(_ready(number), 1)
        ]
        await log.append(Batch(events=events))
    return tickets


def _ready(number: int) -> tuple[Event, ...]:
    return (
        TicketOpened(
            number=f"LD-{number}",
            channel=Channel.API,
            topic_id="router",
            topic_name="Router",
            requester=Person(person_id=uuid7(), email=""),
            subject="",
            description="",
            opened_at=T0 + timedelta(seconds=number),
        ),
        TicketVerified(verified_at=T0),
        TicketCategorised(
            type=TicketType.TECHNICAL,
            topic_id="router",
            topic_name="Router",
            team_id="support",
            team_name="Support",
        ),
        TicketPrioritised(impact=Level.MEDIUM, urgency=Level.MEDIUM, priority=Priority.MEDIUM),
    )


def _assigned(agent_id: str) -> AgentAssigned:
    return AgentAssigned(
        agent_id=agent_id,
        agent_name="",
        team_id="support",
        team_name="Support",
        tier=1,
        by="routing",
        reason="",
        assigned_at=T0,
    )


def _new(subject: UUID, author: str, version: int, event: Event, *, said: bool = False) -> NewEvent:
    event_id = uuid7()
    return NewEvent(
        subject=subject,
        author=author,
        version=version,
        id=event_id,
        topic=event.topic,
        type=type(event).__name__,
        after="",
        correlation=event_id,
        actor="bench",
        occurred_at=utc_now(),
        data=event.model_dump_json(),
        said=said,
    )


async def _run_racer(url: str, number: str) -> None:
    """What every replica of assignment runs, until it is ended."""
    async with _runtime(Database("assignment", url, url), number) as runtime:
        directory = Directory(runtime.pool)
        route = ReactionFollower(runtime.log, Route(directory, utc_now), TICKETS, utc_now, number)
        projection = ProjectionFollower(runtime.log, Queues(), number)
        for follower in (route, projection):
            await follower.create(born=0)
        await asyncio.gather(route.run(), projection.run(), Queue(runtime, 0.5).run())


if __name__ == "__main__":
    asyncio.run(_run_racer(*sys.argv[1:]))
