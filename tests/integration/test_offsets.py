"""Where Kafka is read on: kept beside the log, so that neither can leave the other behind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import asyncpg
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.databases import Database
from shared.ids import uuid7
from shared.log import Log
from shared.offsets import Offsets, in_short
from shared.postgres import open_pool
from shared.running import Running
from shared.testing.eventually import eventually
from shared.testing.infra import TopicNames
from tests.integration.test_core_on_kafka import INTAKE, PARROT, RESOLUTION, Desk, Say, desk, opened

__all__ = ["desk"]

PARTITION = TopicPartition("desk.tickets", 0)


@dataclass
class Record:
    offset: int
    value: bytes
    topic: str = PARTITION.topic
    partition: int = PARTITION.partition
    key: bytes = b"key"
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class Consumer:
    """A partition, and where it was told to read on."""

    first: int = 0
    end: int = 0
    sought: list[int] = field(default_factory=list)

    def seek(self, _partition: TopicPartition, offset: int) -> None:
        self.sought.append(offset)

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> Any:
        return dict.fromkeys(partitions, self.first)

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> Any:
        return dict.fromkeys(partitions, self.end)


async def read(log: Log, records: Sequence[Record], end: int = 0) -> Offsets:
    offsets = Offsets(log, {PARTITION.topic: "tickets"})
    await offsets.begin(Consumer(end=end), [PARTITION])
    offsets.taken(records, dict(offsets.places))
    await offsets.store()
    return offsets


async def log_of(service_database: Any) -> Log:
    database = await service_database("resolution")
    return Log(await open_pool(database.url, 2, "test"), "resolution")


async def test_the_last_record_is_read_again_and_told_from_that_of_a_topic_made_anew(
    service_database: Any,
) -> None:
    log = await log_of(service_database)
    records = [Record(offset, f"{offset}".encode()) for offset in range(5)]
    await read(log, records)
    same, anew = Consumer(end=9), Consumer(end=9)
    offsets = Offsets(log, {PARTITION.topic: "tickets"})
    await offsets.begin(same, [PARTITION])
    assert same.sought == [4]
    assert offsets.known(same, records[4:]) == records[4:]
    await offsets.begin(anew, [PARTITION])
    assert offsets.known(anew, [Record(4, b"another")]) == []
    assert anew.sought == [4, 0]
    assert offsets.known(anew, records) == records
    await log.pool.close()


async def test_what_kafka_has_lost_is_read_from_the_beginning(service_database: Any) -> None:
    log = await log_of(service_database)
    await read(log, [Record(7, b"7")])
    for consumer in (Consumer(first=0, end=3), Consumer(first=8, end=9)):
        await Offsets(log, {PARTITION.topic: "tickets"}).begin(consumer, [PARTITION])
        assert consumer.sought == [consumer.first]
    await log.pool.close()


async def test_a_batch_from_before_a_rebalance_takes_nothing_back(service_database: Any) -> None:
    log = await log_of(service_database)
    offsets = await read(log, [])
    before = dict(offsets.places)
    await read(log, [Record(offset, b"x") for offset in range(9)])  # another replica
    await offsets.begin(Consumer(end=9), [PARTITION])
    offsets.taken([Record(2, b"late")], before)
    assert offsets.places[PARTITION].done == 8
    await log.pool.close()


async def test_a_log_that_was_restored_hears_again_what_it_had_heard_since(
    desk: Desk, service_database: Any
) -> None:
    """The offsets are as old as the log, although Kafka had been read further."""
    early, late = uuid7(), uuid7()
    async with desk.run(INTAKE) as intake:
        async with desk.run(RESOLUTION) as resolution:
            await intake.runtime.handle(PARROT, early, Say(opened()), actor="x")
            await eventually(lambda: _has(resolution, early))
        backup = await _state(desk.databases["resolution"])
        async with desk.run(RESOLUTION) as resolution:
            await intake.runtime.handle(PARROT, late, Say(opened()), actor="x")
            await eventually(lambda: _has(resolution, late))
        desk.databases["resolution"] = await _restored(backup, service_database)
        async with desk.run(RESOLUTION) as resolution:
            await eventually(lambda: _has(resolution, late))


async def test_kafka_made_anew_and_longer_than_before_is_read_from_the_beginning(
    desk: Desk, topics: TopicNames
) -> None:
    first, others = uuid7(), [uuid7() for _ in range(60)]
    async with desk.run(INTAKE) as intake, desk.run(RESOLUTION) as resolution:
        await intake.runtime.handle(PARROT, first, Say(opened()), actor="x")
        await eventually(lambda: _has(resolution, first))
    await _make_anew(topics)
    async with desk.run(INTAKE) as intake:
        for ticket in others:
            await intake.runtime.handle(PARROT, ticket, Say(opened()), actor="x")
        await eventually(lambda: _published(intake))
    async with desk.run(RESOLUTION) as resolution:
        for ticket in others:
            await eventually(partial(_has, resolution, ticket))


async def _published(live: Running) -> bool:
    relay = next(f for f in live.runtime.followers if f.name == "relay")
    return relay.position == await live.runtime.log.end()


async def _has(live: Running, ticket: Any) -> bool:
    return bool((await live.runtime.log.read(ticket)).events)


async def _make_anew(topics: TopicNames) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=topics.bootstrap)
    await admin.start()
    try:
        described = await admin.describe_topics([topics.tickets])
        partitions = len(described[0]["partitions"])
        await admin.delete_topics([topics.tickets])

        async def gone() -> None:
            assert topics.tickets not in await admin.list_topics()

        await eventually(gone)
        await eventually(
            lambda: admin.create_topics([NewTopic(topics.tickets, partitions, 1)]), timeout=20
        )
    finally:
        await admin.close()


async def _state(database: Database) -> dict[str, list[asyncpg.Record]]:
    """What a backup would hold, of the tables that matter here."""
    connection = await asyncpg.connect(database.owner_url)
    try:
        names = ("log", "heads", "cursors", "read_to", "keys")
        return {name: await connection.fetch(f"select * from ledger.{name}") for name in names}
    finally:
        await connection.close()


async def _restored(
    backup: dict[str, list[asyncpg.Record]], service_database: Any, service: str = "resolution"
) -> Database:
    database: Database = await service_database(service)
    connection = await asyncpg.connect(database.owner_url)
    try:
        role = await asyncpg.connect(database.url)
        await role.execute(
            "create schema seens; create table seens.seen (subject uuid primary key,"
            " number text not null, events int not null, last text not null)"
        )
        await role.close()
        for name, rows in backup.items():
            for row in rows:
                columns = ", ".join(row.keys())
                places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
                await connection.execute(
                    f"insert into ledger.{name} ({columns}) overriding system value"
                    f" values ({places})",
                    *row.values(),
                )
        await connection.execute(
            "select setval(pg_get_serial_sequence('ledger.log', 'position'), max(position))"
            " from ledger.log"
        )
        await connection.execute("insert into ledger.restores (backed_up_at) values (now())")
        return database
    finally:
        await connection.close()


async def test_a_record_is_told_by_what_it_says_and_whose_it_is() -> None:
    told = {
        in_short(Record(1, b"a")),
        in_short(Record(1, b"b")),
        in_short(Record(1, b"a", key=b"other")),
        in_short(Record(1, b"a", headers=[("ce_id", b"1")])),
    }
    assert len(told) == 4
    assert in_short(Record(1, b"a")) == in_short(Record(2, b"a"))
