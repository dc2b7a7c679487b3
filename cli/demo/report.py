"""What the demo came to, as the desk itself tells it."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from cli.audit import Services, every_service
from cli.demo.pace import lag_of
from cli.demo.part import Stage
from cli.demo.scenarios import Scenario, Touch, Turn
from cli.demo.stories import LATER, TOUCHED, TURNED, Story
from deploy.local.services import SERVICES

AT_ONCE: Final = 16
SETTLED_SECONDS_MAX: Final = 20
SETTLED_POLL_SECONDS: Final = 0.5
SENT_SECONDS_MAX: Final = 60
"""On a machine that is busy with other things, mails are handed over late."""

ON_ITS_WAY: Final = "requested"
WIDTH: Final = 100

Json = dict[str, Any]


@dataclass(frozen=True)
class Stop:
    """A stage of a ticket's life: what says that it is reached, and since when it is timed."""

    name: str
    reached: str
    since: str = "TicketOpened"
    words: str = ""


STOPS: Final = (
    Stop("1 taken in", "TicketOpened"),
    Stop("2 acknowledged by mail", "NotificationSent", words="acknowledgment"),
    Stop("3 verified, categorised, prioritised", "TicketPrioritised"),
    Stop("4 assigned", "AgentAssigned"),
    Stop("5 first answer of an agent", "AgentReplied"),
    Stop("6 resolved", "TicketResolved"),
    Stop("7 closed, since resolved", "TicketClosed", since="TicketResolved"),
    Stop("8 followed up, since closed", "FollowUpRequested", since="TicketClosed"),
    Stop("  rated, since followed up", "FeedbackReceived", since="FollowUpRequested"),
)


async def report(stage: Stage, seconds: float) -> None:
    """Ask the gateway, notify and every service's followers, and print the tables."""
    console = Console(width=WIDTH)
    with every_service() as services:
        overviews = await _settled(services)
        notifications = await _sent(services)
    stories = await _stories(stage)
    console.print()
    console.print(_by_stage(stories))
    console.print(_by_turn(stories, await _doubled(stage, stories)))
    console.print(_by_touch(stories))
    console.print(_promises(stories))
    console.print(_notifications(notifications))
    console.print(_services(overviews))
    events = sum(len(story.events) for story in stories)
    rate = events / seconds if seconds else 0
    console.print(
        f"{len(stories)} tickets, {events} events on them, in {seconds:.0f} s"
        f" ({rate:.0f} events a second); the clocks of the Demo topics were shortened."
    )


async def _settled(services: Services) -> list[Json]:
    """Every service's followers, once none of them lags, or after a while."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + SETTLED_SECONDS_MAX
    while True:
        overviews = [
            await asyncio.to_thread(services.get, each.name, "/v1/followers", counted=True)
            for each in SERVICES
        ]
        behind = any(lag_of(overview) or overview["inbox"]["waiting"] for overview in overviews)
        if not behind or loop.time() > give_up_at:
            return overviews
        await asyncio.sleep(SETTLED_POLL_SECONDS)


async def _sent(services: Services) -> Json:
    """How many notifications there are, once none of them is on its way, or after a while."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + SENT_SECONDS_MAX
    while True:
        stats: Json = await asyncio.to_thread(services.get, "notify", "/v1/notifications/stats")
        on_its_way = any(row["stage"] == ON_ITS_WAY for row in stats["notifications"])
        if not on_its_way or loop.time() > give_up_at:
            return stats
        await asyncio.sleep(SETTLED_POLL_SECONDS)


async def _stories(stage: Stage) -> list[Story]:
    """The tickets of this demo, with their timelines, as a manager sees them."""
    places_left = asyncio.Semaphore(AT_ONCE)
    agents = stage.agents

    async def one(number: str, scenario: Scenario) -> Story:
        async with places_left:
            ticket = await agents.get(agents.manager, f"/tickets/{number}")
            told = await agents.get(agents.manager, f"/tickets/{number}/timeline")
            met = frozenset(stage.met.get(number, ()))
            return Story(ticket, told["events"], scenario, met)

    return list(await asyncio.gather(*(one(n, s) for n, s in stage.opened.items())))


async def _doubled(stage: Stage, stories: Sequence[Story]) -> int:
    """How many of the submissions that were sent twice became more than one ticket."""
    agents, doubled = stage.agents, 0
    for story in stories:
        if story.scenario.takes(Turn.DUPLICATED):
            email = story.scenario.customer.email
            found = await agents.get(agents.manager, "/tickets", requester=email)
            meant = 1 + story.scenario.related + (Touch.LATE in story.met)
            doubled += len(found["tickets"]) > meant
    return doubled


def _by_stage(stories: Sequence[Story]) -> Table:
    table = _table("Tickets by stage", "reached", "median", "19 of 20 within", "longest")
    for stop in STOPS:
        reached = [s for s in stories if s.first(stop.reached, stop.words) is not None]
        times = sorted(filter(None, (_took(story, stop) for story in reached)))
        spans = (
            (_span(median(times)), _span(_high(times)), _span(times[-1])) if times else ("",) * 3
        )
        table.add_row(stop.name, str(len(reached)), *spans)
    table.add_section()
    for status, count in Counter(story.ticket["status"] for story in stories).most_common():
        table.add_row(f"now {status}", str(count), "", "", "")
    return table


def _took(story: Story, stop: Stop) -> float | None:
    since, reached = story.first(stop.since), story.first(stop.reached, stop.words)
    if since is None or reached is None or stop.since == stop.reached:
        return None
    return max((reached - since).total_seconds(), 0.0) or 0.001


def _by_turn(stories: Sequence[Story], doubled: int) -> Table:
    table = _table("What happened on the way", "tickets", "share")
    channels = Counter(story.scenario.channel for story in stories)
    for channel, count in channels.most_common():
        table.add_row(f"came by {channel}", str(count), _share(count, len(stories)))
    table.add_section()
    for turn, happened in TURNED.items():
        count = sum(happened(story) for story in stories)
        name = f"{turn}: sent twice, {doubled} became two" if turn is Turn.DUPLICATED else turn
        table.add_row(str(name), str(count), _share(count, len(stories)))
    transferred = sum(story.count("TicketTransferred") > 0 for story in stories)
    table.add_row("transferred by a manager", str(transferred), _share(transferred, len(stories)))
    related = sum(bool(story.ticket["related"]) for story in stories)
    table.add_row("looks related to another", str(related), _share(related, len(stories)))
    return table


def _by_touch(stories: Sequence[Story]) -> Table:
    table = _table("Besides, and afterwards", "tickets", "share")
    for touch, happened in TOUCHED.items():
        count = sum(happened(story) for story in stories)
        table.add_row(touch, str(count), _share(count, len(stories)))
    minutes = sum(story.ticket["minutes_spent"] for story in stories)
    table.add_row("minutes spent, of all of them", f"{minutes:.0f}", "")
    table.add_section()
    for name, happened in LATER.items():
        count = sum(happened(story) for story in stories)
        table.add_row(name, str(count), _share(count, len(stories)))
    return table


def _promises(stories: Sequence[Story]) -> Table:
    """Clocks, told apart by the words of their events."""
    table = _table("SLA", "met", "breached", "escalated for it")
    for clock in ("first response", "next response", "progress", "resolution"):
        met = _told(stories, "TargetMet", clock)
        breached = _told(stories, "TargetBreached", clock)
        table.add_row(clock, str(met), str(breached), "")
    escalated = sum(
        story.count("TicketEscalated") > 0 and story.count("TargetBreached") > 0
        for story in stories
    )
    table.add_row("tickets with a breach", "", "", str(escalated))
    return table


def _told(stories: Sequence[Story], type_name: str, words: str) -> int:
    return sum(story.count(type_name, words) for story in stories)


def _notifications(stats: Json) -> Table:
    rows: list[Json] = stats["notifications"]
    stages = sorted({row["stage"] for row in rows})
    table = _table("Notifications of the whole desk", *stages)
    for kind in sorted({row["kind"] for row in rows}):
        counts = {row["stage"]: row["notifications"] for row in rows if row["kind"] == kind}
        table.add_row(kind.replace("_", " "), *(str(counts.get(s, "")) for s in stages))
    totals = Counter[str]()
    for row in rows:
        totals[row["stage"]] += row["notifications"]
    table.add_section()
    table.add_row("all", *(str(totals[stage]) for stage in stages))
    return table


def _services(overviews: Iterable[Json]) -> Table:
    table = _table("Events of the whole desk", "said", "heard", "lag", "waiting", "parked")
    said = heard = 0
    for overview in overviews:
        said, heard = said + overview["said"], heard + overview["heard"]
        parked = sum(f["parked"] for f in overview["followers"]) + overview["inbox"]["parked"]
        counts = (overview["said"], overview["heard"], lag_of(overview))
        table.add_row(
            overview["service"], *map(str, counts), str(overview["inbox"]["waiting"]), str(parked)
        )
    table.add_section()
    table.add_row("all", str(said), str(heard), "", "", "")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2))
    table.add_column("", min_width=38)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _high(times: Sequence[float]) -> float:
    return quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


def _span(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.0f} %" if of else ""
