"""Customers who open tickets at a steady rate, whether the desk keeps up or not."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from random import Random

import orjson

from bench.http import Client
from shared.clock import monotonic_seconds

CONNECTIONS = 32
CUSTOMERS = 5000

_NUMBERS = count()
"""No ticket of one run is that of another: it would be the same one, asked for again."""

_WORDS = [
    first + second + third
    for first in ("ka", "lo", "mi", "re", "su", "ta", "vo", "zi")
    for second in ("ba", "den", "fir", "gol", "hum", "jes", "kun", "lam", "mor", "nal")
    for third in ("do", "ka", "ri", "sto", "tu")
]

_TEXT = (
    "Since the update this morning the page shows an error when we try to pay by card. "
    "We have tried two browsers and another computer. Customers are waiting in line. "
)


@dataclass
class Load:
    """What came of it."""

    accepted: int = 0
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    answered_seconds: list[float] = field(default_factory=list)


async def open_tickets(
    client: Client, per_second: float, seconds: float, topics: list[str]
) -> Load:
    """Open tickets at a steady rate, each under a key of its own."""
    load, begun, under_way = Load(), monotonic_seconds(), set()
    for nth in range(int(per_second * seconds)):
        due = begun + nth / per_second
        await asyncio.sleep(max(0.0, due - monotonic_seconds()))
        number = next(_NUMBERS)
        task = asyncio.create_task(_open(client, number, topics[number % len(topics)], load))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    load.seconds = monotonic_seconds() - begun
    return load


def ticket(number: int, topic: str) -> bytes:
    """A submission like those that people write: half a kilobyte, seldom like another."""
    words = Random(number)
    return orjson.dumps(
        {
            "topic": topic,
            "requester": {
                "name": f"Customer {number % CUSTOMERS}",
                "email": f"customer-{number % CUSTOMERS}@shop.example",
            },
            "subject": " ".join(words.sample(_WORDS, 6)),
            "description": f"{' '.join(words.sample(_WORDS, 20))}. {_TEXT}",
        }
    )


async def _open(client: Client, number: int, topic: str, load: Load) -> None:
    begun = monotonic_seconds()
    key = f"Idempotency-Key: bench-{number}\r\n"
    try:
        status, _ = await client.post("/v1/tickets", ticket(number, topic), key)
    except (OSError, asyncio.IncompleteReadError):
        status = 0
    load.statuses[status] += 1
    load.accepted += status == 201
    load.answered_seconds.append(monotonic_seconds() - begun)
