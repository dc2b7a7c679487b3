"""Followers on a real database: never a skip, never twice, whoever else leads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

import asyncpg
import pytest

from deploy.local.databases import Database
from shared.clock import monotonic_seconds, utc_now
from shared.decider import Decider
from shared.errors import BeingForgotten, CursorLost, NotYet, Rejected, VersionConflict
from shared.events import Event, Unknown
from shared.events.operations import ParkedSkipped
from shared.events.resolution import NoteAdded, WorkStarted
from shared.followers.contracts import Directed, Timer
from shared.followers.follower import PARKED_MAX, PUT_OFF, FollowerStopped, Parking
from shared.followers.projection import ProjectionFollower, position_of
from shared.followers.reaction import ReactionFollower
from shared.followers.view import Table, View
from shared.ids import uuid7
from shared.log import Batch, Log, NewEvent, Past, Recorded
from shared.log.log import QUERIES
from shared.postgres import open_pool
from shared.testing.eventually import eventually
from shared.testing.spec import T0, fold
from shared.timers import DUE_MAX, TimerFollower

Databases = Callable[[str], Awaitable[Database]]


@dataclass(frozen=True)
class Counted:
    subject: UUID
    notes: int
    texts: list[str]


COUNTED = Table("counted", Counted)


class Counts:
    name: ClassVar[str] = "counts"
    tables: ClassVar[Sequence[Table[Counted]]] = (COUNTED,)
    hears: ClassVar[frozenset[type[Event]]] = frozenset({NoteAdded})

    def fold(self, view: View, recorded: Recorded) -> None:
        note = recorded.event
        assert isinstance(note, NoteAdded)
        if note.text == "poison":
            raise ValueError("poison")
        row = view.get(COUNTED) or Counted(view.subject, 0, [])
        view.put(COUNTED, Counted(view.subject, row.notes + 1, [*row.texts, note.text]))


class Mended(Counts):
    """The same, after a fix."""

    def fold(self, view: View, recorded: Recorded) -> None:
        view.put(COUNTED, Counted(view.subject, 1, []))


@dataclass(frozen=True)
class Start:
    by: str


class Refused(Rejected):
    """This one is refused."""


def _decide(command: Start, started: bool) -> list[Event]:
    if command.by == "refuse":
        raise Refused
    return [] if started else [WorkStarted(started_by=command.by, started_at=T0)]


def _evolve(started: bool, event: Event | Unknown) -> bool:
    return started or isinstance(event, WorkStarted)


STARTS: Decider[Start, bool] = Decider(False, _decide, _evolve)


@dataclass
class StartOnNote:
    name: ClassVar[str] = "start_on_note"
    hears: ClassVar[frozenset[type[Event]]] = frozenset({NoteAdded})
    not_yet: int = 0
    calls: list[str] = field(default_factory=list)

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[Start]]:
        note = recorded.event
        assert isinstance(note, NoteAdded)
        self.calls.append(note.text)
        if note.text == "poison":
            raise ValueError("poison")
        if self.not_yet:
            self.not_yet -= 1
            raise NotYet
        return [Directed(recorded.subject, Start(note.text))]


@pytest.fixture
async def log(service_database: Databases) -> AsyncIterator[Log]:
    database = await service_database("resolution")
    pool = await open_pool(database.url, 8, "test")
    await pool.execute(
        "create schema counts; create table counts.counted ("
        " subject uuid primary key, notes int not null, texts text[] not null)"
    )
    yield Log(pool, "resolution")
    await pool.close()


async def note(
    log: Log,
    subject: UUID,
    text: str = "a",
    occurred_at: datetime | None = None,
    author: str = "colleague",
) -> None:
    """Append a note as if it had been heard, so that the follower's own stream is free."""
    version = (await log.vector(subject))[author] + 1
    event_id = uuid7()
    fact = NoteAdded(noted_by="agent:anna", text=text, noted_at=T0)
    new = NewEvent(
        subject=subject,
        author=author,
        version=version,
        id=event_id,
        topic="tickets",
        type="NoteAdded",
        after="",
        correlation=event_id,
        actor="agent:anna",
        occurred_at=occurred_at or utc_now(),
        data=fact.model_dump_json(),
        said=False,
    )
    await log.append(Batch(events=[new]))


async def leading(follower: ProjectionFollower | ReactionFollower[Start, bool]) -> None:
    await follower.create(born=0)
    assert await follower._lead()


async def catch_up(follower: ProjectionFollower | ReactionFollower[Start, bool]) -> None:
    while await follower.step():
        pass


async def read_model(log: Log) -> dict[UUID, tuple[int, list[str]]]:
    rows = await log.pool.fetch("select subject, notes, texts from counts.counted")
    return {row["subject"]: (row["notes"], row["texts"]) for row in rows}


async def test_a_projection_equals_the_fold_of_the_log(log: Log) -> None:
    follower = ProjectionFollower(log, Counts(), "0")
    await leading(follower)
    subjects = [uuid7() for _ in range(3)]
    for number in range(9):
        await note(log, subjects[number % 3], str(number))
        if number % 4 == 0:
            await catch_up(follower)
    await catch_up(follower)
    for subject, row in (await read_model(log)).items():
        (expected,) = fold(Counts(), *(await log.read(subject)).events, subject=subject)["counted"]
        assert row == (expected.notes, expected.texts)


async def test_of_two_leaders_only_one_moves_anything(log: Log) -> None:
    """A process that was stopped in the middle of a page comes back as a zombie."""
    zombie = ProjectionFollower(log, Counts(), "0")
    await leading(zombie)
    subject = uuid7()
    await note(log, subject)
    other = ProjectionFollower(log, Counts(), "0")
    await leading(other)
    await catch_up(other)
    with pytest.raises(CursorLost):
        await zombie.step()
    assert await read_model(log) == {subject: (1, ["a"])}


async def test_a_page_without_effect_moves_the_cursor_in_memory_and_soon_in_the_log(
    log: Log,
) -> None:
    follower = ProjectionFollower(log, Counts(), "0")
    await leading(follower)
    follower._stored_at = monotonic_seconds()
    fact = WorkStarted(started_by="agent:anna", started_at=T0)
    started = NewEvent(
        uuid7(), "resolution", 1, uuid7(), "tickets", "WorkStarted", "", uuid7(), "x", T0,
        fact.model_dump_json(),
    )  # fmt: skip
    end = await log.append(Batch(events=[started]))
    await catch_up(follower)
    assert (follower.position, await position_of(log.pool, "counts")) == (end, 0)
    await follower.release()
    assert await position_of(log.pool, "counts") == end
    assert follower.stored == end


async def test_another_replica_leads_only_when_the_lease_is_free(log: Log) -> None:
    first, second = (ProjectionFollower(log, Counts(), name) for name in ("0", "1"))
    await leading(first)
    assert not await second._lead()
    await first.release()
    second._lease_renewed = 0.0
    assert await second._lead()


async def test_poison_parks_one_subject_and_what_follows_it_until_it_is_retried(log: Log) -> None:
    follower = ProjectionFollower(log, Counts(), "0")
    await leading(follower)
    bad, good = uuid7(), uuid7()
    for subject, text in ((bad, "a"), (bad, "poison"), (good, "b"), (bad, "c"), (good, "d")):
        await note(log, subject, text)
    await catch_up(follower)
    await note(log, bad, "e")
    await catch_up(follower)
    assert await read_model(log) == {good: (2, ["b", "d"])}
    (parked,) = await log.pool.fetch(QUERIES.parked)
    assert (parked["subject"], parked["follower"]) == (bad, "counts")
    follower.skip.add(parked["event_id"])
    await follower.retry(bad, parked["id"])
    await note(log, bad, "f")
    with pytest.raises(CursorLost):  # what it thought was parked no longer is: it looks again
        await follower.step()
    follower._lease_renewed, follower.leading = 0.0, False
    await leading(follower)
    await catch_up(follower)
    assert (await read_model(log))[bad] == (4, ["a", "c", "e", "f"])


async def test_who_could_not_look_up_what_is_parked_looks_again_before_it_follows(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (ProjectionFollower(log, Counts(), name) for name in ("0", "1"))
    await leading(first)
    bad = uuid7()
    await note(log, bad, "poison")
    await catch_up(first)
    await first.release()
    load = Parking.load

    async def broken(_parking: Parking) -> None:
        monkeypatch.setattr(Parking, "load", load)
        raise ConnectionResetError

    monkeypatch.setattr(Parking, "load", broken)
    with pytest.raises(ConnectionResetError):
        await second._lead()
    second._lease_renewed = 0.0  # as after any failure
    await leading(second)
    await note(log, bad, "b")
    await catch_up(second)
    assert await read_model(log) == {}


async def test_a_refold_in_another_replica_knows_what_was_skipped_and_parks_what_is_guilty(
    log: Log,
) -> None:
    leader, other = (ProjectionFollower(log, Counts(), name) for name in ("0", "1"))
    await leading(leader)
    mended, broken = uuid7(), uuid7()
    for subject in (mended, broken):
        for text in ("a", "poison", "b"):
            await note(log, subject, text)
    await catch_up(leader)
    parked = {row["subject"]: row for row in await log.pool.fetch(QUERIES.parked)}
    fact = ParkedSkipped(
        service="resolution", follower="counts", subject=mended, reason="ValueError", detail="",
        event_id=parked[mended]["event_id"], skipped_by="agent:op", skipped_at=T0,
    )  # fmt: skip
    skip = NewEvent(
        uuid7(), "resolution", 1, uuid7(), "desk", "ParkedSkipped", "", uuid7(), "x", T0,
        fact.model_dump_json(),
    )  # fmt: skip
    await log.append(Batch(events=[skip]))
    await log.pool.execute(QUERIES.unpark_all, "counts")
    async with log.pool.acquire() as connection:
        await other.refold_many(connection, [mended, broken])
    assert await read_model(log) == {mended: (2, ["a", "b"])}
    (left,) = await log.pool.fetch(QUERIES.parked)
    assert left["event_id"] == parked[broken]["event_id"]


async def test_many_parked_in_a_short_time_stop_the_follower_instead(log: Log) -> None:
    follower = ProjectionFollower(log, Counts(), "0")
    await leading(follower)
    for _ in range(PARKED_MAX):
        await note(log, uuid7(), "poison")
    await catch_up(follower)
    await note(log, uuid7(), "poison")
    with pytest.raises(FollowerStopped):
        await follower.step()
    assert len(await log.pool.fetch(QUERIES.parked)) == PARKED_MAX


async def test_a_stopped_follower_stays_so_in_every_replica_until_an_operator_resumes_it(
    log: Log,
) -> None:
    first, second = (ProjectionFollower(log, Counts(), name) for name in ("0", "1"))
    await first.create(born=0)
    for _ in range(PARKED_MAX + 1):
        await note(log, uuid7(), "poison")
    running = [asyncio.create_task(each.run()) for each in (first, second)]
    stopped = "select stopped from ledger.cursors where name = 'counts'"
    await eventually(lambda: log.pool.fetchval(stopped))
    for each in (first, second):
        each._lease_renewed = 0.0
        assert not await each._lead()
    assert not await log.pool.fetch(QUERIES.parked)
    for each in (first, second):  # what a new deploy brings
        each.projection = Mended()
    assert await log.pool.fetchval(QUERIES.resume_follower, "counts")

    async def caught_up() -> bool:
        return len(await read_model(log)) == PARKED_MAX + 1

    await eventually(caught_up)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_timers_whose_tickets_are_busy_keep_no_others_waiting(log: Log) -> None:
    await make_timers(log)
    busy = [uuid7() for _ in range(DUE_MAX + 1)]
    due = utc_now() - timedelta(hours=1)
    free = uuid7()
    for minutes, subject in ((0, each) for each in busy):
        await set_timer(log, subject, due + timedelta(minutes=minutes))
    await set_timer(log, free, due + timedelta(minutes=1))
    await log.pool.execute(QUERIES.expect_partitions, "tickets", [0])
    await log.pool.execute(QUERIES.set_read_to, ["tickets"], [0], utc_now())

    def command(timer: Timer) -> Start:
        if timer.subject != free:
            raise VersionConflict
        return Start("timer")

    follower = TimerFollower(log, "counts", command, STARTS, utc_now, "0")
    for _ in range(2):
        await follower.step()
    assert [row["subject"] for row in await started(log)] == [free]


async def test_how_far_was_read_by_a_clock_that_was_ahead_is_not_believed(log: Log) -> None:
    """Set right again, it has left an instant that is yet to come: no timer fires by that."""
    await log.pool.execute(
        "create table counts.timers (id uuid primary key, subject uuid, kind text not null,"
        " due_at timestamptz not null, command jsonb not null, cause uuid, correlation uuid)"
    )
    now, subject = utc_now(), uuid7()
    await set_timer(log, subject, now - timedelta(minutes=1))
    await log.pool.execute(QUERIES.expect_partitions, "tickets", [0, 1])
    read_to = (QUERIES.set_read_to, ["tickets"])
    await log.pool.execute(*read_to, [0], now)
    await log.pool.execute(*read_to, [1], now + timedelta(hours=1))
    follower = TimerFollower(log, "counts", lambda _: Start("timer"), STARTS, utc_now, "0")
    await follower.step()
    assert await started(log) == []
    await log.pool.execute(*read_to, [1], now - timedelta(minutes=2))
    await follower.step()
    assert await started(log) == []
    await log.pool.execute(*read_to, [1], now)
    await follower.step()
    assert [row["subject"] for row in await started(log)] == [subject]


async def test_each_timer_fires_once_whoever_else_fires_it_and_dies(log: Log) -> None:
    await make_timers(log)
    subjects = [uuid7() for _ in range(40)]
    for subject in subjects:
        await set_timer(log, subject, utc_now() - timedelta(hours=1))
    await log.pool.execute(QUERIES.expect_partitions, "tickets", [0])
    await log.pool.execute(QUERIES.set_read_to, ["tickets"], [0], utc_now())
    seen: list[datetime] = []
    dies = asyncio.Event()

    def command(timer: Timer) -> Start:
        seen.append(timer.due_at)
        if len(seen) == 20:
            dies.set()
        return Start("timer")

    projection = ProjectionFollower(log, Counts(), "0")
    await projection.create(born=0)
    first, *others = (TimerFollower(log, "counts", command, STARTS, utc_now, n) for n in "012")
    one = asyncio.create_task(first.step())
    rest = [asyncio.create_task(each.step()) for each in others]
    await dies.wait()
    one.cancel()
    await asyncio.gather(one, *rest, return_exceptions=True)
    await catch_up(projection)
    while await others[0].step():
        await catch_up(projection)
    assert sorted(row["subject"] for row in await started(log)) == sorted(subjects)
    assert max(seen) < utc_now() - timedelta(minutes=59)


async def test_a_timer_waits_until_its_projection_has_folded_what_was_heard(log: Log) -> None:
    await make_timers(log)
    projection = ProjectionFollower(log, Counts(), "0")
    await projection.create(born=0)
    subject = uuid7()
    await set_timer(log, subject, utc_now() - timedelta(hours=1))
    await log.pool.execute(QUERIES.expect_partitions, "tickets", [0])
    await log.pool.execute(QUERIES.set_read_to, ["tickets"], [0], utc_now())
    await note(log, subject)
    timers = TimerFollower(log, "counts", lambda _: Start("timer"), STARTS, utc_now, "0")
    assert not await timers.step()
    assert not await started(log)
    await catch_up(projection)
    await note(log, uuid7())  # what comes meanwhile keeps nobody waiting
    assert await timers.step()
    assert [row["subject"] for row in await started(log)] == [subject]


async def test_what_was_fired_is_forgotten_when_its_timer_has_gone(log: Log) -> None:
    await make_timers(log)
    due = utc_now() - timedelta(days=3)
    await set_timer(log, uuid7(), due)
    there = await log.pool.fetchval("select id from counts.timers")
    lately = uuid7()
    await log.pool.execute(
        QUERIES.mark_fired, [there, uuid7(), lately], [due, due, due + timedelta(days=3)]
    )
    await log.pool.execute(QUERIES.expect_partitions, "tickets", [0])
    await TimerFollower(log, "counts", Start, STARTS, utc_now, "0").step()
    assert {row["id"] for row in await log.pool.fetch("select id from ledger.fired")} == {
        there, lately,
    }  # fmt: skip


async def test_what_was_skipped_is_found_without_reading_the_log_through(log: Log) -> None:
    async with log.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        await connection.execute("set local enable_bitmapscan = off")
        rows = await connection.fetch(f"explain {QUERIES.skipped_events}", "counts")
    assert "log_skips" in str(rows)


async def make_timers(log: Log) -> None:
    await log.pool.execute(
        "create table counts.timers (id uuid primary key, subject uuid, kind text not null,"
        " due_at timestamptz not null, command jsonb not null, cause uuid, correlation uuid)"
    )


async def set_timer(log: Log, subject: UUID, due_at: datetime) -> None:
    await log.pool.execute(
        "insert into counts.timers values ($1, $2, 'x', $3, '{}')", uuid7(), subject, due_at
    )


async def test_a_fork_is_told_of_though_a_gap_was_and_not_the_other_way_round(log: Log) -> None:
    subject = uuid7()
    for reason in ("gap", "fork", "gap"):
        await log.pool.execute(
            QUERIES.park, uuid7(), "inbox", subject, None, None, reason, reason, None, None
        )
    (parked,) = await log.pool.fetch(QUERIES.parked)
    assert parked["reason"] == "fork"


def reacting(log: Log, reaction: StartOnNote) -> ReactionFollower[Start, bool]:
    return ReactionFollower(log, reaction, STARTS, utc_now, "0")


async def started(log: Log) -> list[asyncpg.Record]:
    return await log.pool.fetch("select * from ledger.log where type = 'WorkStarted'")


async def test_a_reaction_done_twice_says_it_once(log: Log) -> None:
    subject = uuid7()
    await note(log, subject)
    follower = reacting(log, StartOnNote())
    await leading(follower)
    await catch_up(follower)
    await log.pool.execute("update ledger.cursors set position = 0")
    again = reacting(log, StartOnNote())
    await leading(again)
    await catch_up(again)
    (event,) = await started(log)
    assert event["causation"] == (await log.read(subject)).events[0].id


async def test_two_leaders_of_a_reaction_say_it_once(log: Log) -> None:
    for _ in range(20):
        await note(log, uuid7())
    both = [reacting(log, StartOnNote()) for _ in range(2)]
    for follower in both:
        await leading(follower)
    await asyncio.gather(*map(catch_up, both), return_exceptions=True)
    assert len(await started(log)) == 20


class Interrupted(StartOnNote):
    """Somebody says something on one of a page's tickets while it is being decided."""

    def __init__(self, log: Log, subject: UUID) -> None:
        super().__init__()
        self._log, self._subject = log, subject

    async def react(self, recorded: Recorded, past: Past) -> Sequence[Directed[Start]]:
        if recorded.subject == self._subject and len(past.events) == 1:
            await note(self._log, self._subject, "meanwhile", author=self._log.author)
        return await super().react(recorded, past)


async def test_one_ticket_that_others_are_busy_with_does_not_hold_up_a_page(log: Log) -> None:
    subjects = [uuid7() for _ in range(5)]
    for number, subject in enumerate(subjects):
        await note(log, subject, f"note {number}")
    reaction = Interrupted(log, subjects[2])
    follower = reacting(log, reaction)
    await leading(follower)
    await follower.step()
    assert len(await started(log)) == 5
    assert reaction.calls == [*(f"note {number}" for number in range(5)), "note 2"]
    assert follower.stored == follower.position == 5


async def test_a_reaction_is_born_and_passes_over_what_was_before(log: Log) -> None:
    await note(log, uuid7(), "before")
    reaction = StartOnNote()
    follower = reacting(log, reaction)
    await follower.create()
    assert await follower._lead()
    await note(log, uuid7(), "after")
    await catch_up(follower)
    assert reaction.calls == ["after"]


async def test_an_emptied_service_that_hears_the_past_again_does_nothing_about_it(log: Log) -> None:
    reaction = StartOnNote()
    follower = reacting(log, reaction)
    await leading(follower)
    await note(log, uuid7(), "two years ago", occurred_at=utc_now() - timedelta(days=730))
    await note(log, uuid7(), "just now")
    await catch_up(follower)
    assert reaction.calls == ["just now"]


async def test_what_is_rejected_is_passed_over_and_what_is_poison_is_parked(log: Log) -> None:
    refused, bad, good = uuid7(), uuid7(), uuid7()
    for subject, text in ((refused, "refuse"), (bad, "poison"), (good, "x"), (bad, "y")):
        await note(log, subject, text)
    follower = reacting(log, StartOnNote())
    await leading(follower)
    await catch_up(follower)
    assert [row["subject"] for row in await started(log)] == [good]
    (parked,) = await log.pool.fetch(QUERIES.parked)
    assert parked["subject"] == bad
    follower.skip.add(parked["event_id"])
    await follower.retry(bad, parked["id"])
    assert [row["subject"] for row in await started(log)] == [good, bad]
    assert not await log.pool.fetch(QUERIES.parked)


async def test_somebody_who_is_being_forgotten_holds_up_only_what_is_about_them(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = reacting(log, StartOnNote())
    await leading(follower)
    leaving, others = uuid7(), [uuid7() for _ in range(PARKED_MAX)]
    for subject in (*others[:5], leaving, *others[5:]):
        await note(log, subject)
    append, being_forgotten = log.append, True

    async def sealing(batch: Batch) -> int:
        assert batch.heard or not batch.waits
        if being_forgotten and any(event.subject == leaving for event in batch.events):
            raise BeingForgotten
        return await append(batch)

    monkeypatch.setattr(log, "append", sealing)
    async with asyncio.timeout(20):
        await catch_up(follower)
    assert {row["subject"] for row in await started(log)} == set(others)
    (parked,) = await log.pool.fetch(QUERIES.parked)
    assert (parked["subject"], parked["reason"]) == (leaving, PUT_OFF)
    being_forgotten = False
    follower._tried_at = 0.0
    with pytest.raises(CursorLost):
        await follower.step()
    follower._lease_renewed = 0.0
    await leading(follower)
    await catch_up(follower)
    assert {row["subject"] for row in await started(log)} == {*others, leaving}
    assert not await log.pool.fetch(QUERIES.parked)


async def test_a_reaction_waits_for_what_it_has_not_heard_yet(log: Log) -> None:
    await note(log, uuid7())
    follower = reacting(log, StartOnNote(not_yet=3))
    await leading(follower)
    await catch_up(follower)
    assert len(await started(log)) == 1
    assert not await log.pool.fetch(QUERIES.parked)
