"""Somebody is forgotten: keys, read models and files, in every service, and for good."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import asyncpg
import pytest

from deploy.local.databases import Database
from shared.events import Event
from shared.events.access import PersonErased
from shared.events.intake import CustomerMessageReceived, TicketOpened
from shared.events.resolution import AgentReplied, WorkStarted
from shared.followers.view import Table, View
from shared.ids import person_id, uuid7
from shared.log import Recorded
from shared.postgres import Pool
from shared.privacy.eraser import Forget, Forgotten
from shared.privacy.sealing import ERASED
from shared.running import Running
from shared.service import Reacts, Runtime, Service
from shared.testing.eventually import eventually
from shared.testing.infra import TopicNames
from shared.testing.spec import T0
from tests.integration.test_core_on_kafka import PARROT, Desk, Say, StartAtOnce, opened

Databases = Callable[[str], Awaitable[Database]]
CARLA = person_id("carla@example.com")


@dataclass(frozen=True)
class Told:
    id: UUID
    subject: UUID
    text: str


TOLD = Table("told", Told, key="id", append_only=True)


class Telling:
    name: ClassVar[str] = "telling"
    tables: ClassVar[Sequence[Table[Told]]] = (TOLD,)
    hears: ClassVar[frozenset[type[Event]]] = frozenset({TicketOpened, AgentReplied})

    def fold(self, view: View, recorded: Recorded) -> None:
        match recorded.event:
            case TicketOpened() as event:
                view.put(TOLD, Told(recorded.id, view.subject, event.description))
            case AgentReplied() as event:
                view.put(TOLD, Told(recorded.id, view.subject, event.text))
            case _:
                pass


class Notes:
    """What the services were told to do away with."""

    def __init__(self) -> None:
        self.forgotten: list[Forgotten] = []
        self.patience = 1

    def forget(self, _runtime: Runtime) -> Forget:
        async def forget(forgotten: Forgotten) -> bool:
            self.forgotten.append(forgotten)
            return len(self.forgotten) > self.patience

        return forget


SAYS = frozenset({TicketOpened, CustomerMessageReceived, PersonErased})
INTAKE = Service("intake", hears=frozenset({WorkStarted}), says=SAYS)
CREATE = (
    "create schema telling;"
    "create table telling.told (id uuid primary key, subject uuid not null, text text not null)"
)


@pytest.fixture
async def desk(service_database: Databases, topics: TopicNames) -> Desk:
    databases = {name: await service_database(name) for name in ("intake", "resolution")}
    role = await asyncpg.connect(databases["resolution"].url)
    await role.execute(CREATE)
    await role.close()
    return Desk(databases, topics)


@asynccontextmanager
async def both(desk: Desk, notes: Notes) -> AsyncIterator[tuple[Running, Running]]:
    resolution = Service(
        "resolution",
        hears=frozenset({TicketOpened}),
        says=frozenset({WorkStarted, AgentReplied}),
        projections=[Telling()],
        reactions=lambda _: [Reacts(StartAtOnce(), PARROT)],
        forget=notes.forget,
    )
    async with desk.run(INTAKE) as one, desk.run(resolution) as other:
        yield one, other


def reply() -> AgentReplied:
    return AgentReplied(
        replied_by="anna", agent_name="Anna", text="Dear Carla, try again", replied_at=T0
    )


async def texts(pool: Pool) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = {}
    for row in await pool.fetch("select subject, text from telling.told"):
        found.setdefault(row["subject"], set()).add(row["text"])
    return found


async def test_a_person_is_forgotten_in_every_service_and_others_are_not(desk: Desk) -> None:
    notes, hers, his = Notes(), uuid7(), uuid7()
    him = opened("LD-2").requester.model_copy(
        update={"person_id": person_id("bert@example.com"), "email": "bert@example.com"}
    )
    async with both(desk, notes) as (intake, resolution):
        say = intake.runtime.handle
        await say(PARROT, hers, Say(opened("LD-1")), actor="customer:x")
        about_him = opened("LD-2").model_copy(update={"requester": him, "description": "His"})
        await say(PARROT, his, Say(about_him), actor="customer:x")
        pool = resolution.runtime.pool

        async def heard() -> bool:
            return (await texts(pool)).keys() == {hers, his}

        await eventually(heard)
        await resolution.runtime.handle(PARROT, hers, Say(reply()), actor="agent:anna")

        async def replied() -> bool:
            return len((await texts(pool))[hers]) == 2

        await eventually(replied)
        erased = PersonErased(erased_by="admin", erased_at=T0)
        await say(PARROT, CARLA, Say(erased), actor="agent:admin")

        async def forgotten() -> None:
            assert await texts(pool) == {hers: {ERASED}, his: {"His"}}
            for live in (intake, resolution):
                rows = await live.runtime.pool.fetch(
                    "select author, wrapped, purged_at from ledger.keys where person = $1", CARLA
                )
                assert {row["author"] for row in rows} == {"intake", "resolution"}
                assert all(row["wrapped"] is None and row["purged_at"] for row in rows)

        await eventually(forgotten, timeout=60)
        assert [list(each.subjects) for each in notes.forgotten] == [[hers]] * 2
        assert set(notes.forgotten[0].persons) == {CARLA}
        events = [e.event for e in (await resolution.runtime.log.read(hers)).events]
        replied_event = next(e for e in events if isinstance(e, AgentReplied))
        assert (replied_event.text, replied_event.agent_name) == (ERASED, "Anna")

        # Whoever writes again is new.
        await say(PARROT, uuid7(), Say(opened("LD-3")), actor="customer:x")

        async def heard_again() -> bool:
            return {"It broke"} in (await texts(pool)).values()

        await eventually(heard_again)


async def test_what_was_read_before_a_refold_is_not_written_after_it(desk: Desk) -> None:
    ticket = uuid7()
    async with both(desk, Notes()) as (intake, resolution):
        await intake.runtime.handle(PARROT, ticket, Say(opened()), actor="customer:x")
        pool = resolution.runtime.pool

        async def heard() -> bool:
            return bool(await texts(pool))

        await eventually(heard)
    from shared.errors import CursorLost
    from shared.followers.projection import ProjectionFollower

    follower = ProjectionFollower(resolution.runtime.log, Telling(), "test")
    pool = await asyncpg.create_pool(desk.databases["resolution"].url, min_size=1, max_size=2)
    resolution.runtime.log.pool = follower.log.pool = pool
    try:
        row = await pool.fetchrow(
            "select generation, position from ledger.cursors where name = 'telling'"
        )
        follower.generation, follower.position = row["generation"], row["position"]
        follower.stored = row["position"]
        views = await follower._load((await follower.log.read(ticket)).events)
        for view in views.values():
            view.put(TOLD, Told(uuid7(), ticket, "what was read before"))
        async with pool.acquire() as connection:
            await follower.refold_many(connection, [])
        with pytest.raises(CursorLost):
            await follower._write(row["position"] + 1, views, [], set(), {})
        assert "what was read before" not in (await texts(pool))[ticket]
    finally:
        await pool.close()
