"""The relay: publishes what this service said, in order, at least once.

Hearers drop what they have heard, so it may publish twice, and its cursor is kept
lazily. Nothing is ever published inside a transaction.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber

from shared.clock import monotonic_seconds
from shared.envelope import headers_of
from shared.errors import CursorLost
from shared.followers.follower import Follower
from shared.kafka import make_producer, topic_name
from shared.log.log import QUERIES, Log
from shared.settings import ServiceSettings

log = structlog.get_logger()

SEND_SECONDS_MAX = 30.0
"""Idempotent batches never expire by themselves."""

CURSOR_EVERY_SECONDS = 1.0


class Relay(Follower):
    """Publishes the events of `event_log` that its service said."""

    pace_seconds = 0.01

    def __init__(
        self,
        event_log: Log,
        settings: ServiceSettings,
        producer: Callable[[ServiceSettings, str], AIOKafkaProducer] = make_producer,
    ) -> None:
        super().__init__(event_log, "relay", settings.instance)
        self._settings = settings
        self._make_producer = producer
        self._producer: AIOKafkaProducer | None = None
        self._stored = 0
        self._stored_at = 0.0

    async def led(self) -> None:
        self._stored = self.position

    async def step(self) -> bool:
        page = await self._page()
        said = [event for event in page if event.said]
        if said:
            try:
                producer = await self._started()
                async with asyncio.timeout(SEND_SECONDS_MAX):
                    futures = [
                        await producer.send(
                            topic_name(self._settings.topic_prefix, event.topic),
                            event.data.encode(),
                            key=str(event.subject).encode(),
                            headers=headers_of(event),
                        )
                        for event in said
                    ]
                    await asyncio.gather(*futures)
                self.log.metrics.published.inc(len(said))
            except (KafkaError, OutOfOrderSequenceNumber, TimeoutError, OSError):
                await self.close()
                raise
        if page:
            self.position = page[-1].position
        await self._store()
        return bool(page)

    async def close(self) -> None:
        """Drop the producer; the next page makes a new one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(Exception):
                async with asyncio.timeout(5):
                    await producer.stop()

    async def store(self) -> None:
        """Keep the cursor now."""
        if self.leading and self._stored != self.position:
            moved = await self.log.pool.fetchval(
                QUERIES.move_cursor, self.name, self.generation, self._stored, self.position
            )
            if not moved:
                raise CursorLost(follower=self.name)
            self._stored = self.position

    @property
    def _stored_position(self) -> int:
        return self._stored

    async def _store(self) -> None:
        now = monotonic_seconds()
        if now - self._stored_at >= CURSOR_EVERY_SECONDS:
            await self.store()
            self._stored_at = now

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
