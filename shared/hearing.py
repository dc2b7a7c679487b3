"""Hearing: the inbox on Kafka, by FastStream, and how far it has read.

At least once: offsets are committed after the Postgres commit, lazily, as the inbox
drops what it has. FastStream's default would be at most once; the policy is set here.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import asyncpg
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    UnknownTopicOrPartitionError,
)
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage

from shared.clock import Clock, monotonic_seconds
from shared.inbox import Inbox
from shared.kafka import consumer_options, topic_name
from shared.log.log import QUERIES, Log
from shared.settings import ServiceSettings

log = structlog.get_logger()

HOLD_SECONDS_MAX = 60.0
"""How long a batch is tried again in place before Kafka is asked for it anew."""

LOOK_SECONDS_WITH_TIMERS = 0.5
LOOK_SECONDS = 2.0
"""How often the ends of the partitions are looked at, and offsets committed: timers fire
only up to the last look."""


class Hearing:
    """Feeds `inbox` with what is said on `topics`, and knows how far it has read."""

    def __init__(
        self,
        event_log: Log,
        inbox: Inbox,
        settings: ServiceSettings,
        topics: Sequence[str],
        clock: Clock,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._log = event_log
        self._inbox = inbox
        self._clock = clock
        self._look_seconds = look_seconds
        self._names = {topic_name(settings.topic_prefix, topic): topic for topic in topics}
        self._done: dict[TopicPartition, int] = {}
        self._expected: dict[str, set[int]] = {}
        self._committed: dict[TopicPartition, int] = {}
        self.caught_up = False
        self.failing = "not connected to Kafka yet"
        self._broker = KafkaBroker(
            settings.kafka_bootstrap_servers,
            client_id=f"{event_log.author}-{settings.instance}",
            apply_types=False,
            logger=None,
        )
        self._subscriber: Any = self._broker.subscriber(
            *self._names,
            batch=True,
            ack_policy=AckPolicy.MANUAL,
            parser=_parse,
            decoder=_decode,
            **consumer_options(settings, event_log.author),
        )
        self._subscriber(self._hear)

    async def run(self) -> None:
        """Hear until cancelled; Kafka may come later, go away, and come back."""
        try:
            await self._connect()
            while True:
                try:
                    async with asyncio.timeout(20):
                        if self._partitions_changed():
                            await self._expect_partitions()
                        await self._look()
                    self.failing = ""
                except (KafkaError, OSError, TimeoutError, asyncpg.PostgresError) as error:
                    self.failing = f"{type(error).__name__}: {error}"
                    log.warning("hearing_failing", error=self.failing)
                await asyncio.sleep(self._look_seconds)
        finally:
            with suppress(Exception):
                async with asyncio.timeout(5):
                    await self._commit()
            with suppress(Exception):
                async with asyncio.timeout(10):
                    await self._broker.stop()

    async def _connect(self) -> None:
        delay = 0.2
        while True:
            try:
                await self._broker.start()
            except (KafkaError, OSError) as error:
                self.failing = f"{type(error).__name__}: {error}"
                log.warning("kafka_away", error=self.failing)
                with suppress(Exception):
                    await self._broker.stop()
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
            else:
                return

    def _partitions_changed(self) -> bool:
        consumer = self._subscriber.consumer
        return any(self._expected.get(n) != consumer.partitions_for_topic(n) for n in self._names)

    async def _expect_partitions(self) -> None:
        await self._log.pool.execute(QUERIES.forget_topics, list(self._names.values()))
        for name, topic in self._names.items():
            partitions = self._subscriber.consumer.partitions_for_topic(name)
            if partitions is None:
                raise UnknownTopicOrPartitionError(f"there is no topic {name}")
            self._expected[name] = partitions
            await self._log.pool.execute(QUERIES.expect_partitions, topic, list(partitions))

    async def _hear(self, records: Sequence[Any]) -> None:
        """Take in a batch. Returns only when it is durable, or was asked for again."""
        batch = [(self._names[record.topic], record) for record in records]
        delay, give_up_at = 0.1, monotonic_seconds() + HOLD_SECONDS_MAX
        while True:
            try:
                await self._inbox.receive(batch)
            except Exception as error:  # noqa: BLE001 - nothing may make it skip a record
                log.warning("inbox_failing", error=f"{type(error).__name__}: {error}")
                if monotonic_seconds() > give_up_at:
                    self._rewind(records)
                    return
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
            else:
                break
        for record in records:
            self._done[TopicPartition(record.topic, record.partition)] = record.offset + 1

    def _rewind(self, records: Sequence[Any]) -> None:
        earliest: dict[TopicPartition, int] = {}
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            earliest[partition] = min(record.offset, earliest.get(partition, record.offset))
        for partition, offset in earliest.items():
            with suppress(IllegalStateError):  # it was given to somebody else meanwhile
                self._subscriber.consumer.seek(partition, offset)

    async def _look(self) -> None:
        """Note which partitions have been read to their ends as of now; commit offsets."""
        consumer = self._subscriber.consumer
        assigned = consumer.assignment()
        as_of: datetime = self._clock()
        ends = await consumer.end_offsets(list(assigned)) if assigned else {}
        for partition in list(self._done):
            if partition not in assigned:
                self._done.pop(partition)
        for partition in assigned - self._done.keys():
            committed = await consumer.committed(partition)
            if committed is None:
                first = await consumer.beginning_offsets([partition])
                committed = first[partition]
            self._done.setdefault(partition, committed)
        read = [p for p, end in ends.items() if self._done.get(p, -1) >= end]
        self.caught_up = bool(assigned) and len(read) == len(assigned)
        if read:
            topics = [self._names[partition.topic] for partition in read]
            partitions = [partition.partition for partition in read]
            await self._log.pool.execute(QUERIES.set_read_to, topics, partitions, as_of)
        await self._commit()

    async def _commit(self) -> None:
        consumer = self._subscriber.consumer
        if consumer is None:
            return
        assigned = consumer.assignment()
        moved = {
            partition: offset
            for partition, offset in self._done.items()
            if partition in assigned and self._committed.get(partition) != offset
        }
        if moved:
            await consumer.commit(moved)
            self._committed.update(moved)


async def _parse(records: Any) -> KafkaAckableMessage:
    """A batch as it is: headers are read by the inbox, one by one."""
    first, last = records[0], records[-1]
    return KafkaAckableMessage(
        body=b"",
        headers={},
        batch_headers=[],
        reply_to="",
        content_type=None,
        message_id=f"{first.offset}-{last.offset}",
        correlation_id="",
        raw_message=records,
        path={},
        consumer=_NoConsumer(),
    )


async def _decode(message: Any) -> Any:
    return message.raw_message


class _NoConsumer:
    """Offsets are committed by `Hearing` alone."""

    async def commit(self) -> None:
        return None

    def seek(self, _partition: Any, _offset: int) -> None:
        return None
