"""Reading: a batch from Kafka taken in whole, and how far each partition has been read.

At least once: how far is put on record after the Postgres commit, lazily, as the inbox drops
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
from shared.errors import LedgerdeskError
from shared.inbox import Inbox
from shared.log.log import QUERIES, Log
from shared.logging import kind_of
from shared.offsets import Offsets, Seekable
from shared.outages import OUTAGES

log = structlog.get_logger()

HOLD_SECONDS_MAX = 60.0
"""How long a batch is tried again in place before Kafka is asked for it anew."""

LOOK_SECONDS_MAX = 20.0
"""How long one look may take."""

STUCK_SECONDS = 45.0
"""Records that have waited on Kafka for so long, none of them read, mean that the consumer is
dead: one that was fenced off, for example, never says so. So do looks that fail for so long."""


NOT_CONNECTED = "not connected to Kafka yet"
"""What keeps it from hearing until it is known how far it has to read, or what else does."""


class Stuck(LedgerdeskError):
    """The consumer does not read what is there."""


class Consumer(Seekable, Protocol):
    """What is asked of Kafka's consumer."""

    def assignment(self) -> Iterable[TopicPartition]:
        """The partitions this member of the group reads now."""

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """All partitions of a topic, or None if there is no such topic."""


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
        self._offsets = Offsets(event_log, names)
        self._expected: dict[str, set[int]] = {}
        self._taking = False
        self._moved: tuple[int, float] = (0, 0.0)
        """How many records had been read, and when that last changed or nothing waited."""
        self._looked_at = 0.0
        """When a look last succeeded, or this consumer began."""
        self.caught_up = False
        self.behind: dict[str, int] = {}
        """By topic, how many records had not been read at the last look."""
        self.read = 0
        """Records taken in since the start."""
        self.failing = NOT_CONNECTED

    async def take(self, records: Sequence[Any]) -> None:
        """Take in a batch. Returns only when it is durable, or was asked for again."""
        self._taking = True
        try:
            await self._take(records)
        finally:
            self._taking = False

    async def _take(self, records: Sequence[Any]) -> None:
        consumer = self._consumer()
        if consumer is not None:
            records = self._offsets.known(consumer, records)
        since = dict(self._offsets.places)
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
        self._offsets.taken(records, since)
        self.read += len(records)

    async def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """These are read here from now on: from where whoever read them has left them."""
        consumer = self._consumer()
        if consumer is not None:
            await self._offsets.begin(consumer, partitions)

    async def revoked(self, partitions: Iterable[TopicPartition]) -> None:
        """These will be read by somebody else, who reads on from what is on record."""
        try:
            await self._offsets.store()
        finally:
            self._offsets.forget(partitions)

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
        """Look until cancelled; Kafka and Postgres may go away and come back. Raises `Stuck`."""
        self._looked_at = monotonic_seconds()
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS_MAX):
                    await self.look()
                self.failing = ""
                self._looked_at = monotonic_seconds()
            except (KafkaError, *OUTAGES, asyncpg.PostgresError) as error:
                self.failing = f"{type(error).__name__}: {error}"
                log.warning("hearing_failing", error=kind_of(error))
            self._be_alive()
            await asyncio.sleep(every_seconds)

    def _be_alive(self) -> None:
        """Raise `Stuck` if nothing has been read for long, though it is there, or no look
        has succeeded."""
        now = monotonic_seconds()
        if now - self._looked_at > STUCK_SECONDS:
            raise Stuck
        waiting = any(self.behind.values()) or self.failing
        if not waiting or self._taking or self.read != self._moved[0] or not self._moved[1]:
            self._moved = (self.read, now)
        if now - self._moved[1] > STUCK_SECONDS:
            self._moved = (self.read, now)
            raise Stuck

    async def look(self) -> None:
        """Note which partitions have been read to their ends as of now, and how far others."""
        consumer = self._consumer()
        if consumer is None:
            raise KafkaConnectionError("the consumer has stopped")
        if self._partitions_changed(consumer):
            await self._expect_partitions(consumer)
        assigned = set(consumer.assignment())
        as_of = await self._now()
        ends = await consumer.end_offsets(list(assigned)) if assigned else {}
        places = self._offsets.places
        self._offsets.forget(places.keys() - assigned)
        await self._offsets.begin(consumer, assigned - places.keys())
        read = [p for p, end in ends.items() if p in places and places[p].done >= end]
        self.caught_up = bool(assigned) and len(read) == len(assigned)
        self.behind = self._count_behind(ends)
        if read:
            topics = [self._names[partition.topic] for partition in read]
            partitions = [partition.partition for partition in read]
            await self._log.pool.execute(QUERIES.set_read_to, topics, partitions, as_of)
        await self.commit()

    async def _now(self) -> datetime:
        """The earlier of two clocks: for one that is ahead, more would have been read than was."""
        shared: datetime = await self._log.pool.fetchval(QUERIES.instant)
        return min(shared, self._clock())

    def _count_behind(self, ends: Mapping[TopicPartition, int]) -> dict[str, int]:
        behind = dict.fromkeys(self._names.values(), 0)
        for partition, end in ends.items():
            place = self._offsets.places.get(partition)
            behind[self._names[partition.topic]] += max(end - (place.done if place else 0), 0)
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
        """Put on record how far this process has come."""
        await self._offsets.store()
