"""Records on their way to Kafka, a batch a partition: made here, as a whole page is at hand.

One by one, aiokafka takes a coroutine, a future and a lock for each record.
"""

import asyncio
from collections.abc import Iterable
from functools import lru_cache
from struct import unpack_from
from typing import Any

Record = tuple[str, bytes, bytes, list[tuple[str, bytes]]]
"""Topic, key, value, headers: a list, as aiokafka takes nothing else."""

_MIX, _SEED, _WORD = 0x5BD1E995, 0x9747B28C, 0xFFFFFFFF


async def send(producer: Any, records: Iterable[Record]) -> "list[asyncio.Future[Any]]":
    """Hand the records to aiokafka's producer, those of one partition in their order; what is to
    be waited for until all are on Kafka. Raises `KafkaError`."""
    sent: list[asyncio.Future[Any]] = []
    counts: dict[str, int] = {}
    filling: dict[tuple[str, int], Any] = {}
    for topic, key, value, headers in records:
        if topic not in counts:
            counts[topic] = len(await producer.partitions_for(topic))
        place = topic, partition_of(key, counts[topic])
        batch = filling.get(place)
        if batch is None or not _added(batch, key, value, headers):
            if batch is not None:
                sent.append(await _closed(producer, batch, place))
            batch = filling[place] = producer.create_batch()
            _added(batch, key, value, headers)  # an empty one takes what is too large for others
    for place, batch in filling.items():
        sent.append(await _closed(producer, batch, place))
    return sent


def _added(batch: Any, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> bool:
    return batch.append(timestamp=None, key=key, value=value, headers=headers) is not None


async def _closed(producer: Any, batch: Any, place: tuple[str, int]) -> "asyncio.Future[Any]":
    """Send a batch; closed, it doesn't wait for more."""
    topic, partition = place
    batch.close()
    future: asyncio.Future[Any] = await producer.send_batch(batch, topic, partition=partition)
    return future


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, as Kafka's clients agree on it."""
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


@lru_cache(maxsize=4_000)
def _murmur2(key: bytes) -> int:
    """MurmurHash2 of 32 bits, by A. Appleby, with the seed of Kafka's Java client."""
    whole = len(key) // 4
    found = _SEED ^ len(key)
    for word in unpack_from(f"<{whole}I", key):
        mixed = word * _MIX & _WORD
        mixed = (mixed ^ mixed >> 24) * _MIX & _WORD
        found = found * _MIX & _WORD ^ mixed
    rest = key[whole * 4 :]
    if rest:
        found = (found ^ int.from_bytes(rest, "little")) * _MIX & _WORD
    found = (found ^ found >> 13) * _MIX & _WORD
    return found ^ found >> 15
