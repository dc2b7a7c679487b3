"""Hearing: the inbox on Kafka, by FastStream.

FastStream's default would be at most once; the policy is set here. What becomes of a batch,
and how far has been read, is `shared/reading.py`.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage

from shared.clock import Clock, monotonic_seconds
from shared.inbox import Inbox
from shared.kafka import consumer_options, topic_name
from shared.kafka_access import broker_security
from shared.log.log import Log
from shared.logging import kind_of
from shared.reading import Reading, Stuck
from shared.settings import ServiceSettings

log = structlog.get_logger()

GATHER_OF_WORK = 3.0
"""Records gather so many times as long as the last batch took to be taken in, so that batches
become fewer and larger while the machine is busy."""

GATHER_SECONDS_MAX = 0.25

WORTHWHILE = 500
"""Records that are worth a round trip: after so many, the next are asked for at once."""

LOOK_SECONDS_WITH_TIMERS = 0.5
LOOK_SECONDS = 2.0
"""How often the ends of the partitions are looked at, and offsets stored: timers fire
only up to the last look."""

REBALANCE_SECONDS_MAX = 10.0
"""How long it may take to find out where partitions were left; the next look tries again."""


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
        self._look_seconds = look_seconds
        self._gather_seconds = settings.fetch_wait_ms / 1000
        self._broker = KafkaBroker(
            settings.brokers,
            client_id=f"{event_log.author}-{settings.instance}",
            apply_types=False,
            logger=None,
            security=broker_security(settings),
        )
        names = {topic_name(settings.topic_prefix, topic): topic for topic in topics}
        self._subscriber: Any = self._broker.subscriber(
            *names,
            batch=True,
            ack_policy=AckPolicy.MANUAL,
            parser=_parse,
            decoder=_decode,
            listener=_Listener(lambda: self._reading),
            **consumer_options(settings, event_log.author),
        )
        self._subscriber(self._hear)
        self._reading = Reading(event_log, inbox, names, clock, lambda: self._subscriber.consumer)

    @property
    def caught_up(self) -> bool:
        """Whether everything that is on Kafka had been read at the last look."""
        return self._reading.caught_up

    @property
    def failing(self) -> str:
        """What keeps it from hearing; empty while nothing does."""
        return self._reading.failing

    @property
    def behind(self) -> Mapping[str, int]:
        """By topic, how many records had not been read at the last look."""
        return self._reading.behind

    @property
    def read(self) -> int:
        """Grows with every record that is read."""
        return self._reading.read

    async def run(self) -> None:
        """Hear until cancelled; Kafka may come later, go away, and come back."""
        while True:
            try:
                await self._connect()
                await self._reading.look_regularly(self._look_seconds)
            except Stuck:
                log.error("consumer_stuck")
            finally:
                with suppress(Exception):
                    async with asyncio.timeout(5):
                        await self._reading.commit()
                with suppress(Exception):
                    async with asyncio.timeout(10):
                        await self._broker.stop()

    async def _connect(self) -> None:
        delay = 0.2
        while True:
            try:
                await self._broker.start()
            except (KafkaError, OSError) as error:
                self._reading.failing = f"{type(error).__name__}: {error}"
                log.warning("kafka_away", error=kind_of(error))
                with suppress(Exception):
                    await self._broker.stop()
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
            else:
                return

    async def _hear(self, records: Sequence[Any]) -> None:
        """Take a batch in, then let more gather: small batches are the biggest cost.

        Meanwhile nothing is asked of Kafka, so that the next fetch brings all there is by
        then; and when nothing comes, one fetch waits long, and brings the first at once.
        """
        started = monotonic_seconds()
        with _paused(self._subscriber.consumer):
            await self._reading.take(records)
            if len(records) < WORTHWHILE:
                took = monotonic_seconds() - started
                gather = min(GATHER_OF_WORK * took, GATHER_SECONDS_MAX)
                await asyncio.sleep(max(self._gather_seconds - took, gather))


@contextmanager
def _paused(consumer: Any) -> Iterator[None]:
    """Nothing is fetched in this block."""
    consumer.pause(*consumer.assignment())
    try:
        yield
    finally:
        consumer.resume(*consumer.paused())


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


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells `Reading` what it reads from now on, before the first record of it comes."""

    def __init__(self, reading: Callable[[], Reading]) -> None:
        self._reading = reading

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        async with asyncio.timeout(REBALANCE_SECONDS_MAX):
            await self._reading().assigned(assigned)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        async with asyncio.timeout(REBALANCE_SECONDS_MAX):
            await self._reading().revoked(revoked)


class _NoConsumer:
    """Offsets are committed by `Reading` alone."""

    async def commit(self) -> None:
        return None

    def seek(self, _partition: Any, _offset: int) -> None:
        return None
