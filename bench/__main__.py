"""`make bench`: how fast it is, each row beside its floor in the same run.

Medians of five alternating runs: the machine may be noisy, the ratio is what counts.
`ROWS=append,relay` runs some of them; `WHOLE=1` the whole desk, for `MINUTES` at `RATE`
tickets a second.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from rich.console import Console
from rich.table import Table

from bench import accept, append, assignments, inbox, projection, queues, relay, timers
from bench.row import Row, measured
from bench.whole import flow
from shared.testing.infra import TestServers

Rows = Callable[[TestServers], AbstractAsyncContextManager[Sequence[Row]]]

ALL: Mapping[str, Rows] = {
    "accept": accept.rows,
    "append": append.rows,
    "relay": relay.rows,
    "inbox": inbox.rows,
    "projection": projection.rows,
    "queues": queues.rows,
    "assignments": assignments.rows,
    "timers": timers.rows,
}


async def main() -> None:
    """Print the table, a row as soon as it is measured."""
    if os.environ.get("WHOLE"):
        rate, minutes = os.environ.get("RATE") or 80, os.environ.get("MINUTES") or 10
        await flow.main(float(rate), float(minutes))
        return
    console = Console(width=130)
    table = Table("what", "ours/s", "floor/s", "ratio", "at least", "floor is", title=_machine())
    chosen = os.environ.get("ROWS") or ",".join(ALL)
    async with _servers() as servers:
        for name in chosen.split(","):
            async with ALL[name](servers) as rows:
                for row in rows:
                    found = await measured(row)
                    figures = f"{found.ours:,.0f}", f"{found.floor:,.0f}", f"{found.ratio:.2f}"
                    console.print(row.what, *figures)
                    table.add_row(row.what, *figures, f"{row.at_least:g}", row.floor)
    console.print(table)


def _machine() -> str:
    return f"{os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f} at the beginning"


@asynccontextmanager
async def _servers() -> AsyncIterator[TestServers]:
    servers = TestServers.create()
    try:
        servers.postgres()
        yield servers
    finally:
        servers.close()


if __name__ == "__main__":
    asyncio.run(main())
