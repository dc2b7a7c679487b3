"""The relay and keys: they go first, and never keep the events back."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid5

from shared.followers import relay as module
from shared.followers.relay import Relay
from shared.log import Log
from shared.privacy.keyring import Keyring
from shared.settings import ServiceSettings
from shared.testing.spec import T0, TICKET


class Keys:
    """So many keys unpublished at first, and one more whenever some are published."""

    def __init__(self, first: int) -> None:
        self.waiting = first
        self.made = 0

    async def unpublished(self, limit: int) -> list[dict[str, Any]]:
        return [_row(uuid5(TICKET, str(n))) for n in range(min(limit, self.waiting))]

    async def published(self, rows: Sequence[object]) -> None:
        self.waiting += 1 - len(rows)
        self.made += 1


class Batch:
    def __init__(self) -> None:
        self.keys: list[bytes] = []

    def append(self, *, timestamp: None, key: bytes, value: bytes, headers: object) -> object:
        self.keys.append(key)
        return self

    def close(self) -> None:
        """Nothing is added any more."""


class Producer:
    def __init__(self) -> None:
        self.sent = 0

    async def partitions_for(self, _topic: str) -> set[int]:
        return {0}

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(
        self, batch: Batch, _topic: str, *, partition: int
    ) -> "asyncio.Future[None]":
        assert partition == 0
        self.sent += len(batch.keys)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def _row(key_id: UUID) -> dict[str, Any]:
    return {
        "key_id": key_id, "person": TICKET, "author": "intake", "wrapped": b"w", "master": "m",
        "change": 1, "created_at": T0, "erased_at": None,
    }  # fmt: skip


async def published(first: int) -> int:
    """How many keys go to Kafka before a page."""
    settings = ServiceSettings(
        database_url="", port=0, identity_secret="i" * 32, link_secret="l" * 32
    )
    log = cast(Log, SimpleNamespace(author="intake"))
    relay = Relay(log, settings, cast(Keyring, Keys(first)))
    producer = Producer()
    relay._producer = cast(Any, producer)
    async with asyncio.timeout(10):
        await relay._publish_keys(frozenset({"a"}))
    return producer.sent


async def test_keys_that_are_made_meanwhile_do_not_keep_the_page_back() -> None:
    assert await published(3) == 3


async def test_all_keys_that_were_there_go_before_the_page(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "KEYS_MAX", 10)
    assert await published(25) >= 25
