"""The relay: publishes what this service said, in order, at least once.

Hearers drop what they have heard, so it may publish twice, and its cursor is kept
lazily. Nothing is ever published inside a transaction.
"""

import asyncio
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber

from shared import batches
from shared.clock import monotonic_seconds
from shared.envelope import headers_of
from shared.events import KEYS
from shared.followers.follower import PAGE_EVENTS, Follower
from shared.kafka import make_producer, topic_name
from shared.log.log import Log
from shared.log.records import Recorded
from shared.privacy.keyring import Keyring
from shared.privacy.sealing import named_in
from shared.privacy.travel import value_of
from shared.settings import ServiceSettings
from shared.telemetry import PRODUCER

log = structlog.get_logger()

SEND_SECONDS_MAX = 30.0
"""Idempotent batches never expire by themselves."""

STORED_WITHIN_SECONDS = 1.0
"""How long the cursor may stand in memory alone."""

KEYS_EVERY_SECONDS = 1.0
"""How often it looks for keys that were erased or wrapped anew."""

KEYS_MAX = 1000
KNOWN_MAX = 10_000


class Relay(Follower):
    """Publishes the events of `event_log` that its service said."""

    pace_seconds = 0.01
    stored_within_seconds = STORED_WITHIN_SECONDS

    def __init__(
        self,
        event_log: Log,
        settings: ServiceSettings,
        keys: Keyring | None = None,
        producer: Callable[[ServiceSettings, str], AIOKafkaProducer] = make_producer,
    ) -> None:
        super().__init__(event_log, "relay", settings.instance)
        self._settings = settings
        self._keys = keys
        self._known: AbstractSet[str] = frozenset()
        """Keys that are on Kafka, as far as is remembered."""
        self._keys_at = 0.0
        self._make_producer = producer
        self._producer: AIOKafkaProducer | None = None

    async def step(self) -> bool:
        page = await self._page()
        said = [event for event in page if event.said]
        try:
            await self._publish_keys(named_in(event.keys for event in said))
            if said:
                producer = await self._started()
                await asyncio.gather(self._read_ahead(page), self._publish(producer, said))
                self.log.metrics.published.inc(len(said))
        except (KafkaError, OutOfOrderSequenceNumber, TimeoutError, OSError):
            await self.close()
            raise
        if page:
            await self.passed_over(page[-1].position)
        return bool(page)

    async def _publish(self, producer: AIOKafkaProducer, said: Sequence[Recorded]) -> None:
        going = (event.traceparent for event in said)
        with self.log.traces.batch("publish", PRODUCER, going):
            prefix = self._settings.topic_prefix
            names = {topic: topic_name(prefix, topic) for topic in {e.topic for e in said}}
            records = (
                (names[e.topic], str(e.subject).encode(), e.data.encode(), headers_of(e))
                for e in said
            )
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await asyncio.gather(*await batches.send(producer, records))

    async def _read_ahead(self, page: Sequence[Recorded]) -> None:
        """While Kafka takes in a full page, the next one is read: it waits in the tail."""
        if len(page) == PAGE_EVENTS:
            await self.log.newest(page[-1].position, PAGE_EVENTS)

    async def _publish_keys(self, names: AbstractSet[str]) -> None:
        """Publish keys before what is sealed with them, and, now and then, what has become of
        others: nobody shall hear an event whose keys are not to be had."""
        keys, now = self._keys, monotonic_seconds()
        if keys is None or (now - self._keys_at < KEYS_EVERY_SECONDS and names <= self._known):
            return
        full = True
        while full:  # others come all the time: what this page needs was here when it was read
            rows = await keys.unpublished(KEYS_MAX)
            full = len(rows) == KEYS_MAX
            await self._publish_rows(keys, rows)
        self._keys_at = now
        self._known = names if len(self._known) > KNOWN_MAX else self._known | names

    async def _publish_rows(self, keys: Keyring, rows: Sequence[Any]) -> None:
        if not rows:
            return
        producer = await self._started()
        topic = topic_name(self._settings.topic_prefix, KEYS)
        records: list[batches.Record] = [
            (topic, str(row["key_id"]).encode(), value_of(row), []) for row in rows
        ]
        async with asyncio.timeout(SEND_SECONDS_MAX):
            await asyncio.gather(*await batches.send(producer, records))
        await keys.published(rows)

    async def close(self) -> None:
        """Drop the producer; the next page makes a new one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(Exception):
                async with asyncio.timeout(5):
                    await producer.stop()

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = self._make_producer(self._settings, self.log.author)
            try:
                await producer.start()
            except BaseException:
                with suppress(Exception):
                    await producer.stop()
                raise
            self._producer = producer
        return self._producer
