"""The inbox beside another member of its group, and beside what has another's id."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

import pytest

from deploy.local.databases import Database
from shared.arrivals import Sorted
from shared.envelope import Heard
from shared.ids import uuid7
from shared.inbox import Inbox
from shared.log import Log
from shared.log.log import QUERIES
from shared.postgres import open_pool
from shared.testing.spec import T0

Databases = Callable[[str], Awaitable[Database]]


@pytest.fixture
async def log(service_database: Databases) -> AsyncIterator[Log]:
    database = await service_database("resolution")
    pool = await open_pool(database.url, 4, "test")
    yield Log(pool, "resolution")
    await pool.close()


def arrival(event_id: UUID, subject: UUID) -> Heard:
    return Heard(
        subject=subject,
        author="sla",
        version=1,
        id=event_id,
        previous=None,
        type="TargetBreached",
        after="",
        topic="tickets",
        correlation=event_id,
        causation=None,
        actor="",
        occurred_at=T0,
        revision=0,
        traceparent="",
        headers=[],
        data="{}",
    )


class LooksTooEarly(Inbox):
    """Looks at the heads just before another member of the group appends."""

    async def _sort(self, arrivals: Sequence[Heard], strangers: AbstractSet[UUID]) -> Sorted:
        found = await super()._sort(arrivals, strangers)
        other = Inbox(self._log, self._hears)
        await other.take(arrivals)
        return found


async def test_whoever_comes_second_with_the_same_event_drops_it(log: Log) -> None:
    breach = arrival(uuid7(), uuid7())
    taken = await LooksTooEarly(log, ["TargetBreached"]).take([breach])
    assert taken == 0
    assert [event.id for event in (await log.read(breach.subject)).events] == [breach.id]


async def test_what_has_the_id_of_another_event_is_kept_aside_and_nothing_else(log: Log) -> None:
    inbox = Inbox(log, ["TargetBreached"])
    first, forged, after = (arrival(uuid7(), uuid7()) for _ in range(3))
    forged = arrival(first.id, forged.subject)
    await inbox.take([first])
    assert await inbox.take([forged, after]) == 1
    parked = await log.pool.fetch(QUERIES.parked)
    assert [(row["subject"], row["reason"]) for row in parked] == [(forged.subject, "fork")]
    assert [event.id for event in (await log.read(after.subject)).events] == [after.id]
