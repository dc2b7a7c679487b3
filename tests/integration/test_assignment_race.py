"""Never above capacity, also when many tickets arrive at once, on real Postgres.

Two runtimes, each with connections and group commits of its own, stand for two processes.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from deploy.local.databases import Database
from services.assignment.app import SERVICE
from services.assignment.directory import Directory
from services.assignment.domain.commands import RouteTicket
from services.assignment.domain.decisions import TICKETS
from services.assignment.domain.desk import AGENTS, DefineAgent, SetPresence
from services.assignment.domain.tickets import Closed, Held, State
from services.assignment.projection import Queues
from services.assignment.reactions import Release, Route
from services.assignment.rows import TICKET_ROWS
from services.assignment.settings import Settings
from services.assignment.take_up import Queue
from shared.clock import utc_now
from shared.decider import Context, handle
from shared.errors import CapacityExceeded
from shared.events import Event, Priority
from shared.events.assignment import AgentAssigned
from shared.followers.contracts import Reaction
from shared.followers.follower import Follower
from shared.followers.projection import ProjectionFollower
from shared.followers.reaction import ReactionFollower
from shared.ids import desk_id, uuid7
from shared.log import Batch, Log, NewEvent
from shared.postgres import open_pool
from shared.privacy.keyring import Keyring
from shared.privacy.master import MasterKeys, new_master_key
from shared.service import Runtime
from shared.testing.eventually import eventually
from shared.testing.spec import T0, fold
from tests.unit.assignment.story import (
    CLOSED,
    NOW,
    OPENED,
    VERIFIED,
    categorised,
    defined,
    prioritised,
)

MASTER = new_master_key("test")
Databases = Callable[[str], Awaitable[Database]]
AGENT_IDS = [f"agent-{number}" for number in range(10)]
CAPACITY = 10


@dataclass
class Process:
    """One of several processes of the service, as far as these tests need it."""

    runtime: Runtime
    instance: str

    @property
    def log(self) -> Log:
        return self.runtime.log

    async def route(self, ticket_id: UUID) -> None:
        """What the reaction does with one ticket: choose again while others are first."""
        directory = Directory(self.runtime.pool)
        while True:
            candidates = await directory.agents_of("support")
            command = RouteTicket(candidates=candidates, now=NOW)
            try:
                await self.runtime.handle(TICKETS, ticket_id, command, actor="routing")
            except CapacityExceeded:
                continue
            return

    async def follow(self, follower: Follower) -> None:
        await follower.create(born=0)
        assert await follower._lead()
        while await follower.step():
            pass

    async def project(self) -> None:
        await self.follow(ProjectionFollower(self.log, Queues(), self.instance))

    async def react(self, reaction: Reaction[object]) -> None:
        await self.follow(ReactionFollower(self.log, reaction, TICKETS, lambda: NOW, self.instance))


@asynccontextmanager
async def process(database: Database, instance: str) -> AsyncIterator[Process]:
    pool = await open_pool(database.url, 8, f"test-{instance}")
    settings = Settings(
        database_url=database.url, identity_secret="i" * 32, link_secret="l" * 32, port=0
    )
    keys = Keyring(pool, "assignment", MasterKeys(MASTER))
    runtime = Runtime(SERVICE, settings, pool, Log(pool, "assignment", keys), lambda: NOW)
    yield Process(runtime, instance)
    await runtime.log.close()
    await pool.close()


@pytest.fixture
async def database(service_database: Databases) -> Database:
    return await service_database("assignment")


@pytest.fixture
async def two(database: Database) -> AsyncIterator[tuple[Process, Process]]:
    """Two processes; ten agents online who may have ten tickets each."""
    async with process(database, "0") as one, process(database, "1") as other:
        for agent_id in AGENT_IDS:
            await define(one, agent_id, CAPACITY)
        await one.project()
        yield one, other


async def define(process: Process, agent_id: str, capacity: int) -> None:
    subject = desk_id("agent", agent_id)
    definition = DefineAgent(defined(agent_id, capacity=capacity), NOW)
    online = SetPresence(agent_id, online=True, now=NOW)
    for command in (definition, online):
        await process.runtime.handle(AGENTS, subject, command, actor="cli:desk")


def heard(subject: UUID, *events: Event, after: int = 0) -> list[NewEvent]:
    """What one other author said of a ticket, from the version behind `after` on."""
    return [
        NewEvent(
            subject=subject,
            author=event.author,
            version=after + place,
            id=(event_id := uuid7()),
            topic="tickets",
            type=type(event).__name__,
            after="",
            correlation=event_id,
            actor="test",
            occurred_at=utc_now(),
            data=event.model_dump_json(),
            said=False,
        )
        for place, event in enumerate(events, start=1)
    ]


async def hear_tickets(process: Process, count: int) -> list[UUID]:
    """Tickets that are ready for somebody, each a second younger than the one before."""
    tickets = [uuid7() for _ in range(count)]
    events: list[NewEvent] = []
    for number, ticket in enumerate(tickets):
        opened = OPENED.model_copy(update={"opened_at": T0 + timedelta(seconds=number)})
        priority = Priority.CRITICAL if number % 10 == 9 else Priority.MEDIUM
        events += heard(ticket, opened, VERIFIED, categorised(), prioritised(priority))
    await process.log.append(Batch(events=events))
    return tickets


async def states(log: Log, tickets: Sequence[UUID]) -> dict[UUID, State]:
    pasts = await log.read_many(tickets)
    return {t: TICKETS.fold([e.event for e in past.events]) for t, past in pasts.items()}


async def loads(log: Log, tickets: Sequence[UUID]) -> Counter[str]:
    """How many tickets each agent has, by the log; the log's own count is the same."""
    held = Counter(s.agent_id for s in (await states(log, tickets)).values() if isinstance(s, Held))
    rows = await log.pool.fetch("select resource, used from ledger.capacity where used > 0")
    assert {row["resource"].removeprefix("agent:"): row["used"] for row in rows} == held
    return held


async def test_two_hundred_tickets_at_once_fill_a_hundred_places_and_not_one_more(
    two: tuple[Process, Process],
) -> None:
    tickets = await hear_tickets(two[0], 200)
    # Both processes route every ticket, from both ends, as fast as they can.
    await asyncio.gather(
        *(two[0].route(ticket) for ticket in tickets),
        *(two[1].route(ticket) for ticket in reversed(tickets)),
    )
    held = await loads(two[0].log, tickets)
    assert held == dict.fromkeys(AGENT_IDS, CAPACITY)
    past = await two[0].log.read_many(tickets)
    said = Counter(e.type for p in past.values() for e in p.events if e.said)
    assert said == {"AgentAssigned": 100, "TicketQueued": 100}


async def test_what_waits_is_taken_up_when_capacity_frees_the_most_urgent_first(
    two: tuple[Process, Process],
) -> None:
    one = two[0]
    tickets = await hear_tickets(one, 200)
    await one.react(Route(Directory(one.runtime.pool), lambda: NOW, one.log))
    await one.project()
    first = await states(one.log, tickets)
    held = [ticket for ticket in tickets if isinstance(first[ticket], Held)]
    assert held == tickets[:100]
    closed = [event for ticket in held[:15] for event in heard(ticket, CLOSED)]
    await one.log.append(Batch(events=closed))
    await one.react(Release(one.runtime.pool, lambda: NOW))
    assert sum((await loads(one.log, tickets)).values()) == 85

    queues = [Queue(process.runtime, 0.1) for process in two]
    taken = await asyncio.gather(*(queue.take_up() for queue in queues))
    # Who was second to a place looks again a moment later.
    await one.project()
    taken += [await queue.take_up() for queue in queues]
    assert sum(taken) == 15
    after = await states(one.log, tickets)
    newly = {t for t in tickets if isinstance(after[t], Held) and t not in held}
    urgent = [t for number, t in enumerate(tickets) if number >= 100 and number % 10 == 9]
    oldest = [t for number, t in enumerate(tickets) if number >= 100 and number % 10 != 9]
    assert newly == {*urgent, *oldest[:5]}
    assert max((await loads(one.log, tickets)).values()) == CAPACITY


class Late(Log):
    """A log in which a ticket's closing is heard, and reacted to, between the look at an open
    ticket and the append that gives it to somebody."""

    def __init__(self, process: Process, ticket: UUID) -> None:
        super().__init__(process.runtime.pool, "assignment")
        self.process, self.ticket = process, ticket

    async def append(self, batch: Batch) -> int:
        await self.process.log.append(Batch(events=heard(self.ticket, CLOSED), heard=True))
        await self.process.react(Release(self.process.runtime.pool, lambda: NOW))
        return await self.process.log.append(batch)


async def test_a_ticket_given_away_while_its_closing_was_heard_takes_nobodys_place(
    two: tuple[Process, Process],
) -> None:
    one = two[0]
    (ticket,) = await hear_tickets(one, 1)
    candidates = await Directory(one.runtime.pool).agents_of("support")
    command = RouteTicket(candidates=candidates, now=NOW)
    context = Context(actor="routing", now=NOW)
    outcome = await handle(Late(one, ticket), TICKETS, ticket, command, context)
    assert [type(event) for event in outcome.events] == [AgentAssigned]
    await one.react(Release(one.runtime.pool, lambda: NOW))
    assert isinstance((await states(one.log, [ticket]))[ticket], Closed)
    assert await loads(one.log, [ticket]) == {}


async def test_a_queue_that_runs_leaves_nothing_waiting_while_somebody_is_free(
    two: tuple[Process, Process],
) -> None:
    one, other = two
    tickets = await hear_tickets(one, 120)
    running = [asyncio.create_task(Queue(process.runtime, 0.1).run()) for process in (one, other)]
    follower = ProjectionFollower(one.log, Queues(), one.instance)
    route = ReactionFollower(
        one.log,
        Route(Directory(one.runtime.pool), lambda: NOW, one.log),
        TICKETS,
        lambda: NOW,
        one.instance,
    )
    await route.create(born=0)
    running += [asyncio.create_task(follower.run()), asyncio.create_task(route.run())]
    try:
        await eventually(lambda: _held(one, tickets, 100))
        await define(other, "agent-new", 7)
        await eventually(lambda: _held(one, tickets, 107))
        await define(other, "agent-0", 23)
        await eventually(lambda: _held(one, tickets, 120))
        await eventually(lambda: _projected(one))
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _held(process: Process, tickets: Sequence[UUID], wanted: int) -> bool:
    held = await loads_now(process)
    assert sum(held.values()) == wanted, held
    return sum((await loads(process.log, tickets)).values()) == wanted


async def loads_now(process: Process) -> dict[str, int]:
    rows = await process.runtime.pool.fetch("select resource, used from ledger.capacity")
    return {row["resource"]: row["used"] for row in rows}


async def _projected(process: Process) -> bool:
    """Every row of the read model equals the fold of the log."""
    pool = process.runtime.pool
    columns = list(TICKET_ROWS.row.__dataclass_fields__)
    rows = await pool.fetch(f"select {', '.join(columns)} from queues.tickets")
    pasts = await process.log.read_many([row["subject"] for row in rows])
    for row in rows:
        events = pasts[row["subject"]].events
        (expected,) = fold(Queues(), *events, subject=row["subject"])["tickets"]
        assert TICKET_ROWS.row(*row) == expected
    return len(rows) == 120
