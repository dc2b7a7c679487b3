"""A page on its way to Kafka: each partition's records in their order, none left out."""

import asyncio
from typing import Any

from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from shared import batches

PARTITIONS = 3
ROOM = 4


class Batch:
    def __init__(self) -> None:
        self.values: list[bytes] = []
        self.closed = False

    def append(self, *, timestamp: None, key: bytes, value: bytes, headers: object) -> object:
        if len(self.values) == ROOM:
            return None
        self.values.append(value)
        return self

    def close(self) -> None:
        self.closed = True


class Producer:
    def __init__(self) -> None:
        self.sent: dict[tuple[str, int], list[bytes]] = {}

    async def partitions_for(self, _topic: str) -> set[int]:
        return set(range(PARTITIONS))

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> Any:
        assert batch.closed
        assert batch.values
        self.sent.setdefault((topic, partition), []).extend(batch.values)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


KEYS = st.sampled_from([b"a", b"b", b"c", b"d", b"e"])


@given(st.lists(st.tuples(st.sampled_from(["tickets", "desk"]), KEYS), max_size=60))
def test_every_record_goes_to_the_partition_of_its_key_in_order(places: Any) -> None:
    records = [(topic, key, b"%d" % n, []) for n, (topic, key) in enumerate(places)]
    producer = Producer()
    futures = asyncio.run(batches.send(producer, records))
    assert all(future.done() for future in futures)
    wanted: dict[tuple[str, int], list[bytes]] = {}
    for topic, key, value, _ in records:
        place = topic, batches.partition_of(key, PARTITIONS)
        wanted.setdefault(place, []).append(value)
    assert producer.sent == wanted


@given(st.binary(max_size=50))
def test_a_key_has_the_partition_that_other_clients_find(key: bytes) -> None:
    assert batches.partition_of(key, 12) == (murmur2(key) & 0x7FFFFFFF) % 12
