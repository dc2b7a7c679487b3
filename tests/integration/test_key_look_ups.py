"""A look-up of a key that an erasure overtakes brings back nothing that was erased."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import pytest

from shared.clock import utc_now
from shared.decider import Context, handle
from shared.errors import BeingForgotten
from shared.events.intake import TicketOpened
from shared.ids import derived_id, uuid7
from shared.log import Log
from shared.postgres import Pool, open_pool
from shared.privacy.keyring import QUERIES, Keyring
from shared.privacy.master import MasterKeys
from shared.privacy.sealing import ERASED, key_name
from shared.privacy.travel import KeyRecord
from shared.testing.spec import T0
from tests.integration.test_core_on_kafka import PARROT, Databases, Say, opened
from tests.integration.test_privacy import CARLA, MASTER, erase, log_on, say


@pytest.fixture
async def pool(service_database: Databases) -> AsyncIterator[Pool]:
    made = await open_pool((await service_database("intake")).url, 8, "test")
    yield made
    await made.close()


class Slow:
    """A pool whose first answer to one query is under way until it is let go."""

    def __init__(self, pool: Pool, query: str) -> None:
        self._pool = pool
        self._query = query
        self.under_way = asyncio.Event()
        self.let_go = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        rows = await self._pool.fetch(query, *args)
        if query == self._query and not self.under_way.is_set():
            self.under_way.set()
            await self.let_go.wait()
        return rows


def ring_on(slow: Slow, author: str = "intake") -> Keyring:
    return Keyring(cast(Pool, slow), author, MasterKeys(MASTER))


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_what_is_read_while_its_key_is_erased_is_unreadable(
    pool: Pool, *, elsewhere: bool
) -> None:
    said = await say(log_on(pool))
    slow = Slow(pool, QUERIES.keys)
    ring = ring_on(slow)
    log = Log(pool, "intake", ring)
    (ticket,) = {event.subject for event in await log_on(pool).page(0, 10)}
    reading = asyncio.create_task(log.read(ticket))
    await slow.under_way.wait()
    if elsewhere:
        await erase(pool)
        await ring.poll()
    else:
        assert await ring.erase(CARLA, utc_now() + timedelta(minutes=1), utc_now()) == 1
    slow.let_go.set()
    for past in (await reading, await log.read(ticket)):
        event = past.events[0].event
        assert isinstance(event, TicketOpened)
        assert (event.number, event.description) == (said.number, ERASED)


async def test_a_key_that_is_heard_of_while_it_is_erased_stays_so(pool: Pool) -> None:
    slow = Slow(pool, QUERIES.hear_keys)
    ring = ring_on(slow, "resolution")
    key_id = derived_id("key")
    master, wrapped = ring.masters.wrap(key_id, b"k" * 32)
    made = KeyRecord(key_id, CARLA, "intake", wrapped, master, 1, T0, None)
    hearing = asyncio.create_task(ring.hear([made]))
    await slow.under_way.wait()
    await erase(pool)
    await ring.poll()
    slow.let_go.set()
    await hearing
    name = key_name(key_id)
    assert await ring.secrets([name]) == {name: None}


async def test_who_is_forgotten_while_their_key_is_looked_up_is_written_of_later(
    pool: Pool,
) -> None:
    """What is to be said may have been decided from what was just erased."""
    await say(log_on(pool))
    slow = Slow(pool, QUERIES.own_keys)
    log = Log(pool, "intake", ring_on(slow))
    context = Context(actor="x", now=T0, waits=False)
    saying = asyncio.create_task(handle(log, PARROT, uuid7(), Say(opened("LD-2")), context))
    await slow.under_way.wait()
    await erase(pool)
    slow.let_go.set()
    with pytest.raises(BeingForgotten):
        await saying
    assert [event.version for event in await log.page(0, 10)] == [1]
