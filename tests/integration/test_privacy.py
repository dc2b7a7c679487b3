"""Personal text is ciphertext wherever it is kept, and readable for those who have the keys."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer

from deploy.local.databases import Database
from shared.clock import utc_now
from shared.decider import Context, handle
from shared.errors import BeingForgotten, PersonForgotten
from shared.events.access import PersonErased
from shared.events.intake import TicketOpened
from shared.ids import derived_id, person_id, uuid7
from shared.log import Batch, Log, NewEvent
from shared.log.log import Sealed
from shared.postgres import Pool, open_pool
from shared.privacy.eraser import Eraser, nothing_else
from shared.privacy.keyring import Keyring
from shared.privacy.master import MasterKeys, new_master_key
from shared.privacy.purging import purge
from shared.privacy.sealing import ERASED
from shared.republish import Republisher
from shared.settings import ServiceSettings
from shared.testing.eventually import eventually
from shared.testing.infra import TopicNames
from shared.testing.spec import T0
from tests.integration.test_core_on_kafka import (
    INTAKE,
    PARROT,
    RESOLUTION,
    Databases,
    Desk,
    Say,
    opened,
)

MASTER = new_master_key("test")
CARLA = person_id("carla@example.com")
SECRETS = ("carla@example.com", "It broke", "Help")


@pytest.fixture
async def database(service_database: Databases) -> Database:
    return await service_database("intake")


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    made = await open_pool(database.url, 8, "test")
    yield made
    await made.close()


def log_on(pool: Pool) -> Log:
    """A log as another process would have it: with a memory of its own."""
    return Log(pool, "intake", Keyring(pool, "intake", MasterKeys(MASTER)))


async def say(log: Log, number: str = "LD-1") -> TicketOpened:
    ticket = uuid7()
    context = Context(actor="customer:x", now=T0)
    outcome = await handle(log, PARROT, ticket, Say(opened(number)), context)
    past = await log.read(ticket)
    assert past.events[-1].id == outcome.event_ids[0]
    event = past.events[-1].event
    assert isinstance(event, TicketOpened)
    return event


async def everything(pool: Pool) -> str:
    """All that the log's tables say, as text."""
    texts = []
    for table in ("log", "keys", "waiting", "parked"):
        rows = await pool.fetch(f"select t::text as row from ledger.{table} as t")
        texts += [row["row"] for row in rows]
    return "\n".join(texts)


async def erase(pool: Pool) -> None:
    await pool.execute(
        "update ledger.keys set wrapped = null, erased_at = now(), forgotten_at = now(),"
        " refolded_at = now()"
        " where person = $1",
        CARLA,
    )


async def test_what_is_said_is_readable_with_the_keys_and_not_in_the_database(pool: Pool) -> None:
    log = log_on(pool)
    said = await say(log)
    assert (said.description, said.requester.email) == ("It broke", "carla@example.com")
    found = await everything(pool)
    assert "TicketOpened" in found
    assert not [secret for secret in SECRETS if secret in found]
    (page,) = await log_on(pool).page(0, 10)
    assert page.event == said
    with pytest.raises(Sealed):
        await Log(pool, "intake").page(0, 10)


async def test_a_log_without_keys_says_nothing_personal(pool: Pool) -> None:
    with pytest.raises(Sealed):
        await say(Log(pool, "intake"))


async def test_one_person_has_one_key_of_an_author_whoever_needs_it_first(pool: Pool) -> None:
    log = log_on(pool)
    await asyncio.gather(*(say(log, f"LD-{n}") for n in range(20)))
    await say(log_on(pool))
    keys = await pool.fetch("select person, author, wrapped is null as gone from ledger.keys")
    assert [tuple(row) for row in keys] == [(CARLA, "intake", False)]


async def test_what_was_read_stays_unreadable_once_the_key_is_erased(pool: Pool) -> None:
    log, other = log_on(pool), log_on(pool)
    said = await say(log)
    assert (await other.page(0, 10))[0].event == said
    await erase(pool)
    assert other.keys is not None
    await other.keys.poll()  # type: ignore[attr-defined]
    for reader in (other, log_on(pool)):
        event = (await reader.page(0, 10))[0].event
        assert isinstance(event, TicketOpened)
        assert (event.description, event.requester.email) == (ERASED, ERASED)
        assert event.requester.person_id == CARLA
        assert event.number == "LD-1"


async def test_nothing_is_ever_said_under_an_erased_key(pool: Pool) -> None:
    log = log_on(pool)
    await say(log)
    await erase(pool)
    again = await say(log, "LD-2")
    assert again.description == "It broke"
    rows = await pool.fetch("select wrapped is null as gone from ledger.keys order by created_at")
    assert [row["gone"] for row in rows] == [True, False]


async def test_a_batch_that_used_an_erased_key_appends_nothing(pool: Pool) -> None:
    log = log_on(pool)
    await say(log)
    (kept,) = await log.page(0, 10)
    assert log.keys is not None
    from shared.decider import Work

    ticket = uuid7()
    work = Work("intake", PARROT, await log.read_many([ticket]))
    work.decide(ticket, Say(opened("LD-2")), Context(actor="x", now=T0))
    batch: Batch = work.batch()
    await erase(pool)
    with pytest.raises(PersonForgotten):
        await log.append(batch)
    assert await log.end() == kept.position


async def test_who_is_being_forgotten_waits_and_is_new_afterwards(pool: Pool) -> None:
    log = log_on(pool)
    await say(log)
    await pool.execute(
        "update ledger.keys set wrapped = null, erased_at = now(), forgotten_at = now()"
    )
    again = asyncio.create_task(say(log_on(pool), "LD-2"))
    done, _ = await asyncio.wait([again], timeout=1)
    assert not done
    now = Context(actor="x", now=T0, waits=False)
    with pytest.raises(BeingForgotten):
        await handle(log_on(pool), PARROT, uuid7(), Say(opened("LD-3")), now)
    await pool.execute("update ledger.keys set refolded_at = now()")
    assert (await again).number == "LD-2"


@pytest.mark.parametrize("author", ["intake", "audit"])
async def test_an_erasure_that_is_heard_again_spares_who_is_new_since(
    pool: Pool, database: Database, author: str
) -> None:
    """As after a restore: what was said and heard long ago is recorded now."""
    log = log_on(pool)
    await say(log)
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute("insert into ledger.restores (backed_up_at) values (now())")
    await owner.close()
    event_id, keys = uuid7(), log.keys
    assert isinstance(keys, Keyring)
    erased = NewEvent(
        CARLA, author, 1, event_id, "desk", "PersonErased", "", event_id, "agent:admin",
        utc_now() - timedelta(hours=1), PersonErased(erased_by="a", erased_at=T0).model_dump_json(),
        said=author == "intake",
    )  # fmt: skip
    await log.append(Batch(events=[erased], heard=True))
    eraser = Eraser(log, keys, [], nothing_else, [], utc_now, "0")
    await eraser.create(born=0)
    assert await eraser.step()
    (key,) = await pool.fetch("select erased_at from ledger.keys")
    assert key["erased_at"] is None


async def test_a_backup_holds_up_a_purge_and_nobody_behind_it(
    pool: Pool, database: Database
) -> None:
    backup = await asyncpg.connect(database.url)
    async with backup.transaction(isolation="repeatable_read", readonly=True), asyncio.timeout(20):
        await backup.fetch("select * from ledger.keys")
        purging = asyncio.create_task(purge(pool, [], []))
        await say(log_on(pool))
        assert not await purging
    await backup.close()
    assert await purge(pool, [], [])
    assert await pool.fetchval("show lock_timeout") == "0"


async def test_whoever_may_still_see_what_was_deleted_holds_up_a_purge(
    pool: Pool, database: Database
) -> None:
    idle = await asyncpg.connect(database.url)
    async with idle.transaction():
        await idle.fetchval("select pg_current_xact_id()::text")
        assert not await purge(pool, [], [])
    await idle.close()
    assert await purge(pool, [], [])


class Sent:
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        self.topics: list[str] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def send_and_wait(self, topic: str, *_: object, **__: object) -> None:
        self.topics.append(topic)


async def test_a_stream_is_republished_behind_its_keys(pool: Pool) -> None:
    log, sent = log_on(pool), Sent()
    await say(log)
    (event,) = await log.page(0, 10)
    settings = ServiceSettings(
        database_url="", port=0, identity_secret="x" * 32, link_secret="x" * 32
    )
    producer: Any = lambda *_: sent  # noqa: E731
    assert await Republisher(log, settings, producer).stream(event.subject) == 1
    assert [topic.rpartition(".")[2] for topic in sent.topics] == ["keys", "tickets"]


async def test_keys_travel_before_what_is_sealed_with_them(
    service_database: Callable[[str], Awaitable[Database]], topics: TopicNames
) -> None:
    databases = {name: await service_database(name) for name in ("intake", "resolution")}
    role = await asyncpg.connect(databases["resolution"].url)
    await role.execute(
        "create schema seens; create table seens.seen (subject uuid primary key,"
        " number text not null, events int not null, last text not null)"
    )
    await role.close()
    desk, ticket = Desk(databases, topics), uuid7()
    async with desk.run(INTAKE) as intake, desk.run(RESOLUTION) as resolution:
        said = opened()
        outcome = await intake.runtime.handle(PARROT, ticket, Say(said), actor="customer:x")
        await resolution.runtime.wait_for(ticket, outcome.vector)
        heard = (await resolution.runtime.log.read(ticket)).events[0]
        assert heard.event == said
        assert heard.data == (await intake.runtime.log.read(ticket)).events[0].data
        key = await resolution.runtime.pool.fetchrow("select * from ledger.keys")
        assert key is not None
        assert (key["person"], key["author"], key["published"]) == (CARLA, "intake", 1)

        await intake.runtime.pool.execute(
            "update ledger.keys set wrapped = null, erased_at = now(), forgotten_at = now(),"
            " change = change + 1"
        )

        async def erased_there() -> None:
            row = await resolution.runtime.pool.fetchrow("select * from ledger.keys")
            assert row is not None
            assert row["wrapped"] is None
            event = (await resolution.runtime.log.read(ticket)).events[0].event
            assert isinstance(event, TicketOpened)
            assert event.subject == ERASED

        await eventually(erased_there)
    for topic in (topics.tickets, topics.keys):
        records = await on_kafka(topics.bootstrap, topic)
        assert records
        assert not [s for s in SECRETS for record in records if s.encode() in record]


async def on_kafka(bootstrap: str, topic: str) -> list[bytes]:
    """All that is in a topic: keys, headers and bodies."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        records = []
        ends = await consumer.end_offsets(list(consumer.assignment()))
        while any([await consumer.position(p) < end for p, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                records += [b" ".join([r.key, r.value, *(v for _, v in r.headers)]) for r in batch]
        return records
    finally:
        await consumer.stop()


async def test_an_erased_key_stays_so_whatever_is_heard_later(pool: Pool) -> None:
    from shared.privacy.travel import KeyRecord

    ring = Keyring(pool, "resolution", MasterKeys(MASTER))
    key_id = derived_id("key")
    master, wrapped = ring.masters.wrap(key_id, b"k" * 32)
    live = KeyRecord(key_id, CARLA, "intake", wrapped, master, 7, T0, None)
    gone = KeyRecord(key_id, CARLA, "intake", None, master, 2, T0, T0)
    for order in ([live, gone], [gone, live], [gone], [live], [live]):
        await ring.hear(order)
        row = await pool.fetchrow("select wrapped, erased_at from ledger.keys")
        assert tuple(row) == (None, T0)
