"""Before a demo: what an earlier one left open would take up the agents' room."""

import asyncio
from typing import Any, Final

from cli.demo.agents import Agents, Refused
from cli.demo.texts import ADDRESS

AT_ONCE: Final = 8
PAGE: Final = 200
NOTE: Final = "Left open by an earlier demo"


async def tidy(agents: Agents) -> int:
    """Close the tickets of earlier demos; how many there were."""
    left: dict[str, str] = {}
    for queue in ("all", "resolved"):
        async for ticket in _every(agents, queue):
            if ADDRESS.fullmatch(ticket["requester"]["email"]):
                left[ticket["id"]] = ticket["version"]
    places_left = asyncio.Semaphore(AT_ONCE)

    async def close(ticket_id: str, seen: str) -> None:
        async with places_left:
            path = f"/tickets/{ticket_id}/close"
            try:
                await agents.say(agents.manager, "POST", path, {"note": NOTE}, after=seen)
            except Refused:
                return  # Somebody, or silence, was quicker.

    await asyncio.gather(*(close(*each) for each in left.items()))
    return len(left)


async def _every(agents: Agents, queue: str) -> Any:
    cursor: dict[str, str] = {}
    while True:
        page = await agents.get(agents.manager, "/tickets", queue=queue, limit=PAGE, **cursor)
        for ticket in page["tickets"]:
            yield ticket
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}
