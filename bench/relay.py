"""The relay, from the log to Kafka, beside an idempotent producer that sends the same."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bench.append import event
from bench.row import Row
from shared.clock import monotonic_seconds
from shared.envelope import headers_of
from shared.followers.relay import Relay
from shared.ids import uuid7
from shared.kafka import make_producer
from shared.log import Batch, Log
from shared.log.log import QUERIES
from shared.postgres import open_pool
from shared.settings import ServiceSettings
from shared.testing.infra import TestServers

EVENTS = 10_000
PAGE = 1000


@asynccontextmanager
async def rows(servers: TestServers) -> AsyncIterator[Sequence[Row]]:
    """What was committed, until Kafka has it all and said so."""
    database, topics = await servers.database("resolution"), await servers.topics()
    settings = bench_settings(database.url, topics.bootstrap, topics.prefix)
    pool = await open_pool(database.url, 8, "bench")
    log = Log(pool, "resolution")
    for _ in range(EVENTS // PAGE):
        await log.append(Batch(events=[event(uuid7()) for _ in range(PAGE)]))

    async def publish() -> float:
        relay = Relay(log, settings)
        await relay.create(born=0)
        await pool.execute("update ledger.cursors set position = 0 where name = 'relay'")
        assert await relay._lead()
        await relay._started()
        begun = monotonic_seconds()
        while await relay.step():
            pass
        seconds = monotonic_seconds() - begun
        await relay.release()
        await relay.close()
        return EVENTS / seconds

    async def produce() -> float:
        events = await log.page(0, EVENTS)
        records = [(e.data.encode(), str(e.subject).encode(), headers_of(e)) for e in events]
        producer = make_producer(settings, "floor")
        await producer.start()
        begun = monotonic_seconds()
        for start in range(0, EVENTS, PAGE):
            page = records[start : start + PAGE]
            futures = [
                await producer.send(topics.desk, value, key=key, headers=headers)
                for value, key, headers in page
            ]
            await asyncio.gather(*futures)
        seconds = monotonic_seconds() - begun
        await producer.stop()
        return EVENTS / seconds

    yield [Row("relay, committed to Kafka", "the producer alone", publish, produce, 0.5)]
    await pool.execute(QUERIES.drop_lease, "relay", 1, uuid7())
    await pool.close()


def bench_settings(url: str, bootstrap: str, prefix: str) -> ServiceSettings:
    """Settings of a service that only a bench uses."""
    return ServiceSettings(
        database_url=url,
        port=0,
        kafka_bootstrap_servers=bootstrap,
        topic_prefix=prefix,
        identity_secret="b" * 32,
        link_secret="b" * 32,
    )
