"""The broker: what stands on each partition, and what may go wrong on the way there.

Worse than Kafka on purpose: a record may come late, after others that were sent behind it,
and once more later on, as after a rerouting, a zombie's retry or a copied topic.
"""

import asyncio
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import KafkaConnectionError

from shared.testing.simulation.kafka.group import Group
from shared.testing.simulation.world import World

POLL_SECONDS_MAX = 1.0
"""How long a fetch waits for something new."""

LATE_SECONDS_MAX = 4.0
"""How much later a record may come, or come again."""


@dataclass(frozen=True)
class KafkaRecord:
    """As a consumer sees it."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    there_since: float
    """Virtual time."""


class Broker:
    """All topics of a simulation."""

    def __init__(self, world: World, topics: Sequence[str], partitions: int) -> None:
        self.world = world
        self.down = False
        self.topics: dict[str, list[list[KafkaRecord]]] = {
            topic: [[] for _ in range(partitions)] for topic in topics
        }
        self.incarnations = dict.fromkeys(topics, 0)
        """How often each topic was made anew."""
        self.ever: list[KafkaRecord] = []
        """Everything that ever stood on a topic, for the checks."""
        self.on_the_way = 0
        """Late ones, and repetitions to come."""
        self.groups: dict[str, Group] = {}
        self._waiting: dict[Callable[[], bool], None] = {}

    def group(self, name: str) -> Group:
        """The consumer group of a service."""
        return self.groups.setdefault(name, Group(self.world, name))

    def produce(
        self, topic: str, key: bytes, value: bytes, headers: Any, written: "asyncio.Future[None]"
    ) -> None:
        """Write a record, now or late, once or more."""
        if self.down:
            if not written.done():
                written.set_exception(KafkaConnectionError())
            return

        def write() -> None:
            self._append(topic, key, value, headers)
            if not written.done():
                written.set_result(None)

        def write_late() -> None:
            self.on_the_way -= 1
            write()

        times_late = 0
        if self.world.chance(self.world.faults.delays):
            times_late += 1
        else:
            write()
        if self.world.chance(self.world.faults.duplicates):
            times_late += 1
        for _ in range(times_late):
            self.on_the_way += 1
            self.world.loop.call_later(
                self.world.random.uniform(0.01, LATE_SECONDS_MAX), write_late
            )

    def fetch(
        self, take: Callable[[], list[KafkaRecord]], answer: "asyncio.Future[list[KafkaRecord]]"
    ) -> None:
        """Answer as soon as `take` finds something, or with nothing after a while."""

        def attempt() -> bool:
            if answer.done():
                return True
            found = [] if self.down else take()
            if found:
                answer.set_result(found)
            return bool(found)

        def give_up() -> None:
            self._waiting.pop(attempt, None)
            if not answer.done():
                answer.set_result([])

        if not attempt():
            self._waiting[attempt] = None
            self.world.loop.call_later(POLL_SECONDS_MAX, give_up)

    def add_partition(self, topic: str) -> None:
        """One more partition: from now on keys are spread otherwise."""
        self.topics[topic].append([])
        self.world.note("kafka", f"{topic} has {len(self.topics[topic])} partitions")
        for group in self.groups.values():
            group.rebalance(self)

    def make_anew(self, topic: str) -> None:
        """Delete a topic with all that stands on it, and make it again."""
        self.topics[topic] = [[] for _ in self.topics[topic]]
        self.incarnations[topic] += 1
        self.world.note("kafka", f"{topic} is made anew")
        for group in self.groups.values():
            group.rebalance(self)

    def _append(self, topic: str, key: bytes, value: bytes, headers: Any) -> None:
        partitions = self.topics[topic]
        number = zlib.crc32(key) % len(partitions)
        offset = len(partitions[number])
        record = KafkaRecord(topic, number, offset, key, value, tuple(headers), self.world.loop.now)
        partitions[number].append(record)
        self.ever.append(record)
        for attempt in list(self._waiting):
            if attempt():
                self._waiting.pop(attempt, None)
