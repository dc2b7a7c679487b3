"""Where each partition is to be read on: kept in the service's own database.

With the log, so that the two can't part: a log that is restored from a backup reads Kafka
again from where the backup stood, and its inbox drops what it has. The last record that
was read is read once more, to see that it is still the same: in a topic that was made
anew it is another, or none, and everything is read from the beginning.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from aiokafka import TopicPartition

from shared.log.log import QUERIES, Log

log = structlog.get_logger()


class Seekable(Protocol):
    """What is asked of Kafka's consumer here."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from there."""

    async def beginning_offsets(
        self, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Where what is kept of these partitions begins."""

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the next record of these partitions will be."""


@dataclass
class Place:
    """How far one partition has been taken in, since it was assigned to this process."""

    first: int
    """Where what is kept of it begins."""
    done: int
    last: str = ""
    """The record before `done`, in short."""
    expected: str = ""
    """What the next record must be, if it was read before."""
    stored: int = -1


@dataclass
class Offsets:
    """The places of the partitions that this process reads now."""

    log: Log
    names: Mapping[str, str]
    """Topics on Kafka, to topics."""
    places: dict[TopicPartition, Place] = field(default_factory=dict)

    async def begin(self, consumer: Seekable, partitions: Iterable[TopicPartition]) -> None:
        """Read these from where they were left, by whichever process."""
        asked = list(partitions)
        if not asked:
            return
        rows = await self.log.pool.fetch(QUERIES.offsets)
        left = {(row["topic"], row["partition"]): row for row in rows}
        firsts = await consumer.beginning_offsets(asked)
        ends = await consumer.end_offsets(asked)
        for partition in asked:
            row = left.get((self.names[partition.topic], partition.partition))
            place = _place(row, firsts[partition], ends[partition])
            consumer.seek(partition, place.done)
            self.places[partition] = place

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """These are read by somebody else from now on."""
        for partition in partitions:
            self.places.pop(partition, None)

    def known(self, consumer: Seekable, records: Sequence[Any]) -> list[Any]:
        """Those records that are of the topics that were read before.

        A topic that was made anew is read from its beginning instead.
        """
        other: set[TopicPartition] = set()
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            place = self.places.get(partition)
            if place is None or not place.expected:
                continue
            if record.offset != place.done or in_short(record) != place.expected:
                log.warning("topic_made_anew", topic=record.topic, partition=record.partition)
                consumer.seek(partition, place.first)
                self.places[partition] = Place(place.first, place.first)
                other.add(partition)
            place.expected = ""
        return [r for r in records if TopicPartition(r.topic, r.partition) not in other]

    def taken(self, records: Sequence[Any], since: Mapping[TopicPartition, Place]) -> None:
        """These are in the log. `since` are the places when they came: what was assigned
        anew meanwhile may have been read further by others."""
        latest = {TopicPartition(r.topic, r.partition): r for r in records}
        for partition, record in latest.items():
            place = self.places.get(partition)
            if place is not None and place is since.get(partition):
                place.done, place.last = record.offset + 1, in_short(record)

    async def store(self) -> None:
        """Put on record how far each partition has been taken in."""
        moved = [
            (partition, place, place.done)
            for partition, place in self.places.items()
            if place.last and place.stored != place.done
        ]
        if not moved:
            return
        await self.log.pool.execute(
            QUERIES.store_offsets,
            [self.names[partition.topic] for partition, _, _ in moved],
            [partition.partition for partition, _, _ in moved],
            [done for _, _, done in moved],
            [place.last for _, place, _ in moved],
        )
        for _, place, done in moved:
            place.stored = done


def _place(row: Any, first: int, end: int) -> Place:
    following = row["next_offset"] if row is not None else None
    if following is None or not first < following <= end:
        return Place(first, first)
    return Place(first, following - 1, expected=row["last_record"])


def in_short(record: Any) -> str:
    """What tells a record from any other at its offset."""
    digest = hashlib.blake2b(record.value or b"", key=(record.key or b"")[:64], digest_size=12)
    for name, value in record.headers:
        if name == "ce_id":
            digest.update(value)
    return digest.hexdigest()
