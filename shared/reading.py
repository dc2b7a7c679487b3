"""Reading: a batch from Kafka taken in whole, and how far each partition has been read.

At least once: an offset is committed after the Postgres commit, lazily, as the inbox drops
what it has. Knows a consumer only by what it asks of one, so that a simulation can be one.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol

import asyncpg
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import (
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    UnknownTopicOrPartitionError,
)

from shared.clock import Clock, monotonic_seconds
from shared.inbox import Inbox
from shared.log.log import QUERIES, Log
from shared.logging import kind_of
from shared.outages import OUTAGES

log = structlog.get_logger()

HOLD_SECONDS_MAX = 60.0
"""How long a batch is tried again in place before Kafka is asked for it anew."""

LOOK_SECONDS_MAX = 20.0
"""How long one look may take."""


class Consumer(Protocol):
    """What is asked of Kafka's consumer."""

    def assignment(self) -> Iterable[TopicPartition]:
        """The partitions this member of the group reads now."""

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """All partitions of a topic, or None if there is no such topic."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from there."""

    async def beginning_offsets(
        self, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Where what is kept of these partitions begins."""

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the next record of these partitions will be."""

    async def committed(self, partition: TopicPartition) -> int | None:
        """Where the group will read on; None before the first commit."""

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Where the group is to read on from now."""


class Reading:
    """Feeds `inbox` with batches of `names` (topic on Kafka to topic), and keeps account."""

    def __init__(
        self,
        event_log: Log,
        inbox: Inbox,
        names: Mapping[str, str],
        clock: Clock,
        consumer: Callable[[], Consumer | None],
    ) -> None:
        self._log = event_log
        self._inbox = inbox
        self._names = names
        self._clock = clock
        self._consumer = consumer
        self._done: dict[TopicPartition, int] = {}
        self._expected: dict[str, set[int]] = {}
        self._committed: dict[TopicPartition, int] = {}
        self.caught_up = False
        self.behind: dict[str, int] = {}
        """By topic, how many records had not been read at the last look."""
        self.read = 0
        """Records taken in since the start."""
        self.failing = "not connected to Kafka yet"

    async def take(self, records: Sequence[Any]) -> None:
        """Take in a batch. Returns only when it is durable, or was asked for again."""
        batch = [(self._names[record.topic], record) for record in records]
        delay, give_up_at = 0.1, monotonic_seconds() + HOLD_SECONDS_MAX
        while True:
            try:
                await self._inbox.receive(batch)
            except Exception as error:  # noqa: BLE001 - nothing may make it skip a record
                log.warning("inbox_failing", error=kind_of(error))
                if monotonic_seconds() > give_up_at:
                    self._rewind(records)
                    return
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
            else:
                break
        for record in records:
            self._done[TopicPartition(record.topic, record.partition)] = record.offset + 1
        self.read += len(records)

    def _rewind(self, records: Sequence[Any]) -> None:
        earliest: dict[TopicPartition, int] = {}
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            earliest[partition] = min(record.offset, earliest.get(partition, record.offset))
        consumer = self._consumer()
        if consumer is None:
            return
        for partition, offset in earliest.items():
            with suppress(IllegalStateError):  # it was given to somebody else meanwhile
                consumer.seek(partition, offset)

    async def look_regularly(self, every_seconds: float) -> None:
        """Look until cancelled; Kafka and Postgres may go away and come back."""
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS_MAX):
                    await self.look()
                self.failing = ""
            except (KafkaError, *OUTAGES, asyncpg.PostgresError) as error:
                self.failing = f"{type(error).__name__}: {error}"
                log.warning("hearing_failing", error=kind_of(error))
            await asyncio.sleep(every_seconds)

    async def look(self) -> None:
        """Note which partitions have been read to their ends as of now; commit offsets."""
        consumer = self._consumer()
        if consumer is None:
            raise KafkaConnectionError("the consumer has stopped")
        if self._partitions_changed(consumer):
            await self._expect_partitions(consumer)
        assigned = set(consumer.assignment())
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
        self.behind = self._count_behind(ends)
        if read:
            topics = [self._names[partition.topic] for partition in read]
            partitions = [partition.partition for partition in read]
            await self._log.pool.execute(QUERIES.set_read_to, topics, partitions, as_of)
        await self.commit()

    def _count_behind(self, ends: Mapping[TopicPartition, int]) -> dict[str, int]:
        behind = dict.fromkeys(self._names.values(), 0)
        for partition, end in ends.items():
            behind[self._names[partition.topic]] += max(end - self._done.get(partition, 0), 0)
        return behind

    def _partitions_changed(self, consumer: Consumer) -> bool:
        return any(self._expected.get(n) != consumer.partitions_for_topic(n) for n in self._names)

    async def _expect_partitions(self, consumer: Consumer) -> None:
        await self._log.pool.execute(QUERIES.forget_topics, list(self._names.values()))
        for name, topic in self._names.items():
            partitions = consumer.partitions_for_topic(name)
            if partitions is None:
                raise UnknownTopicOrPartitionError(f"there is no topic {name}")
            self._expected[name] = partitions
            await self._log.pool.execute(QUERIES.expect_partitions, topic, list(partitions))

    async def commit(self) -> None:
        """Tell Kafka how far this member has come."""
        consumer = self._consumer()
        if consumer is None:
            return
        assigned = set(consumer.assignment())
        moved = {
            partition: offset
            for partition, offset in self._done.items()
            if partition in assigned and self._committed.get(partition) != offset
        }
        if moved:
            await consumer.commit(moved)
            self._committed.update(moved)
