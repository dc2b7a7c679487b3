"""The demo's one look at the desk: no further than somebody waits for."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from cli.demo.agents import Agents
from cli.demo.watch import PAGES_MAX, NeverHappened, Watch
from shared.testing.eventually import eventually

PAGE = 2


@dataclass
class Desk:
    """What the gateway shows: the numbers in each queue, two a page; and what it was asked."""

    queues: dict[str, list[str]]
    manager: str = "maria"
    asked: list[str] = field(default_factory=list)
    second: int = 0

    async def get(self, _agent: str, _path: str, **asked: Any) -> dict[str, Any]:
        name, start = asked.get("status", asked["queue"]), int(asked.get("cursor", 0))
        self.asked.append(name)
        numbers = self.queues.get(name, [])
        page = [self._ticket(number, name) for number in numbers[start : start + PAGE]]
        more = start + PAGE < len(numbers)
        return {"tickets": page, "next": str(start + PAGE) if more else None}

    def _ticket(self, number: str, queue: str) -> dict[str, Any]:
        email = f"{number.partition('-')[0]}@customers.example"
        return {
            "number": number, "status": queue, "updated_at": f"{self.second:03}",
            "requester": {"email": email},
        }  # fmt: skip


def watching(**queues: list[str]) -> tuple[Desk, Watch]:
    desk = Desk(queues)
    return desk, Watch(cast("Agents", desk))


async def test_what_is_closed_is_not_looked_at_when_nobody_waits_for_it() -> None:
    desk, watch = watching(all=["a", "b", "c"], closed=["d"])
    await watch.look()
    assert desk.asked == ["all", "all"]
    assert sorted(watch.seen) == ["a", "b", "c"]


async def test_queues_are_looked_at_until_the_awaited_ticket_is_found() -> None:
    desk, watch = watching(all=["a"], resolved=["b"], closed=["c", "d", "e"], Archived=["f"])
    waiting = asyncio.create_task(watch.until("d", "closed", lambda t: t["status"] == "closed"))
    await eventually(lambda: bool(watch._awaited))
    await watch.look()
    assert (await waiting)["number"] == "d"
    assert desk.asked == ["all", "resolved", "closed"]


async def test_nobody_pages_through_a_whole_archive() -> None:
    desk, watch = watching(Archived=[f"old{n}" for n in range(100)])
    waiting = asyncio.create_task(watch.look_at("lost"))
    await eventually(lambda: bool(watch._awaited))
    await watch.look()
    await waiting
    assert desk.asked.count("Archived") == PAGES_MAX


async def test_an_older_look_does_not_replace_a_newer_one() -> None:
    desk, watch = watching(all=["a"])
    desk.second = 2
    await watch.look()
    desk.second = 1
    watch.note(desk._ticket("a", "closed"))
    assert watch.seen["a"]["status"] == "all"


async def test_a_customers_second_ticket_is_told_from_the_first() -> None:
    desk, watch = watching(all=["carla-1"])
    await watch.look()
    email = "carla@customers.example"
    assert await watch.number_of(email) == "carla-1"
    second = asyncio.create_task(watch.number_of(email, beside="carla-1"))
    desk.queues["all"].append("carla-2")
    await watch.look()
    assert await second == "carla-2"


async def test_what_never_happens_is_said_with_how_the_ticket_stands() -> None:
    _desk, watch = watching(all=["a"])
    await watch.look()
    with pytest.raises(NeverHappened, match="a never was closed; it is all"):
        await watch.until("a", "closed", lambda _: False, timeout=-1)
