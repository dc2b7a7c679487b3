"""The proof of no gap: every stream is whole, chained and in causal order, or what is not.

A stream is what one author says of one subject. Whole: its events number from 1 to the
newest that was heard of. Chained: each names the one before it. In causal order: each
stands behind everything that its author had seen when deciding.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.audit.finders import QUERIES
from shared.log import Log

GAPS_MAX = 20
"""How many gaps are named, the earliest of each kind first."""


async def prove(log: Log, subject: UUID | None, now: datetime) -> dict[str, Any]:
    """Check the whole sequence, or one subject's part of it, up to its end as it is now."""
    async with (
        log.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        until = await connection.fetchval("select coalesce(max(position), 0) from ledger.log")
        counts = await connection.fetch(QUERIES.counts, subject, until)
        chains = await connection.fetch(QUERIES.broken_chains, subject, until, GAPS_MAX)
        ends = await connection.fetch(QUERIES.lost_ends, subject, GAPS_MAX)
        early = await connection.fetch(QUERIES.early_events, subject, until, GAPS_MAX)
        inbox = await connection.fetchrow(QUERIES.inbox)
    assert inbox is not None
    gaps = [*map(broken, chains), *map(lost, ends), *map(out_of_order, early)]
    if inbox["parked"]:
        gaps.append(f"{inbox['parked']} subjects are parked in the inbox: ledgerdesk parked list")
    return summary(counts, gaps, dict(inbox), now)


def summary(
    counts: Sequence[Any], gaps: Sequence[str], inbox: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """The answer: OK, or what is wrong by name."""
    return {
        "ok": not gaps,
        "verdict": "OK: no gap" if not gaps else f"NOT OK: {gaps[0]}",
        "gaps": list(gaps),
        "events": sum(row["events"] for row in counts),
        "streams": sum(row["subjects"] for row in counts),
        "first_position": min((row["first_position"] for row in counts), default=0),
        "last_position": max((row["last_position"] for row in counts), default=0),
        "by_author": {row["author"]: row["events"] for row in counts},
        "waiting": inbox["waiting"],
        "waiting_since": inbox["waiting_since"],
        "checked_at": now,
    }


def broken(row: Any) -> str:
    """What is wrong with an event that does not follow the one before it."""
    stream, before = f"{row['subject']}/{row['author']}", row["before_version"] or 0
    if row["version"] != before + 1:
        return f"{stream}: versions {before + 1} to {row['version'] - 1} are missing"
    named = row["previous"] or "none"
    return f"{stream}: version {row['version']} follows {named}, but {row['before_id']} is there"


def lost(row: Any) -> str:
    """What is wrong with a stream of which more was heard than is there."""
    stream = f"{row['subject']}/{row['author']}"
    return f"{stream}: version {row['version']} was heard of, but {row['events']} events are there"


def out_of_order(row: Any) -> str:
    """What is wrong with an event that stands before its cause."""
    stream = f"{row['subject']}/{row['author']}"
    cause = f"{row['cause_author']} version {row['cause_version']}"
    return f"{stream}: version {row['version']} stands before {cause}, which its author had seen"
