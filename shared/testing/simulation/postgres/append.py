"""`ledger.append` as 0014_append_locks_cursors.sql has it: each caller whole or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import asyncpg

from shared.testing.simulation.postgres.tables import LOG, Row, Tables

HEADS = ("subject", "author", "version", "id")
CAPACITY = ("resource", "used", "ceiling")
KEYS = (
    "key_id", "person", "author", "wrapped", "master", "change", "published", "created_at",
    "erased_at", "refolded_at", "forgotten_at", "published_at",
)  # fmt: skip
ANSWER = ("caller", "reason", "about")


@dataclass(frozen=True)
class Brought:
    """One event of one caller, as its columns come."""

    caller: int
    said: bool
    kept: bool
    subject: UUID
    author: str
    version: int
    id: UUID
    previous: UUID | None
    topic: str
    type: str
    after: str
    revision: int
    correlation: UUID
    causation: UUID | None
    actor: str
    occurred_at: datetime
    traceparent: str
    data: str
    keys: str

    @property
    def stream(self) -> tuple[UUID, str]:
        return self.subject, self.author


def append(tables: Tables, now: datetime, *columns: Sequence[Any]) -> list[Row]:
    """Append what can be, and say which callers' could not."""
    events = [Brought(*one) for one in zip(*columns[:19], strict=True)]
    moves = list(zip(*columns[19:24], strict=True))
    claims = list(zip(*columns[24:28], strict=True))
    uses = list(zip(*columns[28:34], strict=True))
    problems = [
        *_duplicates(tables, events),
        *_conflicts(tables, events),
        *_lost_cursors(tables, moves),
        *_without_room(tables, claims),
        *_without_key(tables, uses),
    ]
    bad = {caller for caller, _, _ in problems}
    good = [event for event in events if event.caller not in bad]
    _store_keys(tables, now, [use for use in uses if use[0] not in bad])
    _insert(tables, now, [event for event in good if event.kept])
    for event in sorted(good, key=lambda e: e.version):
        row = Row(HEADS, (event.subject, event.author, event.version, event.id))
        tables.heads[event.stream] = row
    for caller, name, generation, _, to in moves:
        if caller not in bad:
            key = (name, generation)
            tables.cursors[key] = tables.cursors[key].but(position=to)
    _claim(tables, [claim for claim in claims if claim[0] not in bad])
    answers = [*problems, (-1, "end", str(tables.end()))]
    return [Row(ANSWER, answer) for answer in answers]


def _duplicates(tables: Tables, events: list[Brought]) -> list[tuple[int, str, str]]:
    return [
        (event.caller, "duplicate", str(event.id))
        for event in events
        if event.kept and event.id in tables.by_id
    ]


def _conflicts(tables: Tables, events: list[Brought]) -> list[tuple[int, str, str]]:
    """Each stream's first event must follow its head, and name it if it names any."""
    found = []
    in_order = sorted(events, key=lambda e: (e.subject.bytes, e.author, e.version))
    for (subject, author), stream in groupby(in_order, key=lambda e: e.stream):
        first = next(stream)
        version, head = tables.head(subject, author)
        named_another = first.previous is not None and first.previous != head
        if first.version != version + 1 or named_another:
            found.append((first.caller, "conflict", str(subject)))
    return found


def _lost_cursors(tables: Tables, moves: list[tuple[Any, ...]]) -> list[tuple[int, str, str]]:
    lost = []
    for caller, name, generation, seen, _ in moves:
        row = tables.cursors.get((name, generation))
        if row is None or row["position"] != seen:
            lost.append((caller, "cursor", name))
    return lost


def _without_room(tables: Tables, claims: list[tuple[Any, ...]]) -> list[tuple[int, str, str]]:
    asked: dict[tuple[int, str], tuple[int, int | None]] = {}
    for caller, resource, amount, ceiling in claims:
        sum_, highest = asked.get((caller, resource), (0, None))
        ceilings = [c for c in (highest, ceiling) if c is not None]
        asked[(caller, resource)] = (sum_ + amount, max(ceilings, default=None))
    full = []
    for (caller, resource), (amount, ceiling) in asked.items():
        row = tables.capacity.get(resource)
        used, standing = (0, 0) if row is None else (row["used"], row["ceiling"])
        if amount > 0 and used + amount > (standing if ceiling is None else ceiling):
            full.append((caller, "capacity", resource))
    return full


def _without_key(tables: Tables, uses: list[tuple[Any, ...]]) -> list[tuple[int, str, str]]:
    """A key that is said to be there must be, and must not have been erased."""
    gone = []
    for caller, key_id, _, _, wrapped, _ in uses:
        row = tables.keys.get(key_id)
        missing = row is None and wrapped is None
        if missing or (row is not None and row["erased_at"] is not None):
            gone.append((caller, "key", str(key_id)))
    return gone


def _store_keys(tables: Tables, now: datetime, uses: list[tuple[Any, ...]]) -> None:
    for _, key_id, person, author, wrapped, master in uses:
        if wrapped is not None:
            values = (key_id, person, author, wrapped, master, 1, 0, now, None, None, None, None)
            tables.keys.setdefault(key_id, Row(KEYS, values))


def _insert(tables: Tables, now: datetime, events: list[Brought]) -> None:
    before: dict[tuple[UUID, str], UUID] = {}
    previous: dict[UUID, UUID | None] = {}
    for event in sorted(events, key=lambda e: e.version):
        lag = before.get(event.stream) or tables.head(*event.stream)[1]
        previous[event.id] = event.previous or lag
        before[event.stream] = event.id
    if len(previous) < len(events) or any(e.id in tables.by_id for e in events):
        raise asyncpg.UniqueViolationError("log_id_key")
    if any((*e.stream, e.version) in tables.by_stream for e in events):
        raise asyncpg.UniqueViolationError("log_subject_author_version_key")
    if any((event.version == 1) != (previous[event.id] is None) for event in events):
        raise asyncpg.CheckViolationError("log_check")
    for event in events:
        tables.sequence += 1
        row = Row(
            LOG,
            (
                tables.sequence, event.subject, event.author, event.version, event.id,
                previous[event.id], event.said, event.topic, event.type, event.after,
                event.revision, event.correlation, event.causation, event.actor,
                event.occurred_at, now, event.traceparent, event.data, event.keys,
            ),
        )  # fmt: skip
        tables.log.append(row)
        tables.by_id[event.id] = row
        tables.by_stream[(*event.stream, event.version)] = row


def _claim(tables: Tables, claims: list[tuple[Any, ...]]) -> None:
    sums: dict[str, int] = {}
    for _, resource, amount, _ in claims:
        sums[resource] = sums.get(resource, 0) + amount
    for resource, amount in sums.items():
        row = tables.capacity.get(resource)
        if row is None:
            tables.capacity[resource] = Row(CAPACITY, (resource, amount, 0))
        else:
            tables.capacity[resource] = row.but(used=max(row["used"] + amount, 0))
    for _, resource, _, ceiling in claims:
        if ceiling is not None:
            tables.capacity[resource] = tables.capacity[resource].but(ceiling=ceiling)
