"""A rebuild while two replicas of a service hear, fold, decide and answer: nobody reads less than
they have seen, whichever replica they ask and whichever of them rebuilds."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from shared.events.resolution import WorkStarted
from shared.followers.projection import ProjectionFollower
from shared.followers.rebuilding import Generations
from shared.ids import uuid7
from shared.log.log import QUERIES
from shared.running import Running, running
from shared.testing.eventually import eventually
from shared.testing.spec import T0
from tests.integration.test_core_on_kafka import INTAKE, PARROT, RESOLUTION, Desk, Say, desk, opened

__all__ = ["desk"]

REBUILDS = 3
TICKETS_AT_ONCE = 3
STEPS = 6
"""Commands on each ticket, given to one replica and looked at in the other."""

STARTED = Say(WorkStarted(started_by="agent:anna", started_at=T0))


@asynccontextmanager
async def replicas(desk: Desk) -> AsyncIterator[Sequence[Running]]:
    settings = desk.settings("resolution")
    other = desk.settings("resolution").model_copy(update={"instance": "1"})
    async with running(RESOLUTION, settings) as one, running(RESOLUTION, other) as two:
        yield one, two


async def events_shown(replica: Running, ticket: UUID) -> int:
    """How many events of the ticket this replica's read model shows."""
    shown: int | None = await replica.runtime.pool.fetchval(
        "select events from seens.seen where subject = $1", ticket
    )
    return shown or 0


async def live(ticket: UUID, intake: Running, both: Sequence[Running]) -> None:
    """The life of a ticket, of which everybody sees at once what was just said."""
    outcome = await intake.runtime.handle(PARROT, ticket, Say(opened()), actor="customer:x")
    said = 1
    for step in range(STEPS):
        for replica in both:
            await replica.runtime.wait_for(ticket, outcome.vector, projection="seens")
            assert await events_shown(replica, ticket) >= said
        decides = both[step % 2].runtime
        outcome = await decides.handle(PARROT, ticket, STARTED, actor="agent:anna")
        said += 1


async def rebuild(replica: Running, url: str) -> None:
    """Begin a rebuild at this replica, and wait until it is live."""
    pool = replica.runtime.pool
    built = Generations(replica.runtime.log, RESOLUTION.projections, url)
    number = await built.begin("seens")

    async def is_live() -> None:
        phases = {row["generation"]: row for row in await pool.fetch(QUERIES.generations)}
        assert phases[number]["phase"] in {"live", "differs", "failed"}, phases[number]

    await eventually(is_live)
    rows = {row["generation"]: row for row in await pool.fetch(QUERIES.generations)}
    assert (rows[number]["phase"], rows[number]["detail"]) == ("live", "")
    await built.close()


async def test_no_read_fails_or_is_stale_while_either_of_two_replicas_rebuilds(desk: Desk) -> None:
    tickets: list[UUID] = []
    over = asyncio.Event()
    url = desk.databases["resolution"].url

    async def people(intake: Running, both: Sequence[Running]) -> None:
        while not over.is_set():
            tickets.append(uuid7())
            await live(tickets[-1], intake, both)

    async with running(INTAKE, desk.settings("intake")) as intake, replicas(desk) as both:
        async with asyncio.TaskGroup() as busy:
            for _ in range(TICKETS_AT_ONCE):
                busy.create_task(people(intake, both))
            for number in range(REBUILDS):
                await rebuild(both[number % 2], url)
            over.set()
        # Opened, as often as was asked, and once more by the reaction.
        wanted = dict.fromkeys(tickets, 1 + STEPS + 1)

        async def all_shown() -> None:
            assert {each: await events_shown(both[0], each) for each in tickets} == wanted

        await eventually(all_shown)
        generations = [
            each.generation
            for replica in both
            for each in replica.runtime.followers
            if isinstance(each, ProjectionFollower) and each.leading
        ]
        assert generations == [1 + REBUILDS]
