"""What the inbox and the timers ask of the tables: what waits, what was read, what is due."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from shared.kept_aside import FOLLOWER
from shared.testing.simulation.postgres.statements import reads, writes
from shared.testing.simulation.postgres.tables import Key, Row, Tables

FAR_PAST = datetime.fromtimestamp(0, UTC)

WAITING = (
    "subject", "author", "version", "id", "key", "headers", "body", "topic", "waiting_since",
)  # fmt: skip
READ_TO = ("topic", "partition", "as_of", "next_offset", "last_record")
FIRED = ("id", "due_at")


@writes()
def _wait(tables: Tables, now: datetime, *columns: Sequence[Any]) -> list[Row]:
    for subject, author, version, id_, key, headers, body, topic in zip(*columns, strict=True):
        values = (subject, author, version, id_, key, orjson.loads(headers), body, topic, now)
        tables.waiting.setdefault((subject, author, version, id_), Row(WAITING, values))
    return []


@reads
def _waiting_of(tables: Tables, _now: datetime, subjects: list[UUID]) -> list[Row]:
    wanted = set(subjects)
    keys = sorted(tables.waiting, key=_in_order)
    return [tables.waiting[key] for key in keys if key[0] in wanted]


@reads
def _waiting_subjects(tables: Tables, _now: datetime, limit: int) -> list[Row]:
    parked = _parked_subjects(tables)
    since = {s: at for s, at in _oldest(tables).items() if s not in parked}
    order = sorted(since, key=lambda subject: (since[subject], subject.bytes))
    return [Row(("subject", "since"), (s, since[s])) for s in order[:limit]]


@reads
def _something_waits(tables: Tables, _now: datetime) -> list[Row]:
    return [Row(("exists",), (bool(tables.waiting),))]


@reads
def _waiting_for_keys(tables: Tables, _now: datetime, names: list[str]) -> list[Row]:
    rows = [
        (row["subject"], orjson.dumps(row["headers"]).decode()) for row in tables.waiting.values()
    ]
    found = dict.fromkeys(s for s, headers in rows if any(name in headers for name in names))
    return [Row(("subject",), (subject,)) for subject in found]


def _oldest(tables: Tables) -> dict[UUID, datetime]:
    since: dict[UUID, datetime] = {}
    for row in tables.waiting.values():
        subject, at = row["subject"], row["waiting_since"]
        since[subject] = min(at, since.get(subject, at))
    return since


def _in_order(key: Key) -> Key:
    return (key[0].bytes, *key[1:3], key[3].bytes)


def _forks(tables: Tables) -> list[Key]:
    """What waits in a place where another event stands, of subjects not parked for worse."""
    parked = _parked_subjects(tables, but_for="gap")
    return [
        key
        for key in sorted(tables.waiting, key=_in_order)
        if key[:3] in tables.by_stream
        and tables.by_stream[key[:3]]["id"] != key[3]
        and key[0] not in parked
    ]


@reads
def _waiting_forks(tables: Tables, _now: datetime) -> list[Row]:
    names = ("subject", "author", "version", "id", "headers", "body", "topic")
    rows = [tables.waiting[key] for key in _forks(tables)]
    return [Row(names, (row[name] for name in names)) for row in rows]


@writes()
def _drop_waiting(tables: Tables, _now: datetime) -> list[Row]:
    kept = _forks(tables)
    for key in [k for k in tables.waiting if tables.head(k[0], k[1])[0] >= k[2]]:
        if key not in kept:
            del tables.waiting[key]
    return []


@reads
def _waiting_summary(tables: Tables, _now: datetime) -> list[Row]:
    since = min(_oldest(tables).values(), default=None)
    return [Row(("events", "since"), (len(tables.waiting), since))]


@reads
def _gaps(tables: Tables, now: datetime, seconds: float) -> list[Row]:
    long_ago = now - timedelta(seconds=seconds)
    parked = _parked_subjects(tables)
    found: dict[UUID, list[datetime]] = {}
    for row in tables.waiting.values():
        if row["waiting_since"] < long_ago and row["subject"] not in parked:
            found.setdefault(row["subject"], []).append(row["waiting_since"])
    return [
        Row(("subject", "since", "events"), (subject, min(since), len(since)))
        for subject, since in found.items()
    ]


def _parked_subjects(tables: Tables, but_for: str = "") -> set[UUID]:
    """What is parked for the inbox, but for one reason."""
    return {
        row["subject"]
        for row in tables.parked.values()
        if row["follower"] == FOLLOWER and row["reason"] != but_for
    }


@writes()
def _unpark_filled_gaps(tables: Tables, _now: datetime) -> list[Row]:
    waiting = {row["subject"] for row in tables.waiting.values()}
    for key, row in list(tables.parked.items()):
        gap = row["follower"] == FOLLOWER and row["reason"] == "gap"
        if gap and row["subject"] not in waiting:
            del tables.parked[key]
    return []


@writes()
def _set_read_to(
    tables: Tables, now: datetime, topics: list[str], partitions: list[int], as_of: datetime
) -> list[Row]:
    for key in zip(topics, partitions, strict=True):
        row = tables.read_to.get(key) or Row(READ_TO, (*key, as_of, None, None))
        tables.read_to[key] = row.but(as_of=min(max(row["as_of"], as_of), now))
    return []


@writes()
def _expect_partitions(
    tables: Tables, _now: datetime, topic: str, partitions: list[int]
) -> list[Row]:
    for key in [k for k in tables.read_to if k[0] == topic and k[1] not in partitions]:
        del tables.read_to[key]
    for partition in partitions:
        new = Row(READ_TO, (topic, partition, FAR_PAST, None, None))
        tables.read_to.setdefault((topic, partition), new)
    return []


@writes()
def _forget_topics(tables: Tables, _now: datetime, topics: list[str]) -> list[Row]:
    for key in [k for k in tables.read_to if k[0] not in topics]:
        del tables.read_to[key]
    return []


@reads
def _read_to(tables: Tables, _now: datetime) -> list[Row]:
    as_of = min((row["as_of"] for row in tables.read_to.values()), default=None)
    return [Row(("min",), (as_of,))]


@reads
def _offsets(tables: Tables, _now: datetime) -> list[Row]:
    names = ("topic", "partition", "next_offset", "last_record")
    rows = [row for row in tables.read_to.values() if row["next_offset"] is not None]
    return [Row(names, (row[name] for name in names)) for row in rows]


@writes()
def _store_offsets(
    tables: Tables,
    _now: datetime,
    topics: list[str],
    partitions: list[int],
    offsets: list[int],
    records: list[str],
) -> list[Row]:
    for topic, partition, offset, record in zip(topics, partitions, offsets, records, strict=True):
        new = Row(READ_TO, (topic, partition, FAR_PAST, None, None))
        row = tables.read_to.get((topic, partition), new)
        tables.read_to[(topic, partition)] = row.but(next_offset=offset, last_record=record)
    return []


def due_timers(tables: Tables, schema: str, as_of: datetime, limit: int) -> list[Row]:
    """What is due in a projection's `timers`, and may be fired."""
    parked = tables.parked.values()
    kept_aside = {row["subject"] for row in parked if "@" not in row["follower"]}
    kept_aside |= {row["subject"] for row in tables.waiting.values()}
    rows = [
        row
        for row in tables.views[(schema, "timers")].values()
        if row["due_at"] <= as_of
        and (row["id"], row["due_at"]) not in tables.fired
        and row["subject"] not in kept_aside
    ]
    names = ("id", "subject", "kind", "due_at", "command", "cause", "correlation")
    rows.sort(key=lambda row: row["due_at"])
    return [Row(names, (row[name] for name in names)) for row in rows[:limit]]


@writes()
def _mark_fired(
    tables: Tables, _now: datetime, ids: list[UUID], due_ats: list[datetime]
) -> list[Row]:
    for key in zip(ids, due_ats, strict=True):
        tables.fired.setdefault(key, Row(FIRED, key))
    return []


def forget_fired(tables: Tables, schema: str, now: datetime) -> list[Row]:
    """Forget what was fired long ago, where the timer has gone."""
    there = {(row["id"], row["due_at"]) for row in tables.views[(schema, "timers")].values()}
    for key in [k for k in tables.fired if k not in there and k[1] < now - timedelta(days=1)]:
        del tables.fired[key]
    return []


def unfire(tables: Tables, schema: str, subject: UUID) -> list[Row]:
    """Let the timers of a subject in a projection's `timers` fire again."""
    for row in tables.views[(schema, "timers")].values():
        if row["subject"] == subject:
            tables.fired.pop((row["id"], row["due_at"]), None)
    return []
