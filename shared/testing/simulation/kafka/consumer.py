"""A process's consumer, and its producer: aiokafka's, as far as the core uses them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaConnectionError, KafkaError

from shared.hearing import REBALANCE_SECONDS_MAX
from shared.outages import OUTAGES
from shared.reading import Reading
from shared.testing.simulation.kafka.broker import Broker, KafkaRecord
from shared.testing.simulation.kafka.group import Group
from shared.testing.simulation.process import Process

BATCH_RECORDS_MAX = 20
GATHER_SECONDS_MAX = 0.1
"""How long records gather before they are fetched."""
REWIND_RECORDS_MAX = 6
SESSION_SECONDS = 6.0
"""A member that sleeps for longer is no member any more."""


class SimulatedConsumer:
    """Reads `topics` for the group of a service."""

    def __init__(
        self, process: Process, broker: Broker, group: str, instance: str, topics: list[str]
    ) -> None:
        self.instance = instance
        self.topics = topics
        self._process = process
        self._broker = broker
        self._group: Group = broker.group(group)
        self._generation = -1
        self._round = 0
        """Counts what it was assigned."""
        self._ready = True
        self._learnt: list[TopicPartition] = []
        self._has_learnt = asyncio.Event()
        self._positions: dict[TopicPartition, int] = {}
        self._incarnations: dict[str, int] = {}

    def expire_soon(self, after_seconds: float) -> None:
        """Lose one's membership, unless one comes back before."""
        self._process.world.loop.call_later(after_seconds, self._expire)

    def _expire(self) -> None:
        process = self._process
        if not process.alive or process.asleep_until > process.world.loop.now:
            self._group.expire(self, self._broker)

    def learn(self, generation: int, partitions: list[TopicPartition]) -> None:
        """Read these from now on."""
        loop, until = self._process.world.loop, self._process.asleep_until
        if until > loop.now:
            loop.call_later(until - loop.now + 0.001, self.learn, generation, partitions)
        elif generation >= self._generation:
            self._generation = generation
            self._learnt = partitions
            self._has_learnt.set()

    async def keep_rebalancing(self, reading: Reading) -> None:
        """Tell `reading` what it reads no more, and what it reads from now on: beside the
        batches, as aiokafka's coordinator does."""
        while True:
            await self._has_learnt.wait()
            self._has_learnt.clear()
            partitions = self._learnt
            with suppress(*OUTAGES, KafkaError):
                async with asyncio.timeout(REBALANCE_SECONDS_MAX):
                    await reading.revoked(list(self._positions))
            self._round += 1
            self._positions = dict.fromkeys(partitions, 0)
            self._incarnations = dict(self._broker.incarnations)
            self._ready = False
            with suppress(*OUTAGES, KafkaError):
                async with asyncio.timeout(REBALANCE_SECONDS_MAX):
                    await reading.assigned(partitions)
            self._ready = True

    async def fetch(self) -> list[KafkaRecord]:
        """The next batch of this member's partitions."""
        if not self._group.is_member(self):
            await self._process.ask_kafka("join", self._join)
        await asyncio.sleep(self._process.world.random.uniform(0.0, GATHER_SECONDS_MAX))
        while not self._ready:
            await asyncio.sleep(0.01)
        round_ = self._round
        records: list[KafkaRecord] = await self._process.ask_kafka(
            "fetch", lambda answer: self._broker.fetch(self._take, answer)
        )
        if round_ != self._round:
            return []  # it reads other partitions by now, or these from elsewhere
        fresh = []
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            if record.offset == self._positions[partition]:  # else it was sought meanwhile
                self._positions[partition] = record.offset + 1
                fresh.append(record)
        return fresh

    def _join(self, answer: "asyncio.Future[Any]") -> None:
        if self._broker.down:
            _settle(answer, error=KafkaConnectionError())
        elif self._process.alive:
            self._group.join(self, self._broker)
            _settle(answer)

    def _take(self) -> list[KafkaRecord]:
        world, batch = self._process.world, list[KafkaRecord]()
        for partition in list(self._positions):
            records = self._records(partition)
            position = self._positions[partition]
            if position > len(records) or self._is_another(partition.topic):
                position = self._positions[partition] = 0
            if position and world.chance(world.faults.rewinds):
                position = max(0, position - world.random.randint(1, REWIND_RECORDS_MAX))
                self._positions[partition] = position
            batch += records[position : position + BATCH_RECORDS_MAX]
        self._incarnations = dict(self._broker.incarnations)
        return batch

    def _is_another(self, topic: str) -> bool:
        return self._incarnations.get(topic) != self._broker.incarnations[topic]

    def _records(self, partition: TopicPartition) -> list[KafkaRecord]:
        partitions = self._broker.topics[partition.topic]
        return partitions[partition.partition] if partition.partition < len(partitions) else []

    def assignment(self) -> list[TopicPartition]:
        return list(self._positions)

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(len(self._broker.topics[topic])))

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition not in self._positions:
            raise IllegalStateError(f"{partition} is not assigned")
        self._positions[partition] = offset

    async def beginning_offsets(
        self, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        return await self._offsets(dict.fromkeys(partitions, 0))

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        def serve(answer: "asyncio.Future[Any]") -> None:
            _settle(answer, {p: len(self._records(p)) for p in partitions}, self._away())

        ends: dict[TopicPartition, int] = await self._process.ask_kafka("see the ends", serve)
        return ends

    async def _offsets(self, offsets: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
        found: dict[TopicPartition, int] = await self._process.ask_kafka(
            "see the beginnings", lambda answer: _settle(answer, offsets, self._away())
        )
        return found

    def _away(self) -> Exception | None:
        return KafkaConnectionError() if self._broker.down else None


def _settle(
    answer: "asyncio.Future[Any]", result: object = None, error: Exception | None = None
) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)
