"""Each service is killed once while tickets come in: accepted means there, exactly once.

`LEDGERDESK_FAULT_SECONDS=120 LEDGERDESK_FAULT_RATE=20` is the long form.
"""

import asyncio
import importlib
import os
from collections import Counter
from collections.abc import Sequence

import pytest

from shared.service import Service
from shared.testing.checks import broken_streams, differences, whole_log
from shared.testing.eventually import eventually
from tests.faults.journal import Journal, submit_steadily
from tests.system.world import NAMES, World, fetch

SECONDS = float(os.environ.get("LEDGERDESK_FAULT_SECONDS", "20"))
RATE = float(os.environ.get("LEDGERDESK_FAULT_RATE", "8"))
AT_ONCE = 1 if SECONDS >= 60 else 3
"""Services killed at the same moment."""

SETTLED_SECONDS = 240.0

READ_MODELS = {
    "intake": ("register.tickets", "triage.tickets"),
    "assignment": ("queues.tickets",),
    "sla": ("clocks.tickets",),
    "resolution": ("work.tickets",),
    "audit": ("numbers.tickets",),
    "gateway": ("desk_view.tickets",),
    "portal": ("pages.tickets",),
}


@pytest.mark.timeout(900)
async def test_every_accepted_ticket_is_there_exactly_once_whoever_was_killed(world: World) -> None:
    load = asyncio.create_task(submit_steadily(world.url("intake"), RATE, SECONDS))
    groups = [NAMES[i : i + AT_ONCE] for i in range(0, len(NAMES), AT_ONCE)]
    for group in groups:
        await asyncio.sleep(SECONDS / (len(groups) + 1))
        for name in group:
            world.kill(name)
        await world.heal()
    journal = await load
    assert not journal.refused
    assert not journal.unknown
    assert len(journal.accepted) == int(RATE * SECONDS)
    await eventually(world.is_settled, timeout=SETTLED_SECONDS)
    await eventually(lambda: acknowledged_once(world, journal), timeout=SETTLED_SECONDS)
    assert await troubles(world, journal) == []


async def acknowledged_once(world: World, journal: Journal) -> bool:
    """Whether each customer has exactly one acknowledgment."""
    rows = await fetch(
        world.database("audit").url,
        "select subject::text, data->>'notification_id' as notification from ledger.log"
        " where type = 'NotificationSent' and data->>'kind' = 'acknowledgment'",
    )
    sent = Counter(row["subject"] for row in rows)
    missing = [ticket for ticket in journal.accepted.values() if not sent[ticket]]
    assert not missing, f"{len(missing)} are not acknowledged"
    twice = [ticket for ticket in journal.accepted.values() if sent[ticket] > 1]
    assert not twice, f"{len(twice)} are acknowledged twice"
    return True


async def troubles(world: World, journal: Journal) -> list[str]:
    """Whatever is not as it must be, in any log or read model."""
    found: list[str] = []
    for name in NAMES:
        service: Service = importlib.import_module(f"services.{name}.app").SERVICE
        async with world.pool(name) as pool:
            events = await whole_log(pool, name)
            found += [f"{name}: {t}" for t in broken_streams(events, complete=name == "audit")]
            for projection in service.projections:
                found += [f"{name}: {d}" for d in await differences(pool, events, projection)]
            opened = Counter(e.subject for e in events if e.type == "TicketOpened")
            found += [f"{name}: {s} opened {n} times" for s, n in opened.items() if n > 1]
    for name, tables in READ_MODELS.items():
        found += await missing(world, journal, name, tables)
    return found


async def missing(world: World, journal: Journal, name: str, tables: Sequence[str]) -> list[str]:
    """Accepted tickets that a read model does not show, or shows twice."""
    found = []
    for table in tables:
        query = f"select subject::text from {table}"
        shown = Counter(row["subject"] for row in await fetch(world.database(name).url, query))
        found += [
            f"{name}: {table} shows {ticket} {shown[ticket]} times"
            for ticket in journal.accepted.values()
            if shown[ticket] != 1
        ]
    return found
