"""The path of a ticket under load: opened, acknowledged by mail, assigned.

`python -m bench.whole.flow RATE MINUTES`: what it cost, and how far each follower was behind
on the way.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg
from rich.console import Console
from rich.table import Table

from bench.whole.desk import BenchDesk, bench_desk
from bench.whole.load import CONNECTIONS, Load, open_tickets
from shared.clock import monotonic_seconds

TOPICS: Final = ["general", "accounts"]
WARM_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 10.0

_LATENCIES: Final = """
select
    extract(epoch from min(l.occurred_at) filter (where l.type = 'NotificationSent'
        and l.data->>'kind' = 'acknowledgment') - o.occurred_at)::float8 as acknowledged,
    extract(epoch from min(l.occurred_at) filter (where l.type = 'AgentAssigned')
        - o.occurred_at)::float8 as assigned
from ledger.log o join ledger.log l on l.subject = o.subject
where o.type = 'TicketOpened' and o.position > $1
group by o.subject, o.occurred_at
"""


@dataclass
class Run:
    """What a run came to."""

    load: Load
    cpu: Mapping[str, float]
    """Processor milliseconds a ticket, by process."""
    lags: Sequence[tuple[float, Mapping[str, int]]]
    left_seconds: float
    """How long it took, after the last ticket, until nothing was left to do."""
    acknowledged: list[float] = field(default_factory=list)
    assigned: list[float] = field(default_factory=list)
    events: int = 0
    postgres: Mapping[str, float] = field(default_factory=dict)
    """Of Postgres' processor milliseconds a ticket, by service or background process."""


async def run(bench: BenchDesk, per_second: float, seconds: float) -> Run:
    """Open tickets at a steady rate, and wait until all is done about them."""
    audit = await asyncpg.connect(bench.desk.stack.database("audit").owner_url)
    try:
        before = await audit.fetchval("select coalesce(max(position), 0) from ledger.log")
        lags: list[tuple[float, Mapping[str, int]]] = []
        looking = asyncio.create_task(_look(bench, lags))
        spent, of_postgres = bench.cpu_seconds(), bench.postgres_seconds()
        async with bench.client("intake", CONNECTIONS) as client:
            load = await open_tickets(client, per_second, seconds, TOPICS)
        ended = monotonic_seconds()
        looking.cancel()
        lags.append((load.seconds, await bench.lags()))
        await bench.settle(300)
        left = monotonic_seconds() - ended
        spent_by = bench.cpu_seconds()
        cpu = {n: (spent_by[n] - spent[n]) * 1000 / load.accepted for n in spent_by}
        made = Run(load, cpu, lags, left)
        made.postgres = {
            name: (seconds - of_postgres.get(name, 0)) * 1000 / load.accepted
            for name, seconds in bench.postgres_seconds().items()
        }
        for row in await audit.fetch(_LATENCIES, before):
            made.acknowledged += [row["acknowledged"]] if row["acknowledged"] is not None else []
            made.assigned += [row["assigned"]] if row["assigned"] is not None else []
        made.events = await audit.fetchval(
            "select count(*) from ledger.log where position > $1", before
        )
    finally:
        await audit.close()
    return made


async def _look(bench: BenchDesk, lags: list[tuple[float, Mapping[str, int]]]) -> None:
    begun = monotonic_seconds()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        lags.append((monotonic_seconds() - begun, await bench.lags()))


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them are not above; NaN for none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


def show(made: Run) -> None:
    """Print a run."""
    load, console = made.load, Console(width=110)
    console.print(
        f"{load.accepted} accepted in {load.seconds:.0f} s, {dict(load.statuses)}; "
        f"{made.events / load.accepted:.1f} events a ticket; load average {os.getloadavg()[0]:.1f}"
    )
    for name, values in (
        ("answered", load.answered_seconds),
        ("acknowledged", made.acknowledged),
        ("assigned", made.assigned),
    ):
        p50, p99 = quantile(values, 0.5) * 1000, quantile(values, 0.99) * 1000
        console.print(f"{name:13} {len(values):6}  p50 {p50:7.0f} ms  p99 {p99:7.0f} ms")
    console.print(f"done {made.left_seconds:.1f} s after the last ticket")
    table = Table("process", "cpu ms a ticket")
    for name, spent in sorted(made.cpu.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{spent:.2f}")
    table.add_row("all", f"{sum(made.cpu.values()):.2f}")
    console.print(table)
    parts = sorted(made.postgres.items(), key=lambda item: -item[1])
    console.print("postgres: " + ", ".join(f"{n} {v:.1f}" for n, v in parts))
    for at, lags in made.lags:
        worst = sorted(lags.items(), key=lambda item: -item[1])[:4]
        console.print(f"{at:5.0f} s behind: " + ", ".join(f"{n} {lag}" for n, lag in worst if lag))


async def main(per_second: float, minutes: float) -> None:
    """One run on a fresh desk."""
    async with bench_desk() as bench:
        await run(bench, per_second, WARM_SECONDS)
        show(await run(bench, per_second, minutes * 60))
        await asyncio.sleep(5)
        idle = bench.cpu_seconds()
        await asyncio.sleep(20)
        spent = bench.cpu_seconds()
        used = {name: (spent[name] - idle[name]) / 20 for name in spent}
        parts = ", ".join(f"{n} {v:.3f}" for n, v in used.items())
        print(f"idle: {sum(used.values()):.2f} cores ({parts})")
        pss = bench.pss_mb()
        print(
            f"PSS {sum(pss.values()):.0f} MB: {', '.join(f'{n} {v:.0f}' for n, v in pss.items())}"
        )


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), float(sys.argv[2])))
