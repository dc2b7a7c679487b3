"""A process's producer: in order, unless the broker has its moods."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError

from shared.testing.simulation.kafka.broker import Broker
from shared.testing.simulation.process import Process


class SimulatedProducer:
    """aiokafka's, as the relay uses it."""

    def __init__(self, process: Process, broker: Broker) -> None:
        self._process = process
        self._broker = broker
        self._last_sent = 0.0

    async def start(self) -> None:
        await self._process.ask_kafka("connect a producer", self._connect)

    async def stop(self) -> None:
        """What is on its way arrives all the same."""

    async def send(
        self,
        topic: str,
        value: bytes,
        *,
        key: bytes,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> "asyncio.Future[None]":
        """Send a record; the future is done when it is on the topic, or may be."""
        await self._process.step(f"send {dict(headers).get('ce_type', b'a key').decode()}")
        world = self._process.world
        written: asyncio.Future[None] = world.loop.create_future()
        acknowledged: asyncio.Future[None] = world.loop.create_future()
        self._last_sent = max(self._last_sent, world.loop.now + world.latency_seconds())
        if world.chance(world.faults.kafka_errors):
            world.loop.call_later(0.1, _refuse, acknowledged)
            if world.chance(0.5):
                return acknowledged
        else:
            written.add_done_callback(lambda done: _acknowledge(done, acknowledged))
        world.loop.call_at(
            self._last_sent, self._broker.produce, topic, key, value, headers, written
        )
        return acknowledged

    async def partitions_for(self, _topic: str) -> set[int]:
        """One: the broker finds the partition of a key."""
        return {0}

    def create_batch(self) -> "SimulatedBatch":
        """A batch to be filled."""
        return SimulatedBatch()

    async def send_batch(
        self, batch: "SimulatedBatch", topic: str, *, partition: int
    ) -> "asyncio.Future[Any]":
        """Send what is in a batch, one by one: so any part of it may be lost, or come twice."""
        del partition
        futures = [
            await self.send(topic, value, key=key, headers=headers)
            for key, value, headers in batch.records
        ]
        return asyncio.gather(*futures)

    def _connect(self, answer: "asyncio.Future[Any]") -> None:
        if not answer.done():
            if self._broker.down:
                answer.set_exception(KafkaConnectionError())
            else:
                answer.set_result(None)


@dataclass
class SimulatedBatch:
    """Records of one partition."""

    records: list[tuple[bytes, bytes, Sequence[tuple[str, bytes]]]] = field(default_factory=list)

    def append(
        self,
        *,
        timestamp: None,
        key: bytes,
        value: bytes,
        headers: Sequence[tuple[str, bytes]],
    ) -> bool:
        """Add a record: there is always room."""
        del timestamp
        self.records.append((key, value, headers))
        return True

    def close(self) -> None:
        """Nothing is added any more."""


def _refuse(acknowledged: "asyncio.Future[None]") -> None:
    if not acknowledged.done():
        acknowledged.set_exception(KafkaTimeoutError())


def _acknowledge(written: "asyncio.Future[None]", acknowledged: "asyncio.Future[None]") -> None:
    if acknowledged.done() or written.cancelled():
        return
    error = written.exception()
    if error is None:
        acknowledged.set_result(None)
    else:
        acknowledged.set_exception(error)
