"""An outside client that opens tickets at a steady rate and keeps a journal.

Each line is what the client knows: accepted, refused, or unknown. What is unknown is asked
again under the same Idempotency-Key until it is known.
"""

import asyncio
from dataclasses import dataclass, field

import httpx

from shared.clock import monotonic_seconds
from shared.ids import uuid7

RETRY_SECONDS = 0.3
GIVE_UP_SECONDS = 120


@dataclass
class Journal:
    """What became of each submission, by its Idempotency-Key."""

    accepted: dict[str, str] = field(default_factory=dict)
    """Ticket ids."""
    refused: dict[str, int] = field(default_factory=dict)
    """HTTP statuses."""
    unknown: set[str] = field(default_factory=set)
    asked_again: int = 0


async def submit_steadily(url: str, per_second: float, seconds: float) -> Journal:
    """Open tickets at `per_second` for `seconds`, then wait until all outcomes are known."""
    journal = Journal()
    limits = httpx.Limits(max_connections=100)
    client = httpx.AsyncClient(base_url=url, timeout=10, limits=limits)
    async with client, asyncio.TaskGroup() as group:
        begun = monotonic_seconds()
        for number in range(int(per_second * seconds)):
            due = begun + number / per_second
            await asyncio.sleep(max(0, due - monotonic_seconds()))
            group.create_task(_submit(client, journal, str(uuid7()), number))
    return journal


async def _submit(client: httpx.AsyncClient, journal: Journal, key: str, number: int) -> None:
    body = {
        "topic": "technical",
        "requester": {"name": f"Customer {number}", "email": f"customer{number}@example.com"},
        "subject": f"Problem number {number}",
        "description": f"Since this morning, number {number} does not work any more.",
    }
    journal.unknown.add(key)
    give_up_at = monotonic_seconds() + GIVE_UP_SECONDS
    while monotonic_seconds() < give_up_at:
        try:
            answer = await client.post("/v1/tickets", json=body, headers={"Idempotency-Key": key})
        except httpx.HTTPError:
            answer = None
        if answer is not None and answer.status_code in (200, 201):
            journal.accepted[key] = answer.json()["ticket_id"]
            journal.unknown.discard(key)
            return
        if answer is not None and answer.status_code < 500 and answer.status_code != 429:
            journal.refused[key] = answer.status_code
            journal.unknown.discard(key)
            return
        journal.asked_again += 1
        await asyncio.sleep(RETRY_SECONDS)
