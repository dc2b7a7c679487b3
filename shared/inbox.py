"""The inbox: what others say, appended once and in causal order, whatever Kafka does.

An event is appended after its predecessor in its stream and after everything its author
had seen of the subject, and once the keys that it is sealed with are here. One that comes
earlier waits in a table; old ones are dropped; the same version with another id is a fork,
kept aside and alarmed. Every record moves its stream's head, heard or not, so that a later
event can tell that it is not early.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

import structlog

from shared.arrivals import Place, Sorted, place_of, sort_arrivals
from shared.envelope import EnvelopeBroken, Heard, heard
from shared.errors import DuplicateEvent, LedgerdeskError, VersionConflict
from shared.events import KEYS, event_type
from shared.gaps import NoGap, bridge, lacking
from shared.kept_aside import KeptAside, headers_json
from shared.log.appender import REFUSED
from shared.log.heads import Head
from shared.log.log import QUERIES, Log
from shared.log.records import Batch, NewEvent
from shared.privacy.keyring import Keyring
from shared.privacy.sealing import key_name, named_in
from shared.privacy.travel import KeyRecordBroken, key_record
from shared.telemetry import CONSUMER

log = structlog.get_logger()

GAP_SECONDS = 60
"""How long an event may wait before its gap is parked for an operator to see."""

SWEEP_SUBJECTS_MAX = 500
"""Subjects looked at in one sweep."""


class Refused(LedgerdeskError):
    """Postgres refuses the event: {error}."""


class Inbox:
    """Appends to `log` what it is given; `hears` are the types it stores."""

    def __init__(self, event_log: Log, hears: Iterable[str], keys: Keyring | None = None) -> None:
        self._log = event_log
        self._keys = keys
        self._aside = KeptAside(event_log)
        self._hears = frozenset(hears)
        self._some_wait = True
        """False only while nothing is known to wait: set again by whatever comes early."""

    async def receive(self, records: Sequence[tuple[str, Any]]) -> None:
        """Take in records as (topic without prefix, Kafka record); durable on return."""
        arrivals = []
        await self._take_keys([record for topic, record in records if topic == KEYS])
        for topic, record in records:
            if topic == KEYS:
                continue
            try:
                arrivals.append(heard(topic, record.headers, record.value))
            except EnvelopeBroken as error:
                await self._aside.park_unreadable(topic, record, error)
        if arrivals:
            came = (arrival.traceparent for arrival in arrivals)
            with self._log.traces.batch("hear", CONSUMER, came):
                await self.take(arrivals)

    async def _take_keys(self, records: Sequence[Any]) -> None:
        """Store what is said of keys, and take in what has waited for them."""
        said = []
        for record in records:
            try:
                said.append(key_record(record.value))
            except KeyRecordBroken as error:
                await self._aside.park_unreadable(KEYS, record, error)
        if said and self._keys is not None:
            await self._keys.hear(said)
            if self._some_wait:
                names = [key_name(one.key_id) for one in said]
                rows = await self._log.pool.fetch(QUERIES.waiting_for_keys, names)
                await self.take(await self._waiting_of([row["subject"] for row in rows]))

    async def take(self, arrivals: Sequence[Heard]) -> int:
        """Append what is ready, keep what is early; how many were appended."""
        strangers: set[Place] = set()
        came = len(arrivals)
        arrivals = [one for one in arrivals if not self._is_echo(one)]
        sorted_ = Sorted()
        while arrivals:
            sorted_ = await self._sort(arrivals, strangers)
            if sorted_.early:
                await self._keep_waiting(sorted_.early)
            if not sorted_.ready:
                break
            try:
                await self._append(sorted_.ready)
            except VersionConflict:
                pass  # another member of the group was first: look at the heads again
            except DuplicateEvent as taken:  # the same, or its id is another's: then without it
                strangers |= await self._park_strangers(sorted_.ready, taken.event_id)
            except Refused as refused:
                strangers.add(await self._park_refused(refused))
            else:
                break
            await self._look_up({one.subject for one in arrivals})
        await self._look_for_forks(sorted_.old)
        echoes = came - len(arrivals)
        self._log.metrics.received(ready=len(sorted_.ready), old=len(sorted_.old) + echoes)
        return len(sorted_.ready)

    async def _append(self, ready: Sequence[NewEvent]) -> None:
        """Append these, in their order. Raises `Refused` for the first that Postgres refuses, and
        has appended those before it."""
        try:
            await self._log.append(Batch(events=ready, heard=True))
        except REFUSED as error:
            if len(ready) == 1:
                raise Refused(event=ready[0], error=type(error).__name__) from error
            half = len(ready) // 2
            await self._append(ready[:half])
            await self._append(ready[half:])

    async def _park_refused(self, refused: "Refused") -> Place:
        one: NewEvent = refused.facts["event"]
        detail = f"{one.author} version {one.version}: {refused.message}"
        await self._aside.park(one.subject, one.id, "unreadable", detail, None)
        return place_of(one)

    def _is_echo(self, one: Heard) -> bool:
        """Whether it is what this process has said itself, come back from Kafka."""
        own = one.author == self._log.author
        return own and self._log.heads.said(one.id, one.subject, one.version)

    async def sweep(self) -> int:
        """Look again at what waits; how many could be appended.

        Not at what is parked: it was looked at for long, and is again when something of the same
        subject comes, or a key.
        """
        rows = await self._log.pool.fetch(QUERIES.waiting_subjects, SWEEP_SUBJECTS_MAX)
        anything = bool(rows) or await self._log.pool.fetchval(QUERIES.something_waits)
        self._some_wait = anything
        if not anything:
            return 0
        taken = await self.take(await self._waiting_of([row["subject"] for row in rows]))
        await self._look_for_forks(_arrivals(await self._log.pool.fetch(QUERIES.waiting_forks)))
        await self._log.pool.execute(QUERIES.drop_waiting)
        await self._park_gaps()
        return taken

    async def pass_over(self, subject: UUID, record: Callable[[UUID], NewEvent]) -> None:
        """Take in what waits of `subject` without what it waits for, and with it, all or nothing,
        what `record` says of that, given the last event that is so taken in.

        Raises `NoGap`; also if it waits for a key, as nobody could read it without.
        """
        await self._log.hold.passed()
        waiting = await self._waiting_of([subject])
        named = named_in(one.keys for one in waiting)
        if self._keys is not None and await self._keys.missing(named):
            raise NoGap
        events = bridge(waiting, await self._heads_here(subject), self._as_new)
        await self._log.append(Batch(events=[*events, record(events[-1].id)], heard=True))
        await self.take(await self._waiting_of([subject]))
        await self.sweep()

    async def _park_strangers(self, ready: Sequence[NewEvent], event_id: UUID) -> set[Place]:
        """Keep aside an event whose id is that of another one here; its place, if it is so."""
        here = await self._log.find(event_id)
        for one in ready:
            if one.id != event_id or here is None:
                continue
            if place_of(one) != place_of(here):
                detail = f"{one.author} version {one.version} has the id of another event"
                await self._aside.park(one.subject, event_id, "fork", detail, None)
                return {place_of(one)}
        return set()

    async def _sort(self, arrivals: Sequence[Heard], strangers: AbstractSet[Place]) -> Sorted:
        subjects = {arrival.subject for arrival in arrivals}
        if self._some_wait:
            arrivals = [*arrivals, *await self._waiting_of(list(subjects))]
        arrivals = [one for one in arrivals if place_of(one) not in strangers]
        missing: set[str] = set()
        if self._keys is not None:
            missing = await self._keys.missing(named_in(one.keys for one in arrivals))
        unknown = {one for one in subjects if self._log.heads.of(one) is None}
        for one in arrivals:
            if one.begins and one.subject in unknown:  # if it is not, the append will tell
                self._log.heads.remember(one.subject, {})
                unknown.discard(one.subject)
        await self._look_up(unknown)
        sorted_ = sort_arrivals(arrivals, self._heads_of(subjects), self._as_new, missing)
        doubtful = {one.subject for one in sorted_.early} - unknown
        if doubtful:
            await self._look_up(doubtful)
            sorted_ = sort_arrivals(arrivals, self._heads_of(subjects), self._as_new, missing)
        return sorted_

    async def _look_up(self, subjects: AbstractSet[UUID]) -> None:
        """Remember how the heads of these stand in the database."""
        if not subjects:
            return
        found: dict[UUID, dict[str, Head]] = {subject: {} for subject in subjects}
        for row in await self._log.pool.fetch(QUERIES.heads, list(subjects)):
            found[row["subject"]][row["author"]] = (row["version"], row["id"])
        for subject, heads in found.items():
            self._log.heads.remember(subject, heads)

    def _heads_of(self, subjects: AbstractSet[UUID]) -> dict[tuple[UUID, str], Head]:
        """What is remembered of them."""
        known = ((subject, self._log.heads.of(subject) or {}) for subject in subjects)
        return {(s, author): head for s, of in known for author, head in of.items()}

    def _as_new(self, arrival: Heard) -> NewEvent:
        kept = arrival.type in self._hears or event_type(arrival.type) is None
        own = arrival.author == self._log.author
        return arrival.as_new(said=own, kept=kept or own)

    async def _keep_waiting(self, early: Sequence[Heard]) -> None:
        self._some_wait = True
        columns = zip(
            *(
                (
                    e.subject,
                    e.author,
                    e.version,
                    e.id,
                    b"",
                    headers_json(e),
                    e.data.encode(),
                    e.topic,
                )
                for e in early
            ),
            strict=True,
        )
        await self._log.pool.execute(QUERIES.wait, *(list(column) for column in columns))

    async def _waiting_of(self, subjects: Sequence[UUID]) -> list[Heard]:
        return _arrivals(await self._log.pool.fetch(QUERIES.waiting_of, subjects))

    async def _look_for_forks(self, old: Sequence[Heard]) -> None:
        """An old event must be the one that is here; another one is a fork."""
        if not old:
            return
        rows = await self._log.pool.fetch(
            QUERIES.ids_at,
            [o.subject for o in old],
            [o.author for o in old],
            [o.version for o in old],
        )
        here = {(row["subject"], row["author"], row["version"]): row["id"] for row in rows}
        for one in old:
            known = here.get((one.subject, one.author, one.version), one.id)
            if known != one.id:
                detail = f"{one.author} version {one.version} is {known}, then came {one.id}"
                await self._aside.park(one.subject, one.id, "fork", detail, one)

    async def _park_gaps(self) -> None:
        rows = await self._log.pool.fetch(QUERIES.gaps, GAP_SECONDS)
        for row in rows:
            what = await self._lacking(row["subject"])
            detail = f"{row['events']} events wait since {row['since'].isoformat()} for {what}"
            await self._aside.park(row["subject"], None, "gap", detail, None)
        await self._log.pool.execute(QUERIES.unpark_filled_gaps)

    async def _lacking(self, subject: UUID) -> str:
        waiting = await self._waiting_of([subject])
        missing: set[str] = set()
        if self._keys is not None:
            missing = await self._keys.missing(named_in(one.keys for one in waiting))
        return lacking(waiting, await self._heads_here(subject), missing)

    async def _heads_here(self, subject: UUID) -> dict[tuple[UUID, str], Head]:
        rows = await self._log.pool.fetch(QUERIES.heads, [subject])
        return {(row["subject"], row["author"]): (row["version"], row["id"]) for row in rows}


def _arrivals(rows: Iterable[Any]) -> list[Heard]:
    """What has waited, as it came."""
    return [
        heard(row["topic"], [(n, v.encode()) for n, v in row["headers"]], row["body"])
        for row in rows
    ]


async def sweep_regularly(inbox: Inbox, every_seconds: float = 1.0) -> None:
    """Sweep until cancelled: finds what a rebalance or a crash left waiting."""
    while True:
        await inbox.sweep()
        await asyncio.sleep(every_seconds)
