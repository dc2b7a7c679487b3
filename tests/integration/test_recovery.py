"""A service that was restored from a backup hears again what it had said, and forks nothing."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer

from shared.events.assignment import Role
from shared.events.resolution import WorkStarted
from shared.ids import uuid7
from shared.inbox import Inbox
from shared.log import Batch, Claim, Log, NewEvent
from shared.log.hold import CatchingUp
from shared.log.log import QUERIES
from shared.postgres import open_pool
from shared.recovery import Recovery
from shared.running import Running
from shared.settings import ServiceSettings
from shared.testing.eventually import eventually
from shared.testing.spec import T0
from tests.integration.test_core_on_kafka import INTAKE, PARROT, RESOLUTION, Desk, Say, desk, opened
from tests.integration.test_offsets import _published, _restored, _state
from tests.integration.world import agent, code

__all__ = ["desk"]


async def said(live: Running, ticket: UUID) -> list[int]:
    return [e.version for e in (await live.runtime.log.read(ticket)).events if e.said]


async def lost(desk: Desk, service_database: Any) -> UUID:
    """A ticket that intake opened twice over: once before its backup, once after."""
    ticket = uuid7()
    async with desk.run(INTAKE) as intake:
        await intake.runtime.handle(PARROT, ticket, Say(opened()), actor="x")
        await eventually(lambda: _published(intake))
    backup = await _state(desk.databases["intake"])
    async with desk.run(INTAKE) as intake:
        await intake.runtime.handle(PARROT, ticket, Say(opened("LD-2")), actor="x")
        await eventually(lambda: _published(intake))
    desk.databases["intake"] = await _restored(backup, service_database, "intake")
    return ticket


async def test_a_restored_service_says_nothing_before_it_has_heard_what_it_had_said(
    desk: Desk, service_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await lost(desk, service_database)
    deaf, whole = asyncio.Event(), Inbox.receive

    async def receive(self: Inbox, records: Any) -> None:
        await deaf.wait()
        await whole(self, records)

    monkeypatch.setattr(Inbox, "receive", receive)
    async with desk.run(INTAKE) as intake:
        log = intake.runtime.log
        log.hold._wait_seconds_max = 1.0
        with pytest.raises(CatchingUp):
            await intake.runtime.handle(PARROT, ticket, Say(opened("LD-3")), actor="x")
        assert await said(intake, ticket) == [1]
        deaf.set()
        log.hold._wait_seconds_max = 30.0
        await intake.runtime.handle(PARROT, ticket, Say(opened("LD-3")), actor="x")
        assert await said(intake, ticket) == [1, 2, 3]
        assert not await log.pool.fetch(QUERIES.parked)


async def test_reactions_wait_too_and_nothing_is_decided_twice(
    desk: Desk, service_database: Any
) -> None:
    """Resolution had started work after its backup: it hears so, and does not start again."""
    ticket = uuid7()
    async with desk.run(INTAKE) as intake:
        await intake.runtime.handle(PARROT, ticket, Say(opened()), actor="x")
        await eventually(lambda: _published(intake))
        async with desk.run(RESOLUTION):
            pass
        backup = await _state(desk.databases["resolution"])
        async with desk.run(RESOLUTION) as resolution:
            await eventually(lambda: _said_once(resolution, ticket))
            (before,) = [e.id for e in (await resolution.runtime.log.read(ticket)).events if e.said]
            await eventually(lambda: _published(resolution))
        desk.databases["resolution"] = await _restored(backup, service_database)
        async with desk.run(RESOLUTION) as resolution:
            await eventually(lambda: _said_once(resolution, ticket))
            await eventually(lambda: _settled(resolution))
            (after,) = [e.id for e in (await resolution.runtime.log.read(ticket)).events if e.said]
            assert after == before
            assert not await resolution.runtime.pool.fetch(QUERIES.parked)


async def test_what_was_said_is_said_again_byte_for_byte_and_heard_once(desk: Desk) -> None:
    ticket = uuid7()
    async with desk.run(INTAKE) as intake:
        await intake.runtime.handle(PARROT, ticket, Say(opened()), actor="x")
        await eventually(lambda: _published(intake))
        async with desk.run(RESOLUTION) as resolution:
            await eventually(lambda: _said_once(resolution, ticket))
            await eventually(lambda: _published(resolution))
            operator = agent(intake, role=Role.OPERATOR)
            before = await _on_kafka(desk)
            answer = await operator.post("/republish", {"subject": str(ticket)})
            assert (answer.status_code, answer.json()) == (202, {"events": 1})
            twice = await _on_kafka(desk)
            assert sorted(twice) == sorted([*before, *(r for r in before if b"LD-1" in r[1])])
            everything = await operator.post("/republish", {"all": True})
            assert everything.json() == {"events": 1}
            await eventually(lambda: _more(desk, len(twice)))
            assert code(await operator.post("/republish", {"subject": str(uuid7())}))[0] == 404
            assert code(await operator.post("/republish", {}))[0] == 422
        heard = (await intake.runtime.log.read(ticket)).events
        assert [event.version for event in heard] == [1, 1]


async def test_capacity_is_counted_again_once_after_every_restore(
    service_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by two replicas, and when everything was heard before somebody could count."""
    pool = await open_pool((await service_database("resolution")).url, 4, "test")
    log, ticket = Log(pool, "resolution"), uuid7()
    fact = WorkStarted(started_by="agent:anna", started_at=T0)
    events = [
        NewEvent(
            ticket, "resolution", version, uuid7(), "tickets", "WorkStarted", "", ticket, "x", T0,
            fact.model_dump_json(),
        )
        for version in (1, 2)
    ]  # fmt: skip
    await log.append(Batch(events=events, heard=True))
    await pool.execute(QUERIES.note_restore)
    heard: dict[UUID, int] = {ticket: 2}

    async def said_on_kafka(_recovery: Recovery) -> dict[UUID, int]:
        return heard

    monkeypatch.setattr(Recovery, "_said_on_kafka", said_on_kafka)
    settings = ServiceSettings(
        database_url="", port=0, identity_secret="x" * 32, link_secret="x" * 32
    )
    claims = [lambda _event: [Claim("agent:anna", 1, ceiling=1)]]
    replicas = [Recovery(log, settings, ["tickets"], claims) for _ in range(2)]
    await asyncio.gather(*(each.run() for each in replicas))
    for each in replicas:  # as when they are started once more
        await each.run()
    rows = await pool.fetch("select resource, used, ceiling from ledger.capacity")
    assert [tuple(row) for row in rows] == [("agent:anna", 2, 1)]
    assert not await pool.fetchval(QUERIES.restore_unconfirmed)
    assert not log.hold.on
    await pool.close()


async def _said_once(live: Running, ticket: UUID) -> bool:
    return await said(live, ticket) == [1]


async def _settled(live: Running) -> bool:
    end = await live.runtime.log.end()
    return all(f.position == end for f in live.runtime.followers if "reaction" in f.name)


async def _more(desk: Desk, than: int) -> bool:
    return len(await _on_kafka(desk)) > than


async def _on_kafka(desk: Desk) -> list[tuple[bytes, bytes]]:
    """Keys and bodies of everything on the topic of tickets."""
    async with AIOKafkaConsumer(
        desk.topics.tickets, bootstrap_servers=desk.topics.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        found = []
        for partition, end in (await consumer.end_offsets(list(consumer.assignment()))).items():
            while await consumer.position(partition) < end:
                batch = (await consumer.getmany(partition, timeout_ms=500)).get(partition, [])
                found += [(record.key, record.value) for record in batch]
        return found
