"""The inbox, from Kafka to the log, beside consuming, decoding and copying the same records."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer

from bench.append import event
from bench.relay import bench_settings
from bench.row import Row
from shared.clock import monotonic_seconds
from shared.envelope import headers_of, heard
from shared.events import decode
from shared.ids import uuid7
from shared.inbox import Inbox
from shared.kafka import REQUEST_BYTES_MAX, make_producer
from shared.log import Batch, Log
from shared.postgres import open_pool
from shared.testing.infra import TestServers, TopicNames

EVENTS = 10_000
STREAM = 4
"""Events of each subject: each but the first has a predecessor to be found."""
BATCH = 2_000


@asynccontextmanager
async def rows(servers: TestServers) -> AsyncIterator[Sequence[Row]]:
    """Each run reads the topic from its beginning, into a log that is empty."""
    topics = await servers.topics()
    await _publish(servers, topics)

    async def hear() -> float:
        database = await servers.database("review")
        pool = await open_pool(database.url, 4, "bench")
        inbox = Inbox(Log(pool, "review"), ["WorkStarted"])
        seconds = 0.0
        async for records in _batches(topics):
            begun = monotonic_seconds()
            await inbox.receive([("tickets", record) for record in records])
            seconds += monotonic_seconds() - begun
        assert await pool.fetchval("select count(*) from ledger.log") == EVENTS
        await pool.close()
        await servers.drop(database)
        return EVENTS / seconds

    async def copy() -> float:
        database = await servers.database("review")
        connection = await asyncpg.connect(database.owner_url)
        await connection.execute(
            "create table floor (position bigint generated always as identity primary key,"
            " subject uuid, author text, version int, id uuid unique, type text, after text,"
            " occurred_at timestamptz, data json, unique (subject, author, version))"
        )
        columns = ["subject", "author", "version", "id", "type", "after", "occurred_at", "data"]
        seconds = 0.0
        async for records in _batches(topics):
            begun = monotonic_seconds()
            taken = [heard("tickets", record.headers, record.value) for record in records]
            for one in taken:
                decode(one.type, one.data)
            await connection.copy_records_to_table(
                "floor",
                columns=columns,
                records=[
                    (e.subject, e.author, e.version, e.id, e.type, e.after, e.occurred_at, e.data)
                    for e in taken
                ],
            )
            seconds += monotonic_seconds() - begun
        await connection.close()
        await servers.drop(database)
        return EVENTS / seconds

    yield [Row("inbox, Kafka to log, causes checked", "decode and COPY", hear, copy, 0.4)]


async def _publish(servers: TestServers, topics: TopicNames) -> None:
    """Streams of a few events each, one after the other within a stream."""
    database = await servers.database("resolution")
    pool = await open_pool(database.url, 4, "bench")
    log = Log(pool, "resolution")
    subjects = [uuid7() for _ in range(EVENTS // STREAM)]
    for version in range(1, STREAM + 1):
        for start in range(0, len(subjects), 500):
            part = subjects[start : start + 500]
            await log.append(Batch(events=[event(subject, version) for subject in part]))
    producer = make_producer(bench_settings(database.url, topics.bootstrap, topics.prefix), "bench")
    await producer.start()
    for recorded in await log.page(0, EVENTS):
        await producer.send(
            topics.tickets,
            recorded.data.encode(),
            key=str(recorded.subject).encode(),
            headers=headers_of(recorded),
        )
    await producer.stop()
    await pool.close()
    await servers.drop(database)


async def _batches(topics: TopicNames) -> AsyncIterator[Sequence[Any]]:
    consumer = AIOKafkaConsumer(
        topics.tickets,
        bootstrap_servers=topics.bootstrap,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=REQUEST_BYTES_MAX,
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        left = EVENTS
        while left:
            got = await consumer.getmany(timeout_ms=5000, max_records=BATCH)
            records = [record for part in got.values() for record in part]
            left -= len(records)
            yield records
    finally:
        await consumer.stop()
