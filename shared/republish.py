"""Saying again what was said, byte for byte from the log: hearers drop what they have.

One stream fills a gap that a hearer has parked. All of them, or those since some time,
are for a Kafka that was lost or restored from an older copy: for that the relay is set back.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from aiokafka import AIOKafkaProducer

from shared.envelope import headers_of
from shared.errors import NotFound
from shared.events import KEYS
from shared.kafka import make_producer, topic_name
from shared.log.log import QUERIES, Log
from shared.privacy.keyring import QUERIES as KEY_QUERIES
from shared.privacy.sealing import key_id_of, named_in
from shared.privacy.travel import value_of
from shared.settings import ServiceSettings

SEND_SECONDS_MAX = 30.0


class Republisher:
    """Publishes what the service of `event_log` has said before."""

    def __init__(
        self,
        event_log: Log,
        settings: ServiceSettings,
        producer: Callable[[ServiceSettings, str], AIOKafkaProducer] = make_producer,
    ) -> None:
        self._log = event_log
        self._settings = settings
        self._make_producer = producer

    async def stream(self, subject: UUID) -> int:
        """Everything this service said about `subject`, and before it the keys that it is sealed
        with; how many events. Raises `NotFound`."""
        past = await self._log.read(subject)
        said = [event for event in past.events if event.said]
        if not said:
            raise NotFound(what="stream of this service")
        names = named_in(event.keys for event in said)
        keys = await self._log.pool.fetch(
            KEY_QUERIES.keys_to_publish, self._log.author, [key_id_of(name) for name in names]
        )
        producer = self._make_producer(self._settings, f"{self._log.author}-republish")
        async with asyncio.timeout(SEND_SECONDS_MAX):
            await producer.start()
            try:
                for key in keys:
                    await producer.send_and_wait(
                        topic_name(self._settings.topic_prefix, KEYS),
                        value_of(dict(key)),
                        key=str(key["key_id"]).encode(),
                    )
                for event in said:
                    await producer.send_and_wait(
                        topic_name(self._settings.topic_prefix, event.topic),
                        event.data.encode(),
                        key=str(event.subject).encode(),
                        headers=headers_of(event),
                    )
            finally:
                await producer.stop()
        return len(said)

    async def since(self, moment: datetime | None) -> int:
        """Set the relay back to `moment`, or to the beginning; how many events it says again.

        Keys go first, all of them: what was said is unreadable without.
        """
        position = 0
        if moment is not None:
            position = await self._log.pool.fetchval(QUERIES.position_at, moment)
        await self._log.pool.execute(QUERIES.publish_keys_again, self._log.author)
        await self._log.pool.execute(QUERIES.rewind_relay, position)
        count: int = await self._log.pool.fetchval(QUERIES.said_after, position)
        return count
