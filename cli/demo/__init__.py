"""`ledgerdesk demo`: at least 200 realistic tickets, from the first message to the rating.

Customers write by HTTP, form and mail, and answer on the portal; agents work through the
gateway, and managers look back on what they did. Everything is dealt from a seed; the clocks of
the topics named Demo are shortened.
"""

import asyncio
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Final

from cli.demo.agents import Agents
from cli.demo.customers import Customers
from cli.demo.pace import Pace
from cli.demo.part import OUTAGE, QUESTION, Stage
from cli.demo.places import places
from cli.demo.report import report
from cli.demo.reviewing import Reviewing
from cli.demo.scenarios import plan
from cli.demo.tidy import tidy
from cli.demo.together import Together
from cli.demo.watch import Watch
from deploy.local.trouble import Trouble
from shared.clock import monotonic_seconds, utc_now

TICKETS: Final = 200
AT_ONCE: Final = 36
"""Tickets being played at the same time: about as many as the desk has room for."""

SEED: Final = 20_260_302
SAY_SECONDS: Final = 5.0
TROUBLES_SHOWN: Final = 10


def main(arguments: Sequence[str]) -> int:
    """Play the demo; 0 if every ticket came to its end."""
    parser = ArgumentParser("ledgerdesk demo", description="Play tickets into the running desk.")
    parser.add_argument("--tickets", type=int, default=TICKETS, help="how many, at least")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="how many at the same time")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed, other stories")
    asked = parser.parse_args(arguments)
    return asyncio.run(_demo(asked.tickets, asked.at_once, asked.seed))


async def _demo(count: int, at_once: int, seed: int) -> int:
    started_at, started = utc_now(), monotonic_seconds()
    where = places()
    run = f"{started_at:%d%H%M%S}"
    agents, customers = await Agents.of(where), Customers(where)
    stage = Stage(agents, customers, Watch(agents), run)
    await _introduce(stage, count)
    for done in await tidy(agents):
        print(done, flush=True)
    pace, reviewing = Pace(), Reviewing(stage)
    together = Together(stage, pace, plan(count, seed, run), at_once)
    expected = len(together.scenarios) + sum(s.comes_again for s in together.scenarios)
    background = [
        asyncio.create_task(stage.watch.run()),
        asyncio.create_task(pace.run()),
        asyncio.create_task(reviewing.run()),
        asyncio.create_task(_tell(stage, pace, expected, started)),
    ]
    try:
        await together.play()
        for task in background:
            task.cancel()
        await reviewing.look()
        print(f"{monotonic_seconds() - started:6.1f} s  all played; asking the desk", flush=True)
        await report(stage, monotonic_seconds() - started)
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await agents.close()
        await customers.close()
    return _told(together.troubles)


async def _introduce(stage: Stage, count: int) -> None:
    """Say what is going to happen, and which clocks are shortened."""
    url = f"{stage.customers.places.urls['intake']}/v1/topics"
    offered = {topic["topic_id"]: topic["name"] for topic in (await _topics(stage, url))}
    missing = {QUESTION, OUTAGE} - offered.keys()
    if missing:
        raise Trouble(
            f"The desk has no topic {' or '.join(sorted(missing))}: apply deploy/desk.yaml"
        )
    print(
        f"{count} customers write to the desk by HTTP, form and mail; "
        f"{len(stage.agents.known)} agents answer through the gateway.\n"
        f"Shortened clocks: the topics “{offered[QUESTION]}” and “{offered[OUTAGE]}” have the\n"
        "  plan “demo” with targets of seconds instead of hours; silence closes after seconds\n"
        "  instead of days, and the follow-up comes seconds instead of a day after that\n"
        "  (deploy/desk.yaml).\n",
        flush=True,
    )


async def _topics(stage: Stage, url: str) -> list[dict[str, str]]:
    answer = await stage.customers.http.get(url)
    answer.raise_for_status()
    listed: list[dict[str, str]] = answer.json()
    return listed


async def _tell(stage: Stage, pace: Pace, count: int, started: float) -> None:
    """A line of progress every few seconds."""
    while True:
        await asyncio.sleep(SAY_SECONDS)
        states: dict[str, int] = {}
        for number in stage.opened:
            ticket = stage.watch.seen.get(number)
            status = ticket["status"] if ticket else "New"
            states[status] = states.get(status, 0) + 1
        told = ", ".join(f"{n} {status.lower()}" for status, n in sorted(states.items()))
        elapsed = monotonic_seconds() - started
        done = len(stage.finished)
        held = f"; nobody new, as {pace.furthest}" if pace.held else ""
        print(f"{elapsed:6.1f} s  {done:3} of {count} at their end  ({told}{held})", flush=True)


def _told(troubles: list[str]) -> int:
    for trouble in troubles[:TROUBLES_SHOWN]:
        print(f"✗ {trouble}", file=sys.stderr)
    if len(troubles) > TROUBLES_SHOWN:
        print(f"✗ and {len(troubles) - TROUBLES_SHOWN} more", file=sys.stderr)
    return 1 if troubles else 0
