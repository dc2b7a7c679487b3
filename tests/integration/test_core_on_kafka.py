"""The core on the real parts: what one service says, another hears, once and in order."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import asyncpg
import pytest

from deploy.local import process
from deploy.local.databases import Database
from shared.decider import Decider
from shared.events import Event, Unknown
from shared.events.intake import Channel, TicketOpened
from shared.events.resolution import AgentReplied, TicketClosed, WorkStarted
from shared.followers.contracts import Directed
from shared.followers.view import Table, View
from shared.ids import person_id, uuid7
from shared.log import Past, Recorded
from shared.running import Running, running
from shared.service import Reacts, Service
from shared.settings import ServiceSettings
from shared.testing.eventually import eventually
from shared.testing.infra import TopicNames
from shared.testing.spec import T0

Databases = Callable[[str], Awaitable[Database]]

AWAY = "127.0.0.1:9"
"""The first of the brokers that services are told of: it is not there, and the next one is."""


@dataclass(frozen=True)
class Say:
    event: Event


def _decide(command: Say, _state: None) -> list[Event]:
    return [command.event]


def _evolve(state: None, _event: Event | Unknown) -> None:
    return state


PARROT: Decider[Say, None] = Decider(None, _decide, _evolve)


@dataclass(frozen=True)
class Seen:
    subject: UUID
    number: str
    events: int
    last: str


SEEN = Table("seen", Seen)


class Seens:
    name: ClassVar[str] = "seens"
    tables: ClassVar[Sequence[Table[Seen]]] = (SEEN,)
    hears: ClassVar[frozenset[type[Event]]] = frozenset({TicketOpened, WorkStarted, AgentReplied})

    def fold(self, view: View, recorded: Recorded) -> None:
        row = view.get(SEEN) or Seen(view.subject, "", 0, "")
        number = recorded.event.number if isinstance(recorded.event, TicketOpened) else row.number
        if "poison" in recorded.data:
            raise ValueError("poison")
        view.put(SEEN, Seen(view.subject, number, row.events + 1, recorded.type))


class StartAtOnce:
    name: ClassVar[str] = "start_at_once"
    hears: ClassVar[frozenset[type[Event]]] = frozenset({TicketOpened})

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[Say]]:
        started = WorkStarted(started_by="agent:anna", started_at=recorded.occurred_at)
        return [Directed(recorded.subject, Say(started))]


INTAKE = Service("intake", hears=frozenset({WorkStarted}), says=frozenset({TicketOpened}))
RESOLUTION = Service(
    "resolution",
    hears=frozenset({TicketOpened}),
    says=frozenset({WorkStarted}),
    projections=[Seens()],
    reactions=lambda _: [Reacts(StartAtOnce(), PARROT)],
)


def opened(number: str = "LD-1", at: datetime = T0) -> TicketOpened:
    email = "carla@example.com"
    return TicketOpened(
        number=number,
        channel=Channel.API,
        topic_id="general",
        topic_name="General",
        requester={"person_id": person_id(email), "email": email},  # type: ignore[arg-type]
        subject="Help",
        description="It broke",
        opened_at=at,
    )


@dataclass
class Desk:
    """Two services on fresh databases and topics, started as a test needs them."""

    databases: dict[str, Database]
    topics: TopicNames

    def settings(self, name: str) -> ServiceSettings:
        return ServiceSettings(
            database_url=self.databases[name].url,
            port=process.free_port(),
            wait_seconds_max=30,
            kafka_bootstrap_servers=f"{AWAY}, {self.topics.bootstrap}",
            topic_prefix=self.topics.prefix,
            identity_secret="i" * 32,
            link_secret="l" * 32,
        )

    @asynccontextmanager
    async def run(self, service: Service) -> AsyncIterator[Running]:
        async with running(service, self.settings(service.name)) as live:
            yield live


@pytest.fixture
async def desk(service_database: Databases, topics: TopicNames) -> Desk:
    databases = {name: await service_database(name) for name in ("intake", "resolution")}
    role = await asyncpg.connect(databases["resolution"].url)
    await role.execute(
        "create schema if not exists seens; create table seens.seen ("
        " subject uuid primary key, number text not null, events int not null, last text not null)"
    )
    await role.close()
    return Desk(databases, topics)


async def _seen(live: Running, subject: UUID) -> tuple[str, int, str]:
    row = await live.runtime.pool.fetchrow("select * from seens.seen where subject = $1", subject)
    assert row is not None
    return row["number"], row["events"], row["last"]


async def test_an_event_is_heard_folded_reacted_to_and_heard_back(desk: Desk) -> None:
    ticket = uuid7()
    async with desk.run(INTAKE) as intake, desk.run(RESOLUTION) as resolution:
        outcome = await intake.runtime.handle(PARROT, ticket, Say(opened()), actor="customer:x")
        await resolution.runtime.wait_for(ticket, outcome.vector)
        await eventually(lambda: _is(_seen(resolution, ticket), ("LD-1", 2, "WorkStarted")))

        async def heard_back() -> None:
            past = await intake.runtime.log.read(ticket)
            assert [e.type for e in past.events] == ["TicketOpened", "WorkStarted"]
            cause, effect = past.events
            assert effect.causation == cause.id
            assert effect.correlation == cause.correlation
            assert effect.after == "intake=1"
            assert effect.occurred_at >= cause.occurred_at
            assert not effect.said

        await eventually(heard_back)


async def test_what_was_said_while_the_other_was_away_is_heard_once_when_it_is_back(
    desk: Desk,
) -> None:
    tickets = [uuid7() for _ in range(50)]
    async with desk.run(INTAKE) as intake:
        async with desk.run(RESOLUTION):
            for ticket in tickets[:25]:
                await intake.runtime.handle(PARROT, ticket, Say(opened()), actor="customer:x")
        for ticket in tickets[25:]:
            await intake.runtime.handle(PARROT, ticket, Say(opened()), actor="customer:x")
        async with desk.run(RESOLUTION) as resolution:

            async def all_there() -> None:
                rows = await resolution.runtime.pool.fetch("select subject, events from seens.seen")
                assert {row["subject"] for row in rows} == set(tickets)
                assert {row["events"] for row in rows} == {2}

            await eventually(all_there)


async def test_a_poison_event_parks_one_ticket_and_a_retry_takes_it_up(desk: Desk) -> None:
    bad, good = uuid7(), uuid7()
    async with desk.run(INTAKE) as intake, desk.run(RESOLUTION) as resolution:
        pool = resolution.runtime.pool
        await intake.runtime.handle(PARROT, bad, Say(opened("poison")), actor="customer:x")
        await intake.runtime.handle(PARROT, good, Say(opened()), actor="customer:x")
        await eventually(lambda: _is(_seen(resolution, good), ("LD-1", 2, "WorkStarted")))

        async def parked() -> asyncpg.Record:
            row = await pool.fetchrow("select * from ledger.parked where subject = $1", bad)
            assert row is not None
            assert row["follower"] == "seens"
            return row

        row = await eventually(parked)
        assert await pool.fetchrow("select from seens.seen where subject = $1", bad) is None
        follower = next(f for f in resolution.runtime.followers if f.name == "seens")
        with pytest.raises(ValueError, match="poison"):
            await follower.retry(bad, row["id"])  # type: ignore[attr-defined]
        follower.skip.add(row["event_id"])  # type: ignore[attr-defined]
        await follower.retry(bad, row["id"])  # type: ignore[attr-defined]
        await eventually(lambda: _is(_seen(resolution, bad), ("", 1, "WorkStarted")))
        closed = TicketClosed(how="agent", closed_by="agent:x", closed_at=T0)  # type: ignore[arg-type]
        await resolution.runtime.handle(PARROT, bad, Say(closed), actor="agent:x")


async def _is(actual: Awaitable[object], expected: object) -> bool:
    assert await actual == expected
    return True
