"""`make bench`: how fast it is, each row beside its floor in the same run.

Medians of five alternating runs: the machine may be noisy, the ratio is what counts.
"""

import asyncio
from collections.abc import Awaitable, Callable
from statistics import median

from rich.console import Console
from rich.table import Table

from bench import append
from shared.testing.infra import TestServers

RUNS = 5

Measure = Callable[[], Awaitable[float]]


async def ratio(ours: Measure, floor: Measure) -> tuple[float, float]:
    """Medians per second of ours and of the floor, run in turns."""
    measured = [(await ours(), await floor()) for _ in range(RUNS)]
    return median(a for a, _ in measured), median(b for _, b in measured)


async def main() -> None:
    """Print the table."""
    table = Table("what", "ours/s", "floor/s", "ratio", "floor is")
    servers = TestServers.create()
    try:
        servers.postgres()
        async with append.rows(servers) as rows:
            for name, floor_name, measures in rows:
                ours, floor = await ratio(*measures)
                figures = f"{ours:,.0f}", f"{floor:,.0f}", f"{ours / floor:.2f}"
                table.add_row(name, *figures, floor_name)
    finally:
        servers.close()
    Console().print(table)


asyncio.run(main())
