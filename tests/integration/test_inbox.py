"""The inbox beside another member of its group, and beside what has another's id."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest

import shared.inbox as inbox_module
from deploy.local.databases import Database
from shared.arrivals import Place, Sorted
from shared.clock import utc_now
from shared.envelope import Heard, headers_of
from shared.events.assignment import Role
from shared.identity import Identity
from shared.ids import uuid7
from shared.inbox import Inbox
from shared.log import Batch, Log, Vector
from shared.log.hold import CatchingUp
from shared.log.log import QUERIES
from shared.operations import _Operations
from shared.postgres import open_pool
from shared.testing.spec import T0

NO_INSTANT = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
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


def second(first: Heard, version: int = 2) -> Heard:
    """What its author said behind `first`, as it came from Kafka."""
    said = arrival(uuid7(), first.subject)._replace(version=version, previous=first.id)
    return said._replace(headers=headers_of(said))  # type: ignore[arg-type]


async def reasons(log: Log) -> list[tuple[UUID, str]]:
    return [(row["event_id"], row["reason"]) for row in await log.pool.fetch(QUERIES.parked)]


class LooksTooEarly(Inbox):
    """Looks at the heads just before another member of the group appends."""

    async def _sort(self, arrivals: Sequence[Heard], strangers: AbstractSet[Place]) -> Sorted:
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


async def test_two_records_with_one_id_or_one_that_is_refused_hold_up_no_others(log: Log) -> None:
    inbox = Inbox(log, ["TargetBreached"])
    first, alone, after = (arrival(uuid7(), uuid7()) for _ in range(3))
    twin = arrival(first.id, uuid7())
    refused = arrival(uuid7(), uuid7())._replace(occurred_at=NO_INSTANT)
    await inbox.take([first, twin, refused, alone, after])
    for one in (first, alone, after):
        assert [event.id for event in (await log.read(one.subject)).events] == [one.id]
    parked = {row["subject"]: row["reason"] for row in await log.pool.fetch(QUERIES.parked)}
    assert parked == {twin.subject: "fork", refused.subject: "unreadable"}


async def test_what_is_parked_starves_nobody_and_is_taken_in_when_its_gap_is_filled(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "SWEEP_SUBJECTS_MAX", 1)
    monkeypatch.setattr(inbox_module, "GAP_SECONDS", -1)
    inbox = Inbox(log, ["TargetBreached"])
    stuck, late = (arrival(uuid7(), uuid7()) for _ in range(2))
    behind = [second(first) for first in (stuck, late)]
    await inbox.take(behind[:1])
    await inbox.sweep()
    assert [row["reason"] for row in await log.pool.fetch(QUERIES.parked)] == ["gap"]
    monkeypatch.setattr(inbox_module, "GAP_SECONDS", 60)
    await inbox.take(behind[1:])
    await log.append(Batch(events=[late.as_new(said=False, kept=True)], heard=True))
    assert await inbox.sweep() == 1
    assert await inbox.take([stuck]) == 2
    await inbox.sweep()
    assert not await log.pool.fetch(QUERIES.parked)
    assert not await log.pool.fetchval(QUERIES.something_waits)


async def test_each_gap_that_is_skipped_goes_on_record_with_what_is_taken_in(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "GAP_SECONDS", -1)
    inbox = Inbox(log, ["TargetBreached"])
    desk = _Operations("resolution", log, [], None, utc_now, inbox)
    operator = Identity("agent:op", "gateway", role=Role.OPERATOR)
    first = arrival(uuid7(), uuid7())
    early = second(first)
    later = second(first._replace(id=uuid7()), version=4)
    log.hold.put_on(0.01)
    for number, waiting in enumerate((early, later)):
        await inbox.take([waiting])
        await inbox.sweep()
        (parked,) = await log.pool.fetch(QUERIES.parked)
        assert parked["detail"].endswith(f"sla up to version {waiting.version - 1}")
        with pytest.raises(CatchingUp):
            await desk.skip(parked["id"], operator)
        assert not (await log.vector(first.subject)).covers(Vector({"sla": waiting.version}))
        log.hold.release()
        await desk.skip(parked["id"], operator)
        log.hold.put_on(0.01)
        skips = await log.pool.fetchval("select count(*) from ledger.log where said")
        assert skips == number + 1
    assert [e.id for e in (await log.read(first.subject)).events] == [early.id, later.id]


@pytest.mark.parametrize("fork_first", [True, False])
async def test_of_two_that_come_early_as_one_version_the_fork_is_found(
    log: Log, *, fork_first: bool
) -> None:
    inbox = Inbox(log, ["TargetBreached"])
    first = arrival(uuid7(), uuid7())
    next_one = second(first)
    third = second(next_one, version=3)
    fork = second(next_one._replace(id=uuid7()), version=3)
    await inbox.take([first])
    for early in [fork, third] if fork_first else [third, fork]:
        assert await inbox.take([early]) == 0
    assert await inbox.take([next_one]) == 2
    await inbox.sweep()
    assert [e.id for e in (await log.read(first.subject)).events] == [
        first.id,
        next_one.id,
        third.id,
    ]
    assert await reasons(log) == [(fork.id, "fork")]
    assert not await log.pool.fetchval(QUERIES.something_waits)


@pytest.mark.parametrize("gap_seconds", [-1, 60])
async def test_a_fork_that_waits_is_found_also_when_another_replica_takes_in_the_true_one(
    log: Log, monkeypatch: pytest.MonkeyPatch, gap_seconds: int
) -> None:
    monkeypatch.setattr(inbox_module, "GAP_SECONDS", gap_seconds)
    inbox, replica = (Inbox(log, ["TargetBreached"]) for _ in range(2))
    first = arrival(uuid7(), uuid7())
    next_one = second(first)
    fork = second(first._replace(id=uuid7()))
    await replica.sweep()
    await inbox.take([first])
    await inbox.take([fork])
    await inbox.sweep()
    assert await reasons(log) == ([(None, "gap")] if gap_seconds < 0 else [])
    assert await replica.take([next_one]) == 1
    await inbox.sweep()
    assert await reasons(log) == [(fork.id, "fork")]
    assert not await log.pool.fetchval(QUERIES.something_waits)
